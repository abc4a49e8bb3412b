import Checkpoints
import Dynamics
import Equilibrium
import Parameters
import RunConfigurations

/// Why a checkpoint cannot be audited.
public enum AuditError: Error, Sendable, CustomStringConvertible {
  /// A file that cannot be read.
  case checkpoint(CheckpointError)
  /// No tensor that decays, has neurons and can be read.
  case nothingToAudit(path: String, rule: DecayRule)
  /// Weights of types whose numbers are not read.
  case unreadable(path: String, types: [String])
  /// An earlier checkpoint of another network.
  case nothingInCommon(path: String, previous: String)
  /// A step that is not in the run.
  case step(Int, steps: Int)
  /// An earlier checkpoint from before the start of the run, or after this one.
  case stepsBetween(Int, step: Int)
  /// A tensor that is asked for and not among those that are audited.
  case unknownTensor(String, known: [String])
  /// Values that do not go together.
  case settings(SettingsError)
  /// A schedule that does not fit the run.
  case schedule(ScheduleError)

  /// One line.
  public var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .nothingToAudit(let path, let rule):
      "\(path): no tensor that decays under the rule '\(rule.rawValue)' and has weight vectors"
    case .unreadable(let path, let types):
      "\(path): weights stored as \(types.joined(separator: ", ")) are not read, expected F64, F32, BF16 or F16"
    case .nothingInCommon(let path, let previous):
      "\(previous): has none of the tensors of \(path) that are audited"
    case .step(let step, let steps): "step \(step) is not in the run, expected 1 to \(steps)"
    case .stepsBetween(let steps, let step):
      "\(steps) steps between the checkpoints, expected 1 to \(step), the step of the later one"
    case .unknownTensor(let name, let known):
      "no tensor '\(name)' is audited\(Spelling.suggestion(for: name, among: known))"
    case .settings(let error): error.description
    case .schedule(let error): error.description
    }
  }
}
