import CVectorKernels
import RealModule

/// AdamW (9)–(11): decoupled weight decay.
public struct AdamWRule: UpdateRule {
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
  public var moments: [String] { ["first_moment", "second_moment"] }
  /// The decay acts on the weight itself.
  public var decaysThroughMoments: Bool { false }

  /// Adam's.
  public func biasCorrections(step: Int) -> BiasCorrections {
    BiasCorrections(first: biasCorrection(beta1, step), second: biasCorrection(beta2, step))
  }

  /// One step of the moments, and the direction they give.
  public func direct(
    _ panel: Panel, step: Int, _ settings: StepSettings, _ corrections: BiasCorrections
  ) {
    panel.loops.adamw(
      panel.direction, panel.moments[0], panel.moments[1], panel.gradient, panel.weight, panel.count, beta1,
      beta2,
      epsilon, corrections.first, corrections.second, panel.sums)
  }
}

/// 1 − βᵗ.
func biasCorrection(_ beta: Double, _ step: Int) -> Double {
  beta == 0 ? 1 : -Double.expMinusOne(Double(step) * Double.log(beta))
}
