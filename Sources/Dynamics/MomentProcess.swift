import RealModule

/// What one step of training is done with.
public struct StepInput: Sendable {
  /// Learning rate η_t of the step, at least 0.
  public var learningRate: Double
  /// Weight decay λ_t of the step where it is part of the gradient, at least 0.
  public var weightDecay: Double
  /// What a decoupled decay takes away of the weight in the step, η_tλ_t in PyTorch's convention; below 1.
  public var shrink: Double
  /// Gradient power G = E‖g‖² at the weight of the step, above 0.
  public var gradientPower: Double
  /// Radial decay λ_u of the step: the gradient's share along the weight, as a weight decay; 0 for scale-invariant
  /// weights.
  public var radialDecay: Double
  /// Cosine between the gradient and the first moment before the step, in [−1, 1]; 0 for a random walk.
  public var momentumCosine: Double

  /// The input of one step; `shrink` is η_tλ_t where it is not given.
  public init(
    learningRate: Double, weightDecay: Double, gradientPower: Double, radialDecay: Double = 0,
    momentumCosine: Double = 0, shrink: Double? = nil
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.shrink = shrink ?? learningRate * weightDecay
    self.gradientPower = gradientPower
    self.radialDecay = radialDecay
    self.momentumCosine = momentumCosine
  }
}

/// The second moments of one weight vector under an optimizer, stepped in time.
///
/// With A = E‖ω‖², B = E⟨ω, m⟩ and D = E‖m‖² the random walk with momentum closes on a few scalars, so that any
/// schedule, gradient trace and start can be followed exactly, at a cost that does not depend on the dimension.
public protocol MomentProcess: Sendable {
  /// A = E‖ω‖² now.
  var normPower: Double { get }

  /// Takes one step.
  ///
  /// - Returns: the angle between the weight before and after, in radians.
  mutating func step(_ input: StepInput) -> Double

  /// Where the process settles, over where the closed forms say: norm and rotation. 1 where it settles at them.
  ///
  /// - Parameter shrink: what the decay takes away in a step, above 0 and below 1.
  func equilibriumFactors(shrink: Double) -> (norm: Double, rotation: Double)

  /// What the weight and the first moment of now have in common with the weight of now; nil where it is not known.
  var overlap: PastOverlap? { get }

  /// What the weight and the first moment have in common with an earlier weight after the step that is taken next.
  func carried(_ past: PastOverlap, through input: StepInput) -> PastOverlap

  /// Multiplies the weight, and every gradient that the optimizer remembers: sizes change, correlations and the clock do not.
  ///
  /// - Parameters:
  ///   - weight: the factor of ω, above 0.
  ///   - gradient: that of the gradients, above 0.
  mutating func scale(weight: Double, gradient: Double)

  /// Makes the optimizer older by steps of which only their number is known: its averages stay, and their bias corrections are
  /// those of its age.
  mutating func age(by steps: Int)
}

/// Mean inner products with an earlier weight ω₀.
///
/// The gradients to come know nothing of ω₀, so both follow a linear recurrence, and with the norms they give the angle that
/// the weight turns over many steps, whatever the schedule.
public struct PastOverlap: Sendable {
  /// E⟨ω₀, ω⟩.
  public var weight: Double
  /// E⟨ω₀, m⟩ with the first moment m.
  public var moment: Double

  /// Two inner products.
  public init(weight: Double, moment: Double) { (self.weight, self.moment) = (weight, moment) }
}

extension MomentProcess {
  /// At the closed forms.
  public func equilibriumFactors(shrink: Double) -> (norm: Double, rotation: Double) { (1, 1) }

  /// Not known.
  public var overlap: PastOverlap? { nil }

  /// Unchanged, as without bias correction.
  public mutating func age(by steps: Int) {}

  /// Unchanged.
  public func carried(_ past: PastOverlap, through input: StepInput) -> PastOverlap { past }
}

/// The angle of a step of size `size` along m, where A·A′ − W² = s²(A·D − P²) exactly: an arc tangent keeps the digits
/// that an arc cosine loses.
///
/// - Parameters:
///   - size: step size s.
///   - normPower: A before the step.
///   - updatePower: D, the mean squared norm of what is multiplied by s.
///   - alignment: P, its mean inner product with the weight.
///   - overlap: W = E⟨ω, ω′⟩.
@inlinable
public func stepAngle(
  size: Double, normPower: Double, updatePower: Double, alignment: Double, overlap: Double
) -> Double {
  Double.atan2(y: size * max(0, normPower * updatePower - alignment * alignment).squareRoot(), x: overlap)
}
