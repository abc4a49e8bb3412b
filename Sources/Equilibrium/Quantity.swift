import Formulas

/// What is predicted of a weight vector in equilibrium (Tables 1 and 6).
public enum Quantity: String, Sendable, CaseIterable, Hashable {
  /// ‖ω̂‖ = √E‖ω‖², where gradient and decay balance.
  case equilibriumNorm = "equilibrium_norm"
  /// η̂_g = √E‖Δ_g p‖², the size of one update's gradient part (2).
  case rmsUpdateSize = "rms_update_size"
  /// η̂_r, the angle that the vector turns in one step (3), in radians.
  case expectedRotation = "expected_rotation"
  /// τ̂_g = √E‖u‖², from the total update contribution u of one gradient (Table 6).
  case rmsDiffusionRate = "rms_diffusion_rate"
  /// τ̂_r = √E‖u‖²/‖ω̂‖: over n steps the vector turns by about τ̂_r·√n (Table 6).
  case rotationalDiffusionRate = "rotational_diffusion_rate"

  /// The quantity as a symbol: notation, meaning and unit.
  public var symbol: Symbol {
    let (plain, latex, meaning, unit) =
      switch self {
      case .equilibriumNorm:
        ("‖ω̂‖", "\\widehat{\\|\\boldsymbol{\\omega}\\|}", "equilibrium norm", "weight")
      case .rmsUpdateSize: ("η̂_g", "\\widehat{\\eta_g}", "RMS update size", "weight per step")
      case .expectedRotation: ("η̂_r", "\\widehat{\\eta_r}", "expected rotation", "rad per step")
      case .rmsDiffusionRate: ("τ̂_g", "\\widehat{\\tau_g}", "RMS diffusion rate", "weight per √step")
      case .rotationalDiffusionRate:
        ("τ̂_r", "\\widehat{\\tau_r}", "rotational diffusion rate", "rad per √step")
      }
    return Symbol(
      rawValue, plain: plain, latex: latex, sympy: rawValue, meaning: meaning, unit: unit, domain: .positive)
  }

  /// What defines the quantity, as Table 6 prints it: LaTeX and plain text.
  public var definition: (latex: String, plain: String) {
    switch self {
    case .equilibriumNorm: ("\\sqrt{\\mathbb{E}[\\|\\boldsymbol{\\omega}\\|^2]}", "√E‖ω‖²")
    case .rmsUpdateSize: ("\\sqrt{\\mathbb{E}[\\|\\Delta_g\\boldsymbol{p}\\|^2]}", "√E‖Δ_g p‖²")
    case .expectedRotation:
      (
        "\\sqrt{\\mathbb{E}[\\|\\Delta_g\\boldsymbol{p}\\|^2]}/\\widehat{\\|\\boldsymbol{\\omega}\\|}",
        "√E‖Δ_g p‖²/‖ω̂‖"
      )
    case .rmsDiffusionRate: ("\\sqrt{\\mathbb{E}[\\|\\boldsymbol{u}\\|^2]}", "√E‖u‖²")
    case .rotationalDiffusionRate:
      ("\\sqrt{\\mathbb{E}[\\|\\boldsymbol{u}\\|^2]}/\\widehat{\\|\\boldsymbol{\\omega}\\|}", "√E‖u‖²/‖ω̂‖")
    }
  }
}

/// How much of the dynamics a formula keeps.
public enum Fidelity: String, Sendable, CaseIterable, Hashable {
  /// Tables 1 and 6 as printed, after every "≪".
  case leading
  /// The geometric model (8) solved exactly, before "≪".
  case geometric
  /// Exact stationary second moments of the random walk with momentum.
  case moments
}

/// How the loss depends on a weight vector.
public enum WeightKind: String, Sendable, CaseIterable, Hashable {
  /// Normalised: the gradient is orthogonal to the weight (5) and shrinks as its norm grows (6).
  case scaleInvariant = "scale_invariant"
  /// Not normalised: the gradient power is fixed; a radial part acts as additional decay (Appendix H).
  case scaleSensitive = "scale_sensitive"
}
