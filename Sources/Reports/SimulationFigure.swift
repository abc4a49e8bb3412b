import CrossChecks
import Equilibrium
import Formulas
import Training

extension SimulationReport {
  /// Norm, update size and rotation over the steps, as in the paper's Figure 9: some neurons, the layer, and the prediction.
  public var figure: Figure {
    Figure(
      title: Prose([.text(walk.title)]),
      panels: Triple.quantities.map { comparison.panel($0, curve: curve) })
  }
}

extension WalkComparison {
  /// One quantity over the steps.
  func panel(_ quantity: Quantity, curve: WalkCurve?, title: Prose? = nil) -> Figure.Panel {
    let run = runs[0]
    let steps = run.steps.map { Double($0) }
    let kind: NeuronQuantity =
      switch quantity {
      case .equilibriumNorm: .norm
      case .expectedRotation: .rotation
      default: .updateSize
      }
    // The colours of the first run's neurons; the predictions have the first two.
    var series = run.neurons.enumerated().map { index, neuron in
      Figure.Series(
        Prose("neuron \(neuron.index)"), x: steps, y: neuron.rows.map { $0[kind] },
        color: .numbered(index + 2))
    }
    let layer: [Double] =
      walk.concernsLayer && quantity != .rmsUpdateSize
      ? run.whole.map { quantity == .equilibriumNorm ? $0.norm : $0.rotation }
      : run.layer.map { $0[kind] }
    if walk.concernsLayer { series = [] }
    series.append(Figure.Series("layer, measured", x: steps, y: layer, style: .points, color: .neutral))
    if let curve, quantity != .rmsUpdateSize {
      let own = quantity == .equilibriumNorm ? curve.norm : curve.rotation
      series.append(
        Figure.Series(
          "recurrence (16)", x: curve.steps.map { Double($0) }, y: own.recurrence, style: .dotted,
          color: .vermilion))
      series.append(
        Figure.Series(
          "second moments in time", x: curve.steps.map { Double($0) }, y: own.moments, color: .blue))
    }
    if let last = sources.last, let value = predicted(quantity, last), let first = steps.first,
      let end = steps.last,
      !walk.isScheduled
    {
      series.append(
        Figure.Series(
          last == .request ? "request" : "equilibrium (\(Prose(last.name).plain))", x: [first, end],
          y: [value, value], style: .dashed,
          color: .vermilion))
    }
    return Figure.Panel(
      title: title, x: Figure.Axis("step"), y: Self.axis(quantity),
      series: series)
  }

  /// What the curves show, which is no prediction.
  private static func axis(_ quantity: Quantity) -> Figure.Axis {
    switch quantity {
    case .equilibriumNorm: "weight norm \(Symbol.norm)"
    case .expectedRotation: "rotation \(Symbol.rotation) (rad)"
    default: "RMS update size \(Symbol.updateSize)"
    }
  }
}
