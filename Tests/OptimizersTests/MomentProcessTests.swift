import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule
import Testing

/// The second moments stepped in time against their closed forms in equilibrium: each is a check of the other.
@Suite struct MomentProcessTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let optimizer: Optimizer
    var nesterov = false
    var weight = WeightKind.scaleInvariant
    var further: [Symbol: Double] = [:]
    var testDescription: String {
      "\(optimizer.identifier) \(nesterov) \(weight) \(further.map { "\($0.key.name) \($0.value)" })"
    }
  }
  static let cases: [Case] =
    Optimizer.catalogue.flatMap { optimizer in
      WeightKind.allCases.map { Case(optimizer: optimizer, weight: $0) }
    } + WeightKind.allCases.map { Case(optimizer: .sgdm, nesterov: true, weight: $0) }
    + [Optimizer.sgdm, .adamW].flatMap { optimizer in
      [-0.03, 0.02].map {
        Case(optimizer: optimizer, weight: .scaleSensitive, further: [.radialDecay: $0])
      }
    } + [
      Case(optimizer: .sgdm, further: [.dampening: 0.3]),
      Case(optimizer: .adamW, further: [.activeFraction: 0.7]),
      Case(optimizer: .lion, further: [.activeFraction: 0.7]),
      Case(optimizer: .adamW, further: [.dimensionErrorFactor: 0.8, .activeFraction: 0.5]),
    ]

  /// Run for 40 time constants: what is left of the start is below e⁻⁴⁰.
  @Test(arguments: cases)
  func settlesAtTheClosedForms(_ test: Case) throws {
    var values = ContractTests.values(test.optimizer)
    values[.learningRate] = 0.02
    values.merge(test.further) { _, new in new }
    let settings = try Settings(test.optimizer, values, weight: test.weight, nesterov: test.nesterov)
    let norm = try settings.value(.equilibriumNorm, .moments)
    values[.initialNorm] = norm * 1.2
    let started = try Settings(test.optimizer, values, weight: test.weight, nesterov: test.nesterov)
    let plan = RunPlan(
      steps: 60_000, learningRate: 0.02, weightDecay: try #require(values[.weightDecay]))
    var last = Trajectory.Point()
    try Trajectory(started, plan).forEach { last = $0 }
    #expect(abs(last.norm.moments / norm - 1) < 1e-12)
    #expect(abs(last.rotation.moments / (try settings.value(.expectedRotation, .moments)) - 1) < 1e-12)
    #expect(abs(last.equilibriumNorm / norm - 1) < 1e-14)
  }

  /// With the fluctuation of v the process settles where its own stationary equations say: A(1 − q²) = s²(f₁D − 2qβ₁·b)
  /// with b = E⟨ω, m⟩/s = −f₂D/(1 − qβ₁) and s²D = η²C(1 − β₁)/(1 + β₁).
  @Test(arguments: [(0.9, 0.95, 0.0), (0.0, 0.9, 1.0), (0.95, 0.999, 6)])
  func fluctuationSettles(_ beta1: Double, _ beta2: Double, _ kurtosis: Double) throws {
    let (η, λ) = (0.02, 0.1)
    let settings = try Settings(
      .adamW,
      [
        .learningRate: η, .weightDecay: λ, .beta1: beta1, .beta2: beta2, .dimension: 64, .initialNorm: 2,
        .gradientKurtosis: kurtosis,
      ])
    func factor(_ meeting: Double) -> Double {
      Double.exp((1 - beta2) * (2 + kurtosis) * (1 / (1 + beta2) - meeting))
    }
    let single = factor((1 - beta1 * beta1) / (1 - beta1 * beta1 * beta2))
    // The total contribution of a gradient, η²C times its factor, is what one update and all it shares add up to.
    let total = factor((1 - beta1) / (1 - beta1 * beta2))
    let q = 1 - η * λ
    let update = η * η * 64 * (1 - beta1) / (1 + beta1)
    let shared =
      beta1 == 0 ? 0 : (total * (1 + beta1) / (1 - beta1) - single) * (1 - beta1) / (1 - q * beta1) * q
    let expected = (update * (single + shared) / (1 - q * q)).squareRoot()
    let norm = try Trajectory(settings, RunPlan(steps: 60_000, learningRate: η, weightDecay: λ)).finalNorm()
    #expect(abs(norm / expected - 1) < 1e-12)
  }

  /// The equilibrium that is shown beside a run is the engine's own, with its refinements.
  @Test(arguments: [
    (Optimizer.adamW, 0.95, 0.0), (.adamW, 0.8, 3.0), (.lion, 0.99, 0.0), (.lion, 0.999, 1.05),
    (.lion, 0.9, 5),
  ])
  func refinementsSettleAtTheEquilibriumShown(_ optimizer: Optimizer, _ beta2: Double, _ kurtosis: Double)
    throws
  {
    let settings = try Settings(
      optimizer,
      [
        .learningRate: 0.02, .weightDecay: 0.1, .beta1: 0.9, .beta2: beta2, .dimension: 64, .initialNorm: 2,
        .gradientKurtosis: kurtosis,
      ])
    var last = Trajectory.Point()
    try Trajectory(settings, RunPlan(steps: 60_000, learningRate: 0.02, weightDecay: 0.1)).forEach {
      last = $0
    }
    #expect(abs(last.norm.moments / last.equilibriumNorm - 1) < 1e-12)
    #expect(abs(last.rotation.moments / last.equilibriumRotation - 1) < 1e-12)
    #expect(abs(last.norm.moments / (try settings.value(.equilibriumNorm, .moments)) - 1) > 1e-4)
  }

  /// Dead coordinates of Adam+ℓ2 do not come to rest: each ends up swinging by about η, since λω is scaled by itself.
  @Test func deadCoordinatesOfAdamL2AreAlmostGone() throws {
    var values = ContractTests.values(.adamL2)
    values[.learningRate] = 0.02
    values[.activeFraction] = 0.7
    values[.gradientMass] = nil
    values[.initialNorm] = try Settings(.adamL2, values).value(.equilibriumNorm, .moments) * 1.2
    let settings = try Settings(.adamL2, values)
    let plan = RunPlan(steps: 60_000, learningRate: 0.02, weightDecay: try #require(values[.weightDecay]))
    let norm = try Trajectory(settings, plan).finalNorm()
    let expected = try settings.value(.equilibriumNorm, .moments)
    let swings = 0.3 * (try #require(values[.dimension])) * 0.02 * 0.02 / (expected * expected)
    #expect(norm >= expected * (1 - 1e-9) && norm <= expected * (1 + swings))
  }

  /// ε shrinks the update as its formula says, where the decay of a step is small: the formula is leading order in ηλ.
  @Test(arguments: WeightKind.allCases)
  func epsilonSettles(_ weight: WeightKind) throws {
    let values: [Symbol: Double] = [
      .learningRate: 1e-3, .weightDecay: 0.5, .beta1: 0, .beta2: 0.9, .epsilon: 0.1, .dimension: 64,
      .unitGradientPower: 4, .gradientPower: 4, .initialNorm: 3,
    ]
    let settings = try Settings(.adamW, values, weight: weight)
    var last = Trajectory.Point()
    try Trajectory(settings, RunPlan(steps: 60_000, learningRate: 1e-3, weightDecay: 0.5)).forEach {
      last = $0
    }
    #expect(abs(last.norm.moments / (try settings.value(.equilibriumNorm, .moments)) - 1) < 1e-9)
    let bare = try Settings(.adamW, values.filter { $0.key != .epsilon }, weight: weight)
    #expect(last.norm.moments < 0.95 * (try bare.value(.equilibriumNorm, .moments)))
  }
}
