import Dynamics
import Formulas
import RealModule

/// The rotational variant that turns as its baseline did over a whole run, transient and fall out of equilibrium
/// included.
///
/// The rotational variant turns by η̂_r of Table 1 at every step, whatever the norm. η̂_r ∝ λᵏ (k = ½; ⅓ for Adam+ℓ2),
/// so a rotation that is ρ times as large needs ρ^{1/k} times the weight decay.
public struct RotationMatch: Sendable {
  /// The baseline's run.
  public let baseline: Trajectory
  /// The baseline's run in a few numbers.
  public let summary: TrajectorySummary
  /// k of η̂_r ∝ λᵏ.
  public let exponent: Double

  /// Follows a baseline's run.
  ///
  /// - Throws: ``TrajectoryError``.
  public init(_ baseline: Trajectory) throws(TrajectoryError) {
    let rotation = baseline.settings.formula(.expectedRotation, .leading)?.formula
    // A radial part of the gradient is projected away by the variant; what is left is the power law in λ.
    guard
      let power = rotation?.exponent(of: baseline.settings.variant.radial ? .effectiveDecay : .weightDecay)
    else { throw .noProcess(baseline.settings.optimizer) }
    self.baseline = baseline
    exponent = power.value
    summary = try baseline.summary()
  }

  /// Matched over zero-shot weight decay, by the mean rotation: the same path length.
  public var meanFactor: Double { factor(summary.meanRotation / summary.rotationalVariant.mean) }
  /// Matched over zero-shot weight decay, by the root mean square rotation: the same distance diffused.
  public var rmsFactor: Double { factor(summary.rmsRotation / summary.rotationalVariant.rms) }

  private func factor(_ ratio: Double) -> Double {
    Self.decayFactor(rotationRatio: ratio, exponent: exponent)
  }

  /// The factor of the weight decay that makes the rotation `rotationRatio` times as large, ρ^{1/k}.
  public static func decayFactor(rotationRatio ρ: Double, exponent k: Double) -> Double {
    Double.pow(ρ, 1 / k)
  }

  /// Which of the settings to use.
  public enum Advice: String, Sendable {
    /// The zero-shot settings turn about as the baseline does.
    case zeroShot = "zero-shot"
    /// The baseline turns at another mean rate than its equilibrium's: the matched decay is nearer.
    case matched
    /// The baseline never reaches equilibrium: zero-shot would turn at a rate that it never had.
    case never = "matched, zero-shot refused"
  }

  /// Weight decays are tuned by factors of two (Table 4); within one, the mean rotation agrees to √2.
  public static let zeroShotRange = 0.5...2.0

  /// Which of the settings to use.
  public var advice: Advice {
    guard summary.reachesEquilibrium else { return .never }
    return Self.zeroShotRange.contains(meanFactor) ? .zeroShot : .matched
  }

  /// One step of the schedule that follows the baseline exactly.
  public struct Step: Sendable {
    /// The step, from 1.
    public let step: Int
    /// Learning rate η_t.
    public let learningRate: Double
    /// The baseline's rotation η_r(t), in radians.
    public let rotation: Double
    /// λ_RV(t), in PyTorch's convention: Table 1 at η_t then gives the rotation; NaN where η_t = 0.
    public let weightDecay: Double
  }

  /// Follows the run again, with the weight decay that makes the rotational variant turn as the baseline at each step.
  public func forEach(_ visit: (Step) -> Void) throws(TrajectoryError) {
    let peak = baseline.settings.values[.weightDecay] ?? .nan
    try baseline.forEach { point in
      visit(
        Step(
          step: point.step, learningRate: point.learningRate, rotation: point.rotation.moments,
          weightDecay: peak * factor(point.rotation.moments / point.rotationalVariantAtPeakDecay)))
    }
  }
}
