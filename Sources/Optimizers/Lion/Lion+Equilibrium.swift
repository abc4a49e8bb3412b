import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let β₁ = Formula.symbol(.beta1)
private let β₂ = Formula.symbol(.beta2)
private let C = Formula.symbol(.dimension)

extension Lion {
  static func formula(_ quantity: Quantity, _ fidelity: Fidelity, _ variant: Variant) -> CitedFormula? {
    // The radial part would pass through the sign; only the geometric model says what it does.
    if variant.radial, fidelity == .moments { return nil }
    let λ = variant.decay
    var assumptions = Self.assumptions
    if quantity == .rmsUpdateSize { assumptions = [] }
    if quantity != .rmsUpdateSize, quantity != .rmsDiffusionRate {
      assumptions.append(variant.weight == .scaleInvariant ? .scaleInvariance : .fixedGradient)
      if fidelity == .leading { assumptions.append(.smallDecay) }
      if fidelity != .moments { assumptions.append(shortMomentum) }
    }
    switch (quantity, fidelity) {
    case (.rmsUpdateSize, _): return CitedFormula(η * C.squareRoot, "Table 1, (74)", assumptions)

    case (.equilibriumNorm, .leading):
      return CitedFormula(
        (η * C / (.pi * λ)).squareRoot * power.power(Rational(-1, 2)), "Table 1, (73)", assumptions)
    case (.equilibriumNorm, .geometric):
      return CitedFormula(
        (2 * η * C / (.pi * (2 * λ - η * λ.squared))).squareRoot * power.power(Rational(-1, 2)), "(73)",
        assumptions)
    case (.equilibriumNorm, .moments):
      return CitedFormula((C * stationaryVariance).squareRoot, "second moments of (57)", assumptions)

    case (.expectedRotation, .leading):
      return CitedFormula(
        (.pi * η * λ).squareRoot * power.power(Rational(1, 2)), "Table 1, (75)", assumptions)
    case (.expectedRotation, .geometric):
      return CitedFormula(
        (.pi * η * λ * (2 - η * λ) / 2).squareRoot * power.power(Rational(1, 2)), "(73), (74)", assumptions)
    case (.expectedRotation, .moments):
      let loss = η * λ * (1 - pull * η * λ) / (1 + 2 * pull * (1 - η * λ))
      return CitedFormula(loss.arccosOneMinus, "second moments of (57)", assumptions)

    case (.rmsDiffusionRate, .moments):
      let longRun = 1 + 4 / .pi * correlation / (1 - β₂)
      return CitedFormula(η * (C * longRun).squareRoot, "long-run variance of (57)", assumptions)
    case (.rmsDiffusionRate, _):
      return CitedFormula(η * (2 * C / (.pi * power)).squareRoot, "Table 6 extended, (69)", assumptions)

    case (.rotationalDiffusionRate, .leading):
      return CitedFormula((2 * η * λ).squareRoot, "Table 6 extended", assumptions)
    case (.rotationalDiffusionRate, .geometric):
      return CitedFormula((η * λ * (2 - η * λ)).squareRoot, "(73), (69)", assumptions)
    case (.rotationalDiffusionRate, .moments):
      let longRun = 1 + 4 / .pi * correlation / (1 - β₂)
      return CitedFormula(
        η * (longRun / stationaryVariance).squareRoot, "second moments of (57)", assumptions)
    }
  }

  /// S = E‖n‖²/E‖g‖² (63).
  static let power = (1 - β₁).squared + β₁.squared * ((1 - β₂) / (1 + β₂))

  /// R₁/S, the correlation of n with the n of the step before; at lag j it is this times β₂ʲ⁻¹.
  static let correlation = Formula.named(
    Symbol(
      "momentum_correlation", plain: "ρ", latex: "\\rho", sympy: "rho",
      meaning: "correlation of successive n",
      domain: .real),
    β₁ * (1 - β₂) * ((1 - β₁) + β₁ * β₂ / (1 + β₂)) / power)

  /// κ = (2/π)(R₁/S)/(1 − qβ₂), q = 1 − ηλ: how strongly past signs still pull along the weight.
  static let pull: Formula = {
    let λ = Formula.symbol(.weightDecay)
    return .named(
      Symbol(
        "momentum_pull", plain: "κ", latex: "\\kappa", sympy: "kappa", meaning: "pull of past signs",
        domain: .real),
      2 / .pi * correlation / (1 - β₂ + η * λ * β₂))
  }()

  /// E[ω_k²] = η²/(1 − q²)·[1 + 2κq], written so that 1 − q² does not cancel.
  static let stationaryVariance: Formula = {
    let λ = Formula.symbol(.weightDecay)
    return η / (λ * (2 - η * λ)) * (1 + 2 * pull * (1 - η * λ))
  }()

  /// As AdamW: the decay alone sets the rate.
  static let relaxation = Relaxation(
    power: 2,
    decayPerStep: CitedFormula(
      (1 - η * .symbol(.weightDecay)).squared, "(72), counterpart of (17)",
      [.randomWalk, .scaleInvariance, shortMomentum]),
    rate: -(2 * .function(.logOneMinus, η * .symbol(.weightDecay))))
}
