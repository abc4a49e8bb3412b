import Audits
import Equilibrium
import Formulas
import RunConfigurations

extension AuditReport {
  /// The norm of each tensor over its equilibrium norm, in the order of names, and how the neurons of a tensor differ.
  public var figure: Figure {
    var panels: [Figure.Panel] = []
    let known = audit.tensors.enumerated().filter { $1.ratio?.isFinite == true && $1.ratio ?? 0 > 0 }
    if !known.isEmpty {
      let places = known.map { Double($0.offset + 1) }
      let ratios = known.map { $0.element.ratio ?? .nan }
      func edge(_ share: (Spread) -> Double) -> [Double] {
        known.map { ($0.element.norms.map(share) ?? .nan) * ($0.element.ratio ?? .nan) }
      }
      let ends = [0.5, Double(audit.tensors.count) + 0.5]
      panels.append(
        Figure.Panel(
          x: "tensor, in the order of names",
          y: Figure.Axis("‖ω‖/\(Quantity.equilibriumNorm.symbol)", scale: .logarithmic),
          series: [
            Figure.Series("equilibrium", x: ends, y: [1, 1], style: .dashed, color: .neutral),
            Figure.Series(
              "10 % and 90 % of the neurons", x: places, y: edge(\.lowerTenth), style: .dotted, color: .sky),
            Figure.Series(nil, x: places, y: edge(\.upperTenth), style: .dotted, color: .sky),
            Figure.Series("tensor", x: places, y: ratios, style: .points, color: .blue),
          ]))
    }
    var series: [Figure.Series] = []
    for (name, histogram, color) in [
      ("norms", audit.norms, Figure.Color.blue), ("angles turned", audit.rotations, .vermilion),
    ] where histogram.total > 0 {
      let shares = histogram.shares
      series.append(
        Figure.Series(Prose(name), x: shares.map(\.ratio), y: shares.map { $0.share * 100 }, color: color))
    }
    if !series.isEmpty {
      panels.append(
        Figure.Panel(
          x: Figure.Axis("neuron over the root mean square of its tensor", scale: .logarithmic),
          y: "neurons (%)", series: series, marks: [Figure.Mark(at: 1)]))
    }
    return Figure(
      title: Prose("\(audit.run.name): checkpoint at step \(Numbers.count(audit.step))"), panels: panels)
  }
}
