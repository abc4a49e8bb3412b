import Dynamics

extension Lion {
  /// Second moments of (55)–(57).
  ///
  /// The sign is its linear response to n plus a white rest (Bussgang), which settles at the closed forms. With a
  /// ``SignResponse`` it is refined by what that leaves out, and settles within a few percent of them.
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    /// Coordinates that see a gradient; the others only decay.
    let dimension: Double
    /// The refinement; nil for the linear response.
    var response: SignResponse? = nil
    var normPower: Double
    var alignment = 0.0
    var momentumPower = 0.0
    var memory = ArcsineMemory()

    mutating func step(_ input: StepInput) -> Double {
      let (β₁, β₂, η, G, C) = (beta1, beta2, input.learningRate, input.gradientPower, dimension)
      let (A, B, D) = (normPower, alignment, momentumPower)
      let q = 1 - input.shrink
      let newest = (1 - β₁) * (1 - β₁) * G
      let signed = β₁ * β₁ * D + newest
      let σ = (signed / C).squareRoot()
      let gains = response?.gains(newestShare: newest / signed, dimension: C) ?? SignResponse.Gains()
      let k = (2 / .pi).squareRoot() / σ * gains.older
      // The radial gradient μω enters n and m; where the norm is steady its part of the update is kμω = λᵤω.
      let μ = input.radialDecay / k
      var P = k * (gains.alignment * β₁ * B + (1 - β₁) * μ * A)
      if response != nil {
        P += C * memory.alignment(recall: β₁ / σ)
        memory.step(
          shrink: q, beta2: β₂, size: η, overlap: (β₁ * β₂ * D + (1 - β₁) * (1 - β₂) * G) / (C * σ))
      }
      let W = q * A - η * P
      let angle = stepAngle(size: η, normPower: A, updatePower: C, alignment: P, overlap: W)
      let old = k * (β₁ * D + (1 - β₁) * μ * B)
      let new = k * gains.newest / gains.older * (1 - β₁) * G
      normPower = q * q * A - 2 * q * η * P + η * η * C
      alignment = β₂ * (q * B - η * old) + (1 - β₂) * (μ * W - η * new)
      momentumPower = β₂ * β₂ * D + (1 - β₂) * ((1 - β₂) * G + 2 * β₂ * μ * B)
      return angle
    }

    mutating func scale(weight: Double, gradient: Double) {
      normPower *= weight * weight
      alignment *= weight * gradient
      momentumPower *= gradient * gradient
      memory.scale(weight: weight, gradient: gradient)
    }

    var overlap: PastOverlap? { PastOverlap(weight: normPower, moment: alignment) }

    /// By the linear response.
    func carried(_ past: PastOverlap, through input: StepInput) -> PastOverlap {
      let (β₁, β₂) = (beta1, beta2)
      let newest = (1 - β₁) * (1 - β₁) * input.gradientPower
      let k = (2 / .pi * dimension / (β₁ * β₁ * momentumPower + newest)).squareRoot()
      let μ = input.radialDecay / k
      let sign = k * (β₁ * past.moment + (1 - β₁) * μ * past.weight)
      return PastOverlap(
        weight: (1 - input.shrink) * past.weight - input.learningRate * sign,
        moment: β₂ * past.moment + (1 - β₂) * μ * past.weight)
    }

    func equilibriumFactors(shrink x: Double) -> (norm: Double, rotation: Double) {
      guard response != nil else { return (1, 1) }
      let q = 1 - x
      func stationary(_ response: SignResponse?) -> (A: Double, loss: Double) {
        let memory = Lion.memory(response, beta1: beta1, beta2: beta2, dimension: dimension, keep: q)
        return (1 + 2 * memory * q, x * (1 - memory * x) / (1 + 2 * memory * q))
      }
      let (own, plain) = (stationary(response), stationary(nil))
      return ((own.A / plain.A).squareRoot(), angle(cosineLoss: own.loss) / angle(cosineLoss: plain.loss))
    }
  }
}
