import Formulas

/// The arguments of a class.
struct ClassArguments {
  private let values: ConfigurationValue?
  /// Where the class is named, for what is missing.
  let place: ConfigurationValue

  init(_ values: ConfigurationValue?, at place: ConfigurationValue) {
    (self.values, self.place) = (values, place)
  }

  func has(_ name: String) -> Bool { values?.member(name) != nil }

  func required(_ name: String) throws(ConfigurationError) -> ConfigurationValue {
    guard let value = values?.member(name) else { throw place.invalid(.missingKey(name, in: place.source)) }
    return value
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
