/// A schedule as it is written on the command line: `cosine:floor=0.1,warmup=250`.
///
/// Beside its own parameters every schedule takes `warmup` (steps), `warmup-from` (factor of the first step),
/// `warmup-prefix` (1: the schedule begins when the warmup is over; 0: it counts from the start of the run), `end`
/// (step of the run at which the schedule ends; what it has reached is kept) and `hold` (steps over which the factor is
/// kept, such as an epoch).
public struct ScheduleSpecification: Sendable, Equatable {
  /// The schedule's name, or its alias.
  public var name: String
  /// Steps of warmup; nil or 0 for none.
  public var warmup: Int?
  /// Factor of the first step of the warmup, in [0, 1].
  public var warmupFrom: Double?
  /// Whether the schedule begins when the warmup is over; nil for what the kind does.
  public var warmupPrefix: Bool?
  /// Step of the run at which the schedule ends; nil for the run's last.
  public var end: Int?
  /// Steps over which the factor is kept, at least 1; nil where it changes every step.
  public var hold: Int?
  /// The kind's own parameters.
  public var parameters: [String: [Double]] = [:]
  /// Whether the factor may grow beyond 1, as that of a weight decay may; that of a learning rate is one of its peak.
  public var grows = false

  /// A schedule with its defaults.
  public init(_ name: String) { self.name = name }

  /// Reads `NAME` or `NAME:PARAMETER=VALUE,…`.
  ///
  /// - Throws: ``ScheduleError``, naming what is wrong.
  ///
  /// - Parameter grows: whether the factor may grow beyond 1: `cosine:floor=10` is a rise to the tenfold.
  public init(parsing text: String, grows: Bool = false) throws(ScheduleError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    self.grows = grows
    let kind = try kind()
    guard parts.count == 2 else { return }
    for word in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else { throw .malformed(String(word), schedule: name) }
      var numbers: [Double] = []
      for text in sides[1].split(separator: "/", omittingEmptySubsequences: false) {
        guard let number = Double(text) else { throw .malformed(String(word), schedule: name) }
        numbers.append(number)
      }
      try set(String(sides[0]), to: numbers, of: kind)
    }
  }

  /// The schedule over a run.
  ///
  /// - Parameter steps: steps of the run, at least 1.
  /// - Throws: ``ScheduleError`` where the schedule does not fit the run or a value is not allowed.
  public func schedule(steps: Int) throws(ScheduleError) -> Schedule {
    try check()
    return try unchecked(steps: steps)
  }

  /// Refuses parameters that are not the schedule's, or whose values are not allowed.
  ///
  /// - Throws: ``ScheduleError``.
  public func check() throws(ScheduleError) {
    var checked = ScheduleSpecification(name)
    checked.grows = grows
    for (name, values) in values { try checked.set(name, to: values) }
  }

  /// The schedule over a run, whose values may be those that no specification is allowed to have.
  ///
  /// - Parameter steps: steps of the run, at least 1.
  /// - Throws: ``ScheduleError`` where the schedule does not fit the run.
  package func unchecked(steps: Int) throws(ScheduleError) -> Schedule {
    guard steps >= 1 else { throw .steps(steps) }
    let kind = try kind()
    let warmup = self.warmup ?? 0
    if warmup == 0 {
      if warmupFrom != nil { throw .noWarmup(parameter: "warmup-from") }
      if warmupPrefix != nil { throw .noWarmup(parameter: "warmup-prefix") }
    } else {
      guard !kind.warmsUpItself else { throw .ownWarmup(schedule: name) }
      guard warmup < steps else { throw .warmupTooLong(warmup: warmup, steps: steps) }
    }
    let restarts = warmupPrefix ?? kind.startsAfterWarmup
    let start = restarts ? warmup : 0
    let end = self.end ?? steps
    guard end > start else { throw .endsTooEarly(end: end, start: start) }
    let arguments = ScheduleArguments(kind: kind, values: parameters, span: end - start, warmup: warmup)
    var schedule = try kind.make(arguments)
    if warmup > 0 {
      schedule = schedule.warmedUp(over: warmup, from: warmupFrom ?? 0, restarts: restarts)
    }
    if let hold { schedule = schedule.held(over: hold) }
    schedule.name = description
    return schedule
  }

  private func kind() throws(ScheduleError) -> ScheduleKind {
    guard let kind = ScheduleKind.named(name) else { throw .unknownSchedule(name) }
    return kind
  }

  private static let common = [
    ScheduleParameter("warmup", "steps of a linear rise to the peak", .steps),
    ScheduleParameter("warmup-from", "factor of the first step", .share),
    ScheduleParameter("warmup-prefix", "1: the schedule begins after the warmup; 0: with the run", .share),
    ScheduleParameter("end", "step at which it ends", .steps),
    ScheduleParameter("hold", "steps over which the factor is kept, such as an epoch", .steps),
  ]

  /// The parameters that the schedule takes, its own first.
  ///
  /// - Throws: ``ScheduleError/unknownSchedule(_:)``.
  public var parameterNames: [String] {
    get throws(ScheduleError) { try (kind().parameters + Self.common).map(\.name) }
  }

  /// Gives a parameter its value, or its values where it is a list.
  ///
  /// - Throws: ``ScheduleError`` where the parameter is not known, already given or out of range.
  public mutating func set(_ name: String, to values: [Double]) throws(ScheduleError) {
    try set(name, to: values, of: kind())
  }

  private mutating func set(_ name: String, to values: [Double], of kind: ScheduleKind) throws(ScheduleError)
  {
    let known = kind.parameters + Self.common
    guard let parameter = known.first(where: { $0.name == name }) else {
      throw .unknownParameter(name, schedule: kind.name, known: known.map(\.name))
    }
    try parameter.check(values, schedule: kind.name, grows: grows)
    let value = values[0]
    let isRepeated: Bool
    switch name {
    case "warmup": (isRepeated, warmup) = (warmup != nil, Int(value))
    case "warmup-from": (isRepeated, warmupFrom) = (warmupFrom != nil, value)
    case "warmup-prefix":
      guard value == 0 || value == 1 else {
        throw .outOfRange(parameter: name, value: value, schedule: kind.name, expected: "0 or 1")
      }
      (isRepeated, warmupPrefix) = (warmupPrefix != nil, value == 1)
    case "end": (isRepeated, end) = (end != nil, Int(value))
    case "hold": (isRepeated, hold) = (hold != nil, Int(value))
    default: isRepeated = parameters.updateValue(values, forKey: name) != nil
    }
    if isRepeated { throw .repeated(parameter: name, schedule: kind.name) }
  }
}

