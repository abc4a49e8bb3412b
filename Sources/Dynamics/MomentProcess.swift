import RealModule

/// What one step of training is done with.
public struct StepInput: Sendable {
  /// Learning rate η_t of the step, at least 0.
  public var learningRate: Double
  /// Weight decay λ_t of the step in PyTorch's convention, at least 0.
  public var weightDecay: Double
  /// Gradient power G = E‖g‖² at the weight of the step, above 0.
  public var gradientPower: Double

  /// The input of one step.
  public init(learningRate: Double, weightDecay: Double, gradientPower: Double) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.gradientPower = gradientPower
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
public func stepAngle(
  size: Double, normPower: Double, updatePower: Double, alignment: Double, overlap: Double
) -> Double {
  Double.atan2(y: size * max(0, normPower * updatePower - alignment * alignment).squareRoot(), x: overlap)
}
