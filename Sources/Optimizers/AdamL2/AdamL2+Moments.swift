import Dynamics

extension AdamL2 {
  /// Second moments of (76)–(78) for equal coordinates; v leaves out the small cross term 2λE[gω].
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    let dimension: Double
    var normPower: Double
    var alignment = 0.0
    var momentumPower = 0.0
    var secondMoment = 0.0
    var steps = 0

    mutating func step(_ input: StepInput) -> Double {
      let (β₁, β₂, λ, G) = (beta1, beta2, input.weightDecay, input.gradientPower)
      let (A, B, c) = (normPower, alignment, 1 - beta1)
      steps += 1
      secondMoment = β₂ * secondMoment + (1 - β₂) * (G + λ * λ * A) / dimension
      momentumPower = β₁ * β₁ * momentumPower + c * c * (G + λ * λ * A) + 2 * β₁ * c * λ * B
      let P = β₁ * B + c * λ * A
      let s = AdamW.stepSize(input.learningRate, secondMoment, β₁, β₂, steps)
      let W = A - s * P
      let angle = stepAngle(size: s, normPower: A, updatePower: momentumPower, alignment: P, overlap: W)
      normPower = A - 2 * s * P + s * s * momentumPower
      alignment = P - s * momentumPower
      return angle
    }
  }
}
