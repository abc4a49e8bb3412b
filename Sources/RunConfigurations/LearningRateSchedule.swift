/// How the learning rate changes over a run: a linear warm-up to the peak, then a decay.
///
/// Steps count from 0. The warm-up comes first; a decay that would end within it takes effect when it is over.
public struct LearningRateSchedule: Sendable, Equatable {
  /// The rise to the peak; nil where the run begins at the peak.
  public var warmup: Warmup?
  /// What follows.
  public var decay: Decay

  /// A constant learning rate, unless said otherwise.
  public init(warmup: Warmup? = nil, decay: Decay = .constant) {
    self.warmup = warmup
    self.decay = decay
  }

  /// A learning rate that rises in equal parts and reaches the peak at step `steps`.
  public struct Warmup: Sendable, Equatable {
    /// The step at which the peak is reached, at least 1.
    public var steps: Int
    /// The learning rate of step 0, at least 0.
    public var initialLearningRate: Double

    /// A rise over `steps` from `initialLearningRate`.
    public init(steps: Int, from initialLearningRate: Double = 0) {
      self.steps = steps
      self.initialLearningRate = initialLearningRate
    }
  }

  /// What the learning rate does after the warm-up.
  public enum Decay: Sendable, Equatable {
    /// It stays at the peak.
    case constant
    /// Half a cosine down to a learning rate of at least 0, reached at step `end` and kept from there on.
    case cosine(to: Double, end: Int)
    /// A straight line down to a learning rate of at least 0, reached at step `end` and kept from there on.
    case linear(to: Double, end: Int)
  }
}
