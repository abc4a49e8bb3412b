import OutsideText

/// Formulas as MathML Core, which browsers set without help: `<msqrt><mn>2</mn>…</msqrt>`.
public enum MathML {
  /// The formula as what stands in a `math` element.
  public static func render(_ formula: Formula) -> Written<Markup> { elements(formula).joined }

  private static func precedence(_ formula: Formula) -> Precedence {
    switch formula {
    // A fraction is set in two lines and needs no parentheses, except under an exponent.
    case .quotient: .product
    case .number(let number) where number.denominator != 1 && number.numerator > 0: .product
    default: formula.linearPrecedence
    }
  }

  private static func elements(_ formula: Formula, in context: Precedence) -> [Element] {
    let inner = elements(formula)
    return precedence(formula) < context ? [.fenced("(", inner, ")")] : inner
  }

  private static func elements(_ formula: Formula) -> [Element] {
    switch formula {
    case .number(let number):
      let numerator = Element.integer(number.numerator)
      return number.denominator == 1
        ? numerator : [.fraction(numerator, Element.integer(number.denominator))]
    case .pi: return [.identifier("π")]
    case .symbol(let symbol), .named(let symbol, _): return elements(symbol)
    case .solution(let solution): return elements(solution.unknown)
    case .sum:
      return formula.signedTerms.enumerated().flatMap { index, signed in
        let sign = signed.isNegative ? [Element.sign("−")] : index == 0 ? [] : [.sign("+")]
        return sign + elements(signed.term, in: signed.isNegative ? .product : .sum)
      }
    case .negative(let inner): return [.sign("−")] + elements(inner, in: .product)
    case .product(let factors): return product(factors.map { elements($0, in: .product) })
    case .quotient(let numerator, let denominator):
      return [.fraction(elements(numerator), elements(denominator))]
    case .power(let base, let exponent):
      let inner = elements(base, in: .atom)
      // What a notation sets in several pieces would be raised by its last alone.
      let raised = inner.count > 1 ? Element.fenced("(", inner, ")") : inner[0]
      return [raised.raised(to: exponentElements(exponent))]
    case .root(let radicand, let degree): return [.root(elements(radicand), degree)]
    case .function(let function, let argument): return elements(function, of: argument)
    }
  }

  private static func elements(_ function: Function, of argument: Formula) -> [Element] {
    func named(_ name: String, _ inner: [Element]) -> [Element] {
      [.identifier(name), .sign("\u{2061}"), .fenced("(", inner, ")")]
    }
    func oneMinus(_ formula: Formula) -> [Element] {
      Element.integer(1) + [.sign("−")] + elements(formula, in: .product)
    }
    switch function {
    case .arccosOneMinus: return named("arccos", oneMinus(argument))
    case .oneMinusSquare: return oneMinus(argument.squared)
    case .logOneMinus: return named("ln", oneMinus(argument))
    case .log: return named("ln", elements(argument))
    case .arctan: return named("arctan", elements(argument))
    case .absolute: return [.fenced("|", elements(argument), "|")]
    }
  }

  /// On one line: a fraction would be too small to read.
  private static func exponentElements(_ exponent: Rational) -> [Element] {
    let numerator = Element.integer(exponent.numerator)
    return exponent.denominator == 1
      ? numerator : numerator + [.sign("/")] + Element.integer(exponent.denominator)
  }

  /// Factors are multiplied unseen; a dot is set before a number.
  private static func product(_ factors: [[Element]]) -> [Element] {
    factors.reduce([]) { row, factor in
      if row.isEmpty { return factor }
      return row + [factor.first?.isNumber == true ? .sign("⋅") : .times(row.last, factor.first)] + factor
    }
  }

  /// The notation of a symbol; its plain text where the notation is not understood.
  private static func elements(_ symbol: Symbol) -> [Element] {
    var notation = MathMLNotation(symbol.latex)
    return notation.elements() ?? [.text(symbol.plain)]
  }
}
