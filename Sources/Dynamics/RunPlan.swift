/// The hyperparameters of every step of a run.
public struct RunPlan: Sendable {
  /// Steps of the run, at least 1.
  public var steps: Int
  /// Peak learning rate η_max, above 0.
  public var learningRate: Double
  /// What the learning rate follows.
  public var learningRateSchedule: Schedule
  /// Peak weight decay as `convention` writes it, above 0.
  public var weightDecay: Double
  /// What the weight decay follows beside the learning rate.
  public var weightDecaySchedule: Schedule
  /// What the weight decay means.
  public var convention: DecayConvention

  /// A run at constant hyperparameters, unless said otherwise.
  public init(
    steps: Int, learningRate: Double, schedule: Schedule = .constant, weightDecay: Double,
    weightDecaySchedule: Schedule = .constant, convention: DecayConvention = .coupled
  ) {
    self.steps = steps
    self.learningRate = learningRate
    learningRateSchedule = schedule
    self.weightDecay = weightDecay
    self.weightDecaySchedule = weightDecaySchedule
    self.convention = convention
  }

  /// The hyperparameters of one step.
  public struct Step: Sendable, Equatable {
    /// Learning rate η_t.
    public var learningRate: Double
    /// What a decoupled decay takes away of the weight.
    public var shrink: Double
    /// Weight decay λ_t in PyTorch's convention: η_tλ_t is the shrink; not finite where η_t = 0 and the shrink is not.
    public var weightDecay: Double

    /// The hyperparameters of one step.
    @inlinable
    public init(learningRate: Double, shrink: Double, weightDecay: Double) {
      (self.learningRate, self.shrink, self.weightDecay) = (learningRate, shrink, weightDecay)
    }
  }

  /// The hyperparameters of the step that follows `stepsTaken` others.
  @inlinable
  public func step(after stepsTaken: Int) -> Step {
    let η = learningRate * learningRateSchedule.factor(after: stepsTaken)
    let λ = weightDecay * weightDecaySchedule.factor(after: stepsTaken)
    let shrink = convention.shrink(learningRate: η, peak: learningRate, weightDecay: λ)
    // Where the decay goes with the learning rate, λ_t needs no division by an η_t that may be 0.
    let followsRate = convention == .coupled || convention == .decoupled
    return Step(
      learningRate: η, shrink: shrink,
      weightDecay: followsRate
        ? convention.coupled(fromWeightDecay: λ, peak: learningRate) : shrink / η)
  }
}
