import Formulas
import Yams

/// A value with the key it stands under; its reading is typed, and every mistake names key and line.
struct YAMLValue {
  let key: String
  let node: Node
  /// The line of the key, or of an item of a list; nil for the whole file.
  let line: Int?
  let path: String

  /// A problem in the value's line.
  func invalid(_ problem: Problem) -> ConfigurationError {
    .invalid(problem, at: line.map { .line($0, of: path) } ?? .file(path))
  }

  private func wrongKind(_ expected: String) -> ConfigurationError {
    let found =
      switch node {
      case .mapping: "a mapping"
      case .sequence: "a list"
      case .scalar(let scalar) where scalar.style != .plain: "the quoted text '\(scalar.string.excerpt)'"
      case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "'\(scalar.string.excerpt)'"
      case .alias: "an alias"
      }
    return invalid(.wrongKind(key: key, found: found, expected: expected))
  }

  /// The plain scalar, without quotes.
  private var word: String? {
    guard case .scalar(let scalar) = node, scalar.style == .plain else { return nil }
    return scalar.string
  }

  func mapping() throws(ConfigurationError) -> YAMLMapping {
    guard case .mapping(let mapping) = node else { throw wrongKind("a mapping of keys to values") }
    var values: [YAMLValue] = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        throw YAMLValue(key: "a key", node: key, line: key.mark?.line, path: path).wrongKind("a word")
      }
      values.append(YAMLValue(key: scalar.string, node: value, line: key.mark?.line, path: path))
    }
    return YAMLMapping(value: self, values: values)
  }

  func list() throws(ConfigurationError) -> [YAMLValue] {
    guard case .sequence(let items) = node else { throw wrongKind("a list") }
    return items.enumerated().map {
      YAMLValue(key: "\(key)[\($0 + 1)]", node: $1, line: $1.mark?.line, path: path)
    }
  }

  func text() throws(ConfigurationError) -> String {
    guard case .scalar(let scalar) = node,
      scalar.style != .plain || !["", "~", "null"].contains(scalar.string)
    else { throw wrongKind("text") }
    return scalar.string
  }

  /// A decimal number as YAML 1.2 writes it, so `4.8e-3` and `6e-4` are numbers, too.
  func number(in domain: Domain) throws(ConfigurationError) -> Double {
    guard let word, word.utf8.allSatisfy("+-.0123456789eE".utf8.contains), let number = Double(word) else {
      throw wrongKind("\(domain)")
    }
    guard domain.contains(number) else {
      throw invalid(.outOfRange(key: key, value: number, expected: "\(domain)"))
    }
    return number
  }

  /// A whole number from 1 to 2⁵³.
  func wholeNumber() throws(ConfigurationError) -> Int {
    let number = try number(in: Domain(1, includesLower: true))
    guard number <= 0x1p53, let whole = Int(exactly: number) else {
      throw invalid(.outOfRange(key: key, value: number, expected: "a whole number of at least 1"))
    }
    return whole
  }

  func boolean() throws(ConfigurationError) -> Bool {
    switch word {
    case "true": true
    case "false": false
    default: throw wrongKind("true or false")
    }
  }

  func choice(of choices: [String]) throws(ConfigurationError) -> String {
    let text = try text()
    guard choices.contains(text) else { throw invalid(.unknownName(key: key, text, known: choices)) }
    return text
  }
}

/// The values of a mapping by key, in the order of the file.
struct YAMLMapping {
  let value: YAMLValue
  let values: [YAMLValue]

  /// The value of a key, nil where it is not given.
  subscript(key: String) -> YAMLValue? { values.first { $0.key == key } }

  /// The value of a key that must be given.
  func required(_ key: String) throws(ConfigurationError) -> YAMLValue {
    guard let found = self[key] else {
      throw invalid(.missingKey(key, in: value.line == nil ? nil : value.key))
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
