import Dynamics
import Formulas
import RealModule

/// A weight vector that nothing pulls back: without weight decay there is no equilibrium, and the norm grows.
///
/// Each gradient adds its total contribution u for good, at a right angle to what is there, so that E‖ω‖² gains E‖u‖² a step:
/// it grows as the steps for Adam and Lion, whose updates know no norm, and as their root for SGDM on a scale-invariant weight,
/// whose gradient falls with the norm (6).
public struct Growth: Sendable {
  /// The weight vector, with a decay too slight to matter in place of none.
  public let settings: Settings
  /// The hyperparameters of every step; without weight decay.
  public let plan: RunPlan

  /// A weight vector under an optimizer without weight decay.
  ///
  /// Adam+ℓ2 without decay is AdamW without decay.
  ///
  /// - Parameters:
  ///   - optimizer: the optimizer.
  ///   - values: hyperparameters and what is known of the weight; its weight decay is taken as 0.
  ///   - weight: how the loss depends on the weight.
  ///   - nesterov: SGDM in PyTorch's Nesterov form.
  ///   - plan: the run; a step at constant hyperparameters where it is left out.
  /// - Throws: ``SettingsError``.
  public init(
    _ optimizer: Optimizer, _ values: [Symbol: Double], weight: WeightKind = .scaleInvariant,
    nesterov: Bool = false,
    plan: RunPlan? = nil
  ) throws(SettingsError) {
    var values = values
    values[.weightDecay] = 1e-12 / max(1, values[.learningRate] ?? 1)
    settings = try Settings(optimizer, values, weight: weight, nesterov: nesterov)
    var plan = plan ?? RunPlan(steps: 1, learningRate: values[.learningRate] ?? 0, weightDecay: 0)
    plan.weightDecay = 0
    self.plan = plan
  }

  /// The power of the norm that grows by the same amount every step: 2, or 4 for SGDM on a scale-invariant weight.
  public var power: Int {
    settings.values[.momentum] != nil && settings.variant.weight == .scaleInvariant ? 4 : 2
  }

  /// By how much ‖ω‖², or ‖ω‖⁴, grows in a step at the peak learning rate; nil where a gradient norm is needed.
  public var growthPerStep: Double? {
    let values = settings.values
    guard let η = values[.learningRate] else { return nil }
    guard let α = values[.momentum] else {
      // E‖u‖² does not depend on the decay that Table 6 has it in.
      let rate = try? settings.formula(.rmsDiffusionRate, .leading)?.formula.evaluated(values)
      return rate.map { $0 * $0 }
    }
    let share = η * (1 - (values[.dampening] ?? 0)) / (1 - α)
    if power == 4 { return values[.unitGradientPower].map { 2 * share * share * $0 } }
    return values[.gradientPower].map { share * share * $0 }
  }

  /// ``growthPerStep`` in symbols.
  public var growthFormula: String {
    guard settings.values[.momentum] != nil else { return "‖ωₜ‖² = ‖ω₀‖² + τ_g²·t" }
    return power == 4 ? "‖ωₜ‖⁴ = ‖ω₀‖⁴ + 2η²·E‖g̃‖²/(1 − α)²·t" : "‖ωₜ‖² = ‖ω₀‖² + η²·E‖g‖²/(1 − α)²·t"
  }

  /// The norm after a number of steps at the peak learning rate, in closed form.
  ///
  /// - Parameter steps: that many; under a schedule the sum of the squared factors of the learning rate.
  public func norm(after steps: Double, from initial: Double) -> Double? {
    guard let growthPerStep else { return nil }
    guard power == 4 else { return (initial * initial + growthPerStep * steps).squareRoot() }
    return (Double.pow(initial, 4) + growthPerStep * steps).squareRoot().squareRoot()
  }

  /// Steps at the peak learning rate until the norm is twice the initial one.
  public var stepsToDouble: Double? {
    guard let initial = settings.values[.initialNorm], let growthPerStep, growthPerStep > 0 else {
      return nil
    }
    return (power == 4 ? 15 * Double.pow(initial, 4) : 3 * initial * initial) / growthPerStep
  }

  /// A step of the run.
  public struct Point: Sendable {
    /// The step, from 1.
    public let step: Int
    /// Learning rate η_t of the step.
    public let learningRate: Double
    /// ‖ω_t‖ after the step in closed form; nil where a gradient norm is needed.
    public let closedNorm: Double?
    /// ‖ω_t‖ after the step by the second moments.
    public let norm: Double
    /// The angle of the step by the second moments, in radians.
    public let rotation: Double
  }

  /// Follows the run step by step.
  ///
  /// - Throws: ``TrajectoryError``; the initial norm and, of SGDM, a gradient norm have to be known.
  public func forEach(_ visit: (Point) -> Void) throws(TrajectoryError) {
    let trajectory = try Trajectory(settings, plan)
    let initial = settings.values[.initialNorm] ?? .nan
    var squares = 0.0
    try trajectory.forEach { point in
      let share = point.learningRate / plan.learningRate
      squares += share * share
      visit(
        Point(
          step: point.step, learningRate: point.learningRate, closedNorm: norm(after: squares, from: initial),
          norm: point.norm.moments, rotation: point.rotation.moments))
    }
  }
}
