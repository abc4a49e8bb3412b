import RootFinding

/// Why a formula has no value or no solution.
public enum FormulaError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Symbols without a value.
  case missing([Symbol])
  /// The value is NaN or infinite at these inputs.
  case undefined(String)
  /// A root inside the formula was not found.
  case root(RootFindingError)
  /// No value of the symbol in its range gives the target.
  case noSolution(Symbol, target: Double, range: ClosedRange<Double>)
  /// Several values of the symbol give the target.
  case severalSolutions(Symbol, target: Double, [Double])
  /// The formula does not contain the symbol.
  case independent(Symbol)

  /// One line that names the offending value.
  public var description: String {
    switch self {
    case .missing(let symbols):
      "missing: " + symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
    case .undefined(let formula): "\(formula) is not a finite number at these values"
    case .root(let error): "no root: \(error)"
    case .noSolution(let symbol, let target, let range):
      "no \(symbol.meaning) \(symbol.plain) between \(range.lowerBound) and \(range.upperBound) gives \(target)"
    case .severalSolutions(let symbol, let target, let values):
      "more than one \(symbol.meaning) \(symbol.plain) gives \(target): "
        + values.map { String($0) }.joined(separator: ", ")
    case .independent(let symbol): "the quantity does not depend on the \(symbol.meaning) \(symbol.plain)"
    }
  }
}
