/// Formulas as SymPy source: `sqrt(2*eta*lambda_*(1 - beta1)/(1 + beta1))`.
public enum SymPy {
  /// The formula as one SymPy expression over the names of its symbols.
  public static func render(_ formula: Formula) -> String { render(formula, in: .sum) }

  /// The equation that a solved symbol stands for, as `Eq(left, right)`.
  public static func render(_ solution: Solution) -> String {
    let (left, right) = solution.sides
    return "Eq(\(render(left)), \(render(right)))"
  }

  /// A whole Python source: imports, symbols, the equations of solved symbols, and `name = formula`.
  public static func program(_ named: [(name: String, formula: Formula)]) -> String {
    var seen: Set<Symbol> = []
    let solutions = named.flatMap { $0.formula.solutions }
    let symbols = (named.flatMap { $0.formula.symbols } + solutions.map(\.unknown)).filter {
      seen.insert($0).inserted
    }
    var lines = ["from sympy import *", ""]
    for symbol in symbols {
      let domain = symbol.domain
      let assumption =
        domain.lower < 0 ? "real=True" : domain.contains(0) ? "nonnegative=True" : "positive=True"
      lines.append("\(symbol.sympy) = Symbol(\"\(symbol.sympy)\", \(assumption))  # \(symbol.meaning)")
    }
    var equations: Set<Symbol> = []
    for solution in solutions where equations.insert(solution.unknown).inserted {
      lines.append(
        "\(solution.unknown.sympy)_equation = \(render(solution))  # solved by \(solution.unknown.sympy) > 0")
      lines.append("\(solution.unknown.sympy)_estimate = \(render(solution.estimate))")
    }
    lines.append("")
    lines += named.map { "\($0.name) = \(render($0.formula))" }
    return lines.joined(separator: "\n")
  }

  private static func render(_ formula: Formula, in context: Precedence) -> String {
    let text = bare(formula)
    return formula.linearPrecedence < context ? "(\(text))" : text
  }

  private static func bare(_ formula: Formula) -> String {
    switch formula {
    case .number(let number):
      return number.denominator == 1 ? "\(number.numerator)" : rational(number)
    case .pi: return "pi"
    case .symbol(let symbol): return symbol.sympy
    case .sum:
      var text = ""
      for (index, (isNegative, term)) in formula.signedTerms.enumerated() {
        text += index == 0 ? (isNegative ? "-" : "") : (isNegative ? " - " : " + ")
        text += render(term, in: isNegative ? .product : .sum)
      }
      return text
    case .negative(let inner): return "-" + render(inner, in: .product)
    case .product(let factors): return factors.map { render($0, in: .product) }.joined(separator: "*")
    case .quotient(let numerator, let denominator):
      return render(numerator, in: .product) + "/" + render(denominator, in: .power)
    case .power(let base, let exponent):
      let text =
        exponent.denominator == 1 && exponent.numerator > 0 ? "\(exponent.numerator)" : rational(exponent)
      return render(base, in: .atom) + "**" + text
    case .root(let radicand, let degree):
      return degree == 2 ? "sqrt(\(bare(radicand)))" : "root(\(bare(radicand)), \(degree))"
    case .function(let function, let argument):
      switch function {
      case .arccosOneMinus: return "acos(1 - \(render(argument, in: .product)))"
      case .oneMinusSquare: return "1 - \(render(argument.squared, in: .product))"
      case .logOneMinus: return "log(1 - \(render(argument, in: .product)))"
      case .log: return "log(\(bare(argument)))"
      case .arctan: return "atan(\(bare(argument)))"
      case .absolute: return "Abs(\(bare(argument)))"
      }
    case .solution(let solution): return solution.unknown.sympy
    case .named(_, let inner): return "(" + bare(inner) + ")"
    }
  }

  private static func rational(_ number: Rational) -> String {
    "Rational(\(number.numerator), \(number.denominator))"
  }
}
