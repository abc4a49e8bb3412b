import Dynamics
import Equilibrium
import Formulas

extension TrajectoryReport {
  /// Norm above and rotation below, over the steps, as in the paper's Figure 4.
  public var figure: Figure {
    let isSingle = layers.count == 1
    func panel(
      _ label: Prose, marks: [Figure.Mark], _ recurrence: KeyPath<Trajectory.Point, Double>,
      _ moments: KeyPath<Trajectory.Point, Double>, _ equilibrium: KeyPath<Trajectory.Point, Double>,
      _ measured: KeyPath<MeasuredRun, [Double]?>
    ) -> Figure.Panel {
      var series: [Figure.Series] = []
      for (index, layer) in layers.enumerated() {
        let steps = layer.points.map { Double($0.step) }
        func curve(
          _ name: Prose?, _ value: KeyPath<Trajectory.Point, Double>, _ style: Figure.Style,
          _ color: Figure.Color
        ) -> Figure.Series {
          Figure.Series(
            name, x: steps, y: layer.points.map { $0[keyPath: value] }, style: style, color: color)
        }
        let color = Figure.Color.numbered(index)
        if isSingle { series.append(curve("recurrence (16)", recurrence, .dotted, .vermilion)) }
        series.append(
          curve(isSingle ? "second moments" : Prose([.text(layer.name ?? "")]), moments, .line, color))
        if let run = layer.measured, let values = run[keyPath: measured] {
          series.append(
            Figure.Series(
              isSingle ? "measured" : nil, x: run.steps, y: values, style: .points,
              color: isSingle ? .neutral : color))
        }
        series.append(
          curve(isSingle ? "equilibrium" : nil, equilibrium, .dashed, isSingle ? .neutral : color))
      }
      if !isSingle { series.append(Figure.Series("equilibrium", style: .dashed, color: .neutral)) }
      return Figure.Panel(x: Figure.Axis("step"), y: Figure.Axis(label), series: series, marks: marks)
    }
    let marks = layers.count == 1 ? self.marks(layers[0]) : []
    let bare = marks.map { Figure.Mark(at: $0.position) }
    return Figure(
      title: layers.first.map { Prose([.text($0.trajectory.settings.title)]) },
      panels: [
        panel(
          "weight norm \(Symbol.norm)", marks: marks, \.norm.recurrence, \.norm.moments, \.equilibriumNorm,
          \.norms),
        panel(
          "rotation \(Symbol.rotation) (rad)", marks: bare, \.rotation.recurrence, \.rotation.moments,
          \.equilibriumRotation, \.rotations),
      ])
  }

  private func marks(_ layer: Layer) -> [Figure.Mark] {
    let (summary, halfLife) = (layer.summary, halfLife(layer) ?? 0)
    // What only passes its equilibrium is not in it.
    guard let enters = summary.rotation.enters,
      Double((summary.rotation.leaves ?? summary.steps + 1) - enters) >= halfLife
    else { return [] }
    var marks: [Figure.Mark] = []
    if enters > 1 { marks.append(Figure.Mark(at: Double(enters), "in equilibrium")) }
    if let leaves = summary.rotation.leaves { marks.append(Figure.Mark(at: Double(leaves), "out of it")) }
    return marks
  }
}

extension Symbol {
  /// ‖ω‖ at a step.
  static let norm = Symbol(
    "norm", plain: "‖ω‖", latex: "\\|\\boldsymbol{\\omega}\\|", sympy: "norm", meaning: "weight norm",
    domain: .positive)
  /// η_g at a step.
  static let updateSize = Symbol(
    "update_size", plain: "η_g", latex: "\\eta_g", sympy: "eta_g", meaning: "RMS update size",
    unit: "weight per step", domain: .positive)
  /// η_r at a step.
  static let rotation = Symbol(
    "rotation", plain: "η_r", latex: "\\eta_r", sympy: "eta_r", meaning: "rotation", unit: "rad per step",
    domain: .positive)
}
