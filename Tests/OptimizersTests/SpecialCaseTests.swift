import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Testing

/// Forms that only one optimizer or one kind of weight has.
@Suite struct SpecialCaseTests {
  static let adamL2: [Symbol: Double] = [.learningRate: 2e-3, .weightDecay: 1e-3]

  @Test func equalSpectrumIsTheCubic() throws {
    // A setting whose norm was measured on a random walk: 0.02753, with λ²A/G = 0.18.
    let mass = 0.02806 * 0.02806 * 0.02806
    let spectrum = [Double](repeating: mass * mass / (128 * 128), count: 128)
    let solved = try Settings(.adamL2, Self.adamL2, spectrum: spectrum)
    var values = Self.adamL2
    values[.dimension] = 128
    values[.gradientMass] = mass
    let cubic = try Settings(.adamL2, values)
    for quantity in Quantity.allCases {
      for fidelity in Fidelity.allCases {
        let ratio = try solved.value(quantity, fidelity) / cubic.value(quantity, fidelity)
        #expect(abs(ratio - 1) < 1e-14, "\(quantity) \(fidelity)")
      }
    }
    #expect(abs(try cubic.value(.equilibriumNorm, .leading) - 0.02806) < 1e-5)
    #expect(abs(try cubic.value(.equilibriumNorm, .geometric) - 0.02885) < 1e-5)
    #expect(abs(try cubic.value(.equilibriumNorm, .moments) - 0.02748) < 1e-5)
  }

  @Test func unequalSpectrumSatisfiesItsEquations() throws {
    let spectrum = (0..<50).map { 1e-12 * Double($0 + 1) * Double($0 + 1) }
    let settings = try Settings(.adamL2, Self.adamL2, spectrum: spectrum)
    let z = try #require(settings.values[.normSquared])
    let (η, λ) = (2e-3, 1e-3)
    // (86) in each coordinate, v from (88).
    let total = spectrum.reduce(0.0) { sum, γ in
      let x = η / 8 * (η + (η * η + 16 * γ / (λ * λ * z)).squareRoot())
      let v = γ / z + λ * λ * x
      #expect(abs(η * v.squareRoot() / (2 * λ) / x - 1) < 1e-13)
      return sum + x
    }
    #expect(abs(total / z - 1) < 1e-14)

    // The second moments: 2λ√v·x = ηv − 2ηλ²x·β₁/(1 + β₁), found here by bisection in each coordinate.
    let z2 = try #require(settings.values[.normSquaredOfMoments])
    let sum = spectrum.reduce(0.0) { sum, γ in
      var (low, high) = (0.0, 1.0)
      for _ in 0..<200 {
        let x = (low + high) / 2
        let v = γ / z2 + λ * λ * x
        if 2 * λ * v.squareRoot() * x < η * v - 2 * η * λ * λ * x * 0.9 / 1.9 { low = x } else { high = x }
      }
      return sum + low
    }
    #expect(abs(sum / z2 - 1) < 1e-12)
    #expect(z2 < z)
  }

  @Test func epsilonShrinksTheNormAsItsEquationSays() throws {
    var values: [Symbol: Double] = [
      .learningRate: 1e-3, .weightDecay: 0.1, .dimension: 768, .unitGradientPower: 1e-8,
    ]
    let without = try Settings(.adamW, values)
    values[.epsilon] = 1e-6
    let with = try Settings(.adamW, values)
    let κ = 1e-6 * (768 / 1e-8).squareRoot()
    for fidelity in Fidelity.allCases {
      let norm = try with.value(.equilibriumNorm, fidelity)
      #expect(abs(norm * (1 + κ * norm) / (try without.value(.equilibriumNorm, fidelity)) - 1) < 1e-14)
      #expect(try with.value(.expectedRotation, fidelity) == without.value(.expectedRotation, fidelity))
      let update = try with.value(.rmsUpdateSize, fidelity)
      #expect(abs(update * (1 + κ * norm) / (try without.value(.rmsUpdateSize, fidelity)) - 1) < 1e-14)
    }
  }

  @Test(arguments: Optimizer.catalogue, [-0.4, 0.5, 2.0])
  func radialDecayActsAsWeightDecay(_ optimizer: Optimizer, share: Double) throws {
    var values = ContractTests.values(optimizer)
    let λ = values[.weightDecay] ?? 0
    values[.weightDecay] = λ * (1 + share)
    let plain = try Settings(optimizer, values, weight: .scaleSensitive)
    values[.weightDecay] = λ
    values[.radialDecay] = λ * share
    let radial = try Settings(optimizer, values, weight: .scaleSensitive)
    for quantity in Quantity.allCases {
      for fidelity in [Fidelity.leading, .geometric] {
        #expect(abs(try radial.value(quantity, fidelity) / plain.value(quantity, fidelity) - 1) < 1e-14)
      }
    }
  }

