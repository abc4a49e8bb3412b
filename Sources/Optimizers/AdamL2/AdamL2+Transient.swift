import Equilibrium
import Formulas

extension AdamL2 {
  /// From (86): d‖ω‖²/dt = η²C(1 − n³), n = ‖ω‖/‖ω̂‖, since √v falls as the norm grows. Near n = 1 the deviation
  /// of ‖ω‖² shrinks by 3ηλ‖ω̂‖C/Γ a step; from afar the law is integrated.
  static let relaxation: Relaxation = {
    let (η, λ) = (Formula.symbol(.learningRate), Formula.symbol(.weightDecay))
    let (C, Γ) = (Formula.symbol(.dimension), Formula.symbol(.gradientMass))
    let N = Formula.named(Quantity.equilibriumNorm.symbol, .root(η / (2 * λ) * Γ, 3))
    let x = 3 * η * λ * N * C / Γ
    let assumptions: [Assumption] = [
      .randomWalk, .scaleInvariance, equalCoordinates, gradientDominates(Variant()),
      Assumption("v follows the gradient: 3ηλ‖ω̂‖C/Γ ≪ 1 − β₂", small: x / (1 - .symbol(.beta2)), limit: 0.1),
    ]
    return Relaxation(
      power: 2,
      decayPerStep: CitedFormula(
        1 - x, "(86), linearised at equilibrium", assumptions),
      rate: -.function(.logOneMinus, x),
      steps: { fraction, norm in
        let start = Formula.named(relative("n₀", "n_0"), .symbol(.initialNorm) / norm)
        let side = (start.squared - 1) / .function(.absolute, start.squared - 1)
        let end = Formula.named(relative("n", "n"), (1 + .number(fraction) * side).squareRoot)
        return CitedFormula(
          2 * norm.squared / (η.squared * C) * (elapsed(end) - elapsed(start)), "(86), integrated",
          assumptions)
      })
  }()

  private static func relative(_ plain: String, _ latex: String) -> Symbol {
    Symbol(
      "relative_norm_\(latex)", plain: plain, latex: latex, sympy: latex,
      meaning: "weight norm over equilibrium norm", domain: .positive)
  }

  /// ∫ n/(1 − n³) dn.
  private static func elapsed(_ n: Formula) -> Formula {
    let root3 = Formula.root(3, 2)
    return .function(.log, 1 + n + n.squared) / 6 - .function(.log, .function(.absolute, 1 - n)) / 3
      - .function(.arctan, (2 * n + 1) / root3) / root3
  }
}
