/// The numbers that a symbol may stand for: an interval.
public struct Domain: Sendable, Hashable {
  /// Lower end; −∞ where there is none.
  public let lower: Double
  /// Whether the lower end itself is allowed.
  public let includesLower: Bool
  /// Upper end; +∞ where there is none.
  public let upper: Double
  /// Whether the upper end itself is allowed.
  public let includesUpper: Bool

  /// The interval from `lower` to `upper`.
  public init(
    _ lower: Double, includesLower: Bool = false, upTo upper: Double = .infinity, includesUpper: Bool = false
  ) {
    self.lower = lower
    self.includesLower = includesLower
    self.upper = upper
    self.includesUpper = includesUpper
  }

  /// Numbers above zero.
  public static let positive = Domain(0)
  /// Zero and above.
  public static let nonNegative = Domain(0, includesLower: true)
  /// Zero included, one excluded: momentum and moment coefficients.
  public static let coefficient = Domain(0, includesLower: true, upTo: 1)
  /// Any finite number.
  public static let real = Domain(-.infinity)

  /// Whether `value` is finite and inside.
  public func contains(_ value: Double) -> Bool {
    value.isFinite && (includesUpper ? value <= upper : value < upper)
      && (includesLower ? value >= lower : value > lower)
  }
}

extension Domain: CustomStringConvertible {
  /// In words: "a number above 0", "at least 0 and below 1".
  public var description: String {
    switch (lower, upper) {
    case (-.infinity, .infinity): "a finite number"
    case (let lower, .infinity): "a finite number \(includesLower ? "of at least" : "above") \(short(lower))"
    case (let lower, let upper):
      "a number \(includesLower ? "of at least" : "above") \(short(lower)) and \(includesUpper ? "at most" : "below") \(short(upper))"
    }
  }
  private func short(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e6 ? String(Int(value)) : String(value)
  }
}

/// A named quantity of a formula: how it is written in each notation, what it means and what it may be.
public struct Symbol: Sendable {
  /// Identity of the symbol and its name in JSON, snake case: `learning_rate`.
  public let name: String
  /// In Unicode text: `η`.
  public let plain: String
  /// In LaTeX math mode: `\eta`.
  public let latex: String
  /// Identifier in SymPy source: `eta`.
  public let sympy: String
  /// A phrase without article or full stop: "learning rate".
  public let meaning: String
  /// The unit; "1" where there is none.
  public let unit: String
  /// The numbers it may stand for.
  public let domain: Domain

  /// Describes a symbol; two symbols are the same when their names are.
  public init(
    _ name: String, plain: String, latex: String, sympy: String, meaning: String, unit: String = "1",
    domain: Domain
  ) {
    self.name = name
    self.plain = plain
    self.latex = latex
    self.sympy = sympy
    self.meaning = meaning
    self.unit = unit
    self.domain = domain
  }
}

extension Symbol: Hashable {
  /// Symbols are compared by name alone.
  public static func == (left: Symbol, right: Symbol) -> Bool { left.name == right.name }
  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
