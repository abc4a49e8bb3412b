extension Formula {
  /// The exact derivative ∂/∂symbol; a solved equation is differentiated implicitly.
  public func derivative(by symbol: Symbol) -> Formula {
    switch self {
    case .number, .pi: return 0
    case .symbol(let other): return other == symbol ? 1 : 0
    case .sum(let terms): return .plus(terms.map { $0.derivative(by: symbol) })
    case .negative(let inner):
      let slope = inner.derivative(by: symbol)
      return slope == 0 ? 0 : -slope
    case .product(let factors):
      return .plus(
        factors.indices.map { index in
          var changed = factors
          changed[index] = factors[index].derivative(by: symbol)
          return .times(changed)
        })
    case .quotient(let numerator, let denominator):
      let top = numerator.derivative(by: symbol)
      let bottom = denominator.derivative(by: symbol)
      let first = top == 0 ? 0 : top / denominator
      return bottom == 0 ? first : first - numerator * bottom / denominator.squared
    case .power(let base, let exponent):
      let slope = base.derivative(by: symbol)
      return slope == 0 ? 0 : .times([.number(exponent), base.power(exponent - 1), slope])
    case .root(let radicand, let degree):
      let slope = radicand.derivative(by: symbol)
      if slope == 0 { return 0 }
      return slope / .times([.number(Rational(degree)), self.power(Rational(degree - 1))])
    case .function(let function, let argument):
      let slope = argument.derivative(by: symbol)
      return slope == 0 ? 0 : slope * function.derivative(at: argument)
    case .named(_, let inner): return inner.derivative(by: symbol)
    case .solution(let solution):
      guard symbol != solution.unknown else { return 0 }
      let (left, right) = solution.sides
      let difference = left - right
      let explicit = difference.derivative(by: symbol)
      if explicit == 0 { return 0 }
      let here = [solution.unknown: self]
      return -(explicit.substituting(here) / difference.derivative(by: solution.unknown).substituting(here))
    }
  }

  /// The elasticity ∂ln y/∂ln x: multiplying x by 2 multiplies y by about 2 to this power (exactly, for a power law).
  ///
  /// - Throws: as ``evaluated(_:)``.
  public func elasticity(by symbol: Symbol, at values: [Symbol: Double]) throws(FormulaError) -> Double {
    if let exponent = exponent(of: symbol) { return exponent.value }
    guard let x = values[symbol] else { throw .missing([symbol]) }
    return try derivative(by: symbol).evaluated(values) * x / evaluated(values)
  }

  /// The exponent p where the formula is (something without `symbol`)·symbolᵖ; nil where it is no such power law.
  public func exponent(of symbol: Symbol) -> Rational? {
    if !symbols.contains(symbol) { return 0 }
    switch self {
    case .symbol: return 1
    case .negative(let inner), .named(_, let inner): return inner.exponent(of: symbol)
    case .product(let factors):
      var total: Rational = 0
      for factor in factors {
        guard let exponent = factor.exponent(of: symbol) else { return nil }
        total = total + exponent
      }
      return total
    case .quotient(let numerator, let denominator):
      guard let top = numerator.exponent(of: symbol), let bottom = denominator.exponent(of: symbol) else {
        return nil
      }
      return top - bottom
    case .power(let base, let exponent): return base.exponent(of: symbol).map { $0 * exponent }
    case .root(let radicand, let degree):
      return radicand.exponent(of: symbol).map { $0 * Rational(1, degree) }
    case .sum(let terms):
      // Terms that all carry the same power share it.
      let exponents = terms.map { $0.exponent(of: symbol) }
      guard let first = exponents.first, let shared = first, exponents.allSatisfy({ $0 == shared }) else {
        return nil
      }
      return shared
    default: return nil
    }
  }
}

extension Function {
  fileprivate func derivative(at x: Formula) -> Formula {
    switch self {
    // d/dx arccos(1 − x) = 1/√(x(2 − x)).
    case .arccosOneMinus: 1 / (x * (2 - x)).squareRoot
    case .logOneMinus: -(1 / (1 - x))
    case .oneMinusSquare: -(2 * x)
    case .log: 1 / x
    case .arctan: 1 / (1 + x.squared)
    case .absolute: .function(.absolute, x) / x
    }
  }
}
