import RealModule

extension Schedule {
  /// Half a cosine from 1 to `floor`, kept from there on.
  ///
  /// - Parameters:
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func cosine(to floor: Double = 0, span: Int) -> Schedule {
    Schedule("cosine") { taken in floor + (1 - floor) * halfCosine(progress(taken, of: span)) }
  }

  /// ½(1 + cos πx).
  static func halfCosine(_ x: Double) -> Double { (1 + Double.cos(.pi * x)) / 2 }
}

extension ScheduleKind {
  static let cosine = ScheduleKind("cosine", "½(1 + cos πx)", parameters: [.floor]) {
    arguments throws(ScheduleError) in
    .cosine(to: try arguments.number("floor"), span: arguments.span)
  }
}
