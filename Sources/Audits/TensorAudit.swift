import Equilibrium
import Formulas
import Parameters

/// What the numbers of a tensor say beside its predictions.
public struct TensorAudit: Sendable {
  /// How a norm stands to the equilibrium norm.
  public enum Standing: String, Sendable, CaseIterable {
    /// Within ``Audit/tolerance`` of it.
    case inEquilibrium = "in_equilibrium"
    /// Larger.
    case above
    /// Smaller.
    case below
    /// The equilibrium norm is not known: it needs the gradient norm, or two measurements of that disagree.
    case unknown
    /// There is none, since the learning rate is 0.
    case none
    /// All weights are 0.
    case dead
    /// No neuron has finite numbers only.
    case broken
  }

  /// The tensor.
  public let tensor: NetworkTensor
  /// ‖ω‖ now: root mean square over the neurons without those that are not finite; NaN where there are no others.
  public let norm: Double
  /// How the norms of the neurons differ; nil where they were read as a whole, or all are 0.
  public let norms: Spread?
  /// Neurons that are 0.
  public let zeros: Int
  /// Numbers that are not finite.
  public let nonFinite: Int
  /// The equilibrium norm of the step's hyperparameters; nil where it is not known.
  public internal(set) var equilibriumNorm: Double?
  /// The equilibrium rotation of the step's hyperparameters, in radians a step; nil where it is not known.
  public internal(set) var equilibriumRotation: Double?
  /// The norm that the run leads to at this step by the second moments; nil where it is not known.
  public internal(set) var expectedNorm: Double?
  /// ``expectedNorm`` is not known since it still depends on an initial norm that nobody gave.
  public internal(set) var remembersStart = false
  /// Size of one update's gradient part, η_g; nil where the gradient norm is missing.
  public internal(set) var updateSize: Double?
  /// What the predictions lack.
  public internal(set) var missing: [Symbol] = []
  /// The learning rate of the step is 0.
  public internal(set) var isAtRest = false
  /// Steps until the norm is in equilibrium under the rest of the schedule, 0 where it is now; nil where it is not before
  /// the end.
  public internal(set) var stepsToEquilibrium: Int?
  /// The weight decay, as the run's convention writes it, at which the norm of now would be the equilibrium norm; nil where this
  /// is not known.
  public internal(set) var restingDecay: Double?
  /// Since the earlier checkpoint; nil without one, or where ``lacksRotation``.
  public internal(set) var change: Change?
  /// Whether there is an earlier checkpoint, but no angle: all weights are 0 in either, or no number holds what has to be compared.
  public internal(set) var lacksRotation = false
  /// The name of the tensor that it is the same as: weights are tied.
  public internal(set) var twin: String?

  /// From the earlier checkpoint to this one.
  public struct Change: Sendable {
    /// ‖ω‖ before: root mean square over the neurons.
    public let normBefore: Double
    /// The angle that the tensor turned, all neurons as one vector, in radians.
    public let rotation: Double
    /// How the angles of the neurons differ; nil where they were read as a whole.
    public let rotations: Spread?
    /// ⟨p, ω⟩/‖p‖² over all neurons: the share of the earlier weight p that is left.
    public let retention: Double
    /// The angle that the second moments predict from the earlier norm on; nil where it is not known.
    public internal(set) var predictedRotation: Double?
    /// The norm that they predict.
    public internal(set) var predictedNorm: Double?
    /// The weight decay, as the run's convention writes it, that explains what is left of the earlier weight, with its
    /// statistical uncertainty.
    public internal(set) var effectiveDecay: (value: Double, uncertainty: Double)?
    /// Root mean square norm of the gradient (at unit weight norm where the weight is scale-invariant) that explains
    /// the change of the norm, where none was given and the optimizer needs it.
    public internal(set) var gradientNorm: Double?

    /// The angle by which rounding the stored numbers can turn the tensor, in radians; 0 where both are in single precision or
    /// better.
    public internal(set) var rounding = 0.0

    /// Measured over predicted angle.
    public var ratio: Double? { predictedRotation.map { rotation / $0 } }

    /// Whether nothing moved: neither gradients nor decay reach the tensor.
    public var isFrozen: Bool { rotation == 0 && retention == 1 }

    /// Whether rounding adds to the angle that was measured, by more than a tenth.
    public var isRounded: Bool { rounding > 0.1 * rotation }

    /// Whether the angle denies the gradient norm that the change of the norm implies.
    public var isContradicted: Bool {
      guard gradientNorm != nil, let ratio else { return false }
      return abs(ratio - 1) > 0.25
    }
  }

  /// Norm over equilibrium norm; nil where either is not known or not above 0.
  public var ratio: Double? { equilibriumNorm.flatMap { norm > 0 ? norm / $0 : nil } }

  /// How the norm stands to the equilibrium norm.
  public var standing: Standing {
    if norm.isNaN { return .broken }
    if norm == 0 { return .dead }
    if isAtRest { return .none }
    guard let ratio, ratio.isFinite, change?.isContradicted != true else { return .unknown }
    return abs(ratio - 1) <= Audit.tolerance ? .inEquilibrium : ratio > 1 ? .above : .below
  }

  /// Predicted rotation now, η_g/‖ω‖ as an angle, in radians a step.
  public var rotation: Double? { updateSize.flatMap { Audit.angle($0, at: norm) } }

  /// How far it is from where it should be, as a ratio of at least 1: measured against predicted angle where there are two
  /// checkpoints and norm against equilibrium norm, whichever is worse.
  public var offence: Double {
    guard norm > 0 else { return .infinity }
    func distance(_ ratio: Double?) -> Double {
      guard let ratio, ratio > 0 else { return 1 }
      return max(ratio, 1 / ratio)
    }
    return max(distance(ratio), distance(change?.ratio))
  }
}

/// What is said of a single neuron.
public struct NeuronAudit: Sendable {
  /// The tensor's name.
  public let tensor: String
  /// Its number in the tensor, from 0.
  public let index: Int
  /// ‖ω‖ now.
  public let norm: Double
  /// Norm over equilibrium norm.
  public let ratio: Double?
  /// Predicted rotation now, in radians a step.
  public let rotation: Double?
  /// The angle since the earlier checkpoint, in radians.
  public let turned: Double?
  /// Its quantity over the root mean square of its tensor: the angle where there are two checkpoints, otherwise the norm.
  public let relative: Double
}
