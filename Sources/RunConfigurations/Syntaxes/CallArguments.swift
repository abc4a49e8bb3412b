import Formulas

/// The arguments of a Python call, typed, by name or by place.
///
/// One that would have to be executed is refused by its key, under which an override can state it.
struct CallArguments {
  let call: PythonCall
  /// What stands before a name in its key: `optimizer.`.
  private let prefix: String
  private let order: [String]
  private let fixed: [String: PythonValue]
  private let path: String
  /// Names that were asked for.
  private(set) var used: Set<String> = []
  /// What was taken for the program's default.
  private(set) var defaults: [String] = []

  init(
    _ call: PythonCall, order: [String], prefix: String, fixed: [String: PythonValue], path: String,
    skipping: Int = 0
  ) {
    (self.call, self.prefix, self.fixed, self.path) = (call, prefix, fixed, path)
    self.order = Array(repeating: "", count: skipping) + order
  }

  var place: ConfigurationError.Place { .line(call.line, of: path) }

  /// What the script itself gives for a name.
  func given(_ name: String) -> PythonValue? {
    var own = self
    return own.value(name)
  }

  /// What is given for a name, nil where nothing or `None` is.
  mutating func value(_ name: String) -> PythonValue? {
    used.insert(name)
    if let value = fixed[prefix + name] { return value }
    let index = order.firstIndex(of: name)
    let value =
      call.named.last { $0.key == name }?.value
      ?? index.flatMap { call.positional.indices.contains($0) ? call.positional[$0] : nil }
    return value == .nothing ? nil : value
  }

  /// A number, or the program's default; nil where it must be given.
  mutating func number(
    _ name: String, _ fallback: Double?, in domain: Domain = .nonNegative
  ) throws(ConfigurationError) -> Double {
    let key = prefix + name
    guard let value = value(name) else {
      guard let fallback else { throw .invalid(.missingKey(name, in: call.name), at: place) }
      defaults.append(
        "\(key) = \(ConfigurationValue(key: key, content: .number(fallback), place: place).source)")
      return fallback
    }
    return try ConfigurationValue(key: key, content: value.content(key, in: path), place: place).number(
      in: domain)
  }

  mutating func whole(_ name: String, _ fallback: Int?) throws(ConfigurationError) -> Int {
    let key = prefix + name
    guard let value = value(name) else {
      guard let fallback else { throw .invalid(.missingKey(name, in: call.name), at: place) }
      return fallback
    }
    return try ConfigurationValue(key: key, content: value.content(key, in: path), place: place)
      .wholeNumber(from: 0, upTo: 0x1p40)
  }

  mutating func boolean(_ name: String, _ fallback: Bool) throws(ConfigurationError) -> Bool {
    guard let value = value(name) else { return fallback }
    guard case .boolean(let boolean) = value else {
      throw .invalid(.notEvaluated(key: prefix + name, "\(value)".excerpt), at: place)
    }
    return boolean
  }

  /// Refuses arguments that were not asked for, but for those known to have no influence.
  func checkRest(harmless: Set<String>) throws(ConfigurationError) {
    if let other = call.named.first(where: { !used.contains($0.key) && !harmless.contains($0.key) }) {
      throw .invalid(
        .undecided([UnreadKey(name: prefix + other.key, nearest: nil)], by: call.name),
        at: .line(other.line, of: path))
    }
  }
}

/// The learning rate as a script's schedule gives it.
struct ScriptSchedule {
  /// After a number of updates.
  let rate: (Int) -> Double
  /// The highest.
  let peak: Double
  /// Updates at which it jumps or changes its form.
  var breaks: [Int] = []
}
