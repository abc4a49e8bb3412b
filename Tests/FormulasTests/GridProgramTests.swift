import Equilibrium
import Formulas
import Optimizers
import Testing

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let C = Formula.symbol(.dimension)
private let α = Formula.symbol(.momentum)

/// A value for every symbol that a formula may need.
private let values: [Symbol: Double] = [
  .learningRate: 6e-4, .weightDecay: 0.1, .momentum: 0.9, .dampening: 0.3, .beta1: 0.9, .beta2: 0.95,
  .epsilon: 1e-3, .dimension: 768, .gradientPower: 0.7, .unitGradientPower: 0.3, .gradientMass: 11.3,
  .radialDecay: 0.01, .effectiveDecay: 0.11, .decayErrorFactor: 1.1, .dimensionErrorFactor: 0.9,
  .initialNorm: 0.55, .normSquared: 0.4, .gradientShare: 700, .normSquaredOfMoments: 0.4,
  .gradientShareOfMoments: 690, .cosineLoss: 1e-5,
]

private let variants: [Variant] = [
  Variant(), Variant(weight: .scaleSensitive), Variant(nesterov: true), Variant(radial: true),
  Variant(weight: .scaleSensitive, radial: true), Variant(spectrum: true), Variant(epsilon: true),
  Variant(weight: .scaleSensitive, epsilon: true), Variant(dampened: true),
]

private func logarithmic(_ lower: Double, _ ratio: Double, _ count: Int) -> [Double] {
  var value = lower
  return (0..<count).map { _ in
    defer { value *= ratio }
    return value
  }
}

/// The greatest distance from `Formula.evaluated` over the grid, in units in the last place.
private func distance(
  _ formulas: [Formula], _ row: Symbol?, _ rows: [Double], _ column: Symbol, _ columns: [Double]
) throws -> Double {
  let sweep = try GridProgram(formulas, constants: values, row: row, column: column).sweep(over: columns)
  var greatest = 0.0
  for rowValue in rows {
    let results = sweep.row(rowValue)
    for (formula, result) in zip(formulas, results) {
      for (columnValue, value) in zip(columns, result) {
        var cell = values
        if let row { cell[row] = rowValue }
        cell[column] = columnValue
        let expected = (try? formula.evaluated(cell)) ?? .nan
        if expected.isNaN, !value.isFinite { continue }
        let here = abs(value - expected) / expected.ulp
        // Not max: it would lose a NaN.
        if !(here <= greatest) { greatest = here }
      }
    }
  }
  return greatest
}

@Suite struct GridProgramTests {
  @Test(arguments: Optimizer.catalogue.map(\.identifier), Fidelity.allCases)
  func agreesWithEvaluation(name: String, fidelity: Fidelity) throws {
    let optimizer = try #require(Optimizer.named(name))
    for variant in variants {
      let formulas = Quantity.allCases.compactMap { optimizer.formula($0, fidelity, variant)?.formula }
      let rates = logarithmic(1e-7, 190.3, 3)
      let decays = logarithmic(3e-6, 27.1, 5)
      let found = try distance(formulas, .learningRate, rates, .weightDecay, decays)
      #expect(found <= 4, "\(variant)")
      let coefficients = [0, 1e-3, 0.5, 0.9, 0.99, 0.9999]
      let moment: Symbol = optimizer == .sgdm ? .momentum : .beta1
      let other = try distance(formulas, .weightDecay, decays, moment, coefficients)
      #expect(other <= 4, "\(variant), over \(moment.name)")
    }
  }

  @Test(arguments: Optimizer.catalogue.map(\.identifier))
  func agreesOnTransients(name: String) throws {
    let law = try #require(Optimizer.named(name)).relaxation
    let formulas = [law.decayPerStep.formula, law.rate, law.halfLife.formula]
    let found = try distance(
      formulas, .weightDecay, logarithmic(1e-4, 10, 4), .learningRate, logarithmic(1e-6, 2.7, 9))
    #expect(found <= 4)
  }

  @Test func everyOperation() throws {
    let formulas: [Formula] = [
      3, .pi, η, λ, C, η + λ - C, -η, -(η + λ), η * λ, C / λ / (η / λ), λ / η * C, 1 / (1 / λ),
      (η * λ).power(Rational(1, 2)), λ.power(Rational(-3, 4)), (η + λ).power(4), η.power(-3), λ.power(7),
      (η + λ).power(-2), .root(η * λ, 3), .root(η + λ, 4), .root(λ, 5), (η * λ).arccosOneMinus,
      .function(.logOneMinus, η * λ), .function(.log, λ), .function(.arctan, λ / η),
      .function(.absolute, η - λ), (C * η).squareRoot,
    ]
    let found = try distance(
      formulas, .learningRate, [1e-3, 0.2, 0.9], .weightDecay, [1e-5, 0.03, 0.5, 0.999, 1])
    // At most eight roundings of half a unit each; the reference has none.
    #expect(found <= 4)
  }

  @Test func rowsLongerThanABlockMixWithScalarAndRepeatedResults() throws {
    let shared = (η * λ + α).squareRoot
    let formulas = [shared, η * C, shared, λ, shared + λ, 2 * λ, (shared + λ) * (shared + λ)]
    let columns = (1...1301).map { Double($0) / 1301 }
    #expect(try distance(formulas, .learningRate, [0.1, 0.3], .weightDecay, columns) <= 4)
  }

  @Test func withoutARow() throws {
    #expect(try distance([η * λ, C.squareRoot, λ], nil, [0], .weightDecay, [0.1, 0.2]) <= 1)
  }

  @Test func emptyColumns() throws {
    let program = try GridProgram([η * λ, C], constants: values, row: nil, column: .weightDecay)
    #expect(program.sweep(over: []).row(0) == [[], []])
  }

  @Test func hasNoValueWhereTheFormulaHasNone() throws {
    let z = Symbol("z", plain: "z", latex: "z", sympy: "z", meaning: "unknown", domain: .positive)
    let cubic = Formula.solution(Solution(z, .cubic([1, 0, 0, λ]), estimate: 1))
    let program = try GridProgram(
      [(η - λ).squareRoot, η / (λ + 1), cubic], constants: [.learningRate: 0.5], row: nil,
      column: .weightDecay)
    let results = program.sweep(over: [-1, 1]).row(0)
    #expect(results[0][0] == 1.5.squareRoot() && results[0][1].isNaN)
    #expect(!results[1][0].isFinite && results[1][1] == 0.25)
    #expect(results[2][0] == 1 && results[2][1].isNaN)
  }

  @Test func namesWhatIsMissing() {
    #expect(throws: FormulaError.missing([.dimension, .momentum])) {
      try GridProgram([η * C + α, C * λ], constants: [:], row: .learningRate, column: .weightDecay)
    }
  }

  @Test func threadsShareAProgram() async throws {
    let program = try GridProgram(
      [(η * λ * C).squareRoot], constants: values, row: .learningRate, column: .weightDecay)
    let columns = (1...2000).map(Double.init)
    let sums = await withTaskGroup(of: Double.self) { group in
      for _ in 0..<4 { group.addTask { program.sweep(over: columns).row(0.3)[0].reduce(0, +) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(sums).count == 1)
  }
}
