import Equilibrium
import Formulas
import RealModule

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
      },
      advance: { normPower, equilibrium, rate in
        // The rate given is −ln(1 − x).
        advanced(
          normPower: normPower, steps: 1, equilibriumNormPower: equilibrium, rate: -Double.expMinusOne(-rate))
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

  /// ‖ω‖² a number of steps later, by the same law at constant hyperparameters: the counterpart of (16).
  ///
  /// Good to 10⁻¹³ from a thousandth of the equilibrium norm to a hundred times it.
  ///
  /// - Parameters:
  ///   - normPower: ‖ω‖² now, at least 0.
  ///   - steps: the number of steps, at least 0; it need not be whole.
  ///   - equilibriumNormPower: ‖ω̂‖² of Table 1 (91), above 0.
  ///   - rate: r = 3ηλ‖ω̂‖C/Γ, by which a small deviation shrinks a step.
  static func advanced(
    normPower: Double, steps: Double, equilibriumNormPower: Double, rate: Double
  ) -> Double {
    let n₀ = (normPower / equilibriumNormPower).squareRoot()
    let e₀ = (normPower - equilibriumNormPower) / equilibriumNormPower / (n₀ + 1)
    let y = logShrink(deviation: e₀, norm: n₀, time: rate * steps)
    if y > -0.1 {
      let Δ = e₀ * Double.expMinusOne(y)
      return normPower + equilibriumNormPower * Δ * (2 * n₀ + Δ)
    }
    // Over a long way the sum would lose the digits of a start far above equilibrium.
    let n = 1 + e₀ * Double.exp(y)
    return equilibriumNormPower * n * n
  }

  /// The deviation e = ‖ω‖/‖ω̂‖ − 1 a number of steps later. Near equilibrium it keeps the digits that ‖ω‖² does not have.
  ///
  /// - Parameters:
  ///   - deviation: e now, at least −1.
  ///   - steps: the number of steps, at least 0.
  ///   - rate: r = 3ηλ‖ω̂‖C/Γ.
  static func advanced(deviation: Double, steps: Double, rate: Double) -> Double {
    let y = logShrink(deviation: deviation, norm: 1 + deviation, time: rate * steps)
    return deviation + deviation * Double.expMinusOne(y)
  }

  /// y = ln(e/e₀) after a time rt.
  ///
  /// The law integrates to
  /// y = −rt + ½·ln((1 + n + n²)/(1 + n₀ + n₀²)) − √3·(arctan((2n + 1)/√3) − arctan((2n₀ + 1)/√3)).
  /// Left less right is a concave, increasing function of y, so that Newton's method climbs to its zero from any y below.
  /// The differences are formed from e − e₀, and keep their digits over short times and close to equilibrium.
  private static func logShrink(deviation e₀: Double, norm n₀: Double, time: Double) -> Double {
    guard time > 0, e₀ != 0 else { return 0 }
    let q₀ = 1 + n₀ + n₀ * n₀
    /// What is subtracted from −rt, from e₀ to e₀ + Δ.
    func bend(_ Δ: Double) -> Double {
      let n = n₀ + Δ
      let turn = 2 * root3 * Δ / (3 + (2 * n + 1) * (2 * n₀ + 1))
      return root3 * Double.atan(turn) - Double.log(onePlus: Δ * (1 + n + n₀) / q₀) / 2
    }
    // Two values below the zero: Newton's from y = 0, and the one with the bend of the whole way to equilibrium.
    var y = max(-time * q₀ / (3 * n₀), -time - bend(-e₀))
    for _ in 0..<100 {
      let Δ = e₀ * Double.expMinusOne(y)
      let n = n₀ + Δ
      let step = (y + time + bend(Δ)) * (1 + n + n * n) / (3 * n)
      y -= step
      if abs(step) <= 1e-9 * abs(y) { break }
    }
    return y
  }

  private static let root3 = 3.squareRoot()
}
