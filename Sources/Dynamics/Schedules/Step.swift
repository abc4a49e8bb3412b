import RealModule

extension Schedule {
  /// γ to the number of whole intervals that are over.
  ///
  /// - Parameters:
  ///   - interval: steps between two drops, at least 1.
  ///   - gamma: factor γ of a drop, in (0, 1].
  public static func step(every interval: Int, gamma: Double) -> Schedule {
    Schedule("step") { taken in Double.pow(gamma, taken / interval) }
  }

  /// γ to the number of milestones that are over.
  ///
  /// - Parameters:
  ///   - milestones: steps after which the factor drops, in rising order.
  ///   - gamma: factor γ of a drop, in (0, 1].
  public static func multistep(milestones: [Int], gamma: Double) -> Schedule {
    Schedule("multistep") { taken in
      Double.pow(gamma, milestones.firstIndex { $0 > taken } ?? milestones.count)
    }
  }
}

extension ScheduleKind {
  private static let gamma = ScheduleParameter("gamma", "factor of a drop", .positiveShare, default: 0.1)

  static let step = ScheduleKind(
    "step", "γ^⌊t/every⌋", parameters: [ScheduleParameter("every", "steps between drops", .steps), gamma],
    startsAfterWarmup: false
  ) { arguments throws(ScheduleError) in
    .step(every: Int(try arguments.number("every")), gamma: try arguments.number("gamma"))
  }

  static let multistep = ScheduleKind(
    "multistep", "γ^(milestones that are over)",
    parameters: [
      ScheduleParameter("milestones", "steps of the run after which it drops, as 30000/60000", .risingSteps),
      gamma,
    ], startsAfterWarmup: false
  ) { arguments throws(ScheduleError) in
    .multistep(
      milestones: try arguments.list("milestones").map { Int($0) }, gamma: try arguments.number("gamma"))
  }
}
