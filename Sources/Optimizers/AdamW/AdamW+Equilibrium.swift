import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let β₁ = Formula.symbol(.beta1)
private let C = Formula.symbol(.dimension)

extension AdamW {
  static func formula(_ quantity: Quantity, _ fidelity: Fidelity, _ variant: Variant) -> CitedFormula? {
    let plain = withoutEpsilon(quantity, fidelity, variant)
    guard variant.epsilon else { return plain.with(plain.formula, and: [.noEpsilon]) }
    switch quantity {
    // ε shrinks update and norm alike, so the rotations stay.
    case .expectedRotation, .rotationalDiffusionRate: return plain
    case .equilibriumNorm:
      return plain.with(
        shrunk(plain.formula, variant.weight), source: "\(plain.source), with ε: ‖ω̂‖(1 + κ‖ω̂‖) unchanged")
    case .rmsUpdateSize, .rmsDiffusionRate:
      let norm = withoutEpsilon(.equilibriumNorm, fidelity, variant).formula
      return plain.with(
        plain.formula * shrunk(norm, variant.weight) / norm, source: "\(plain.source), with ε")
    }
  }

  private static func withoutEpsilon(
    _ quantity: Quantity, _ fidelity: Fidelity, _ variant: Variant
  ) -> CitedFormula {
    let λ = variant.decay
    var assumptions = Self.assumptions
    if quantity != .rmsUpdateSize, quantity != .rmsDiffusionRate {
      assumptions.append(variant.weight == .scaleInvariant ? .scaleInvariance : .fixedGradient)
      if fidelity == .leading { assumptions.append(.smallDecay) }
      if fidelity != .moments { assumptions.append(.shortMomentum) }
    }
    switch (quantity, fidelity) {
    case (.rmsUpdateSize, _):
      return CitedFormula(η * (C * ((1 - β₁) / (1 + β₁))).squareRoot, "Table 1, (21)", assumptions)
    case (.rmsDiffusionRate, _): return CitedFormula(η * C.squareRoot, "Table 6, (12)", assumptions)

    case (.equilibriumNorm, .leading):
      return CitedFormula((η * C / (2 * λ)).squareRoot, "Table 1, (18)", assumptions)
    case (.equilibriumNorm, .geometric):
      return CitedFormula((η * C / (2 * λ - η * λ.squared)).squareRoot, "(18)", assumptions)
    case (.equilibriumNorm, .moments):
      return CitedFormula(
        (C * stationaryVariance(λ, variant)).squareRoot, "second moments of (11)", assumptions)

    case (.expectedRotation, .leading):
      return CitedFormula((2 * η * λ * ((1 - β₁) / (1 + β₁))).squareRoot, "Table 1", assumptions)
    case (.expectedRotation, .geometric):
      return CitedFormula(
        (η * λ * (2 - η * λ) * ((1 - β₁) / (1 + β₁))).squareRoot, "(18), (21)", assumptions)
    case (.expectedRotation, .moments):
      let loss = η * λ * (1 - β₁) / (1 + β₁ - η * .symbol(.weightDecay) * β₁)
      return CitedFormula(loss.arccosOneMinus, "second moments of (11)", assumptions)

    case (.rotationalDiffusionRate, .leading):
      return CitedFormula((2 * η * λ).squareRoot, "Table 6", assumptions)
    case (.rotationalDiffusionRate, .geometric):
      return CitedFormula((η * λ * (2 - η * λ)).squareRoot, "(18), (12)", assumptions)
    case (.rotationalDiffusionRate, .moments):
      return CitedFormula(
        η / stationaryVariance(λ, variant).squareRoot, "second moments of (11), (12)", assumptions)
    }
  }

  /// E[ω_k²] of the AR(2) process with poles q = 1 − ηλ and β₁; written so that 1 − q², 1 − qβ₁ do not cancel.
  private static func stationaryVariance(_ decay: Formula, _ variant: Variant) -> Formula {
    let λ = Formula.symbol(.weightDecay)
    let memory = (1 + β₁ - η * λ * β₁) / (1 - β₁ + η * λ * β₁)
    guard variant.radial else {
      return η / (λ * (2 - η * λ)) * ((1 - β₁) / (1 + β₁)) * memory
    }
    // The radial part λ_u = λ_e − λ passes through the first moment, the decay does not.
    return η * (1 - β₁) / (decay * ((2 - η * λ) * (1 + β₁) - η * .symbol(.radialDecay) * (1 - β₁))) * memory
  }

  /// The norm N that solves N(1 + κN) = `norm`: the update is g/(√v + ε), and √v falls as the norm grows.
  private static func shrunk(_ norm: Formula, _ weight: WeightKind) -> Formula {
    let ε = Formula.symbol(.epsilon)
    switch weight {
    case .scaleInvariant:
      let κ = Formula.named(
        Symbol(
          "kappa", plain: "κ", latex: "\\kappa", sympy: "kappa", meaning: "ε over √v at unit norm",
          domain: .real),
        ε * (C / .symbol(.unitGradientPower)).squareRoot)
      return 2 * norm / (1 + (1 + 4 * κ * norm).squareRoot)
    case .scaleSensitive: return norm / (1 + ε * (C / .symbol(.gradientPower)).squareRoot)
    }
  }

  /// (16), (17).
  static let relaxation = Relaxation(
    power: 2,
    decayPerStep: CitedFormula(
      (1 - η * .symbol(.weightDecay)).squared, "(17)",
      [.randomWalk, .scaleInvariance, .shortMomentum, .fastSecondMoment]),
    rate: -(2 * .function(.logOneMinus, η * .symbol(.weightDecay))))
}
