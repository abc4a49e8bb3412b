import Formulas

/// The symbols of the paper. A symbol's name is its name in JSON and, with hyphens, on the command line.
extension Symbol {
  /// Learning rate η, per step.
  public static let learningRate = Symbol(
    "learning_rate", plain: "η", latex: "\\eta", sympy: "eta", meaning: "learning rate", unit: "per step",
    domain: .positive)
  /// Weight decay or ℓ2 coefficient λ.
  public static let weightDecay = Symbol(
    "weight_decay", plain: "λ", latex: "\\lambda", sympy: "lambda_", meaning: "weight decay",
    domain: .positive)
  /// Momentum coefficient α of SGDM (44).
  public static let momentum = Symbol(
    "momentum", plain: "α", latex: "\\alpha", sympy: "alpha", meaning: "momentum", domain: .coefficient)
  /// Dampening d of SGDM: the gradient enters the momentum times 1 − d.
  public static let dampening = Symbol(
    "dampening", plain: "d", latex: "d", sympy: "d", meaning: "dampening", domain: .coefficient)
  /// First moment coefficient β₁ of Adam and Lion.
  public static let beta1 = Symbol(
    "beta1", plain: "β₁", latex: "\\beta_1", sympy: "beta1", meaning: "first moment coefficient",
    domain: .coefficient)
  /// Second moment coefficient β₂ of Adam; momentum coefficient of Lion.
  public static let beta2 = Symbol(
    "beta2", plain: "β₂", latex: "\\beta_2", sympy: "beta2", meaning: "second moment coefficient",
    domain: .coefficient)
  /// The term ε added to √v in Adam.
  public static let epsilon = Symbol(
    "epsilon", plain: "ε", latex: "\\varepsilon", sympy: "epsilon", meaning: "epsilon", domain: .nonNegative)
  /// Dimension C of the weight vector: the neuron's fan-in.
  public static let dimension = Symbol(
    "dimension", plain: "C", latex: "C", sympy: "C", meaning: "dimension (fan-in)", unit: "coordinates",
    domain: Domain(1, includesLower: true))
  /// Gradient power E‖g‖².
  public static let gradientPower = Symbol(
    "gradient_power", plain: "E‖g‖²", latex: "\\mathbb{E}[\\|\\boldsymbol{g}\\|^2]", sympy: "G",
    meaning: "mean squared gradient norm", unit: "gradient²", domain: .positive)
  /// Gradient power at unit weight norm, E‖g̃‖² with g̃ = ‖ω‖·g (6).
  public static let unitGradientPower = Symbol(
    "unit_gradient_power", plain: "E‖g̃‖²", latex: "\\mathbb{E}[\\|\\tilde{\\boldsymbol{g}}\\|^2]",
    sympy: "G_unit", meaning: "mean squared gradient norm at unit weight norm", unit: "gradient²·weight²",
    domain: .positive)
  /// Excess kurtosis κ of a gradient element, E[g_k⁴]/E[g_k²]² − 3: 0 where it is normal.
  /// The second moments take it in to low order; above 6 they would be far off.
  public static let gradientKurtosis = Symbol(
    "gradient_kurtosis", plain: "κ_g", latex: "\\kappa_g", sympy: "kappa_g",
    meaning: "excess kurtosis of a gradient element", domain: Domain(-2, upTo: 6, includesUpper: true))
  /// Gradient mass ⟨1, √E[g̃²]⟩ (91): the sum over coordinates of the RMS gradient at unit weight norm.
  public static let gradientMass = Symbol(
    "gradient_mass", plain: "⟨1,√E[g̃²]⟩",
    latex: "\\langle 1,\\sqrt{\\mathbb{E}[\\tilde{\\boldsymbol{g}}^2]}\\rangle", sympy: "Gamma",
    meaning: "gradient mass", unit: "gradient·weight", domain: .positive)
  /// Radial decay λ_u (101): the share of the gradient along the weight, as a weight decay.
  public static let radialDecay = Symbol(
    "radial_decay", plain: "λᵤ", latex: "\\lambda_u", sympy: "lambda_u", meaning: "radial decay",
    domain: .real)
  /// Effective weight decay λ_e = λ + λ_u (Appendix H).
  public static let effectiveDecay = Symbol(
    "effective_weight_decay", plain: "λₑ", latex: "\\lambda_e", sympy: "lambda_e",
    meaning: "effective weight decay", domain: .positive)
  /// Decay error factor λ_err = λ_e/λ (96).
  public static let decayErrorFactor = Symbol(
    "decay_error_factor", plain: "λ_err", latex: "\\lambda_{err}", sympy: "lambda_err",
    meaning: "decay error factor", domain: .positive)
  /// Dimension error factor C_err (98): mean squared scaled gradient over C.
  public static let dimensionErrorFactor = Symbol(
    "dimension_error_factor", plain: "C_err", latex: "C_{err}", sympy: "C_err",
    meaning: "dimension error factor", domain: .positive)
  /// Active fraction f_a: the share of coordinates that see a gradient; dead inputs only decay.
  public static let activeFraction = Symbol(
    "active_fraction", plain: "f_a", latex: "f_a", sympy: "f_a", meaning: "active fraction",
    domain: Domain(0, upTo: 1, includesUpper: true))
  /// Weight norm at the first step, ‖ω₀‖.
  public static let initialNorm = Symbol(
    "initial_norm", plain: "‖ω₀‖", latex: "\\|\\boldsymbol{\\omega}_0\\|", sympy: "norm_0",
    meaning: "initial weight norm", unit: "weight", domain: .positive)
  /// The unknown z = ‖ω̂‖² of the equations that have no closed form.
  public static let normSquared = Symbol(
    "squared_norm", plain: "z", latex: "z", sympy: "z", meaning: "squared equilibrium norm", unit: "weight²",
    domain: .positive)
  /// The same unknown of the second moments' equation.
  public static let normSquaredOfMoments = Symbol(
    "squared_norm_of_moments", plain: "z₂", latex: "z_2", sympy: "z2",
    meaning: "squared equilibrium norm of the second moments", unit: "weight²", domain: .positive)
  /// The same share by the second moments.
  public static let gradientShareOfMoments = Symbol(
    "gradient_share_of_moments", plain: "F₂", latex: "F_2", sympy: "F2",
    meaning: "sum over coordinates of E[gₖ²]/vₖ by the second moments", domain: .positive)
  /// 1 − cos η_r, the mean over coordinates of ηλ(1 − β₁)/(√vₖ(1 + β₁)), weighted with E[ωₖ²].
  public static let cosineLoss = Symbol(
    "cosine_loss", plain: "ℓ", latex: "\\ell", sympy: "cosine_loss", meaning: "1 − cos of the rotation",
    domain: .positive)
  /// What a root over a given spectrum was solved for; no input of the user's.
  public static let solvedFromSpectrum: Set<Symbol> = [
    .normSquared, .normSquaredOfMoments, .gradientShare, .gradientShareOfMoments, .cosineLoss,
  ]
  /// Number of coordinates times the mean share of the gradient in v, for a given spectrum E[g̃ₖ²].
  public static let gradientShare = Symbol(
    "gradient_share", plain: "F", latex: "F", sympy: "F",
    meaning: "sum over coordinates of E[gₖ²]/vₖ", domain: .positive)
}
