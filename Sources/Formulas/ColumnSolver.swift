import RealModule

/// A solved equation along columns, in plain doubles: Newton's method on all columns at once.
///
/// ``Formula/evaluated(_:)`` solves each equation on its own in double-double arithmetic, which is too slow for every
/// step of a long run. Here the unknown is a column like the given ones; the result is good to about 10⁻¹³.
public struct ColumnSolver: Sendable {
  /// The unknown, which formulas that use the solution have as a symbol.
  public let unknown: Symbol
  private let start: GridProgram
  /// Left side, right side, and their derivatives by the unknown.
  private let sides: GridProgram

  /// Compiles an equation of two sides; nil for a cubic.
  ///
  /// - Parameters:
  ///   - solution: the equation.
  ///   - constants: a value for every symbol but the columns and the unknown.
  ///   - columns: the symbols that change along a row.
  /// - Throws: ``FormulaError/missing(_:)``.
  public init?(
    _ solution: Solution, constants: [Symbol: Double], columns: [Symbol]
  ) throws(FormulaError) {
    guard case .balance(let left, let right) = solution.equation else { return nil }
    unknown = solution.unknown
    start = try GridProgram([solution.estimate], constants: constants, row: nil, columns: columns)
    sides = try GridProgram(
      [left, right, left.derivative(by: unknown), right.derivative(by: unknown)], constants: constants,
      row: nil, columns: columns + [unknown])
  }

  /// The unknown in each column; NaN where Newton's method does not settle.
  ///
  /// - Parameter columns: the values of each column symbol, all of the same length.
  public func solve(overEach columns: [[Double]]) -> [Double] {
    var z = start.sweep(overEach: columns).row(.nan)[0]
    var unsettled = [Bool](repeating: true, count: z.count)
    for _ in 0..<50 where unsettled.contains(true) {
      let values = sides.sweep(overEach: columns + [z]).row(.nan)
      for index in z.indices {
        let (left, right) = (values[0][index], values[1][index])
        // In ln z both sides are sums of exponentials, on which Newton's method is at home.
        let slope = z[index] * (values[2][index] / left - values[3][index] / right)
        let step = Double.log(left / right) / slope
        z[index] *= Double.exp(-max(-2, min(2, step)))
        // The error after a step is about the square of it. Where there is no number there will be none.
        unsettled[index] = abs(step) >= 1e-8
      }
    }
    for index in z.indices where unsettled[index] { z[index] = .nan }
    return z
  }
}

extension Formula {
  /// The formula with the solutions of one equation replaced by its unknown.
  public func replacing(_ solution: Solution) -> Formula {
    if case .solution(solution) = self { return .symbol(solution.unknown) }
    return mapChildren { $0.replacing(solution) }
  }
}
