import RealModule
import RootFinding

extension Formula {
  /// The value of the formula.
  ///
  /// - Parameter values: a finite number for each of ``symbols``.
  /// - Throws: ``FormulaError/missing(_:)``, ``FormulaError/undefined(_:)``, ``FormulaError/root(_:)``.
  public func evaluated(_ values: [Symbol: Double]) throws(FormulaError) -> Double {
    let missing = symbols.filter { values[$0] == nil }
    guard missing.isEmpty else { throw .missing(missing) }
    let value = try unchecked(values)
    guard value.isFinite else { throw .undefined(PlainText.render(self)) }
    return value
  }

  private func unchecked(_ values: [Symbol: Double]) throws(FormulaError) -> Double {
    switch self {
    case .number(let number): return number.value
    case .pi: return .pi
    case .symbol(let symbol): return values[symbol] ?? .nan
    case .sum(let terms):
      var total = 0.0
      for term in terms { total += try term.unchecked(values) }
      return total
    case .negative(let inner): return -(try inner.unchecked(values))
    case .product(let factors):
      var total = 1.0
      for factor in factors { total *= try factor.unchecked(values) }
      return total
    case .quotient(let numerator, let denominator):
      return try numerator.unchecked(values) / denominator.unchecked(values)
    case .power(let base, let exponent): return Formula.raise(try base.unchecked(values), exponent)
    case .root(let radicand, let degree): return Formula.root(try radicand.unchecked(values), degree)
    case .function(let function, let argument): return function(try argument.unchecked(values))
    case .solution(let solution): return try solution.value(values)
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
  /// The function's value.
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .arccosOneMinus: 2 * Double.asin((x / 2).squareRoot())
    case .logOneMinus: Double.log(onePlus: -x)
    case .log: Double.log(x)
    case .arctan: Double.atan(x)
    case .absolute: abs(x)
    }
  }
}

extension Solution {
  fileprivate func value(_ values: [Symbol: Double]) throws(FormulaError) -> Double {
    switch equation {
    case .cubic(let coefficients):
      var numbers: [Double] = []
      for coefficient in coefficients { numbers.append(try coefficient.evaluated(values)) }
      do { return try positiveCubicRoot(numbers[0], numbers[1], numbers[2], numbers[3]) } catch {
        throw .root(error)
      }
    case .balance(let left, let right):
      return try balance(left, right, values)
    }
  }

  /// Brent's method on ln(left/right) over ln z, then Newton steps on left/right − 1, where rounding of the
  /// logarithm no longer shows.
  private func balance(
    _ left: Formula, _ right: Formula, _ values: [Symbol: Double]
  ) throws(FormulaError) -> Double {
    func ratio(_ formulas: (Formula, Formula), at z: Double) -> Double {
      var inner = values
      inner[unknown] = z
      guard let left = try? formulas.0.evaluated(inner), let right = try? formulas.1.evaluated(inner) else {
        return .nan
      }
      return left / right
    }
    let start = try estimate.evaluated(values)
    var (lower, upper) = (start, start)
    let rising = ratio((left, right), at: start * 2) > ratio((left, right), at: start)
    for _ in 0..<1100 {
      let value = ratio((left, right), at: lower)
      if value.isNaN || (value <= 1) == rising { break }
      lower /= 2
    }
    for _ in 0..<1100 {
      let value = ratio((left, right), at: upper)
      if value.isNaN || (value >= 1) == rising { break }
      upper *= 2
    }
    var z: Double
    do {
      z =
        lower == upper
        ? lower
        : try Double.exp(
          bracketedRoot(from: Double.log(lower), to: Double.log(upper)) {
            Double.log(ratio((left, right), at: Double.exp($0)))
          })
    } catch { throw .root(error) }
    let slope = left.derivative(by: unknown) / left - right.derivative(by: unknown) / right
    for _ in 0..<3 {
      var inner = values
      inner[unknown] = z
      let step = (ratio((left, right), at: z) - 1) / (try slope.evaluated(inner))
      guard step.isFinite, abs(step) < z / 2 else { break }
      z -= step
    }
    return z
  }
}