  @Test func errorFactorsScaleAsTheyAreDefined() throws {
    var values: [Symbol: Double] = [.learningRate: 1e-3, .weightDecay: 0.1, .dimension: 768]
    let plain = try Settings(.adamW, values)
    values[.decayErrorFactor] = 0.8
    values[.dimensionErrorFactor] = 0.9
    let corrected = try Settings(.adamW, values)
    // (96), (97), (98)
    let rotation = try corrected.value(.expectedRotation, .leading) / plain.value(.expectedRotation, .leading)
    #expect(abs(rotation / 0.8.squareRoot() - 1) < 1e-14)
    let norm = try corrected.value(.equilibriumNorm, .leading) / plain.value(.equilibriumNorm, .leading)
    #expect(abs(norm / (0.9 / 0.8).squareRoot() - 1) < 1e-14)
  }

  @Test func nesterovTurnsFasterByTheStatedFactor() throws {
    let values: [Symbol: Double] = [.learningRate: 0.1, .weightDecay: 1e-4, .momentum: 0.9]
    let heavyBall = try Settings(.sgdm, values).value(.expectedRotation, .leading)
    let nesterov = try Settings(.sgdm, values, nesterov: true).value(.expectedRotation, .leading)
    #expect(abs(nesterov / heavyBall - 1.158) < 5e-4)
  }

  @Test func dampeningIsASmallerLearningRate() throws {
    var values: [Symbol: Double] = [
      .learningRate: 0.1, .weightDecay: 1e-4, .momentum: 0.9, .unitGradientPower: 1, .dampening: 0.25,
      .initialNorm: 3,
    ]
    let dampened = try Settings(.sgdm, values)
    values[.dampening] = 0
    values[.learningRate] = 0.1 * 0.75
    let slower = try Settings(.sgdm, values)
    for quantity in Quantity.allCases {
      for fidelity in Fidelity.allCases {
        #expect(abs(try dampened.value(quantity, fidelity) / slower.value(quantity, fidelity) - 1) < 1e-14)
      }
    }
    let steps = try Transient(dampened).stepsTo1Percent.outcome.get()
    #expect(abs(steps / (try Transient(slower).stepsTo1Percent.outcome.get()) - 1) < 1e-12)
  }

  /// The paper's CIFAR-10 setting for Lion, as measured on a random walk: norm 1.157, rotation 0.00487.
  @Test func lionsMomentsAreNearTheMeasurementWhereTable1IsNot() throws {
    let settings = try Settings(
      .lion, [.learningRate: 5e-4, .weightDecay: 1, .beta1: 0.9, .beta2: 0.999, .dimension: 128])
    #expect(abs(try settings.value(.equilibriumNorm, .moments) / 1.157 - 1) < 0.01)
    #expect(abs(try settings.value(.expectedRotation, .moments) / 0.00487 - 1) < 0.01)
    #expect(try settings.value(.equilibriumNorm, .leading) / 1.157 > 1.2)
    let warnings = Prediction(settings).warnings
    #expect(
      warnings.contains { $0.assumption.statement.contains("ηλ ≪ 1 − β₂") && abs($0.value - 0.5) < 1e-9 })
  }

  @Test(arguments: DecayConvention.allCases)
  func decayConventionsAgreeAtThePeak(_ convention: DecayConvention) {
    let value = convention.weightDecay(fromCoupled: 0.1, peak: 2e-3)
    #expect(abs(convention.coupled(fromWeightDecay: value, peak: 2e-3) / 0.1 - 1) < 1e-15)
    let shrink = [.coupled, .corrected].contains(convention) ? 2e-3 * value : value
    #expect(abs(shrink / 2e-4 - 1) < 1e-15)
  }

  @Test(arguments: [
    (SettingsError.decayTooLarge(1), [Symbol.learningRate: 10.0, .weightDecay: 0.1]),
    (.outOfRange(.beta1, 1), [.learningRate: 1e-3, .weightDecay: 0.1, .beta1: 1]),
    (.missing(.weightDecay, for: .adamW), [.learningRate: 1e-3]),
    (.notAHyperparameter(.momentum, of: .adamW), [.learningRate: 1e-3, .weightDecay: 0.1, .momentum: 0.9]),
    (.noEquilibrium(effectiveDecay: -0.1), [.learningRate: 1e-3, .weightDecay: 0.1, .radialDecay: -0.2]),
  ])
  func invalidSettingsAreRefused(error: SettingsError, values: [Symbol: Double]) {
    #expect(throws: error) { try Settings(.adamW, values) }
  }
}
