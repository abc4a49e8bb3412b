import Dynamics
import RealModule

extension AdamW {
  /// Second moments of (9)–(11), with bias correction and the lag of v behind a moving gradient norm.
  ///
  /// With ``Fluctuation/none`` they settle at the closed forms, which know v by its mean alone.
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    let epsilon: Double
    /// Coordinates that see a gradient; the others only decay.
    let activeDimension: Double
    var fluctuation = Fluctuation.none
    var normPower: Double
    var alignment = 0.0
    var momentumPower = 0.0
    /// V = E[v_k], without bias correction.
    var secondMoment = 0.0
    var correction1 = 0.0
    var correction2 = 0.0

    mutating func step(_ input: StepInput) -> Double {
      let (β₁, β₂, c, η, G) = (beta1, beta2, 1 - beta1, input.learningRate, input.gradientPower)
      let (A, B) = (normPower, alignment)
      let q = 1 - input.shrink
      secondMoment = β₂ * secondMoment + (1 - β₂) * G / activeDimension
      correction1 = β₁ * correction1 + c
      correction2 = β₂ * correction2 + (1 - β₂)
      let v = secondMoment / correction2
      // λᵤ is the radial part of the update: of the gradient it is μ = λᵤ√v.
      let μ = input.radialDecay * v.squareRoot()
      // E⟨g, m⟩, which is 0 in a random walk.
      let agreement = input.momentumCosine * (G * momentumPower).squareRoot()
      momentumPower =
        β₁ * β₁ * momentumPower + c * c * (G + μ * μ * A) + 2 * β₁ * c * (μ * B + agreement)
      let P = β₁ * B + c * μ * A
      let s = η / (correction1 * (v.squareRoot() + epsilon))
      let W = q * A - s * P
      let U = fluctuation.single * momentumPower
      let angle = stepAngle(size: s, normPower: A, updatePower: U, alignment: P, overlap: W)
      normPower = q * q * A - 2 * q * s * P + s * s * U
      alignment = q * P - s * fluctuation.repeated * momentumPower
      return angle
    }

    mutating func scale(weight: Double, gradient: Double) {
      normPower *= weight * weight
      alignment *= weight * gradient
      momentumPower *= gradient * gradient
      secondMoment *= gradient * gradient
    }

    mutating func age(by steps: Int) {
      guard steps > 0, correction2 > 0 else { return }
      let (first, second) = (correction1, correction2)
      correction1 = 1 - (1 - first) * Double.pow(beta1, steps)
      correction2 = 1 - (1 - second) * Double.pow(beta2, steps)
      let (m, v) = (correction1 / first, correction2 / second)
      alignment *= m
      momentumPower *= m * m
      secondMoment *= v
    }

    var overlap: PastOverlap? { PastOverlap(weight: normPower, moment: alignment) }

    func carried(_ past: PastOverlap, through input: StepInput) -> PastOverlap {
      let (β₁, β₂) = (beta1, beta2)
      let v =
        (β₂ * secondMoment + (1 - β₂) * input.gradientPower / activeDimension)
        / (β₂ * correction2 + (1 - β₂))
      let μ = input.radialDecay * v.squareRoot()
      let moment = β₁ * past.moment + (1 - β₁) * μ * past.weight
      let s = input.learningRate / ((β₁ * correction1 + (1 - β₁)) * (v.squareRoot() + epsilon))
      return PastOverlap(weight: (1 - input.shrink) * past.weight - s * moment, moment: moment)
    }

    func equilibriumFactors(shrink x: Double) -> (norm: Double, rotation: Double) {
      guard fluctuation.single != 1 else { return (1, 1) }
      // With s²D = 1: A = (f₁ + 2qβ₁b)/(1 − q²), cos η_r = q + β₁b/A, b = f₂/(1 − qβ₁); the closed forms have f = 1.
      let q = 1 - x
      func stationary(_ single: Double, _ repeated: Double) -> (A: Double, loss: Double) {
        let b = repeated / (1 - q * beta1)
        let A = (single + 2 * q * beta1 * b) / (x * (2 - x))
        return (A, x - beta1 * b / A)
      }
      let (own, plain) = (stationary(fluctuation.single, fluctuation.repeated), stationary(1, 1))
      return ((own.A / plain.A).squareRoot(), angle(cosineLoss: own.loss) / angle(cosineLoss: plain.loss))
    }
  }
}
