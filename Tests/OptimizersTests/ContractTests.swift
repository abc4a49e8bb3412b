import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Testing

/// What every optimizer of the catalogue must satisfy; a new one is tested by being listed.
@Suite struct ContractTests {
  /// Values for every symbol that a formula may ask for; λ of a size that suits the optimizer.
  static func values(_ optimizer: Optimizer, decay: Double = 0.05) -> [Symbol: Double] {
    var values: [Symbol: Double] = [
      .learningRate: 2e-3, .weightDecay: decay, .dimension: 256, .unitGradientPower: 4e-3,
      .gradientPower: 1e-2,
      .initialNorm: 0.5,
    ]
    let examples: [Symbol: Double] = [.momentum: 0.9, .dampening: 0, .beta1: 0.9, .beta2: 0.98, .epsilon: 0]
    for hyperparameter in optimizer.hyperparameters {
      values[hyperparameter.symbol] = values[hyperparameter.symbol] ?? examples[hyperparameter.symbol]
    }
    return values
  }

  static let optimizersAndQuantities = Optimizer.catalogue.flatMap { optimizer in
    Quantity.allCases.map { (optimizer, $0) }
  }

  @Test(arguments: optimizersAndQuantities)
  func everyFidelityGivesANumberWithSourceAndAssumptions(optimizer: Optimizer, quantity: Quantity) throws {
    for weight in WeightKind.allCases {
      let settings = try Settings(optimizer, Self.values(optimizer), weight: weight)
      for fidelity in Fidelity.allCases {
        let cited = try #require(settings.formula(quantity, fidelity))
        #expect(try cited.formula.evaluated(settings.values) > 0)
        #expect(!cited.source.isEmpty)
      }
    }
  }

  /// The fidelities differ by the terms that "≪" drops, so they meet as η → 0 at fixed β.
  @Test(arguments: optimizersAndQuantities)
  func fidelitiesMeetWhereEveryTermIsSmall(optimizer: Optimizer, quantity: Quantity) throws {
    var values = Self.values(optimizer)
    values[.learningRate] = 1e-9
    let settings = try Settings(optimizer, values)
    let leading = try settings.value(quantity, .leading)
    for fidelity in [Fidelity.geometric, .moments] {
      let ratio = try settings.value(quantity, fidelity) / leading
      // Lion's moments keep the white rest of the sign, which the geometric model leaves out at any η.
      let limit = optimizer.identifier == "lion" && fidelity == .moments ? 0.25 : 1e-6
      #expect(abs(ratio - 1) < limit, "\(fidelity) \(ratio)")
    }
  }

  /// η_r·‖ω‖ = η_g of the weight itself, and τ_r·‖ω‖ = τ_g, in the geometric model.
  @Test(arguments: Optimizer.catalogue)
  func ratesAreSizesOverNorm(_ optimizer: Optimizer) throws {
    var values = Self.values(optimizer)
    values[.gradientPower] = nil
    let settings = try Settings(optimizer, values)
    for fidelity in [Fidelity.leading, .geometric] {
      let norm = try settings.value(.equilibriumNorm, fidelity)
      let update = try settings.value(.rmsUpdateSize, fidelity)
      let diffusion = try settings.value(.rmsDiffusionRate, fidelity)
      #expect(abs(try settings.value(.expectedRotation, fidelity) * norm / update - 1) < 1e-14)
      #expect(abs(try settings.value(.rotationalDiffusionRate, fidelity) * norm / diffusion - 1) < 1e-14)
    }
  }

  @Test(arguments: optimizersAndQuantities)
  func solvingUndoesPredicting(optimizer: Optimizer, quantity: Quantity) throws {
    for fidelity in Fidelity.allCases {
      let settings = try Settings(optimizer, Self.values(optimizer))
      let target = try settings.value(quantity, fidelity)
      for unknown in [Symbol.learningRate, .weightDecay] {
        guard let formula = settings.formula(quantity, fidelity)?.formula, formula.symbols.contains(unknown)
        else {
          continue
        }
        var known = Self.values(optimizer)
        known[unknown] = nil
        let found: [Double]
        do {
          found = [
            try SettingSolution(
              for: unknown, quantity: quantity, fidelity: fidelity, target: target, known: known
            ) { try Settings(optimizer, $0) }.value
          ]
        } catch FormulaError.severalSolutions(_, _, let values) {
          // Adam+ℓ2's rotation falls again where the decay dominates v: the setting must be among those listed.
          found = values
        }
        // Rounding of the quantity is divided by its elasticity: where it hardly moves, the setting is hardly known.
        let elasticity = try abs(formula.elasticity(by: unknown, at: settings.values))
        let tolerance = max(1e-12, 4e-15 / elasticity)
        let error = found.map { abs($0 / (settings.values[unknown] ?? 0) - 1) }.min() ?? .infinity
        #expect(error < tolerance, "\(unknown.name) \(fidelity)")
      }
    }
  }

