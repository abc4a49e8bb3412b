import Formulas

/// The arguments of a class.
struct ClassArguments {
  private let values: ConfigurationValue?
  /// Where the class is named, for what is missing.
  let place: ConfigurationValue

  /// What stands before an argument's name in the whole of its key.
  private let prefix: String

  init(_ values: ConfigurationValue?, at place: ConfigurationValue, prefix: String = "") {
    (self.values, self.place, self.prefix) = (values, place, prefix)
  }

  /// Refuses arguments that are nearly one that the class has.
  func checkSpelling(of known: [String]) throws(ConfigurationError) {
    guard case .mapping(let members)? = values?.content else { return }
    let missing = known.filter { name in !members.contains { $0.key == name } }
    for member in members where !known.contains(member.key) {
      guard Spelling.isSlip(member.key, of: missing) || Spelling.isNearSlip(member.key, of: missing) else {
        continue
      }
      throw member.invalid(
        .undecided(
          [UnreadKey(name: prefix + member.key, nearest: Spelling.nearest(to: member.key, among: missing))],
          by: place.source))
    }
  }

  /// Whether an argument would have to be executed.
  func isOpen(_ name: String) -> Bool {
    if case .unevaluated? = values?.member(name)?.content { true } else { false }
  }

  /// An argument as it is written.
  func source(_ name: String) -> String { values?.member(name)?.source ?? "" }

  func has(_ name: String) -> Bool { values?.member(name) != nil }

  func required(_ name: String) throws(ConfigurationError) -> ConfigurationValue {
    guard let value = values?.member(name) else { throw place.invalid(.missingKey(name, in: place.source)) }
    return ConfigurationValue(key: prefix + name, content: value.content, place: value.place)
  }

  func number(_ name: String, _ domain: Domain, _ fallback: Double?) throws(ConfigurationError) -> Double {
    if let fallback, !has(name) { return fallback }
    return try required(name).number(in: domain)
  }

  func whole(_ name: String, _ fallback: Int?) throws(ConfigurationError) -> Int {
    if let fallback, !has(name) { return fallback }
    return try required(name).wholeNumber(upTo: 0x1p40)
  }

  func wholes(_ name: String) throws(ConfigurationError) -> [Int] {
    var numbers: [Int] = []
    for item in try required(name).list() { numbers.append(try item.wholeNumber(from: 0, upTo: 0x1p40)) }
    return numbers
  }

  func text(_ name: String, _ fallback: String) throws(ConfigurationError) -> String {
    has(name) ? try required(name).text() : fallback
  }

  func boolean(_ name: String, _ fallback: Bool) throws(ConfigurationError) -> Bool {
    has(name) ? try required(name).boolean() : fallback
  }
}
