import Dynamics
import Equilibrium
import Formulas

extension Lion {
  /// The angle between ωₜ and ωₜ₊ₙ in equilibrium, in radians.
  ///
  /// E⟨ωₜ, vₜ₊₁₊ⱼ⟩ falls as β₂ʲ, so ρₙ = qⁿ + κ(1 − q²)/(1 + 2κq)·hₙ(q, β₂); 1 − ρₙ is written with positive terms.
  static func rotation(overSteps steps: Int, settings: Settings) throws -> Double {
    let values = settings.values
    guard !settings.variant.radial else {
      throw FormulaError.undefined("the rotation over steps with a radial decay")
    }
    guard let η = values[.learningRate], let λ = values[.weightDecay], let β₂ = values[.beta2] else {
      return .nan
    }
    let κ = try pull.evaluated(values)
    let gap = η * λ
    let sums = PoleSums(steps: steps, gap1: gap, gap2: 1 - β₂)
    let bracket = sums.sum1 * (1 - κ * gap) + κ * (2 - gap) * (1 - β₂) * sums.difference
    return angle(cosineLoss: gap * bracket / (1 + 2 * κ * (1 - gap)))
  }
}
