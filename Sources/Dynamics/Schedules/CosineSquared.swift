extension Schedule {
  /// The square of half a cosine, from 1 to `floor`: cos² of the paper's Table 4, D-3.
  ///
  /// The rotation of a rotational variant follows the root of the learning rate, so this gives it the cosine itself.
  ///
  /// - Parameters:
  ///   - floor: factor at the end, in [0, 1].
  ///   - span: steps until the end, at least 1.
  public static func cosineSquared(to floor: Double = 0, span: Int) -> Schedule {
    Schedule("cosine-squared") { taken in
      let cosine = halfCosine(progress(taken, of: span))
      return floor + (1 - floor) * cosine * cosine
    }
  }
}

extension ScheduleKind {
  static let cosineSquared = ScheduleKind(
    "cosine-squared", alias: "cos2", "[½(1 + cos πx)]²", parameters: [.floor]
  ) { arguments throws(ScheduleError) in
    .cosineSquared(to: try arguments.number("floor"), span: arguments.span)
  }
}
