import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let β₁ = Formula.symbol(.beta1)
private let C = Formula.symbol(.dimension)
private let Γ = Formula.symbol(.gradientMass)
private let G = Formula.symbol(.gradientPower)
private let averaging = (1 - β₁) / (1 + β₁)

extension AdamL2 {
  static func formula(_ quantity: Quantity, _ fidelity: Fidelity, _ variant: Variant) -> CitedFormula? {
    let norm = equilibriumNorm(fidelity, variant)
    var assumptions = norm.assumptions
    if fidelity == .leading { assumptions.append(gradientDominates(variant)) }
    let source =
      fidelity == .leading
      ? "Table 1, (94)" : fidelity == .geometric ? "(84), (88)" : "second moments of (78)"
    let diffusion = diffusionPower(fidelity, variant)
    switch quantity {
    case .equilibriumNorm:
      return norm.with(norm.formula, and: fidelity == .leading ? [gradientDominates(variant)] : [])
    case .rmsUpdateSize:
      return CitedFormula(
        η * (diffusion * averaging).squareRoot, fidelity == .leading ? "Table 1, (93)" : source, assumptions)
    case .rmsDiffusionRate:
      return CitedFormula(
        η * diffusion.squareRoot, fidelity == .leading ? "Table 6 extended, (81)" : source, assumptions)
    case .expectedRotation:
      switch fidelity {
      case .leading:
        let formula =
          variant.weight == .scaleInvariant
          ? .root(2 * η.squared * variant.decay / Γ, 3) * (averaging * C).squareRoot
          : η * (C * averaging).squareRoot / norm.formula
        return CitedFormula(formula, source, assumptions)
      case .geometric:
        return CitedFormula(η * (diffusion * averaging).squareRoot / norm.formula, source, assumptions)
      case .moments where variant.spectrum:
        return CitedFormula(Formula.symbol(.cosineLoss).arccosOneMinus, source, assumptions)
      case .moments:
        let loss =
          η * variant.decay * averaging / secondMoment(squaredNorm(.moments, variant), variant).squareRoot
        return CitedFormula(loss.arccosOneMinus, source, assumptions)
      }
    case .rotationalDiffusionRate:
      let formula =
        fidelity == .leading && variant.weight == .scaleInvariant
        ? .root(2 * η.squared * variant.decay / Γ, 3) * C.squareRoot
        : η * diffusion.squareRoot / norm.formula
      return CitedFormula(formula, fidelity == .leading ? "Table 6 extended" : source, assumptions)
    }
  }

  /// ‖ω̂‖ with its source.
  static func equilibriumNorm(_ fidelity: Fidelity, _ variant: Variant) -> CitedFormula {
    let λ = variant.decay
    var assumptions = Self.assumptions
    assumptions.append(variant.weight == .scaleInvariant ? .scaleInvariance : .fixedGradient)
    if !variant.spectrum, !(fidelity == .leading && variant.weight == .scaleInvariant) {
      assumptions.append(equalCoordinates)
    }
    switch (fidelity, variant.weight) {
    case (.leading, .scaleInvariant):
      return CitedFormula(.root(η / (2 * λ) * Γ, 3), "Table 1, (91)", assumptions)
    case (.leading, .scaleSensitive):
      return CitedFormula((η / (2 * λ) * (C * G).squareRoot).squareRoot, "(86), fixed E‖g‖²", assumptions)
    case (.geometric, _):
      return CitedFormula(
        squaredNorm(.geometric, variant).squareRoot,
        variant.spectrum ? "(86)–(88), bracketed root" : "(86)–(88)",
        assumptions)
    case (.moments, _):
      return CitedFormula(squaredNorm(.moments, variant).squareRoot, "second moments of (78)", assumptions)
    }
  }

  /// z = ‖ω̂‖² before Assumption 4.
  private static func squaredNorm(_ fidelity: Fidelity, _ variant: Variant) -> Formula {
    let λ = variant.decay
    let z = Formula.symbol(.normSquared)
    let leading = equilibriumNorm(.leading, variant).formula.squared
    switch (fidelity, variant.weight) {
    case (.geometric, .scaleInvariant) where variant.spectrum: return z
    case (.moments, .scaleInvariant) where variant.spectrum: return .symbol(.normSquaredOfMoments)
    case (.geometric, .scaleInvariant):
      // (86) squared, with v from (88): 4λ²z³ − η²λ²Cz² − η²Γ² = 0.
      return .solution(
        Solution(
          .normSquared, .cubic([4 * λ.squared, -(η.squared * λ.squared * C), 0, -(η.squared * Γ.squared)]),
          estimate: leading))
    case (.geometric, .scaleSensitive):
      return C * η / 8 * (η + (η.squared + 16 * G / (C * λ.squared)).squareRoot)
    default:
      // 2λ√v·x = ηv − 2ηλ²x·β₁/(1 + β₁) with x = z/C, written with positive terms only.
      let z = Formula.symbol(.normSquaredOfMoments)
      return .solution(
        Solution(
          .normSquaredOfMoments,
          .balance(
            left: 2 * λ * z * secondMoment(z, variant).squareRoot,
            right: η * (C * gradientMoment(z, variant) + λ.squared * z * averaging)),
          estimate: leading))
    }
  }

  /// E[gₖ²] at squared norm z, equal coordinates (87).
  private static func gradientMoment(_ z: Formula, _ variant: Variant) -> Formula {
    variant.weight == .scaleInvariant ? Γ.squared / (C.squared * z) : G / C
  }

  /// vₖ = E[gₖ²] + λ²E[ωₖ²] (88).
  private static func secondMoment(_ z: Formula, _ variant: Variant) -> Formula {
    gradientMoment(z, variant) + variant.decay.squared * z / C
  }

  /// E‖u‖²/η²: C times the gradient's share of v; F, the sum of the shares, for a given spectrum.
  private static func diffusionPower(_ fidelity: Fidelity, _ variant: Variant) -> Formula {
    if fidelity == .leading { return C }
    if variant.spectrum { return .symbol(fidelity == .geometric ? .gradientShare : .gradientShareOfMoments) }
    let z = squaredNorm(fidelity, variant)
    let λ = variant.decay
    return variant.weight == .scaleInvariant
      ? C / (1 + λ.squared * C * z.squared / Γ.squared) : C / (1 + λ.squared * z / G)
  }
}
