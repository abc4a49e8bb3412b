import Dynamics

extension SGDM {
  /// Second moments of (44), (45); Nesterov's look-ahead as PyTorch has it.
  struct Moments: MomentProcess {
    let momentum: Double
    let nesterov: Bool
    var normPower: Double
    /// B = E⟨ω, m⟩.
    var alignment = 0.0
    /// D = E‖m‖².
    var momentumPower = 0.0

    mutating func step(_ input: StepInput) -> Double {
      let (α, η, λ, G) = (momentum, input.learningRate, input.weightDecay, input.gradientPower)
      let (A, B, D) = (normPower, alignment, momentumPower)
      // m′ = αm + g + λω
      let newD = α * α * D + G + λ * λ * A + 2 * α * λ * B
      let newP = α * B + λ * A
      // The update is m′, or for Nesterov g + λω + αm′ = (1 + α)(g + λω) + α²m.
      let (P, U, cross): (Double, Double, Double)
      if nesterov {
        let (a, b) = (1 + α, α * α)
        P = a * λ * A + b * B
        U = a * a * (G + λ * λ * A) + b * b * D + 2 * a * b * λ * B
        // E⟨update, m′⟩
        cross = a * (G + λ * λ * A) + b * α * D + (a * α + b) * λ * B
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
  }
}
