import Dynamics

/// How the learning rate changes over a run, as data.
public enum LearningRateSchedule: Sendable, Equatable {
  /// By a kind of schedule with its parameters, as factors of the peak.
  case named(ScheduleSpecification)
  /// By learning rates that were logged or worked out; straight lines between them.
  case table(LearningRateTable)

  /// The learning rate stays at its peak.
  public static let constant = LearningRateSchedule.named(ScheduleSpecification("constant"))

  /// The schedule as a factor of the peak.
  ///
  /// - Parameters:
  ///   - peak: the peak learning rate, above 0.
  ///   - steps: steps of the run, at least 1.
  /// - Throws: `ScheduleError` where the schedule does not fit the run.
  public func schedule(peak: Double, steps: Int) throws(ScheduleError) -> Schedule {
    switch self {
    case .named(let specification): try specification.schedule(steps: steps)
    case .table(let table):
      try Schedule.table(
        steps: table.steps.map { Double($0) }, values: table.learningRates.map { $0 / peak }, name: "table")
    }
  }
}

/// Learning rates by step.
public struct LearningRateTable: Sendable, Equatable {
  /// Steps in rising order, counted from 1 as in a log.
  public var steps: [Int]
  /// The learning rate of each, at least 0.
  public var learningRates: [Double]

  /// A table of as many learning rates as steps.
  public init(steps: [Int], learningRates: [Double]) {
    (self.steps, self.learningRates) = (steps, learningRates)
  }
}
