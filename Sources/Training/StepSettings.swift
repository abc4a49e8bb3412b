/// What may change from step to step. The training core takes it as numbers and does not know where they come from.
public struct StepSettings: Sendable, Hashable {
  /// η ≥ 0, the learning rate.
  public var learningRate: Double
  /// λ ≥ 0, where the decay goes through the moments (SGDM, Adam+ℓ2).
  public var weightDecay: Double
  /// What decoupled decay takes off the weights, in [0, 1): ω ← (1 − shrink)ω, ηλ in PyTorch's convention (AdamW, Lion).
  public var shrink: Double
  /// η̂_r ≥ 0, the rate at which a rotational variant turns on average, in radians a step: the angle is its arc tangent.
  public var rotation: Double

  /// The numbers of a step; without rotation no variant turns.
  public init(learningRate: Double, weightDecay: Double, shrink: Double, rotation: Double = 0) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.shrink = shrink
    self.rotation = rotation
  }

  /// PyTorch's convention: decoupled decay takes off ηλ.
  public init(learningRate: Double, weightDecay: Double, rotation: Double = 0) {
    self.init(
      learningRate: learningRate, weightDecay: weightDecay, shrink: learningRate * weightDecay,
      rotation: rotation)
  }

  /// The same for parameters without weight decay: biases, gains.
  var withoutDecay: StepSettings {
    StepSettings(learningRate: learningRate, weightDecay: 0, shrink: 0, rotation: rotation)
  }
}
