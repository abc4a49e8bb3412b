/// How a hyperparameter changes over a run: a factor of its peak for every step.
///
/// Learning rate, weight decay and gradient norm all follow schedules. A schedule may be put behind a warmup:
///
/// ```swift
/// let schedule = Schedule.cosine(span: 4750).warmedUp(over: 250)
/// schedule.factor(after: 250)  // 1: the 251st step is taken at the peak
/// ```
public struct Schedule: Sendable {
  /// The schedule as it is asked for: `cosine:floor=0.1,warmup=250`.
  public internal(set) var name: String
  @usableFromInline let factor: @Sendable (Int) -> Double

  /// A schedule given by a function.
  ///
  /// - Parameters:
  ///   - name: the schedule in words.
  ///   - factor: the factor of the peak after a number of steps, at least 0.
  public init(_ name: String, factor: @escaping @Sendable (_ stepsTaken: Int) -> Double) {
    self.name = name
    self.factor = factor
  }

  /// The factor of the peak for the step that follows `stepsTaken` others, as PyTorch's schedulers count: the first
  /// step is taken at `factor(after: 0)`.
  @inlinable
  public func factor(after stepsTaken: Int) -> Double { factor(stepsTaken) }
}

/// A kind of schedule: its name, its parameters and how it is made of them. A new one is a file and a line in
/// ``catalogue``.
public struct ScheduleKind: Sendable {
  /// The name on the command line: `cosine`.
  public let name: String
  /// Another name in use, such as `wsd`; nil where there is none.
  public let alias: String?
  /// The factor as a formula, in a line.
  public let summary: String
  /// What it is set by.
  public let parameters: [ScheduleParameter]
  /// Whether it begins when the warmup ends; otherwise it counts steps from the start of the run.
  public let startsAfterWarmup: Bool
  /// Whether it has a warmup of its own, so that none may be put in front.
  public let warmsUpItself: Bool
  /// Makes the schedule.
  let make: @Sendable (ScheduleArguments) throws(ScheduleError) -> Schedule

  init(
    _ name: String, alias: String? = nil, _ summary: String, parameters: [ScheduleParameter] = [],
    startsAfterWarmup: Bool = true, warmsUpItself: Bool = false,
    make: @escaping @Sendable (ScheduleArguments) throws(ScheduleError) -> Schedule
  ) {
    self.name = name
    self.alias = alias
    self.summary = summary
    self.parameters = parameters
    self.startsAfterWarmup = startsAfterWarmup
    self.warmsUpItself = warmsUpItself
    self.make = make
  }

  /// The kind of that name or alias, or nil.
  public static func named(_ name: String) -> ScheduleKind? {
    catalogue.first { $0.name == name || $0.alias == name }
  }

  /// Every kind by which a schedule can be asked for; a table is read from a file instead.
  public static let catalogue: [ScheduleKind] = [
    .constant, .linear, .cosine, .cosineRestarts, .cosineSquared, .inverseSquareRoot, .step, .multistep,
    .exponential, .polynomial, .trapezoid, .cosineTrapezoid, .oneCycle,
  ]
}

/// A parameter of a schedule, with what is allowed.
public struct ScheduleParameter: Sendable {
  /// What values a parameter may take.
  public enum Range: Sendable {
    /// A share: 0 to 1, both included.
    case share
    /// A number above 0, at most 1.
    case positiveShare
    /// A finite number above 0.
    case positive
    /// A finite number of at least 1.
    case atLeastOne
    /// A whole number of at least 1.
    case steps
    /// Whole numbers of at least 1 in rising order, separated by `/`.
    case risingSteps
  }

  /// The name: `floor`.
  public let name: String
  /// What it means, a phrase.
  public let meaning: String
  /// What is allowed.
  public let range: Range
  /// The value where none is given; nil where one must be given or where the default depends on the run.
  public let defaultValue: Double?

  init(_ name: String, _ meaning: String, _ range: Range, default defaultValue: Double? = nil) {
    self.name = name
    self.meaning = meaning
    self.range = range
    self.defaultValue = defaultValue
  }

  static let floor = ScheduleParameter("floor", "factor at the end", .share, default: 0)
}

/// What a schedule is made of: its parameters and how long it is.
struct ScheduleArguments: Sendable {
  let kind: ScheduleKind
  var values: [String: [Double]]
  /// Steps from where the schedule begins to where it ends, at least 1.
  let span: Int
  /// Steps of warmup before it, 0 where there is none.
  let warmup: Int

  /// The value of a parameter, its default where none is given.
  func optional(_ name: String) -> Double? {
    values[name]?.first ?? kind.parameters.first { $0.name == name }?.defaultValue
  }

  /// The value of a parameter that must have one.
  func number(_ name: String) throws(ScheduleError) -> Double {
    guard let value = optional(name) else { throw .missing(parameter: name, schedule: kind.name) }
    return value
  }

  /// The values of a parameter that is a list.
  func list(_ name: String) throws(ScheduleError) -> [Double] {
    guard let values = values[name] else { throw .missing(parameter: name, schedule: kind.name) }
    return values
  }
}
