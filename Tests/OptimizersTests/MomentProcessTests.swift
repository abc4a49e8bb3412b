import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Testing

/// The second moments stepped in time against their closed forms in equilibrium: each is a check of the other.
@Suite struct MomentProcessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let optimizer: Optimizer
    var nesterov = false
    var weight = WeightKind.scaleInvariant
    var testDescription: String { "\(optimizer.identifier) \(nesterov) \(weight)" }
  }
  static let cases =
    Optimizer.catalogue.flatMap { optimizer in
      WeightKind.allCases.map { Case(optimizer: optimizer, weight: $0) }
    } + WeightKind.allCases.map { Case(optimizer: .sgdm, nesterov: true, weight: $0) }

  /// Run for 40 time constants: what is left of the start is below e⁻⁴⁰.
  @Test(arguments: cases)
  func settlesAtTheClosedForms(_ test: Case) throws {
    var values = ContractTests.values(test.optimizer)
    values[.learningRate] = 0.02
    let settings = try Settings(test.optimizer, values, weight: test.weight, nesterov: test.nesterov)
    let norm = try settings.value(.equilibriumNorm, .moments)
    var process = try #require(test.optimizer.process(settings, norm * norm * 1.5))
    var angle = 0.0
    for _ in 0..<60_000 {
      let gradientPower =
        test.weight == .scaleInvariant
        ? (values[.unitGradientPower] ?? 0) / process.normPower : values[.gradientPower] ?? 0
      angle = process.step(
        StepInput(
          learningRate: values[.learningRate] ?? 0, weightDecay: values[.weightDecay] ?? 0,
          gradientPower: gradientPower))
    }
    #expect(abs(process.normPower.squareRoot() / norm - 1) < 1e-12)
    #expect(abs(angle / (try settings.value(.expectedRotation, .moments)) - 1) < 1e-12)
  }
}
