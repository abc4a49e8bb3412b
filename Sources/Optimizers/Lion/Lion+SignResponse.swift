extension Lion {
  /// What the sign of n answers to beyond its linear response: the tails of the gradient, its right angle to the
  /// weight, and the odd powers of the arcsine law.
  struct SignResponse: Sendable {
    /// Excess kurtosis κ of a gradient element, above −2; 0 for a normal one.
    let kurtosis: Double
    /// Whether the gradient is orthogonal to the weight, as it is for a scale-invariant one.
    let isTangential: Bool

    /// Factors on the gain k = √(2/π)/σ of the sign.
    struct Gains {
      /// For the newest gradient.
      var newest = 1.0
      /// For older ones, each of which is small beside σ.
      var older = 1.0
      /// For the alignment of the older ones with the weight, beside `older`.
      var alignment = 1.0
    }

    /// The factors where the newest gradient has the share p of σ².
    ///
    /// n has the excess kurtosis κp². For a normal n whose variance is log-normal, 2f(0)σ and E|n|/σ change by the
    /// powers 3/8 and −1/8 of 1 + κp²/3. Older gradients see the density f at 0; the newest has what is left of E|n|.
    /// To first order the factors are 1 + κp²/8, and that less κp/6, for any distribution (Gram–Charlier).
    ///
    /// A coordinate with a large share of the weight has less of an orthogonal gradient, by 1 − ωₖ²/‖ω‖², and
    /// follows its momentum more readily: p/C on average.
    func gains(newestShare p: Double, dimension: Double) -> Gains {
      let half = (1 + kurtosis * p * p / 3).squareRoot()
      let eighth = half.squareRoot().squareRoot()
      let older = eighth * eighth * eighth
      // (E|n|/σ − (1 − p)·older)/p, without the difference.
      let newest = older - kurtosis * p / (3 * eighth * (1 + half))
      return Gains(newest: newest, older: older, alignment: isTangential ? 1 + p / dimension : 1)
    }
  }

  /// κ̂ of a stationary process, from which A = η²C(1 + 2κ̂q)/(1 − q²) and 1 − cos η_r = ηλ(1 − κ̂ηλ)/(1 + 2κ̂q).
  static func memory(
    _ response: SignResponse?, beta1 β₁: Double, beta2 β₂: Double, dimension: Double, keep q: Double
  ) -> Double {
    let newest = (1 - β₁) * (1 - β₁)
    let S = newest + β₁ * β₁ * (1 - β₂) / (1 + β₂)
    let new = β₁ * (1 - β₂) * (1 - β₁)
    let old = β₁ * β₁ * (1 - β₂) * β₂ / (1 + β₂)
    let gains = response?.gains(newestShare: newest / S, dimension: dimension) ?? SignResponse.Gains()
    // The gain stands twice: where a gradient enters the alignment, and where the alignment enters the step.
    var sum =
      gains.alignment * gains.older * (gains.older * old + gains.newest * new) / S / (1 - q * β₂)
    guard response != nil else { return 2 / .pi * sum }
    // The odd powers of the arcsine law, each a memory of its own.
    let ρ = (new + old) / S
    var (power, decay) = (ρ, β₂)
    for weight in [1.0 / 6, 3.0 / 40, 5.0 / 112, 35.0 / 1152] {
      power *= ρ * ρ
      decay *= β₂ * β₂
      sum += weight * power / (1 - q * decay)
    }
    return 2 / .pi * sum
  }

  /// What the arcsine law adds to the linear response, E[sign(n)·sign(n′)] = (2/π)(ρ + ρ³/6 + 3ρ⁵/40 + …).
  ///
  /// ρ falls as β₂ʲ with the lag, so ρ³ falls as β₂³ʲ: each power is a memory of its own, a sum over past steps that one
  /// number carries. Past the four kept, less than 1 % of the whole is left where ρ is near 1, and 10⁻⁷ at ρ = 0.35.
  struct ArcsineMemory: Sendable {
    private static let weights = SIMD4<Double>(1 / 6, 3 / 40, 5 / 112, 35 / 1152)
    private var sums = SIMD4<Double>.zero

    /// The third, fifth, seventh and ninth power.
    private static func powers(_ x: Double) -> SIMD4<Double> {
      let square = x * x
      let cube = square * x
      return SIMD4(cube, cube * square, cube * square * square, cube * square * square * square)
    }

    /// The mean product of a coordinate of the weight with the sign, as far as odd powers give it.
    ///
    /// - Parameter recall: β₁/σ, the share of the momentum in n over its size.
    func alignment(recall: Double) -> Double { 2 / .pi * (Self.weights * Self.powers(recall) * sums).sum() }

    /// Takes in a step: E[n·m′]/σ = `overlap` with the momentum after it.
    mutating func step(shrink: Double, beta2: Double, size: Double, overlap: Double) {
      sums = shrink * Self.powers(beta2) * sums - size * Self.powers(overlap)
    }

    /// Multiplies the weight and the gradients.
    mutating func scale(weight: Double, gradient: Double) { sums *= weight * Self.powers(gradient) }
  }
}
