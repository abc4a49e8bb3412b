extension Schedule {
  /// √(τ/(τ + t)): after a warmup of τ steps this is √(τ/t) in steps of the run.
  ///
  /// - Parameter timescale: τ, above 0.
  public static func inverseSquareRoot(timescale: Double) -> Schedule {
    Schedule("inverse-sqrt") { taken in (timescale / (timescale + Double(max(taken, 0)))).squareRoot() }
  }
}

extension ScheduleKind {
  static let inverseSquareRoot = ScheduleKind(
    "inverse-sqrt", "√(τ/(τ + t))",
    parameters: [ScheduleParameter("timescale", "τ in steps; the warmup's length if there is one", .positive)]
  ) { arguments throws(ScheduleError) in
    if arguments.optional("timescale") == nil, arguments.warmup > 0 {
      return .inverseSquareRoot(timescale: Double(arguments.warmup))
    }
    return .inverseSquareRoot(timescale: try arguments.number("timescale"))
  }
}
