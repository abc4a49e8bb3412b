import Equilibrium
import Training

/// Why a walk cannot be run or compared.
public enum WalkError: Error {
  /// The hyperparameters are not allowed.
  case settings(SettingsError)
  /// The training core refuses the sizes, or had to stop before anything was measured.
  case training(TrainingError)
  /// Equilibrium would be measured after the end.
  case settlesTooLate(Int, steps: Int)
  /// The optimizer has no update rule.
  case noUpdateRule(Optimizer)
  /// No rotation is known for a rotational variant.
  case noRotation(Optimizer)
  /// A saved state is already at the end.
  case nothingLeft(Int, steps: Int)
  /// There are more windows than can be kept.
  case tooManyWindows(Int)
  /// The gradient is too small for the precision.
  case gradientUnderflows(Precision)
  /// The walk was interrupted before it had settled.
  case nothingMeasured
}

extension WalkError: CustomStringConvertible {
  /// One line that names the offending value, what is allowed and, where it can, the fix.
  public var description: String {
    switch self {
    case .settings(let error): error.description
    case .training(let error): error.description
    case .settlesTooLate(let from, let steps):
      "equilibrium would be measured from step \(from) on, but the run has \(steps) steps; expected fewer"
    case .noUpdateRule(let optimizer): "\(optimizer.title) has no update rule for these settings"
    case .noRotation(let optimizer):
      """
      the rotation of the rotational variant of \(optimizer.title) depends on its gradient, which is not known \
      before the run; give the rotation
      """
    case .nothingLeft(let step, let steps):
      "the saved state is at step \(step), and a run of \(steps) steps leaves nothing to do; expected more steps"
    case .tooManyWindows(let count):
      "\(count) windows of all neurons need too much memory; choose longer windows"
    case .gradientUnderflows(let precision):
      "the gradient is zero in \(precision.rawValue) precision; choose a larger loss scale\(precision == .single ? ", or double precision" : "")"
    case .nothingMeasured: "the run was stopped before it had settled, and nothing was measured"
    }
  }
}
