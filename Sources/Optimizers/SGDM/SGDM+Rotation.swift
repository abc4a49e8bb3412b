import Dynamics
import Equilibrium
import Formulas

extension SGDM {
  /// The angle between ωₜ and ωₜ₊ₙ in equilibrium, in radians, from the autocorrelation of (45).
  static func rotation(overSteps steps: Int, settings: Settings) throws -> Double {
    let values = settings.values
    guard let η = values[.learningRate], let α = values[.momentum],
      let λ = values[.effectiveDecay] ?? values[.weightDecay]
    else { return .nan }
    let x = η * (1 - (values[.dampening] ?? 0)) * λ
    if settings.variant.nesterov {
      let numerator = x * (1 + 2 * α - 2 * α * α * α + α * x * (1 + α) * (1 + 2 * α))
      return angle(
        cosineLoss: decorrelation(
          steps: steps, first: numerator / (1 + α + α * x * (1 + 2 * α)), trace: 1 + α - x * (1 + α),
          determinant: α * (1 - x), gap: x))
    }
    return angle(cosineLoss: heavyBallDecorrelation(steps: steps, momentum: α, gap: x))
  }

  /// 1 − ρₙ of ω ← ω + α(ω − ω₋) − xω + noise.
  static func heavyBallDecorrelation(steps: Int, momentum α: Double, gap x: Double) -> Double {
    if let (gap1, gap2) = poleGaps(sum: 1 - α + x, product: x), gap2 <= 1 {
      return decorrelation(steps: steps, gap1: gap1, gap2: gap2)
    }
    return decorrelation(steps: steps, first: x / (1 + α), trace: 1 + α - x, determinant: α, gap: x)
  }
}
