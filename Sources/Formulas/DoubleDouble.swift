import RealModule

/// A number as the unevaluated sum of two doubles: about 32 digits.
///
/// Formulas are evaluated in it, so that a difference such as 2(1 − α) − ηλ keeps its digits right up to the edge of
/// the range in which it is positive.
struct DoubleDouble: Sendable {
  /// The nearest double.
  var high: Double
  /// What it leaves, at most half a unit in its last place.
  var low: Double

  init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  /// The sum of two doubles and its rounding error (Knuth).
  private init(sum a: Double, _ b: Double) {
    high = a + b
    let part = high - a
    low = high.isFinite ? (a - (high - part)) + (b - part) : 0
  }

  /// The product of two doubles and its rounding error.
  private init(product a: Double, _ b: Double) {
    high = a * b
    low = high.isFinite ? (-high).addingProduct(a, b) : 0
  }

  var value: Double { high + low }

  static prefix func - (a: DoubleDouble) -> DoubleDouble { DoubleDouble(-a.high, -a.low) }

  static func + (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let high = DoubleDouble(sum: a.high, b.high)
    let low = DoubleDouble(sum: a.low, b.low)
    let middle = DoubleDouble(sum: high.high, high.low + low.high)
    return DoubleDouble(sum: middle.high, middle.low + low.low)
  }

  static func - (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble { a + -b }

  static func * (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let product = DoubleDouble(product: a.high, b.high)
    guard product.high.isFinite else { return product }
    return DoubleDouble(sum: product.high, product.low + (a.high * b.low + a.low * b.high))
  }

  static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let first = a.high / b.high
    guard first.isFinite, first != 0 else { return DoubleDouble(first) }
    let rest = a - DoubleDouble(first) * b
    let second = rest.high / b.high
    let third = (rest - DoubleDouble(second) * b).high / b.high
    return DoubleDouble(sum: first, second) + DoubleDouble(third)
  }

  func power(_ exponent: Int) -> DoubleDouble {
    var result = DoubleDouble(1)
    for _ in 0..<abs(exponent) { result = result * self }
    return exponent < 0 ? DoubleDouble(1) / result : result
  }

  /// The n-th root, by one Newton step from the root of the high part.
  func root(_ degree: Int) -> DoubleDouble {
    let start = degree == 2 ? high.squareRoot() : Double.root(high, degree)
    guard start.isFinite, start != 0 else { return DoubleDouble(start) }
    let x = DoubleDouble(start)
    let lower = x.power(degree - 1)
    return x + (self - lower * x) / (DoubleDouble(Double(degree)) * lower)
  }
}
