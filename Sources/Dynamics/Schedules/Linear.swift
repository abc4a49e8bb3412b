extension Schedule {
  /// A straight line from 1 to `floor`, kept from there on.
  ///
  /// - Parameters:
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func linear(to floor: Double = 0, span: Int) -> Schedule {
    Schedule("linear") { taken in floor + (1 - floor) * (1 - progress(taken, of: span)) }
  }

  /// The share of `span` that is over, in [0, 1].
  static func progress(_ taken: Int, of span: Int) -> Double {
    Double(min(max(taken, 0), span)) / Double(span)
  }
}

extension ScheduleKind {
  static let linear = ScheduleKind("linear", "1 − x", parameters: [.floor]) {
    arguments throws(ScheduleError) in
    .linear(to: try arguments.number("floor"), span: arguments.span)
  }
}
