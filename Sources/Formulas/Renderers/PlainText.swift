/// Formulas as one line of Unicode text: `√(2ηλ·(1 − β₁)/(1 + β₁))`.
public enum PlainText {
  /// The formula on one line.
  public static func render(_ formula: Formula) -> String { render(formula, in: .sum) }

  /// The equation that a solved symbol stands for: `4λ²z³ − η²λ²Cz² − η²Γ² = 0`.
  public static func render(_ solution: Solution) -> String {
    let (left, right) = solution.sides
    return "\(render(left)) = \(render(right))"
  }

  private static func render(_ formula: Formula, in context: Precedence) -> String {
    let text = bare(formula)
    return formula.linearPrecedence < context ? "(\(text))" : text
  }

  private static func bare(_ formula: Formula) -> String {
    switch formula {
    case .number(let number):
      return number.denominator == 1
        ? minus(number.numerator) : "\(minus(number.numerator))/\(number.denominator)"
    case .pi: return "π"
    case .symbol(let symbol): return symbol.plain
    case .sum:
      var text = ""
      for (index, (isNegative, term)) in formula.signedTerms.enumerated() {
        let separator = index == 0 ? (isNegative ? "−" : "") : (isNegative ? " − " : " + ")
        text += separator + render(term, in: isNegative ? .product : .sum)
      }
      return text
    case .negative(let inner): return "−" + render(inner, in: .product)
    case .product(let factors): return product(factors)
    case .quotient(let numerator, let denominator):
      return render(numerator, in: .product) + "/" + render(denominator, in: .power)
    case .power(let base, let exponent):
      return render(base, in: .atom) + superscript(exponent)
    case .root(let radicand, let degree):
      let sign = [2: "√", 3: "∛", 4: "∜"][degree] ?? "\(superscript(Rational(degree)))√"
      return sign + (isShort(radicand) ? bare(radicand) : "(\(bare(radicand)))")
    case .function(let function, let argument):
      switch function {
      case .arccosOneMinus: return "arccos(1 − \(render(argument, in: .product)))"
      case .oneMinusSquare: return "1 − \(render(argument.squared, in: .product))"
      case .logOneMinus: return "ln(1 − \(render(argument, in: .product)))"
      case .log: return "ln(\(bare(argument)))"
      case .arctan: return "arctan(\(bare(argument)))"
      case .absolute: return "|\(bare(argument))|"
      }
    case .solution(let solution): return solution.unknown.plain
    case .named(let symbol, _): return symbol.plain
    }
  }

  /// Factors stand side by side; a dot is set where they would run together.
  private static func product(_ factors: [Formula]) -> String {
    var text = ""
    for (index, factor) in factors.enumerated() {
      // A quotient in the middle of a line would take in what follows.
      let needsCare = if case .quotient = factor { index + 1 < factors.count } else { false }
      let piece = needsCare ? "(\(bare(factor)))" : render(factor, in: .product)
      if index > 0, needsDot(before: piece, after: text) { text += "·" }
      text += piece
    }
    return text
  }

  private static func needsDot(before piece: String, after text: String) -> Bool {
    guard let next = piece.first, let last = text.last else { return false }
    if next.isNumber || "(√∛∜|0123456789".contains(next) { return true }
    return last == ")" || last == "|" || piece.count > 6 || text.count > 6 || next == "a" || next == "l"
  }

  private static func isShort(_ formula: Formula) -> Bool {
    switch formula {
    case .symbol, .pi, .solution, .named: true
    case .number(let number): number.denominator == 1
    default: false
    }
  }

  private static func minus(_ number: Int) -> String { number < 0 ? "−\(-number)" : "\(number)" }

  private static func superscript(_ exponent: Rational) -> String {
    let digits: [Character: Character] = [
      "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
      "-": "⁻", "/": "ᐟ",
    ]
    let text =
      exponent.denominator == 1
      ? "\(exponent.numerator)" : "\(exponent.numerator)/\(exponent.denominator)"
    return String(text.map { digits[$0] ?? $0 })
  }
}
