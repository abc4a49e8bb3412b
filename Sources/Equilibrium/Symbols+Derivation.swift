import Formulas

/// The symbols that only derivations use: what the steps define on the way to the tables.
extension Symbol {
  /// E‖u‖², the mean square of a gradient's total update contribution (8).
  public static let contributionPower = mean(
    "contribution_power", "E‖u‖²", "\\|\\boldsymbol{u}\\|^2", "U",
    meaning: "mean squared total update contribution of a gradient", unit: "weight²")
  /// ‖d‖, the total update contribution of a step's decay (8).
  public static let decayContribution = Symbol(
    "decay_contribution", plain: "‖d‖", latex: "\\|\\boldsymbol{d}\\|", sympy: "D",
    meaning: "total update contribution of the decay", unit: "weight", domain: .positive)
  /// E‖Δ_g p‖², the mean square of the gradient's part in one update (7).
  public static let updatePower = mean(
    "update_power", "E‖Δ_g p‖²", "\\|\\Delta_g\\boldsymbol{p}\\|^2", "Delta_power",
    meaning: "mean squared gradient part of an update", unit: "weight²")
  /// E‖g/√v‖², the mean square of a gradient scaled as Adam does.
  public static let scaledGradientPower = mean(
    "scaled_gradient_power", "E‖g/√v‖²", "\\|\\boldsymbol{g}/\\sqrt{\\boldsymbol{v}}\\|^2", "H",
    meaning: "mean squared scaled gradient", unit: "1")

  /// E‖n‖², the mean square of what Lion takes the sign of (58).
  public static let signArgumentPower = mean(
    "sign_argument_power", "E‖n‖²", "\\|\\boldsymbol{n}\\|^2", "N_power",
    meaning: "mean squared argument of the sign", unit: "gradient²")
  /// σ², the variance of one element of n (66).
  public static let signArgumentVariance = Symbol(
    "sign_argument_variance", plain: "σ²", latex: "\\sigma^2", sympy: "sigma_squared",
    meaning: "variance of an element of n", unit: "gradient²", domain: .positive)
  /// E⟨n, sign(n)⟩ (66).
  public static let signOverlap = mean(
    "sign_overlap", "E⟨n,sign(n)⟩", "\\langle\\boldsymbol{n},\\operatorname{sign}(\\boldsymbol{n})\\rangle",
    "O",
    meaning: "mean inner product of n and its sign", unit: "gradient")
  /// c, by which the sign scales n along its own direction (67).
  public static let signGain = Symbol(
    "sign_gain", plain: "c", latex: "c", sympy: "c", meaning: "gain of the sign along n", unit: "1/gradient",
    domain: .positive)

  /// E[ωₖ²] of one coordinate (83).
  public static let coordinatePower = mean(
    "coordinate_power", "E[ωₖ²]", "\\omega_k^2", "x_k", meaning: "mean squared coordinate of the weight",
    unit: "weight²")
  /// E[gₖ²] of one coordinate (84).
  public static let coordinateGradientPower = mean(
    "coordinate_gradient_power", "E[gₖ²]", "g_k^2", "G_k", meaning: "mean squared coordinate of the gradient",
    unit: "gradient²")
  /// E[g̃ₖ²] of one coordinate (87).
  public static let coordinateUnitGradientPower = mean(
    "coordinate_unit_gradient_power", "E[g̃ₖ²]", "\\tilde{g}_k^2", "G_unit_k",
    meaning: "mean squared coordinate of the gradient at unit weight norm", unit: "gradient²·weight²")
  /// vₖ of one coordinate (85).
  public static let coordinateSecondMoment = Symbol(
    "coordinate_second_moment", plain: "vₖ", latex: "v_k", sympy: "v_k",
    meaning: "second moment of one coordinate",
    unit: "gradient²", domain: .positive)
  /// E[uₖ²] of one coordinate (81).
  public static let coordinateContributionPower = mean(
    "coordinate_contribution_power", "E[uₖ²]", "u_k^2", "U_k",
    meaning: "mean squared total update contribution of a gradient's coordinate", unit: "weight²")
  /// E[dₖ²] of one coordinate (82).
  public static let coordinateDecayPower = mean(
    "coordinate_decay_power", "E[dₖ²]", "d_k^2", "D_k",
    meaning: "mean squared total update contribution of a coordinate's decay", unit: "weight²")

  /// Σ aʲ or Σ a²ʲ over j ≥ 0: what a first moment with the coefficient a makes of one gradient.
  ///
  /// - Parameters:
  ///   - coefficient: the momentum or moment coefficient a.
  ///   - squared: whether the powers of a² are summed.
  public static func powerSum(of coefficient: Symbol, squared: Bool = false) -> Symbol {
    Symbol(
      "\(coefficient.name)_\(squared ? "square" : "power")_sum",
      plain: "Σ\(coefficient.plain)\(squared ? "²" : "")ʲ",
      latex: "\\sum_{j=0}^{\\infty}\(coefficient.latex)^{\(squared ? "2" : "")j}",
      sympy: "S_\(coefficient.sympy)\(squared ? "_squared" : "")",
      meaning: "sum of the powers of \(coefficient.plain)\(squared ? "²" : "")", domain: .positive)
  }

  private static func mean(
    _ name: String, _ plain: String, _ latex: String, _ sympy: String, meaning: String, unit: String
  ) -> Symbol {
    Symbol(
      name, plain: plain, latex: "\\mathbb{E}[\(latex)]", sympy: sympy, meaning: meaning, unit: unit,
      domain: .positive)
  }
}
