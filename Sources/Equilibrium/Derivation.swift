import Formulas

/// How the entries of Tables 1 and 6 follow from the geometric model (8), step by step.
public struct Derivation: Sendable {
  /// What is derived.
  public var title: Prose
  /// The steps in order.
  public var steps: [Step]

  /// A derivation in these steps.
  public init(_ title: Prose, _ steps: [Step]) {
    self.title = title
    self.steps = steps
  }
}

extension Derivation {
  /// A sentence or two that say why, and the equation that follows.
  public struct Step: Sendable, Hashable {
    /// Why the equation holds.
    public var prose: Prose
    /// The equation; nil where there is only something to say.
    public var equation: Equation?

    /// A step.
    public init(_ prose: Prose, _ equation: Equation? = nil) {
      self.prose = prose
      self.equation = equation
    }
  }

  /// left = right or left ≈ right, with its number in the paper.
  public struct Equation: Sendable, Hashable {
    /// What stands left of the sign.
    public var left: Formula
    /// The sign.
    public var relation: Relation
    /// What stands right of it.
    public var right: Formula
    /// The paper's numbers: "(12)", "(18), Table 1".
    public var tag: String
    /// The symbol on the left, where the equation says what it stands for; later steps may use it.
    public var definition: Symbol?
    /// q, where the left side is the sum of all powers qʲ, j ≥ 0, and the right side its limit 1/(1 − q).
    public var powersOf: Formula?

    /// An equation between formulas whose symbols are given or defined elsewhere in the derivation.
    public init(_ left: Formula, _ relation: Relation = .equal, _ right: Formula, _ tag: String) {
      self.init(left, relation, right, tag, definition: nil, powersOf: nil)
    }

    private init(
      _ left: Formula, _ relation: Relation, _ right: Formula, _ tag: String, definition: Symbol?,
      powersOf: Formula?
    ) {
      self.left = left
      self.relation = relation
      self.right = right
      self.tag = tag
      self.definition = definition
      self.powersOf = powersOf
    }

    /// An equation that says what a symbol stands for.
    public static func definition(_ symbol: Symbol, _ right: Formula, _ tag: String) -> Equation {
      Equation(.symbol(symbol), .equal, right, tag, definition: symbol, powersOf: nil)
    }

    /// The limit of a geometric sum that starts at 1, which `symbol` stands for.
    public static func limit(_ symbol: Symbol, ofPowersOf ratio: Formula, _ tag: String) -> Equation {
      Equation(.symbol(symbol), .equal, 1 / (1 - ratio), tag, definition: symbol, powersOf: ratio)
    }
  }

  /// How the sides of an equation compare.
  public enum Relation: Sendable, Hashable {
    /// The sides are the same number.
    case equal
    /// |left/right − 1| is at most `factor` times `ratio`, as long as `ratio` is at most 1/2.
    case approximate(ratio: Formula, factor: Rational)

    /// "=" or "≈".
    public var sign: String { if case .equal = self { "=" } else { "≈" } }

    /// The relative error that the sign allows; nil for "=".
    public var bound: Formula? {
      guard case .approximate(let ratio, let factor) = self else { return nil }
      return factor == 1 ? ratio : .number(factor) * ratio
    }

    /// What must be small for "≈" to hold and how large the error is at most, without full stop; nil for "=".
    public var condition: Prose? {
      guard case .approximate(let ratio, _) = self, let bound else { return nil }
      return "for \(ratio) ≪ 1, relative error at most \(bound)"
    }
  }
}

extension Derivation {
  /// What the steps say of each symbol that they define, in order.
  public var definitions: [(symbol: Symbol, formula: Formula)] {
    steps.compactMap { step in
      step.equation.flatMap { equation in equation.definition.map { ($0, equation.right) } }
    }
  }

  /// The values of what is given and of every symbol that the steps define.
  ///
  /// An equation may use a symbol for which a later step solves it, so a definition waits until all that it
  /// needs is known. A symbol that is given keeps its value.
  ///
  /// - Parameter givens: the values of the symbols that no step defines.
  /// - Throws: `FormulaError`; `missing` names what is neither given nor defined.
  public func values(at givens: [Symbol: Double]) throws(FormulaError) -> [Symbol: Double] {
    var known = givens
    var waiting = definitions.filter { givens[$0.symbol] == nil }
    while !waiting.isEmpty {
      let ready = waiting.filter { $0.formula.symbols.allSatisfy { known[$0] != nil } }
      guard !ready.isEmpty else {
        let defined = Set(waiting.map(\.symbol))
        var missing: [Symbol] = []
        for symbol in waiting.flatMap(\.formula.symbols)
        where known[symbol] == nil && !defined.contains(symbol) && !missing.contains(symbol) {
          missing.append(symbol)
        }
        throw .missing(missing)
      }
      for (symbol, formula) in ready { known[symbol] = try formula.evaluated(known) }
      waiting.removeAll { known[$0.symbol] != nil }
    }
    return known
  }
}
