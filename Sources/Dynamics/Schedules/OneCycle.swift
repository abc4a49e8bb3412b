extension Schedule {
  /// Half a cosine up from 1/divisor to 1, and half a cosine down to 1/(divisor·finalDivisor), as PyTorch's
  /// `OneCycleLR` counts it: the peak is step share·span, the end is step `span`.
  ///
  /// - Parameters:
  ///   - share: share of the steps that rise, in (0, 1).
  ///   - divisor: peak over first learning rate, at least 1.
  ///   - finalDivisor: first over last learning rate, at least 1.
  ///   - span: steps of the run, at least 1.
  public static func oneCycle(
    rising share: Double, divisor: Double, finalDivisor: Double, span: Int
  ) -> Schedule {
    let top = share * Double(span) - 1
    let end = Double(span) - 1
    let (first, last) = (1 / divisor, 1 / (divisor * finalDivisor))
    return Schedule("one-cycle") { taken in
      let t = Double(min(max(taken, 0), span - 1))
      // From a at x = 0 to b at x = 1.
      func between(_ a: Double, _ b: Double, _ x: Double) -> Double { b + (a - b) * halfCosine(x) }
      if top > 0, t <= top { return between(first, 1, t / top) }
      return end > top ? between(1, last, (t - top) / (end - top)) : 1
    }
  }
}

extension ScheduleKind {
  static let oneCycle = ScheduleKind(
    "one-cycle", "½(1 − cos) up, ½(1 + cos) down",
    parameters: [
      ScheduleParameter("rise", "share of the steps that rise", .positiveShare, default: 0.3),
      ScheduleParameter("div", "peak over first learning rate", .atLeastOne, default: 25),
      ScheduleParameter("final-div", "first over last learning rate", .atLeastOne, default: 1e4),
    ], startsAfterWarmup: false, warmsUpItself: true
  ) { arguments throws(ScheduleError) in
    .oneCycle(
      rising: try arguments.number("rise"), divisor: try arguments.number("div"),
      finalDivisor: try arguments.number("final-div"), span: arguments.span)
  }
}
