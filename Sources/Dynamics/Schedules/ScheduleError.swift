/// Why a schedule cannot be followed.
public enum ScheduleError: Error, Equatable, CustomStringConvertible {
  /// A run of less than one step.
  case steps(Int)
  /// A name that no schedule has.
  case unknownSchedule(String)
  /// A parameter that the schedule does not have.
  case unknownParameter(String, schedule: String, known: [String])
  /// A parameter without its value, or text that is no number.
  case malformed(String, schedule: String)
  /// A parameter without which there is no schedule.
  case missing(parameter: String, schedule: String)
  /// A parameter whose list of values is empty.
  case noValue(parameter: String, schedule: String)
  /// A parameter given twice.
  case repeated(parameter: String, schedule: String)
  /// A value that is not allowed.
  case outOfRange(parameter: String, value: Double, schedule: String, expected: String)
  /// Two parameters of which only one may be given.
  case conflicting(String, String, schedule: String)
  /// A warmup that is not over when the run is.
  case warmupTooLong(warmup: Int, steps: Int)
  /// A warmup before a schedule that has its own.
  case ownWarmup(schedule: String)
  /// The schedule ends before it begins.
  case endsTooEarly(end: Int, start: Int)
  /// A warmup parameter without a warmup.
  case noWarmup(parameter: String)
  /// A table without rows.
  case emptyTable
  /// A table whose steps do not rise; rows count from 1.
  case unsortedTable(row: Int, step: Double, previous: Double)
  /// A table with a value that is negative, infinite or no number; rows count from 1.
  case tableValue(row: Int, value: Double)
  /// A table whose values are all 0.
  case zeroTable

  /// One line that names the offending value, what is allowed and, where it can, the fix.
  public var description: String {
    switch self {
    case .steps(let steps): "the run has \(steps) steps, expected at least 1"
    case .unknownSchedule(let name): "unknown schedule '\(name)'"
    case .unknownParameter(let name, let schedule, let known):
      "schedule '\(schedule)' has no parameter '\(name)'; it has \(known.joined(separator: ", "))"
    case .malformed(let text, let schedule):
      "schedule '\(schedule)': '\(text)' is not a parameter, expected NAME=NUMBER"
    case .missing(let parameter, let schedule):
      "schedule '\(schedule)' needs '\(parameter)': write \(schedule):\(parameter)=…"
    case .noValue(let parameter, let schedule):
      "schedule '\(schedule)': \(parameter) is an empty list, expected a number"
    case .repeated(let parameter, let schedule): "schedule '\(schedule)': '\(parameter)' is given twice"
    case .outOfRange(let parameter, let value, let schedule, let expected):
      "schedule '\(schedule)': \(parameter) is \(ScheduleError.plain(value)), expected \(expected)"
    case .conflicting(let first, let second, let schedule):
      "schedule '\(schedule)' takes '\(first)' or '\(second)', not both"
    case .warmupTooLong(let warmup, let steps):
      "the warmup takes \(warmup) steps, but the run has \(steps), expected a warmup shorter than the run"
    case .ownWarmup(let schedule): "schedule '\(schedule)' warms up by itself; leave the warmup out"
    case .endsTooEarly(let end, let start):
      "the schedule ends at step \(end), expected after the warmup of \(start) steps"
    case .noWarmup(let parameter): "'\(parameter)' is given without a warmup; add warmup=STEPS"
    case .emptyTable: "the table has no rows"
    case .unsortedTable(let row, let step, let previous):
      "row \(row) has step \(ScheduleError.plain(step)) after \(ScheduleError.plain(previous)), expected rising steps"
    case .tableValue(let row, let value):
      "row \(row) has the value \(value), expected a finite number of at least 0"
    case .zeroTable: "all values are 0, expected at least one above 0"
    }
  }

  /// Whole numbers without a decimal point.
  private static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
