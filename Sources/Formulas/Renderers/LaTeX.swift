/// Formulas as LaTeX math, typeset as the paper prints them: `\sqrt{2\eta\lambda\frac{1-\beta_1}{1+\beta_1}}`.
public enum LaTeX {
  /// The formula in math mode, without delimiters.
  public static func render(_ formula: Formula) -> String { render(formula, in: .sum) }

  /// The equation that a solved symbol stands for.
  public static func render(_ solution: Solution) -> String {
    let (left, right) = solution.sides
    return "\(render(left)) = \(render(right))"
  }

  private static func precedence(_ formula: Formula) -> Precedence {
    switch formula {
    // A fraction is set in two lines and needs no parentheses, except under an exponent.
    case .quotient: .product
    case .number(let number) where number.denominator != 1 && number.numerator > 0: .product
    default: formula.linearPrecedence
    }
  }

  private static func render(_ formula: Formula, in context: Precedence) -> String {
    let text = bare(formula)
    return precedence(formula) < context ? "\\left(\(text)\\right)" : text
  }

  private static func bare(_ formula: Formula) -> String {
    switch formula {
    case .number(let number):
      return number.denominator == 1
        ? "\(number.numerator)" : fraction("\(number.numerator)", "\(number.denominator)")
    case .pi: return "\\pi"
    case .symbol(let symbol): return symbol.latex
    case .sum:
      var text = ""
      for (index, (isNegative, term)) in formula.signedTerms.enumerated() {
        text += index == 0 ? (isNegative ? "-" : "") : (isNegative ? "-" : "+")
        text += render(term, in: isNegative ? .product : .sum)
      }
      return text
    case .negative(let inner): return "-" + render(inner, in: .product)
    case .product(let factors): return product(factors.map { render($0, in: .product) })
    case .quotient(let numerator, let denominator): return fraction(bare(numerator), bare(denominator))
    case .power(let base, let exponent):
      let text =
        exponent.denominator == 1
        ? "\(exponent.numerator)"
        : "\(exponent.numerator < 0 ? "-" : "")\\frac{\(abs(exponent.numerator))}{\(exponent.denominator)}"
      return render(base, in: .atom) + (text.count == 1 ? "^\(text)" : "^{\(text)}")
    case .root(let radicand, let degree):
      return (degree == 2 ? "\\sqrt" : "\\sqrt[\(degree)]") + "{\(bare(radicand))}"
    case .function(let function, let argument):
      switch function {
      case .arccosOneMinus: return "\\arccos\\left(1-\(render(argument, in: .product))\\right)"
      case .oneMinusSquare: return "1-\(render(argument.squared, in: .product))"
      case .logOneMinus: return "\\ln\\left(1-\(render(argument, in: .product))\\right)"
      case .log: return "\\ln\\left(\(bare(argument))\\right)"
      case .arctan: return "\\arctan\\left(\(bare(argument))\\right)"
      case .absolute: return "\\left|\(bare(argument))\\right|"
      }
    case .solution(let solution): return solution.unknown.latex
    case .named(let symbol, _): return symbol.latex
    }
  }

  private static func fraction(_ numerator: String, _ denominator: String) -> String {
    "\\frac{\(numerator)}{\(denominator)}"
  }

  /// A command name must not swallow the letter that follows; a digit must not follow a digit.
  private static func product(_ factors: [String]) -> String {
    var text = ""
    for factor in factors {
      if let first = factor.first, !text.isEmpty {
        if first.isNumber || factor.hasPrefix("\\num") {
          text += "\\cdot "
        } else if first.isLetter, endsInCommand(text) {
          text += " "
        }
      }
      text += factor
    }
    return text
  }

  private static func endsInCommand(_ text: String) -> Bool {
    guard let backslash = text.lastIndex(of: "\\") else { return false }
    let tail = text[text.index(after: backslash)...]
    return !tail.isEmpty && tail.allSatisfy { $0.isLetter }
  }
}
