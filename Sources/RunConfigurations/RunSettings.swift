import Formulas

/// The settings of a run by key, typed. Remembers which were asked for and what was assumed, so that the rest can be
/// listed and nothing passes in silence.
///
/// Mappings within mappings are one list, with keys from the top: `optimizer.lr`. An empty value or `null` counts as
/// not given.
struct RunSettings {
  /// The file as it was parsed.
  let root: ConfigurationValue
  /// The file's name without folders and extension.
  let stem: String
  /// The file's path, for messages.
  let path: String
  /// The program whose defaults are taken.
  let tool: String
  private(set) var values: [ConfigurationValue]
  private var positions: [String: Int] = [:]
  private var used: Set<String> = []
  private var defaults: [String] = []
  private let facts: RunFacts
  private var usedFacts: Set<RunFacts.Fact> = []

  init(_ root: ConfigurationValue, tool: String, input: InputText, facts: RunFacts) {
    self.root = root
    (stem, path) = (input.stem, input.path)
    self.tool = tool
    self.facts = facts
    values = root.leaves
    for (index, value) in values.enumerated() { positions[value.key] = index }
  }

  /// Takes in a `--key=value` argument of the training program; dashes in the key count as underscores.
  mutating func override(_ argument: String, known: [String]) throws(ConfigurationError) {
    let place = ConfigurationError.Place.override(argument)
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "="), !argument.contains("\n")
    else { throw .invalid(.notAnOverride, at: place) }
    let written = String(argument[..<equals].dropFirst(2))
    let text = String(argument[equals...].dropFirst())
    let key = positions[written] == nil ? String(written.map { $0 == "-" ? "_" : $0 }) : written
    guard positions[key] != nil || known.contains(key) else {
      throw .invalid(
        .unknownKey(written, known: known + values.map(\.key).filter { !known.contains($0) }), at: place)
    }
    let value = ConfigurationValue(key: key, content: .word(text), place: place)
    if let position = positions[key] {
      values[position] = value
    } else {
      positions[key] = values.count
      values.append(value)
    }
  }

  // MARK: Asking

  /// The value of a key, nil where none is given; it counts as asked for.
  mutating func value(_ key: String) -> ConfigurationValue? {
    used.insert(key)
    guard let position = positions[key], !values[position].isNull else { return nil }
    return values[position]
  }

  /// Whether a key is given; it does not count as asked for.
  func has(_ key: String) -> Bool { positions[key].map { !values[$0].isNull } ?? false }

  /// The number of a key.
  ///
  /// - Parameter fallback: the program's default, which is noted; without one the key must be given.
  mutating func number(
    _ key: String, in domain: Domain, default fallback: Double? = nil
  ) throws(ConfigurationError) -> Double {
    if let value = value(key) { return try value.number(in: domain) }
    return try assumed(
      key, fallback.map { ConfigurationValue(key: key, content: .number($0), place: .file(path)) }
    )
    .number(in: domain)
  }

  /// The whole number of a key, at least `lower` and small enough that shapes can be multiplied.
  mutating func wholeNumber(
    _ key: String, from lower: Int = 1, default fallback: Int? = nil
  ) throws(ConfigurationError) -> Int {
    if let value = value(key) { return try value.wholeNumber(from: lower, upTo: 0x1p40) }
    let number = fallback.map {
      ConfigurationValue(key: key, content: .number(Double($0)), place: .file(path))
    }
    return try assumed(key, number).wholeNumber(from: lower, upTo: 0x1p40)
  }

  mutating func boolean(_ key: String, default fallback: Bool? = nil) throws(ConfigurationError) -> Bool {
    if let value = value(key) { return try value.boolean() }
    return try assumed(key, fallback.map { word(key, $0 ? "true" : "false") }).boolean()
  }

  mutating func text(_ key: String, default fallback: String? = nil) throws(ConfigurationError) -> String {
    if let value = value(key) { return try value.text() }
    return try assumed(key, fallback.map { word(key, $0) }).text()
  }

  private func word(_ key: String, _ text: String) -> ConfigurationValue {
    ConfigurationValue(key: key, content: .word(text), place: .file(path))
  }

  private mutating func assumed(
    _ key: String, _ value: ConfigurationValue?
  ) throws(ConfigurationError) -> ConfigurationValue {
    guard let value else { throw .invalid(.missingKey(key, in: nil), at: .file(path)) }
    defaults.append("\(key) = \(value.source)")
    return value
  }

  /// What the file leaves open, if it is known.
  mutating func fact(_ fact: RunFacts.Fact) -> Int? {
    usedFacts.insert(fact)
    return facts.known[fact]
  }

  /// What the file leaves open and is needed.
  ///
  /// - Parameter reason: what needs it, a clause: `epochs: 300 counts epochs`.
  mutating func required(
    _ fact: RunFacts.Fact, because reason: String
  ) throws(ConfigurationError) -> Int {
    guard let value = self.fact(fact) else {
      throw .invalid(.needs([fact], because: reason), at: .file(path))
    }
    return value
  }

  /// A problem where a key is given, or of the whole file.
  func invalid(_ problem: Problem, _ key: String) -> ConfigurationError {
    .invalid(problem, at: positions[key].map { values[$0].place } ?? .file(path))
  }

  /// Marks keys as known to have no influence, so that a name like that of an optimizer's setting raises no warning.
  mutating func ignore(_ keys: [String]) {
    for key in keys where !used.contains(key) { harmless.insert(key) }
  }
  private var harmless: Set<String> = []

  // MARK: What is left

  /// What was assumed, a sentence each.
  var notes: [String] {
    (defaults.isEmpty ? [] : ["Not stated, so \(tool)'s default: \(defaults.joined(separator: ", "))."])
      + values.compactMap { value in
        guard case .unevaluated(let source) = value.content, case .line(let line, _) = value.place else {
          return nil
        }
        return
          "Line \(line) is not executed: \(value.key == source ? "" : "\(value.key) = ")\(source.excerpt)"
      }
  }

  /// The keys that were given and not asked for.
  var ignored: [String] {
    rest.filter { value in
      if case .unevaluated = value.content { return false }
      return !isStrange(value)
    }.map(\.key)
  }

  /// What looks like a setting of the optimizer and is not known, and what was given without need.
  var warnings: [String] {
    let strange = rest.filter(isStrange)
    let known = Array(used).sorted()
    var warnings = strange.prefix(20).map { value in
      let guess = Spelling.nearest(to: value.key, among: known).map { "; did you mean \($0)?" } ?? "."
      return
        "\(value.key) = \(value.source) looks like a setting of the optimizer, but is not read here\(guess)"
    }
    if strange.count > 20 {
      warnings.append("\(strange.count - 20) further names look like settings of the optimizer.")
    }
    for fact in RunFacts.Fact.allCases where facts.known[fact] != nil && !usedFacts.contains(fact) {
      warnings.append("\(fact.rawValue) is not needed: \(path) says it itself.")
    }
    return warnings
  }

  private var rest: [ConfigurationValue] { values.filter { !used.contains($0.key) } }

  private func isStrange(_ value: ConfigurationValue) -> Bool {
    !harmless.contains(value.key) && !value.isNull && Self.looksLikeOptimizer(value.key)
  }

  /// Whether a part of the name is a word for what optimizers and schedules are set by.
  private static func looksLikeOptimizer(_ name: String) -> Bool {
    let words: Set<String> = [
      "lr", "wd", "learning", "decay", "momentum", "beta", "betas", "beta1", "beta2", "beta3", "eps",
      "epsilon", "nesterov", "dampening", "optimizer", "optim", "opt", "warmup", "schedule", "scheduler",
      "sched",
      "clip", "adam",
    ]
    return name.lowercased().split { "_-.".contains($0) }.contains { words.contains(String($0)) }
  }
}

extension ConfigurationValue {
  /// The values that are no mappings, with their keys from the top.
  var leaves: [ConfigurationValue] {
    var leaves: [ConfigurationValue] = []
    addLeaves(to: &leaves)
    return leaves
  }

  private func addLeaves(to leaves: inout [ConfigurationValue]) {
    guard case .mapping(let values) = content else {
      leaves.append(self)
      return
    }
    for value in values {
      // No format has keys of that length, and in a hostile file each of many values would get a copy.
      let isShort = key.utf8.count + value.key.utf8.count < 500
      let path = key.isEmpty ? value.key : isShort ? "\(key).\(value.key)" : "…"
      ConfigurationValue(key: path, content: value.content, place: value.place).addLeaves(to: &leaves)
    }
  }
}
