import CrossChecks
import Equilibrium
import Formulas
import Optimizers
import Testing
import Training

/// What the update rule of every optimizer of the catalogue must satisfy; a new one is tested by being listed.
@Suite struct ContractTests {
  static func values(_ optimizer: Optimizer) -> [Symbol: Double] {
    let examples: [Symbol: Double] = [
      .learningRate: 2e-3, .weightDecay: 0.05, .momentum: 0.9, .beta1: 0.9, .beta2: 0.98,
    ]
    let own = Set(optimizer.hyperparameters.map(\.symbol))
    return examples.filter { own.contains($0.key) }
  }

  @Test(arguments: Optimizer.catalogue)
  func hasAnUpdateRuleWhoseDecayIsThatOfItsFormulas(_ optimizer: Optimizer) throws {
    let rule = try #require(optimizer.updateRule(try Settings(optimizer, Self.values(optimizer))))
    #expect(rule.decaysThroughMoments != optimizer.decouplesDecay)
    #expect(rule.moments.first == "first_moment")
    #expect(Set(rule.moments).count == rule.moments.count)
  }

  @Test(arguments: Optimizer.catalogue)
  func walksAndIsPredicted(_ optimizer: Optimizer) throws {
    let walk = try walk(optimizer, Self.values(optimizer), steps: 300)
    let run = try WalkRun(walk, seed: 1)
    #expect(run.failure == nil && run.steps.last == 300)
    let comparison = try WalkComparison(walk, [run])
    #expect(comparison.sources.starts(with: Fidelity.allCases.map { .formula($0) }))
    for quantity in Triple.quantities {
      #expect(comparison.measured(quantity).mean > 0)
      for source in comparison.sources { #expect(try #require(comparison.predicted(quantity, source)) > 0) }
    }
    #expect(run.curve != nil)
  }

  /// A rotational variant keeps the norm and turns by what is asked, whatever is inside it.
  @Test(arguments: Optimizer.catalogue)
  func turnsAsAskedInTheWrapper(_ optimizer: Optimizer) throws {
    let walk = try walk(
      optimizer, Self.values(optimizer), steps: 900, wrapper: RotationalWrapper(), rotations: [0.01],
      settledFrom: 300)
    let comparison = try WalkComparison(walk, [try WalkRun(walk, seed: 1)])
    #expect(abs(try #require(comparison.deviation(.expectedRotation, .request)).mean) < 0.01)
    #expect(abs(try #require(comparison.deviation(.equilibriumNorm, .request)).mean) < 1e-6)
  }
}
