import CVectorKernels

/// Adam with ℓ2-regularization (76)–(78): the decay is part of the gradient.
///
/// Given v the update is linear in the first moment, so the part of the gradients and the part of the decay are kept apart.
public struct AdamL2Rule: UpdateRule {
  /// β₁, in [0, 1).
  public var beta1: Double
  /// β₂, in [0, 1).
  public var beta2: Double
  /// ε ≥ 0.
  public var epsilon: Double

  /// The rule for its hyperparameters.
  public init(beta1: Double, beta2: Double, epsilon: Double) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// What it keeps for each coordinate.
  public var moments: [String] { ["first_moment", "first_moment_of_decay", "second_moment"] }
  /// The decay acts through both moments.
  public var decaysThroughMoments: Bool { true }

  /// Adam's.
  public func biasCorrections(step: Int) -> BiasCorrections {
    BiasCorrections(first: biasCorrection(beta1, step), second: biasCorrection(beta2, step))
  }

  /// One step of the moments, and the direction they give.
  public func direct(
    _ panel: Panel, step: Int, _ settings: StepSettings, _ corrections: BiasCorrections
  ) {
    panel.loops.adam_l2(
      panel.direction, panel.decayDirection, panel.moments[0], panel.moments[1], panel.moments[2],
      panel.gradient,
      panel.weight, panel.count, beta1, beta2, epsilon, corrections.first,
      corrections.second,
      settings.weightDecay, panel.sums)
  }
}
