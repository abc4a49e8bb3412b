import Dynamics
import RealModule

extension AdamW {
  /// Second moments of (9)–(11), with bias correction and the lag of v behind a moving gradient norm.
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    let dimension: Double
    var normPower: Double
    var alignment = 0.0
    var momentumPower = 0.0
    /// V = E[v_k], without bias correction.
    var secondMoment = 0.0
    var steps = 0

    mutating func step(_ input: StepInput) -> Double {
      let (β₁, β₂, η, G) = (beta1, beta2, input.learningRate, input.gradientPower)
      let (A, B) = (normPower, alignment)
      let q = 1 - η * input.weightDecay
      steps += 1
      secondMoment = β₂ * secondMoment + (1 - β₂) * G / dimension
      momentumPower = β₁ * β₁ * momentumPower + (1 - β₁) * (1 - β₁) * G
      let P = β₁ * B
      let s = stepSize(η, secondMoment, β₁, β₂, steps)
      let W = q * A - s * P
      let angle = stepAngle(size: s, normPower: A, updatePower: momentumPower, alignment: P, overlap: W)
      normPower = q * q * A - 2 * q * s * P + s * s * momentumPower
      alignment = q * P - s * momentumPower
      return angle
    }
  }

  /// η/((1 − β₁ᵗ)·√(V/(1 − β₂ᵗ))): Adam's step size with bias correction.
  static func stepSize(_ η: Double, _ V: Double, _ β₁: Double, _ β₂: Double, _ t: Int) -> Double {
    η * (1 - Double.pow(β₂, t)).squareRoot() / ((1 - Double.pow(β₁, t)) * V.squareRoot())
  }
}