  static let pairs = Optimizer.catalogue.flatMap { first in Optimizer.catalogue.map { (first, $0) } }

  @Test(arguments: pairs, Match.allCases)
  func convertingThereAndBackIsTheIdentity(pair: (Optimizer, Optimizer), match: Match) throws {
    let (first, second) = pair
    let settings = try Settings(first, Self.values(first))
    let own = { (optimizer: Optimizer) in
      Self.values(optimizer).filter { [.momentum, .dampening, .beta1, .beta2].contains($0.key) }
    }
    // A decay that the other optimizer cannot take (ηλ ≥ 1) is refused, not bent.
    guard let there = try? settings.matched(to: second, with: own(second), by: match) else { return }
    for quantity in match.quantities {
      #expect(abs(try there.value(quantity, .leading) / settings.value(quantity, .leading) - 1) < 1e-12)
    }
    let back = try there.matched(to: first, with: own(first), by: match)
    for symbol in [Symbol.learningRate, .weightDecay] {
      #expect(abs((back.values[symbol] ?? 0) / (settings.values[symbol] ?? 0) - 1) < 1e-12)
    }
  }

  @Test func adamWToLionHasTheFactorsOfTheClosedForm() throws {
    let settings = try Settings(.adamW, [.learningRate: 1e-3, .weightDecay: 0.1, .dimension: 1])
    let s = 0.1 * 0.1 + 0.81 * (0.01 / 1.99)
    let c = 0.1 / 1.9
    let step = try settings.matched(to: .lion, with: [:], by: .rotationAndUpdate)
    #expect(abs((step.values[.learningRate] ?? 0) / (1e-3 * c.squareRoot()) - 1) < 1e-12)
    #expect(abs((step.values[.weightDecay] ?? 0) / (0.1 * 2 * c.squareRoot() / (.pi * s)) - 1) < 1e-12)
    let speed = try settings.matched(to: .lion, with: [:], by: .diffusion)
    let factor = (Double.pi * s / 2).squareRoot()
    #expect(abs((speed.values[.learningRate] ?? 0) / (1e-3 * factor) - 1) < 1e-12)
    #expect(abs((speed.values[.weightDecay] ?? 0) / (0.1 / factor) - 1) < 1e-12)
  }

  @Test(arguments: Optimizer.catalogue)
  func rotationOverOneStepIsTheExpectedRotation(_ optimizer: Optimizer) throws {
    let settings = try Settings(optimizer, Self.values(optimizer))
    let rotation = try #require(optimizer.rotationOverSteps)
    let once = try rotation(1, settings)
    #expect(abs(once / (try settings.value(.expectedRotation, .moments)) - 1) < 1e-14)
  }

  /// Between the memory of the momentum and that of the decay the angle grows as τ_r·√n.
  @Test(arguments: Optimizer.catalogue)
  func rotationOverManyStepsGrowsWithTheDiffusionRate(_ optimizer: Optimizer) throws {
    var values = Self.values(optimizer)
    values[.learningRate] = 1e-8
    let settings = try Settings(optimizer, values)
    let rotation = try #require(optimizer.rotationOverSteps)
    let steps = 10_000
    let ratio = try rotation(steps, settings) / (settings.value(.rotationalDiffusionRate, .moments) * 100)
    // The start of the momentum's memory is missing: a share of about 1/((1 − β)·n).
    #expect(abs(ratio - 1) < 0.01, "\(ratio)")
  }

  @Test(arguments: Optimizer.catalogue)
  func fartherStartsTakeLonger(_ optimizer: Optimizer) throws {
    var last = 0.0
    for factor in [1, 1.1, 2, 10] {
      var values = Self.values(optimizer)
      values[.learningRate] = 1e-4
      let norm = try Settings(optimizer, values).value(.equilibriumNorm, .leading)
      values[.initialNorm] = norm * factor
      let transient = Prediction(try Settings(optimizer, values)).transient
      let steps = try transient.stepsTo5Percent.outcome.get()
      #expect(steps >= last)
      #expect(try transient.stepsTo1Percent.outcome.get() >= steps)
      last = steps
    }
    #expect(last > 0)
  }
}

extension Settings {
  func value(_ quantity: Quantity, _ fidelity: Fidelity) throws -> Double {
    guard let formula = formula(quantity, fidelity)?.formula else { return .nan }
    return try formula.evaluated(values)
  }
}

extension Optimizer: CustomTestStringConvertible {
  /// The name alone: a failing case would print the whole value.
  public var testDescription: String { identifier }
}
