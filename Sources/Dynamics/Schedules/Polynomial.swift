import RealModule

extension Schedule {
  /// (1 − x)ᵖ from 1 to `floor`, kept from there on.
  ///
  /// - Parameters:
  ///   - power: p, above 0.
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func polynomial(power: Double, to floor: Double = 0, span: Int) -> Schedule {
    Schedule("polynomial") { taken in
      floor + (1 - floor) * Double.pow(1 - progress(taken, of: span), power)
    }
  }
}

extension ScheduleKind {
  static let polynomial = ScheduleKind(
    "polynomial", "(1 − x)^power",
    parameters: [ScheduleParameter("power", "exponent", .positive), .floor]
  ) { arguments throws(ScheduleError) in
    .polynomial(
      power: try arguments.number("power"), to: try arguments.number("floor"), span: arguments.span)
  }
}
