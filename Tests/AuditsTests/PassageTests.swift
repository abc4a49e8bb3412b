import Audits
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule
import Testing

@Suite("A passage between two steps")
struct PassageTests {
  struct Case: Sendable, CustomStringConvertible {
    let optimizer: Optimizer
    let values: [Symbol: Double]
    var nesterov = false
    var description: String { optimizer.identifier + (nesterov ? " (Nesterov)" : "") }
  }
  static let cases = [
    Case(optimizer: .adamW, values: [.learningRate: 2e-3, .weightDecay: 0.3, .beta1: 0.9, .beta2: 0.99]),
    Case(
      optimizer: .sgdm,
      values: [.learningRate: 0.05, .weightDecay: 4e-3, .momentum: 0.9, .unitGradientPower: 0.3]),
    Case(
      optimizer: .sgdm,
      values: [.learningRate: 0.05, .weightDecay: 4e-3, .momentum: 0.8, .unitGradientPower: 0.3],
      nesterov: true),
    Case(optimizer: .lion, values: [.learningRate: 1e-4, .weightDecay: 5, .beta1: 0.9, .beta2: 0.99]),
  ]

  private func trajectory(_ own: Case, steps: Int, schedule: Schedule = .constant) throws -> (
    Trajectory, Settings
  ) {
    var values = own.values
    values[.dimension] = 256
    values[.initialNorm] = 1
    let settings = try Settings(own.optimizer, values, nesterov: own.nesterov)
    let plan = RunPlan(
      steps: steps, learningRate: values[.learningRate] ?? .nan, schedule: schedule,
      weightDecay: values[.weightDecay] ?? .nan)
    return (try Trajectory(settings, plan), settings)
  }

  /// At constant hyperparameters and in equilibrium the passage is the autocorrelation of the closed forms. What is left of a
  /// lead of 2000 steps is e^{−2·2000·ηλ} < 10⁻¹ of nothing: the norm is the equilibrium norm from the start, and momentum
  /// has forgotten after e^{−2000/100}.
  @Test("In equilibrium it turns as the closed form says", arguments: cases, [1, 7, 150])
  func equilibrium(own: Case, steps: Int) throws {
    let (trajectory, settings) = try trajectory(own, steps: 4000)
    let cited = try #require(settings.formula(.equilibriumNorm, .moments))
    let norm = try cited.formula.evaluated(settings.values)
    let passage = try trajectory.passage(after: 2000, steps: steps, from: norm, lead: 2000)
    let closedForm = try #require(settings.optimizer.rotationOverSteps)
    let rotation = try closedForm(steps, settings)
    #expect(difference(passage.normBefore, norm) < 1e-11)
    #expect(difference(passage.normAfter, norm) < 1e-6)
    #expect(difference(passage.rotation, rotation) < 1e-5)
  }

  /// A passage that begins with the run is the run itself.
  @Test("From the first step on its norms are those of the trajectory", arguments: cases)
  func norms(own: Case) throws {
    let schedule = try ScheduleSpecification("cosine").schedule(steps: 300)
    let (trajectory, _) = try trajectory(own, steps: 300, schedule: schedule)
    let passage = try trajectory.passage(after: 0, steps: 300, from: 1, lead: 100)
    #expect(passage.normBefore == 1)
    #expect(difference(passage.normAfter, try trajectory.finalNorm()) < 1e-13)
  }

  /// One step is what the trajectory itself says of it.
  @Test("One step", arguments: cases)
  func oneStep(own: Case) throws {
    let (trajectory, _) = try trajectory(own, steps: 1)
    var first = Trajectory.Point()
    try trajectory.forEach { first = $0 }
    let passage = try trajectory.passage(after: 0, steps: 1, from: 1, lead: 0)
    #expect(difference(passage.rotation, first.rotation.moments) < 1e-8)
  }

