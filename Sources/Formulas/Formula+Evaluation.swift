import RealModule
import RootFinding

extension Formula {
  /// The value of the formula, to a few units in the last place wherever it is defined.
  ///
  /// Sums, products, quotients, powers and roots are formed in double-double arithmetic; functions and solved
  /// equations take their arguments from it.
  ///
  /// - Parameter values: a finite number for each of ``symbols``.
  /// - Throws: ``FormulaError/missing(_:)``, ``FormulaError/undefined(_:)``, ``FormulaError/root(_:)``.
  public func evaluated(_ values: [Symbol: Double]) throws(FormulaError) -> Double {
    var isComplete = true
    visitSymbols { if values[$0] == nil { isComplete = false } }
    guard isComplete else { throw .missing(symbols.filter { values[$0] == nil }) }
    let value = try unchecked(values.mapValues { DoubleDouble($0) }).value
    guard value.isFinite else { throw .undefined(PlainText.render(self)) }
    return value
  }

  func unchecked(_ values: [Symbol: DoubleDouble]) throws(FormulaError) -> DoubleDouble {
    switch self {
    case .number(let number):
      return DoubleDouble(Double(number.numerator)) / DoubleDouble(Double(number.denominator))
    case .pi: return DoubleDouble(.pi, 1.2246467991473532e-16)
    case .symbol(let symbol): return values[symbol] ?? DoubleDouble(.nan)
    case .sum(let terms):
      var total = DoubleDouble(0)
      for term in terms { total = total + (try term.unchecked(values)) }
      return total
    case .negative(let inner): return -(try inner.unchecked(values))
    case .product(let factors):
      var total = DoubleDouble(1)
      for factor in factors { total = total * (try factor.unchecked(values)) }
      return total
    case .quotient(let numerator, let denominator):
      return try numerator.unchecked(values) / denominator.unchecked(values)
    case .power(let base, let exponent):
      let base = try base.unchecked(values)
      return (exponent.denominator == 1 ? base : base.root(exponent.denominator)).power(exponent.numerator)
    case .root(let radicand, let degree): return try radicand.unchecked(values).root(degree)
    case .function(let function, let argument): return function(try argument.unchecked(values))
    case .solution(let solution): return try solution.value(values)
    case .named(_, let inner): return try inner.unchecked(values)
    }
  }

  static func raise(_ base: Double, _ exponent: Rational) -> Double {
    let root = exponent.denominator == 1 ? base : root(base, exponent.denominator)
    return Double.pow(root, exponent.numerator)
  }

  static func root(_ radicand: Double, _ degree: Int) -> Double {
    switch degree {
    case 2: radicand.squareRoot()
    case 4: radicand.squareRoot().squareRoot()
    default: Double.root(radicand, degree)
    }
  }
}

extension Function {
  /// The function's value in doubles.
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .arccosOneMinus: 2 * Double.asin((x / 2).squareRoot())
    case .logOneMinus: Double.log(onePlus: -x)
    case .oneMinusSquare: (1 - x) * (1 + x)
    case .log: Double.log(x)
    case .arctan: Double.atan(x)
    case .absolute: abs(x)
    }
  }

  /// The function's value for an argument with more digits than a double; beyond the middle of its range a function
  /// is formed from the distance to the far end, which the extra digits give.
  func callAsFunction(_ x: DoubleDouble) -> DoubleDouble {
    let one = DoubleDouble(1)
    switch self {
    case .arccosOneMinus where x.high > 1:
      let rest = (one - x / DoubleDouble(2)).root(2).value
      return DoubleDouble(.pi) - DoubleDouble(2 * Double.asin(rest))
    case .logOneMinus where x.high > 0.5: return DoubleDouble(Double.log((one - x).value))
    case .oneMinusSquare: return (one - x) * (one + x)
    case .absolute: return x.high < 0 ? -x : x
    default: return DoubleDouble(self(x.value))
    }
  }
}
