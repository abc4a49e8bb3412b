import RealModule

extension AdamW {
  /// What the fluctuation of v around its mean does to the update, to first order in 1 − β₂.
  ///
  /// v = V(1 + δ), δ = (1 − β₂)Σβ₂ᵏ(x_{t−k} − 1) with x = g²/E[g²], and Var x = 2 + κ. A gradient that is j steps old is
  /// in v itself: E[x_{t−j}/v]·V = 1 + E[δ²] − E[δx_{t−j}] = 1 + (1 − β₂)(2 + κ)(1/(1 + β₂) − β₂ʲ). The newest gradients
  /// count less, those that v has forgotten count more.
  struct Fluctuation: Sendable {
    /// Factor on E‖m‖² in one update.
    let single: Double
    /// Factor on the part of an update that earlier updates of the same gradients meet again in the weight.
    let repeated: Double

    /// No fluctuation.
    static let none = Fluctuation(single: 1, repeated: 1)

    private init(single: Double, repeated: Double) { (self.single, self.repeated) = (single, repeated) }

    /// The factors for gradient elements of excess kurtosis κ, above −2.
    init(beta1 β₁: Double, beta2 β₂: Double, kurtosis κ: Double) {
      // Weighted with the squares of the first moment's weights for one update, with the weights themselves for the
      // total contribution of a gradient, whose updates i and j steps later see v twice: half of β₂ⁱ + β₂ʲ each.
      let ofUpdate = (1 - β₁ * β₁) / (1 - β₁ * β₁ * β₂)
      let ofContribution = (1 - β₁) / (1 - β₁ * β₂)
      // The exponential keeps the factors positive where the first order is no longer small.
      func factor(_ meeting: Double) -> Double { Double.exp((1 - β₂) * (2 + κ) * (1 / (1 + β₂) - meeting)) }
      single = factor(ofUpdate)
      // A contribution's square is that of its updates and of what they share: (1 + 2β₁/(1 − β₁)) parts in all.
      repeated =
        β₁ == 0 ? 1 : ((1 + β₁) * factor(ofContribution) - (1 - β₁) * single) / (2 * β₁)
    }
  }
}