extension ScheduleSpecification {
  /// The parameters that are given with their values, the kind's own first.
  public var values: [(name: String, values: [Double])] {
    var all = parameters.sorted { $0.key < $1.key }.map { (name: $0.key, values: $0.value) }
    let prefix: Double? = warmupPrefix.map { $0 ? 1 : 0 }
    for (name, value) in [
      ("warmup", warmup.flatMap { $0 == 0 ? nil : Double($0) }), ("warmup-from", warmupFrom),
      ("warmup-prefix", prefix),
      ("end", end.map(Double.init)), ("hold", hold.map(Double.init)),
    ] {
      if let value { all.append((name, [value])) }
    }
    return all
  }
}

extension ScheduleSpecification: CustomStringConvertible {
  /// The text that ``init(parsing:)`` reads.
  public var description: String {
    func plain(_ value: Double) -> String {
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
    let words = values.map { name, values in "\(name)=\(values.map(plain).joined(separator: "/"))" }
    return words.isEmpty ? name : "\(name):\(words.joined(separator: ","))"
  }
}

extension ScheduleParameter {
  /// Refuses values that are not allowed.
  func check(_ values: [Double], schedule: String, grows: Bool = false) throws(ScheduleError) {
    // Far beyond any run, and still a whole number in a double.
    let most = 1e15
    func isWhole(_ value: Double) -> Bool { value >= 1 && value <= most && value == value.rounded() }
    let isAllowed: (Double) -> Bool
    let expected: String
    switch range {
    case .share where grows && name == "floor":
      (isAllowed, expected) = ({ $0 >= 0 && $0.isFinite }, "a finite number of at least 0")
    case .share: (isAllowed, expected) = ({ $0 >= 0 && $0 <= 1 }, "0 to 1")
    case .positiveShare: (isAllowed, expected) = ({ $0 > 0 && $0 <= 1 }, "above 0, at most 1")
    case .positive: (isAllowed, expected) = ({ $0 > 0 && $0.isFinite }, "a finite number above 0")
    case .atLeastOne: (isAllowed, expected) = ({ $0 >= 1 && $0.isFinite }, "a finite number of at least 1")
    case .steps: (isAllowed, expected) = (isWhole, "a whole number of at least 1")
    case .risingSteps: (isAllowed, expected) = (isWhole, "whole numbers of at least 1 in rising order")
    }
    guard !values.isEmpty else { throw .noValue(parameter: name, schedule: schedule) }
    var previous = -Double.infinity
    for value in values {
      guard isAllowed(value), value > previous else {
        throw .outOfRange(parameter: name, value: value, schedule: schedule, expected: expected)
      }
      previous = value
    }
    if case .risingSteps = range { return }
    guard values.count == 1 else {
      throw .outOfRange(
        parameter: name, value: values[1], schedule: schedule, expected: "one number, \(expected)")
    }
  }
}
