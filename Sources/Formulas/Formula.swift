/// A formula as a tree: the one value that computes, prints, differentiates and is solved.
///
/// The tree keeps the shape in which the formula is typeset: a root is a root, a quotient a quotient.
/// Trees are written so that no node cancels over its domain (1 − q² is written ηλ(2 − ηλ)), so evaluating
/// the printed tree is accurate to a few units in the last place.
public indirect enum Formula: Sendable, Hashable {
  /// An exact number.
  case number(Rational)
  /// The constant π.
  case pi
  /// A named quantity.
  case symbol(Symbol)
  /// A sum of terms.
  case sum([Formula])
  /// The term with its sign turned.
  case negative(Formula)
  /// A product of factors.
  case product([Formula])
  /// Numerator over denominator.
  case quotient(Formula, Formula)
  /// A power with an exact exponent, typeset as a superscript.
  case power(Formula, Rational)
  /// The real n-th root (n ≥ 2) of a non-negative formula, typeset with a radical.
  case root(Formula, Int)
  /// An elementary function.
  case function(Function, Formula)
  /// The positive root of an equation that has no closed form.
  case solution(Solution)
  /// A part that is printed as a symbol, with its formula given beside.
  case named(Symbol, Formula)
}

/// The elementary functions that the formulas need, in forms that do not cancel.
public enum Function: String, Sendable, Hashable, CaseIterable {
  /// arccos(1 − x), 0 ≤ x ≤ 2, evaluated as 2·arcsin√(x/2).
  case arccosOneMinus
  /// ln(1 − x), x < 1, evaluated with log1p.
  case logOneMinus
  /// 1 − x², evaluated as (1 − x)(1 + x).
  case oneMinusSquare
  /// ln x, x > 0.
  case log
  /// arctan x.
  case arctan
  /// |x|.
  case absolute
}

/// An equation in one unknown and how its positive root is found.
public struct Solution: Sendable, Hashable {
  /// The two kinds of equation that occur.
  public enum Equation: Sendable, Hashable {
    /// a·z³ + b·z² + c·z + d = 0, highest power first, with one change of sign; GSL's cubic solver, polished.
    case cubic([Formula])
    /// left(z) = right(z), both positive for z > 0, crossing once; GSL's Brent method on ln(left/right).
    case balance(left: Formula, right: Formula)
  }
  /// The unknown z.
  public let unknown: Symbol
  /// What z solves.
  public let equation: Equation
  /// A starting point of the right order of magnitude.
  public let estimate: Formula

  /// The positive root of `equation` in `unknown`, searched from `estimate`.
  public init(_ unknown: Symbol, _ equation: Equation, estimate: Formula) {
    self.unknown = unknown
    self.equation = equation
    self.estimate = estimate
  }

  /// The equation as `left = right`, as it is printed.
  public var sides: (left: Formula, right: Formula) {
    switch equation {
    case .balance(let left, let right): return (left, right)
    case .cubic(let coefficients):
      let z = Formula.symbol(unknown)
      let terms = coefficients.enumerated().compactMap { index, coefficient -> Formula? in
        let degree = coefficients.count - 1 - index
        if coefficient == 0 { return nil }
        let power = degree == 0 ? [] : [degree == 1 ? z : .power(z, Rational(degree))]
        if case .negative(let positive) = coefficient { return -Formula.times([positive] + power) }
        return .times([coefficient] + power)
      }
      return (.sum(terms), 0)
    }
  }
}

extension Formula: ExpressibleByIntegerLiteral {
  /// A whole number.
  public init(integerLiteral value: Int) { self = .number(Rational(value)) }
}

// The operators drop neutral elements and flatten, nothing more: what is written is what is printed.
extension Formula {
  /// A sum.
  public static func + (left: Formula, right: Formula) -> Formula { plus(left.terms + right.terms) }
  /// A difference.
  public static func - (left: Formula, right: Formula) -> Formula { left + -right }
  /// A product.
  public static func * (left: Formula, right: Formula) -> Formula { times(left.factors + right.factors) }
  /// A quotient.
  public static func / (left: Formula, right: Formula) -> Formula {
    left == 0 ? 0 : right == 1 ? left : .quotient(left, right)
  }
  /// The sign turned.
  public static prefix func - (formula: Formula) -> Formula {
    switch formula {
    case .number(let number): .number(Rational(-1) * number)
    case .negative(let inner): inner
    default: .negative(formula)
    }
  }
  /// The square.
  public var squared: Formula { power(2) }
  /// The square root.
  public var squareRoot: Formula { .root(self, 2) }
  /// The formula to an exact exponent.
  public func power(_ exponent: Rational) -> Formula {
    exponent == 1 ? self : exponent == 0 ? 1 : .power(self, exponent)
  }
  /// 1 − self², without cancellation.
  public var oneMinusSquare: Formula { .function(.oneMinusSquare, self) }
  /// arccos(1 − self), without cancellation.
  public var arccosOneMinus: Formula { .function(.arccosOneMinus, self) }

