import CVectorKernels

/// SGD with momentum (44), (45), in PyTorch's form.
///
/// The moment is linear in g + λω, so the part of the gradients and the part of the decay are kept apart: Δ_g and Δ_λ of (7) are
/// known separately.
public struct SGDMRule: UpdateRule {
  /// α, in [0, 1).
  public var momentum: Double
  /// d, in [0, 1): the gradient enters the moment times 1 − d, but for the first step.
  public var dampening: Double
  /// ω ← ω − η(g + λω + αm) in place of ω − ηm.
  public var nesterov: Bool

  /// The rule for its hyperparameters.
  public init(momentum: Double, dampening: Double = 0, nesterov: Bool = false) {
    self.momentum = momentum
    self.dampening = dampening
    self.nesterov = nesterov
  }

  /// What it keeps for each coordinate.
  public var moments: [String] { ["first_moment", "first_moment_of_decay"] }
  /// The decay acts through the first moment.
  public var decaysThroughMoments: Bool { true }

  /// One step of the moments, and the direction they give.
  public func direct(
    _ panel: Panel, step: Int, _ settings: StepSettings, _ corrections: BiasCorrections
  ) {
    panel.loops.sgdm(
      panel.direction, panel.decayDirection, panel.moments[0], panel.moments[1], panel.gradient, panel.weight,
      panel.count, momentum, step == 1 ? 1 : 1 - dampening, nesterov ? 1 : 0, settings.weightDecay, panel.sums
    )
  }
}
