import CVectorKernels

/// Lion (55)–(57): the sign of a mix of gradient and moment; decoupled weight decay.
public struct LionRule: UpdateRule {
  /// β₁, in [0, 1): the share of the moment in the sign.
  public var beta1: Double
  /// β₂, in [0, 1): how long the moment remembers.
  public var beta2: Double

  /// The rule for its hyperparameters.
  public init(beta1: Double, beta2: Double) {
    self.beta1 = beta1
    self.beta2 = beta2
  }

  /// What it keeps for each coordinate.
  public var moments: [String] { ["first_moment"] }
  /// The decay acts on the weight itself.
  public var decaysThroughMoments: Bool { false }

  /// One step of the moments, and the direction they give.
  public func direct(
    _ panel: Panel, step: Int, _ settings: StepSettings, _ corrections: BiasCorrections
  ) {
    panel.loops.lion(
      panel.direction, panel.moments[0], panel.gradient, panel.weight, panel.count, beta1, beta2, panel.sums)
  }
}
