import CVectorKernels

/// What is measured of every neuron at every step.
///
/// Sizes are root mean squares over the steps of a window (the paper's figures are downsampled so), cosines and λ_u plain
/// means.
public enum NeuronQuantity: String, CaseIterable, Sendable {
  /// ‖ω‖ after the step.
  case norm
  /// The angle between ω before and after the step, in radians, as a root mean square.
  case rotation
  /// The same as a plain mean.
  case meanRotation = "mean_rotation"
  /// ‖Δω‖/‖ω‖, Δω = Δ_g ω + Δ_λ ω.
  case relativeUpdate = "relative_update"
  /// η_g = ‖Δ_g ω‖, the RMS update size.
  case updateSize = "rms_update_size"
  /// ‖g‖.
  case gradientNorm = "gradient_norm"
  /// ‖g̃‖ = ‖g‖·‖ω‖.
  case unitGradientNorm = "unit_gradient_norm"
  /// cos∠(g, ω), ω before the step.
  case gradientWeightCosine = "gradient_weight_cosine"
  /// cos∠(g, m), m the first moment before the step.
  case gradientMomentumCosine = "gradient_momentum_cosine"
  /// ‖ũ‖, ũ = g/(√v + ε), v with its bias correction; ‖g‖ where there is no v (Figures 10, 11).
  case scaledGradientNorm = "scaled_gradient_norm"
  /// λ_u = ⟨ω, ũ⟩/‖ω‖² (101).
  case radialDecay = "radial_decay"

  /// Where its sum is kept.
  var total: Int {
    let row =
      switch self {
      case .norm: total_norm_power
      case .rotation: total_rotation_power
      case .meanRotation: total_rotation
      case .relativeUpdate: total_relative_power
      case .updateSize: total_update_power
      case .gradientNorm: total_gradient_power
      case .unitGradientNorm: total_unit_power
      case .gradientWeightCosine: total_gradient_cosine
      case .gradientMomentumCosine: total_momentum_cosine
      case .scaledGradientNorm: total_scaled_power
      case .radialDecay: total_radial_decay
      }
    return row
  }

  /// Whether the sum is one of squares, and the value its root.
  var isRootMeanSquare: Bool {
    switch self {
    case .meanRotation, .gradientWeightCosine, .gradientMomentumCosine, .radialDecay: false
    default: true
    }
  }
}
