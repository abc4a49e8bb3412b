import Dynamics
import Equilibrium
import Formulas
import RealModule

extension AdamL2 {
  /// The angle between ωₜ and ωₜ₊ₙ in equilibrium, in radians: with v constant the process is that of SGDM.
  static func rotation(overSteps steps: Int, settings: Settings) throws -> Double {
    // Coordinates with moments of their own forget at rates of their own.
    guard !settings.variant.spectrum else { return .nan }
    guard let β₁ = settings.values[.beta1], let cited = settings.formula(.expectedRotation, .moments) else {
      return .nan
    }
    // One step turns by arccos(1 − x/(1 + β₁)).
    let half = Double.sin(try cited.formula.evaluated(settings.values) / 2)
    let x = 2 * half * half * (1 + β₁)
    return angle(cosineLoss: SGDM.heavyBallDecorrelation(steps: steps, momentum: β₁, gap: x))
  }
}
