import RealModule

extension Schedule {
  /// A cosine from 1 down to `floor`: half a wave, kept from there on, unless said otherwise.
  ///
  /// - Parameters:
  ///   - floor: factor at the lowest point, in [0, 1].
  ///   - cycles: waves until the end, above 0; beyond ½ the factor rises again.
  ///   - span: steps until the end, at least 1.
  public static func cosine(to floor: Double = 0, cycles: Double = 0.5, span: Int) -> Schedule {
    Schedule("cosine") { taken in
      let x = cycles * progress(taken, of: span)
      // Whole waves are left out, so that twice the rest is a number however many they are.
      return floor + (1 - floor) * halfCosine(2 * (x - x.rounded(.down)))
    }
  }

  /// Half a cosine from 1 to `floor`, again and again, each from 1; `floor` from the end on.
  ///
  /// - Parameters:
  ///   - floor: factor at the end of each, in [0, 1].
  ///   - cycles: how many fit into the span, above 0; the last need not be whole.
  ///   - span: steps until the end, at least 1.
  public static func cosineRestarts(to floor: Double = 0, cycles: Double, span: Int) -> Schedule {
    Schedule("cosine-restarts") { taken in
      guard taken < span else { return floor }
      let x = cycles * progress(taken, of: span)
      return floor + (1 - floor) * halfCosine(x - x.rounded(.down))
    }
  }

  /// ½(1 + cos πx).
  static func halfCosine(_ x: Double) -> Double { (1 + Double.cos(.pi * x)) / 2 }
}

extension ScheduleKind {
  static let cosine = ScheduleKind(
    "cosine", "½(1 + cos 2π·cycles·x)",
    parameters: [.floor, ScheduleParameter("cycles", "waves until the end", .positive, default: 0.5)]
  ) { arguments throws(ScheduleError) in
    .cosine(
      to: try arguments.number("floor"), cycles: try arguments.number("cycles"), span: arguments.span)
  }

  static let cosineRestarts = ScheduleKind(
    "cosine-restarts", "½(1 + cos πy), y = cycles·x mod 1",
    parameters: [.floor, ScheduleParameter("cycles", "falls until the end", .positive, default: 1)]
  ) { arguments throws(ScheduleError) in
    .cosineRestarts(
      to: try arguments.number("floor"), cycles: try arguments.number("cycles"), span: arguments.span)
  }
}
