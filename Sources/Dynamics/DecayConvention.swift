/// What a decoupled weight decay means: how much of the weight a step at learning rate η_t takes away.
public enum DecayConvention: String, Sendable, CaseIterable {
  /// PyTorch and this paper: η_t·λ.
  case coupled
  /// Loshchilov & Hutter: (η_t/η_max)·λ′, scaled by the schedule alone.
  case decoupled
  /// AdamC: (η_t²/η_max)·λ.
  case corrected
  /// No schedule: λ″ every step.
  case fixed

  /// The value in this convention that shrinks the weight, at the peak learning rate, as `coupled` does.
  ///
  /// - Parameters:
  ///   - coupled: λ in PyTorch's convention.
  ///   - peak: the peak learning rate η_max.
  public func weightDecay(fromCoupled coupled: Double, peak: Double) -> Double {
    switch self {
    case .coupled, .corrected: coupled
    case .decoupled, .fixed: coupled * peak
    }
  }

  /// λ in PyTorch's convention that shrinks the weight, at the peak learning rate, as `value` does in this one.
  public func coupled(fromWeightDecay value: Double, peak: Double) -> Double {
    switch self {
    case .coupled, .corrected: value
    case .decoupled, .fixed: value / peak
    }
  }

  /// How much of the weight a step takes away, s_t in [0, 1) where the run is stable.
  ///
  /// - Parameters:
  ///   - learningRate: η_t.
  ///   - peak: the peak learning rate η_max.
  ///   - weightDecay: the decay of the step as this convention writes it.
  public func shrink(learningRate: Double, peak: Double, weightDecay: Double) -> Double {
    switch self {
    case .coupled: learningRate * weightDecay
    case .decoupled: learningRate / peak * weightDecay
    case .corrected: learningRate * (learningRate / peak) * weightDecay
    case .fixed: weightDecay
    }
  }

  /// The shrink of a step, in symbols.
  public var shrink: String {
    switch self {
    case .coupled: "ηₜ·λ"
    case .decoupled: "(ηₜ/η_max)·λ′"
    case .corrected: "(ηₜ²/η_max)·λ"
    case .fixed: "λ″"
    }
  }
}
