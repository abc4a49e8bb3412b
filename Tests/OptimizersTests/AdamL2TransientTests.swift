import Equilibrium
import Formulas
import RealModule
import Testing

@testable import Optimizers

/// The law of leading order, dA/dt = (2/3)·r·A∞·(1 − n³), advanced in one jump and step by step.
@Suite struct AdamL2TransientTests {
  /// n₀ and r: both sides of equilibrium, from hardly moving to long settled.
  static let starts = [0.001, 0.3, 0.999, 21, 100]

  @Test(arguments: starts, [1e-8, 1e-5])
  func aMillionStepsAreOneJump(start: Double, rate: Double) {
    let equilibrium = 0.0121
    var power = start * start * equilibrium
    let jump = AdamL2.advanced(
      normPower: power, steps: 1e6, equilibriumNormPower: equilibrium, rate: rate)
    for _ in 0..<1_000_000 {
      power = AdamL2.advanced(
        normPower: power, steps: 1, equilibriumNormPower: equilibrium, rate: rate)
    }
    #expect(abs(power / jump - 1) < 1e-12)
  }

  /// Where ‖ω‖² has run out of digits, the deviation has them all.
  @Test(arguments: [-1e-12, 1e-6, 2])
  func aMillionStepsOfTheDeviationAreOneJump(start: Double) {
    var deviation = start
    for _ in 0..<1_000_000 { deviation = AdamL2.advanced(deviation: deviation, steps: 1, rate: 1e-5) }
    let jump = AdamL2.advanced(deviation: start, steps: 1e6, rate: 1e-5)
    #expect(abs(deviation / jump - 1) < 1e-12)
  }

  /// The time to come within a fraction of ‖ω̂‖², by the formula that `predict` prints, leads there.
  @Test(arguments: [0.01, 0.5, 0.97, 1.04, 3, 21])
  func theTimeOfTheFormulaLeadsThere(start: Double) throws {
    var values: [Symbol: Double] = [
      .learningRate: 1e-4, .weightDecay: 0.01, .dimension: 256, .unitGradientPower: 4e-3,
    ]
    let norm = try Settings(.adamL2, values).value(.equilibriumNorm, .leading)
    values[.initialNorm] = start * norm
    let settings = try Settings(.adamL2, values)
    let cited = try AdamL2.relaxation.steps(
      toWithin: Rational(1, 100), ofNorm: #require(settings.formula(.equilibriumNorm, .leading)).formula)
    let steps = try cited.formula.evaluated(settings.values)
    let rate = 3 * 1e-4 * 0.01 * norm * 256 / (256.0 * 4e-3).squareRoot()
    let reached = AdamL2.advanced(
      normPower: start * start * norm * norm, steps: steps, equilibriumNormPower: norm * norm, rate: rate)
    #expect(abs(reached / (norm * norm) - (start < 1 ? 0.99 : 1.01)) < 1e-13)
  }

  @Test func nothingMovesWithoutTimeOrDeviation() {
    #expect(AdamL2.advanced(normPower: 3, steps: 0, equilibriumNormPower: 1, rate: 0.1) == 3)
    #expect(AdamL2.advanced(normPower: 1, steps: 9, equilibriumNormPower: 1, rate: 0.1) == 1)
    // From nothing at all dA/dt = (2/3)·r·A∞.
    let grown = AdamL2.advanced(normPower: 0, steps: 1, equilibriumNormPower: 1, rate: 1e-9)
    #expect(abs(grown / (2e-9 / 3) - 1) < 1e-4)
  }
}
