import Dynamics

extension SGDM {
  /// Second moments of (44), (45); Nesterov's look-ahead as PyTorch has it.
  struct Moments: MomentProcess {
    let momentum: Double
    let nesterov: Bool
    /// 1 − d, d the dampening.
    let gain: Double
    var normPower: Double
    /// B = E⟨ω, m⟩.
    var alignment = 0.0
    /// D = E‖m‖².
    var momentumPower = 0.0

    mutating func step(_ input: StepInput) -> Double {
      // What is radial in the gradient goes the way of the decay, and dampening slows both.
      let (α, η, λ) = (momentum, input.learningRate * gain, input.weightDecay + input.radialDecay)
      let G = input.gradientPower
      let (A, B, D) = (normPower, alignment, momentumPower)
      // m′ = αm + g + λω
      // E⟨g, m⟩, which is 0 in a random walk.
      let agreement = input.momentumCosine * (G * D).squareRoot()
      let newD = α * α * D + G + λ * λ * A + 2 * α * (λ * B + agreement)
      let newP = α * B + λ * A
      // The update is m′, or for Nesterov g + λω + αm′ = (1 + α)(g + λω) + α²m.
      let (P, U, cross): (Double, Double, Double)
      if nesterov {
        let (a, b) = (1 + α, α * α)
        P = a * λ * A + b * B
        U = a * a * (G + λ * λ * A) + b * b * D + 2 * a * b * (λ * B + agreement)
        // E⟨update, m′⟩
        cross = a * (G + λ * λ * A) + b * α * D + (a * α + b) * (λ * B + agreement)
      } else {
        (P, U, cross) = (newP, newD, newD)
      }
      let W = A - η * P
      let angle = stepAngle(size: η, normPower: A, updatePower: U, alignment: P, overlap: W)
      normPower = A - 2 * η * P + η * η * U
      alignment = newP - η * cross
      momentumPower = newD
      return angle
    }

    mutating func scale(weight: Double, gradient: Double) {
      normPower *= weight * weight
      alignment *= weight * gradient
      momentumPower *= gradient * gradient
    }

    var overlap: PastOverlap? { PastOverlap(weight: normPower, moment: alignment) }

    func carried(_ past: PastOverlap, through input: StepInput) -> PastOverlap {
      let (η, λ) = (input.learningRate * gain, input.weightDecay + input.radialDecay)
      let moment = momentum * past.moment + λ * past.weight
      let update = nesterov ? λ * past.weight + momentum * moment : moment
      return PastOverlap(weight: past.weight - η * update, moment: moment)
    }
  }
}
