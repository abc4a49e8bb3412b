import Dynamics
import Equilibrium
import Formulas

extension AdamW {
  /// The angle between ωₜ and ωₜ₊ₙ in equilibrium, in radians: poles q = 1 − ηλ and β₁.
  static func rotation(overSteps steps: Int, settings: Settings) throws -> Double {
    let values = settings.values
    guard let η = values[.learningRate], let λ = values[.weightDecay], let β₁ = values[.beta1] else {
      return .nan
    }
    guard settings.variant.radial, let radial = values[.radialDecay] else {
      return angle(cosineLoss: decorrelation(steps: steps, gap1: η * λ, gap2: 1 - β₁))
    }
    // The radial part passes through the first moment: poles of z² − (q + β₁ − ηλ_u(1 − β₁))z + qβ₁.
    let q = 1 - η * λ
    let product = (1 - β₁) * η * (λ + radial)
    if let (gap1, gap2) = poleGaps(sum: η * λ + (1 - β₁) * (1 + η * radial), product: product), gap2 <= 1 {
      return angle(cosineLoss: decorrelation(steps: steps, gap1: gap1, gap2: gap2))
    }
    return angle(
      cosineLoss: decorrelation(
        steps: steps, first: product / (1 + β₁ * q), trace: q + β₁ - η * radial * (1 - β₁),
        determinant: q * β₁, gap: product))
  }
}
