import Dynamics

extension Lion {
  /// Second moments of (55)–(57); the sign is its linear response to n plus a white rest (Bussgang).
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    let dimension: Double
    var normPower: Double
    var alignment = 0.0
    var momentumPower = 0.0

    mutating func step(_ input: StepInput) -> Double {
      let (β₁, β₂, η, G, C) = (beta1, beta2, input.learningRate, input.gradientPower, dimension)
      let (A, B, D) = (normPower, alignment, momentumPower)
      let q = 1 - η * input.weightDecay
      let variance = (β₁ * β₁ * D + (1 - β₁) * (1 - β₁) * G) / C
      let k = (2 / .pi / variance).squareRoot()
      let P = k * β₁ * B
      let W = q * A - η * P
      let angle = stepAngle(size: η, normPower: A, updatePower: C, alignment: P, overlap: W)
      normPower = q * q * A - 2 * q * η * P + η * η * C
      alignment = q * β₂ * B - η * k * (β₁ * β₂ * D + (1 - β₁) * (1 - β₂) * G)
      momentumPower = β₂ * β₂ * D + (1 - β₂) * (1 - β₂) * G
      return angle
    }
  }
}