  static func plus(_ terms: [Formula]) -> Formula {
    let kept = terms.filter { $0 != 0 }
    return kept.count > 1 ? .sum(kept) : kept.first ?? 0
  }
  static func times(_ factors: [Formula]) -> Formula {
    if factors.contains(0) { return 0 }
    let kept = factors.filter { $0 != 1 }
    return kept.count > 1 ? .product(kept) : kept.first ?? 1
  }
  private var terms: [Formula] { if case .sum(let terms) = self { terms } else { [self] } }
  private var factors: [Formula] { if case .product(let factors) = self { factors } else { [self] } }
}

extension Formula {
  /// The nodes directly below.
  var children: [Formula] {
    switch self {
    case .number, .pi, .symbol: []
    case .sum(let children), .product(let children): children
    case .negative(let child), .power(let child, _), .root(let child, _), .function(_, let child),
      .named(_, let child):
      [child]
    case .quotient(let numerator, let denominator): [numerator, denominator]
    case .solution(let solution):
      switch solution.equation {
      case .cubic(let coefficients): coefficients
      case .balance(let left, let right): [left, right]
      }
    }
  }

  /// The same node over other children.
  func mapChildren(_ transform: (Formula) -> Formula) -> Formula {
    switch self {
    case .number, .pi, .symbol: self
    case .sum(let terms): .sum(terms.map(transform))
    case .product(let factors): .product(factors.map(transform))
    case .negative(let inner): .negative(transform(inner))
    case .quotient(let numerator, let denominator): .quotient(transform(numerator), transform(denominator))
    case .power(let base, let exponent): .power(transform(base), exponent)
    case .root(let radicand, let degree): .root(transform(radicand), degree)
    case .function(let function, let argument): .function(function, transform(argument))
    case .named(let symbol, let inner): .named(symbol, transform(inner))
    case .solution(let solution):
      switch solution.equation {
      case .cubic(let coefficients):
        .solution(
          Solution(
            solution.unknown, .cubic(coefficients.map(transform)), estimate: transform(solution.estimate)))
      case .balance(let left, let right):
        .solution(
          Solution(
            solution.unknown, .balance(left: transform(left), right: transform(right)),
            estimate: transform(solution.estimate)))
      }
    }
  }

  /// The formula with each symbol of `replacements` replaced; unknowns of solved equations stay.
  public func substituting(_ replacements: [Symbol: Formula]) -> Formula {
    if case .symbol(let symbol) = self { return replacements[symbol] ?? self }
    if case .solution(let solution) = self {
      let rest = replacements.filter { $0.key != solution.unknown }
      return mapChildren { $0.substituting(rest) }
    }
    return mapChildren { $0.substituting(replacements) }
  }

  /// The symbols that must be known, each once, in the order of their first appearance.
  public var symbols: [Symbol] {
    var found: [Symbol] = []
    var seen: Set<Symbol> = []
    visitSymbols { symbol in if seen.insert(symbol).inserted { found.append(symbol) } }
    return found
  }

  /// Calls with every symbol that must be known, each time it appears.
  func visitSymbols(_ visit: (Symbol) -> Void) {
    switch self {
    case .number, .pi: break
    case .symbol(let symbol): visit(symbol)
    case .sum(let parts), .product(let parts): for part in parts { part.visitSymbols(visit) }
    case .negative(let inner), .power(let inner, _), .root(let inner, _), .function(_, let inner),
      .named(_, let inner):
      inner.visitSymbols(visit)
    case .quotient(let numerator, let denominator):
      numerator.visitSymbols(visit)
      denominator.visitSymbols(visit)
    case .solution(let solution):
      for child in children { child.visitSymbols { if $0 != solution.unknown { visit($0) } } }
    }
  }

  /// The named parts inside with their formulas, outermost first, each once.
  public var definitions: [(symbol: Symbol, formula: Formula)] {
    var seen: Set<Symbol> = []
    return collectDefinitions().filter { seen.insert($0.symbol).inserted }
  }
  private func collectDefinitions() -> [(symbol: Symbol, formula: Formula)] {
    let inner = children.flatMap { $0.collectDefinitions() }
    if case .named(let symbol, let formula) = self { return [(symbol, formula)] + inner }
    return inner
  }

  /// The solved equations inside, outermost first, each once.
  public var solutions: [Solution] {
    var seen: Set<Solution> = []
    return collectSolutions().filter { seen.insert($0).inserted }
  }
  private func collectSolutions() -> [Solution] {
    let inner = children.flatMap { $0.collectSolutions() }
    if case .solution(let solution) = self { return [solution] + inner }
    return inner
  }
}
