import Equilibrium
import Formulas
import Optimizers
import RealModule
import Testing

@Suite struct ColumnSolverTests {
  /// Against one equation at a time, over all decades that settings span and both ends of λ²A/G.
  @Test(arguments: [WeightKind.scaleInvariant, .scaleSensitive])
  func agreesWithSolutionsOneByOne(_ weight: WeightKind) throws {
    let formula = try #require(
      Optimizer.adamL2.formula(.equilibriumNorm, .moments, Variant(weight: weight))?.formula)
    guard let solution = formula.solutions.first else { return }
    let gradient: Symbol = weight == .scaleInvariant ? .gradientMass : .gradientPower
    let constants: [Symbol: Double] = [.beta1: 0.9, .dimension: 768]
    let columns: [Symbol] = [.learningRate, .weightDecay, gradient]
    let solver = try #require(try ColumnSolver(solution, constants: constants, columns: columns))
    var rows: [[Double]] = []
    for rate in stride(from: -7.0, through: 0, by: 1) {
      for decay in stride(from: -7.0, through: -1, by: 1) {
        for power in stride(from: -8.0, through: 6, by: 2) {
          rows.append([rate, decay, power].map { Double.exp10($0) })
        }
      }
    }
    let solved = solver.solve(overEach: (0..<3).map { column in rows.map { $0[column] } })
    for (row, z) in zip(rows, solved) {
      var values = constants
      for (symbol, value) in zip(columns, row) { values[symbol] = value }
      #expect(abs(z / (try Formula.solution(solution).evaluated(values)) - 1) < 1e-13, "\(row)")
    }
  }

  @Test func whatHasNoValueDisturbsNothingElse() throws {
    let formula = try #require(
      Optimizer.adamL2.formula(.equilibriumNorm, .moments, Variant(weight: .scaleInvariant))?.formula)
    let solution = try #require(formula.solutions.first)
    let solver = try #require(
      try ColumnSolver(
        solution, constants: [.beta1: 0.9, .dimension: 8, .weightDecay: 0.1, .gradientMass: 1],
        columns: [.learningRate]))
    let solved = solver.solve(overEach: [[1e-3, .nan, 1e-3, 0]])
    #expect(solved[0] == solved[2] && solved[0] > 0)
    #expect(!(solved[1] > 0))
  }
}
