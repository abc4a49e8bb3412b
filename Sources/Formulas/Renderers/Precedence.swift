/// How tightly a node binds: a child that binds less tightly than its place asks for gets parentheses.
enum Precedence: Int, Comparable {
  case sum, product, power, atom

  static func < (left: Precedence, right: Precedence) -> Bool { left.rawValue < right.rawValue }
}

extension Formula {
  /// The precedence of the node where quotients are written on one line.
  var linearPrecedence: Precedence {
    switch self {
    case .sum, .negative, .function(.oneMinusSquare, _): .sum
    case .product, .quotient: .product
    case .number(let number): number.denominator == 1 ? (number.numerator < 0 ? .sum : .atom) : .product
    case .power, .root: .power
    case .pi, .symbol, .function, .solution, .named: .atom
    }
  }

  /// The terms of a sum with their signs taken out.
  var signedTerms: [(isNegative: Bool, term: Formula)] {
    guard case .sum(let terms) = self else { return [(false, self)] }
    return terms.map { term in
      switch term {
      case .negative(let inner): (true, inner)
      case .number(let number) where number.numerator < 0: (true, .number(Rational(-1) * number))
      default: (false, term)
      }
    }
  }
}
