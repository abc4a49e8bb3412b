/// Why a root could not be found.
public enum RootFindingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A coefficient or an end of the bracket is NaN or infinite.
  case notFinite(Double)
  /// The coefficients do not change sign exactly once, so the number of positive roots is not known to be one.
  case signChanges(found: Int)
  /// The function has the same sign at both ends of the bracket.
  case noSignChange(lower: Double, upper: Double)
  /// The iteration reached its limit.
  case notConverged(iterations: Int)

  /// One line that names the offending value.
  public var description: String {
    switch self {
    case .notFinite(let value): "a coefficient or limit is \(value), expected a finite number"
    case .signChanges(let found): "the coefficients change sign \(found) times, expected exactly once"
    case .noSignChange(let lower, let upper): "no change of sign between \(lower) and \(upper)"
    case .notConverged(let iterations): "no convergence after \(iterations) iterations"
    }
  }
}
