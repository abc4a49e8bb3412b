import Formulas

/// A value of a configuration, whatever the file's syntax, with the key it stands under; its reading is typed, and
/// every mistake names key and place.
struct ConfigurationValue: Sendable {
  /// What stands there.
  indirect enum Content: Sendable {
    /// A word or number as it is written, without quotes.
    case word(String)
    /// Text in quotes.
    case text(String)
    /// A number that was worked out.
    case number(Double)
    /// A value that would have to be executed, as it is written.
    case unevaluated(String)
    /// Several values.
    case list([ConfigurationValue])
    /// Values by key, in the order of the file.
    case mapping([ConfigurationValue])
  }

  /// The key, from the top of the file with dots: `optimizer.lr`.
  let key: String
  let content: Content
  let place: ConfigurationError.Place

  /// A problem at the value's place.
  func invalid(_ problem: Problem) -> ConfigurationError { .invalid(problem, at: place) }

  func wrongKind(_ expected: String) -> ConfigurationError {
    if case .unevaluated(let source) = content { return invalid(.notEvaluated(key: key, source)) }
    return invalid(
      .wrongKind(key: key.isEmpty ? "the file" : key, found: found, expected: expected))
  }

  /// What stands there, as a phrase.
  private var found: String {
    switch content {
    case .word(let word): word.isEmpty ? "empty" : "'\(word.excerpt)'"
    case .text(let text): "the quoted text '\(text.excerpt)'"
    case .number, .unevaluated: source
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// The value in a line, for a note.
  var source: String {
    switch content {
    case .word(let text), .text(let text), .unevaluated(let text): text.excerpt
    case .number(let number):
      Int(exactly: number).map { abs($0) < 1_000_000_000 ? String($0) : String(number) } ?? String(number)
    case .list(let values): "[\(values.prefix(100).map(\.source).joined(separator: ", "))]".excerpt
    case .mapping(let values): "{\(values.map { "\($0.key): \($0.source)" }.joined(separator: ", "))}".excerpt
    }
  }

  /// Whether nothing stands there: empty, `null` or `~`.
  var isNull: Bool {
    guard case .word(let word) = content else { return false }
    return ["", "null", "~"].contains(word)
  }

  func mapping() throws(ConfigurationError) -> ConfigurationMapping {
    guard case .mapping(let values) = content else { throw wrongKind("a mapping of keys to values") }
    return ConfigurationMapping(value: self, values: values)
  }

  /// The keys of a mapping, nil where it is none.
  var keys: Set<String>? {
    guard case .mapping(let values) = content else { return nil }
    return Set(values.map(\.key))
  }

  /// The value of a key where this is a mapping that has it and it is not null.
  func member(_ key: String) -> ConfigurationValue? {
    guard case .mapping(let values) = content else { return nil }
    return values.first { $0.key == key && !$0.isNull }
  }

  /// The value at the end of a path of keys: `model.init_args`.
  func node(at path: String) -> ConfigurationValue? {
    path.split(separator: ".").reduce(self as ConfigurationValue?) { $0?.member(String($1)) }
  }

  func list() throws(ConfigurationError) -> [ConfigurationValue] {
    guard case .list(let values) = content else { throw wrongKind("a list") }
    return values
  }

  func text() throws(ConfigurationError) -> String {
    switch content {
    case .text(let text): return text
    case .word(let word) where !isNull: return word
    default: throw wrongKind("text")
    }
  }

  /// A decimal number as YAML 1.2 writes it, so `4.8e-3` and `6e-4` are numbers, too.
  func number(in domain: Domain) throws(ConfigurationError) -> Double {
    let number: Double
    switch content {
    case .number(let value): number = value
    case .word(let word) where !word.isEmpty && word.utf8.allSatisfy("+-._0123456789eE".utf8.contains):
      guard let value = Double(word.filter { $0 != "_" }) else { throw wrongKind("\(domain)") }
      number = value
    default: throw wrongKind("\(domain)")
    }
    guard domain.contains(number) else {
      throw invalid(.outOfRange(key: key, value: number, expected: "\(domain)"))
    }
    return number
  }

  /// A whole number from `lower` to `upper`.
  func wholeNumber(from lower: Int = 1, upTo upper: Double = 0x1p53) throws(ConfigurationError) -> Int {
    let number = try number(in: Domain(Double(lower), includesLower: true))
    guard number <= upper, let whole = Int(exactly: number) else {
      throw invalid(
        .outOfRange(key: key, value: number, expected: "a whole number of at least \(lower)"))
    }
    return whole
  }

  func boolean() throws(ConfigurationError) -> Bool {
    guard case .word(let word) = content, let value = ["true": true, "false": false][word.lowercased()] else {
      throw wrongKind("true or false")
    }
    return value
  }

  func choice(of choices: [String]) throws(ConfigurationError) -> String {
    let text = try text()
    guard choices.contains(text) else { throw invalid(.unknownName(key: key, text, known: choices)) }
    return text
  }
}

extension ConfigurationValue {
  /// The mapping with other values under their keys, from the top.
  func replacing(_ values: [ConfigurationValue]) -> ConfigurationValue {
    values.reduce(self) { $0.replacing($1.key.split(separator: ".").map(String.init)[...], with: $1) }
  }

  /// The mapping with another value at a path of keys; a mapping that is not there is made.
  func replacing(_ path: ArraySlice<String>, with value: ConfigurationValue) -> ConfigurationValue {
    guard let name = path.first, case .mapping(var values) = content else {
      return path.isEmpty ? ConfigurationValue(key: key, content: value.content, place: value.place) : self
    }
    let index = values.firstIndex { $0.key == name }
    let old =
      index.map { values[$0] } ?? ConfigurationValue(key: name, content: .mapping([]), place: value.place)
    let new = old.replacing(path.dropFirst(), with: value)
    if let index { values[index] = new } else { values.append(new) }
    return ConfigurationValue(key: key, content: .mapping(values), place: place)
  }
}

/// The values of a mapping by key, in the order of the file.
struct ConfigurationMapping {
  let value: ConfigurationValue
  let values: [ConfigurationValue]

  /// The value of a key, nil where it is not given.
  subscript(key: String) -> ConfigurationValue? { values.first { $0.key == key } }

  /// The value of a key that must be given.
  func required(_ key: String) throws(ConfigurationError) -> ConfigurationValue {
    guard let found = self[key] else {
      throw invalid(.missingKey(key, in: value.key.isEmpty ? nil : value.key))
    }
    return found
  }

  /// Refuses every other key.
  func allow(_ keys: [String]) throws(ConfigurationError) {
    for value in values where !keys.contains(value.key) {
      throw value.invalid(.unknownKey(value.key, known: keys))
    }
  }

  /// A problem of the mapping as a whole.
  func invalid(_ problem: Problem) -> ConfigurationError { value.invalid(problem) }
}

extension ConfigurationValue {
  /// Numbers in a list, or in a text such as `(0.9, 0.98)`, `[5e-4]` or `0.9 0.95`.
  func numbers(in domain: Domain) throws(ConfigurationError) -> [Double] {
    var parts: [ConfigurationValue] = []
    switch content {
    case .list(let values): parts = values
    case .word(let text), .text(let text):
      let words = text.split { " ,()[]\"'".contains($0) }
      parts = words.map { ConfigurationValue(key: key, content: .word(String($0)), place: place) }
    default: parts = [self]
    }
    guard !parts.isEmpty else { throw wrongKind("\(domain)") }
    var numbers: [Double] = []
    for part in parts {
      let named = ConfigurationValue(key: key, content: part.content, place: part.place)
      numbers.append(try named.number(in: domain))
    }
    return numbers
  }
}

extension ConfigurationValue {
  /// The values that are no mappings, with their keys from the top.
  var leaves: [ConfigurationValue] {
    var leaves: [ConfigurationValue] = []
    addLeaves(to: &leaves)
    return leaves
  }

  /// No format has keys of that many bytes, and in a hostile file each of many values would get a copy.
  private static let longestKey = 500

  /// The key of an item of a list, counted from 1: `betas[2]`.
  static func itemKey(_ key: String, _ number: Int) -> String {
    key.utf8.count < longestKey ? "\(key)[\(number)]" : "…"
  }

  private func addLeaves(to leaves: inout [ConfigurationValue]) {
    guard case .mapping(let values) = content else {
      leaves.append(self)
      return
    }
    for value in values {
      let isShort = key.utf8.count + value.key.utf8.count < Self.longestKey
      let path = key.isEmpty ? value.key : isShort ? "\(key).\(value.key)" : "…"
      ConfigurationValue(key: path, content: value.content, place: value.place).addLeaves(to: &leaves)
    }
  }
}
