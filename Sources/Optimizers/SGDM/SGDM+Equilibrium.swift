import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let α = Formula.symbol(.momentum)
private let G = Formula.symbol(.gradientPower)
private let G̃ = Formula.symbol(.unitGradientPower)

extension SGDM {
  static func formula(_ quantity: Quantity, _ fidelity: Fidelity, _ variant: Variant) -> CitedFormula? {
    let λ = variant.decay
    var assumptions = Self.assumptions
    if quantity != .rmsUpdateSize, quantity != .rmsDiffusionRate {
      assumptions.append(variant.weight == .scaleInvariant ? .scaleInvariance : .fixedGradient)
      if fidelity == .leading { assumptions.append(smallContribution) }
    }
    switch (quantity, fidelity) {
    case (.rmsUpdateSize, _):
      return variant.nesterov
        ? CitedFormula(η * (G * nesterovGain).squareRoot, "(54), Nesterov", assumptions)
        : CitedFormula(η * (G / α.oneMinusSquare).squareRoot, "Table 1, (54)", assumptions)
    case (.rmsDiffusionRate, _): return CitedFormula(η / (1 - α) * G.squareRoot, "Table 6, (46)", assumptions)

    case (.equilibriumNorm, .leading):
      return CitedFormula(norm(over: 2 * λ * (1 - α), variant), "Table 1, (50)", assumptions)
    case (.equilibriumNorm, .geometric):
      return CitedFormula(norm(over: 2 * λ * (1 - α) - η * λ.squared, variant), "(50)", assumptions)
    case (.equilibriumNorm, .moments):
      let denominator =
        variant.nesterov
        ? λ * (1 - α + α * η * λ) * (2 * (1 + α) - η * λ * (1 + 2 * α)) / nesterovNumerator(λ)
        : λ * (1 - α) * (2 - η * λ / (1 + α))
      return CitedFormula(norm(over: denominator, variant), "second moments of (45)", assumptions)

    case (.expectedRotation, .leading):
      return variant.nesterov
        ? CitedFormula((2 * η * λ * (1 - α) * nesterovGain).squareRoot, "Table 1, Nesterov", assumptions)
        : CitedFormula((2 * η * λ / (1 + α)).squareRoot, "Table 1", assumptions)
    case (.expectedRotation, .geometric):
      let power = η * λ * (2 * (1 - α) - η * λ)
      return CitedFormula(
        (variant.nesterov ? power * nesterovGain : power / α.oneMinusSquare).squareRoot, "(50), (54)",
        assumptions)
    case (.expectedRotation, .moments):
      let loss =
        variant.nesterov
        ? η * λ * (1 + 2 * α - 2 * α.power(3) + α * η * λ * (1 + α) * (1 + 2 * α)) / nesterovNumerator(λ)
        : η * λ / (1 + α)
      return CitedFormula(loss.arccosOneMinus, "second moments of (45)", assumptions)

    case (.rotationalDiffusionRate, .leading):
      return CitedFormula((2 * η * λ / (1 - α)).squareRoot, "Table 6", assumptions)
    case (.rotationalDiffusionRate, .geometric):
      return CitedFormula((η * λ * (2 * (1 - α) - η * λ)).squareRoot / (1 - α), "(50), (46)", assumptions)
    case (.rotationalDiffusionRate, .moments):
      let square =
        variant.nesterov
        ? η * λ * (1 - α + α * η * λ) * (2 * (1 + α) - η * λ * (1 + 2 * α)) / nesterovNumerator(λ)
        : η * λ * (1 - α) * (2 - η * λ / (1 + α))
      return CitedFormula(square.squareRoot / (1 - α), "second moments of (45), (46)", assumptions)
    }
  }

  /// ‖ω̂‖² = ηE‖g‖²/x; with E‖g‖² = E‖g̃‖²/‖ω̂‖² a fourth root, otherwise a square root.
  private static func norm(over x: Formula, _ variant: Variant) -> Formula {
    variant.weight == .scaleInvariant ? .root(η * G̃ / x, 4) : (η * G / x).squareRoot
  }

  /// Mean squared norm of g + αm over that of g: (1 + α)² + α⁴/(1 − α²).
  private static let nesterovGain = (1 + α).squared + α.power(4) / α.oneMinusSquare

  private static func nesterovNumerator(_ λ: Formula) -> Formula { 1 + α + α * η * λ * (1 + 2 * α) }

  /// The recurrence of (48) holds for ‖ω‖⁴, since u itself shrinks with the norm (6).
  static let relaxation: Relaxation = {
    let x = η * .symbol(.weightDecay) / (1 - α)
    return Relaxation(
      power: 4,
      decayPerStep: CitedFormula(
        (1 - x).power(4), "(48), counterpart of (17)", [.randomWalk, .scaleInvariance, smallContribution]),
      rate: -(4 * .function(.logOneMinus, x)))
  }()
}
