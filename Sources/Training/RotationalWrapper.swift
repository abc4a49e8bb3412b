/// The rotational wrapper, Algorithm 1, around an update rule: every weight vector turns by a given angle on average (as a root
/// mean square: ν is one) and keeps its norm. The weight decay plays no part.
public struct RotationalWrapper: Sendable, Hashable {
  /// What counts as one weight vector.
  public enum Granularity: String, CaseIterable, Sendable {
    /// Each row: as under batch normalisation.
    case neuron
    /// The whole matrix: as under layer normalisation.
    case layer
  }

  /// What counts as one weight vector.
  public var granularity: Granularity
  /// Whether the mean is taken out of weight vectors and updates, as weight standardisation does.
  public var zeroMean: Bool
  /// β, in [0, 1): how long the mean square of the update's size remembers.
  public var decayFactor: Double
  /// ε ≥ 0, added to the size that is divided by.
  public var epsilon: Double
  /// Neurons that turn at another angle.
  public var imbalance: Imbalance
  /// Whether each neuron has a gain that the inner optimizer trains, without decay.
  public var learnsGain: Bool

  /// The paper's defaults: neurons, mean removed, β = 0.9 (Appendix I).
  public init(
    granularity: Granularity = .neuron, zeroMean: Bool = true, decayFactor: Double = 0.9,
    epsilon: Double = 1e-8,
    imbalance: Imbalance = .none, learnsGain: Bool = false
  ) {
    self.granularity = granularity
    self.zeroMean = zeroMean
    self.decayFactor = decayFactor
    self.epsilon = epsilon
    self.imbalance = imbalance
    self.learnsGain = learnsGain
  }
}

/// A rotation that is not the same for all neurons, on purpose (Appendix J, Figure 16).
public struct Imbalance: Sendable, Hashable {
  /// The share of the neurons that turn `factor` times faster, in [0, 1]: the first ones.
  public var fasterShare: Double
  /// The share of the neurons that turn `factor` times slower, in [0, 1]: those after them.
  public var slowerShare: Double
  /// f ≥ 1.
  public var factor: Double

  /// No imbalance.
  public static let none = Imbalance(fasterShare: 0, slowerShare: 0, factor: 1)

  /// Describes an imbalance.
  public init(fasterShare: Double, slowerShare: Double, factor: Double) {
    self.fasterShare = fasterShare
    self.slowerShare = slowerShare
    self.factor = factor
  }

  /// What the rotation of each neuron is multiplied by.
  public func factors(neurons: Int) -> [Double] {
    let faster = (fasterShare * Double(neurons)).rounded()
    let slower = (slowerShare * Double(neurons)).rounded()
    return (0..<neurons).map { Double($0) < faster ? factor : Double($0) < faster + slower ? 1 / factor : 1 }
  }
}
