/// The gradient of one weight vector over a run: constant, following a schedule, or as it was logged.
public struct GradientTrace: Sendable {
  /// What a norm refers to.
  public enum Reference: String, Sendable, CaseIterable {
    /// ‖g‖ as it is at the weight.
    case weight
    /// g̃ = ‖ω‖·‖g‖, which does not depend on the weight's norm where the weight is scale-invariant (6).
    case unitNorm = "unit_norm"

    /// The gradient power E‖g‖².
    ///
    /// - Parameters:
    ///   - norm: root mean square norm of what is referred to.
    ///   - normPower: E‖ω‖² of the weight.
    @inlinable
    public func power(ofNorm norm: Double, normPower: Double) -> Double {
      self == .weight ? norm * norm : norm * norm / normPower
    }

    /// E‖g̃‖²; where g̃ is what is given, to the last digit.
    @inlinable
    public func unitPower(ofNorm norm: Double, normPower: Double) -> Double {
      self == .unitNorm ? norm * norm : norm * norm * normPower
    }
  }

  /// Root mean square norm over the steps: of g or of g̃.
  public let norm: Schedule
  /// What the norm refers to.
  public let reference: Reference
  /// Radial decay λ_u over the steps; nil where it is constant.
  public let radialDecay: Schedule?
  /// Cosine between gradient and first moment over the steps; nil where successive gradients are independent.
  public let momentumCosine: Schedule?

  /// A gradient over a run.
  public init(
    norm: Schedule, reference: Reference, radialDecay: Schedule? = nil, momentumCosine: Schedule? = nil
  ) {
    self.norm = norm
    self.reference = reference
    self.radialDecay = radialDecay
    self.momentumCosine = momentumCosine
  }

  /// A gradient whose root mean square norm is `norm` at its peak.
  public init(constant norm: Double, following schedule: Schedule = .constant, reference: Reference) {
    self.init(
      norm: Schedule(schedule.name) { norm * schedule.factor(after: $0) }, reference: reference)
  }
}
