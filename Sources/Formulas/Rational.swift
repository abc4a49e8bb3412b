/// An exact fraction: the numbers and exponents of a formula.
public struct Rational: Sendable, Hashable {
  /// Carries the sign.
  public let numerator: Int
  /// Positive, with no factor in common with the numerator.
  public let denominator: Int

  /// The fraction numerator/denominator in lowest terms; `denominator` must not be zero.
  public init(_ numerator: Int, _ denominator: Int = 1) {
    precondition(denominator != 0, "a fraction needs a non-zero denominator")
    var (a, b) = (abs(numerator), abs(denominator))
    while b != 0 { (a, b) = (b, a % b) }
    let sign = denominator < 0 ? -1 : 1
    self.numerator = sign * numerator / max(a, 1)
    self.denominator = abs(denominator) / max(a, 1)
  }

  /// The nearest double.
  public var value: Double { Double(numerator) / Double(denominator) }

  static func + (left: Rational, right: Rational) -> Rational {
    Rational(
      left.numerator * right.denominator + right.numerator * left.denominator,
      left.denominator * right.denominator)
  }
  static func - (left: Rational, right: Rational) -> Rational { left + Rational(-1) * right }
  static func * (left: Rational, right: Rational) -> Rational {
    Rational(left.numerator * right.numerator, left.denominator * right.denominator)
  }
}

extension Rational: ExpressibleByIntegerLiteral {
  /// A whole number.
  public init(integerLiteral value: Int) { self.init(value) }
}