  @Test("Steps to equilibrium", arguments: cases)
  func steps(own: Case) throws {
    let (trajectory, settings) = try trajectory(own, steps: 20_000)
    let cited = try #require(settings.formula(.equilibriumNorm, .moments))
    let norm = try cited.formula.evaluated(settings.values)
    let found = try trajectory.stepsToEquilibrium(after: 0, from: 1, lead: 0, within: 0.05)
    #expect(found != nil)
    var entered: Int?
    try trajectory.forEach { point in
      if entered == nil, abs(point.norm.moments / norm - 1) <= 0.05 { entered = point.step }
    }
    #expect(found == entered)
  }

  /// So many steps would turn any norm into a larger one, so no start leads to it. By Minkowski's inequality √E‖ω‖² grows by an
  /// update's size at most, and the momentum is the one of step 2000: a fresh one would move AdamW 4.4 times as far. What is
  /// left of how the weight and the momentum correlate changes the angle by some percent.
  @Test(
    "From a norm that no start leads to, a step is an update's size",
    arguments: cases.filter { $0.optimizer.identifier != "sgdm" })
  func small(own: Case) throws {
    let (trajectory, settings) = try trajectory(own, steps: 4000)
    let cited = try #require(settings.formula(.equilibriumNorm, .moments))
    let norm = 0.1 * (try cited.formula.evaluated(settings.values))
    let size =
      try settings.optimizer.formula(.rmsUpdateSize, .leading, settings.variant)
      .map { try $0.formula.evaluated(settings.values) } ?? .nan
    let passage = try trajectory.passage(after: 2000, steps: 1, from: norm, lead: 2000)
    #expect(difference(passage.normBefore, norm) < 1e-12)
    #expect(passage.normAfter < norm + size * 1.01)
    #expect(difference(passage.rotation, Double.atan(size / norm)) < 0.15)
  }

  /// Where the gradient does not depend on the norm. A scale-invariant weight need not: a small one has large gradients, which
  /// carry it past equilibrium.
  @Test(
    "From far below it takes longer to equilibrium than from near",
    arguments: cases.filter { $0.optimizer.identifier != "sgdm" })
  func order(own: Case) throws {
    var values = own.values
    (values[.dimension], values[.initialNorm], values[.gradientPower]) = (256, 1, 0.3)
    let settings = try Settings(own.optimizer, values, weight: .scaleSensitive)
    let plan = RunPlan(
      steps: 40_000, learningRate: values[.learningRate] ?? .nan, weightDecay: values[.weightDecay] ?? .nan)
    let trajectory = try Trajectory(settings, plan)
    let cited = try #require(settings.formula(.equilibriumNorm, .moments))
    let norm = try cited.formula.evaluated(settings.values)
    func steps(from share: Double) throws -> Int {
      try #require(
        try trajectory.stepsToEquilibrium(after: 10_000, from: share * norm, lead: 1000, within: 0.05))
    }
    let (far, near) = (try steps(from: 0.01), try steps(from: 0.9))
    #expect(far > near)
    #expect(near > 0)
  }

  /// Multiplying weight and gradients alike only changes the unit of length, but for the decay, which SGDM adds to the momentum.
  @Test("A process in other units turns by the same angles", arguments: cases)
  func scale(own: Case) throws {
    let (_, settings) = try trajectory(own, steps: 1)
    var process = try #require(settings.optimizer.process(settings, 1))
    var input = StepInput(learningRate: 1e-3, weightDecay: 0.1, gradientPower: 0.3, shrink: 1e-4)
    for _ in 0..<50 { _ = process.step(input) }
    var scaled = process
    scaled.scale(weight: 3, gradient: 3)
    #expect(difference(scaled.normPower, 9 * process.normPower) < 1e-14)
    #expect(difference(scaled.overlap?.moment, 9 * (process.overlap?.moment ?? .nan)) < 1e-14)
    let angle = process.step(input)
    input.gradientPower *= 9
    if own.optimizer.identifier != "sgdm" { input.learningRate *= 3 }
    #expect(difference(scaled.step(input), angle) < 1e-12)
  }
}
