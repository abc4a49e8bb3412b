import Formulas

/// Why a change of scale cannot be made.
public enum ScalingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The old value of what changes is not known.
  case missing(Symbol)
  /// A new or old value outside its symbol's range.
  case outOfRange(Symbol, Double)
  /// A noise share outside 0 to 1.
  case noiseShare(Double)
  /// New and old value are the same.
  case noChange(Symbol, Double)
  /// The optimizer lacks the coefficient.
  case notAHyperparameter(Symbol, of: Optimizer)
  /// The coefficient stands in no formula of leading order.
  case independent(Symbol, Optimizer)
  /// The decay contains a radial part or an error factor, which were measured before the change.
  case measuredDecay

  /// One line that names the offending value and what is allowed.
  public var description: String {
    switch self {
    case .missing(let symbol): "the change needs the \(symbol.meaning) \(symbol.plain) before it"
    case .outOfRange(let symbol, let value): SettingsError.outOfRange(symbol, value).description
    case .noiseShare(let share):
      "\(Symbol.noiseShare.meaning) \(Symbol.noiseShare.plain) is \(share), expected a number from 0 to 1"
    case .noChange(let symbol, let value):
      "\(symbol.meaning) \(symbol.plain) is \(value) before and after, expected two values"
    case .notAHyperparameter(let symbol, let optimizer):
      SettingsError.notAHyperparameter(symbol, of: optimizer).description
    case .independent(let symbol, let optimizer):
      "norm and rotation of \(optimizer.title) do not depend on the \(symbol.meaning) \(symbol.plain)"
    case .measuredDecay:
      "a radial decay or decay error factor was measured before the change and says nothing of what follows; leave it out"
    }
  }
}

/// Why a rule leads to no settings.
public enum ScalingFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What it leads to is not valid.
  case settings(SettingsError)
  /// A hyperparameter has no finite value.
  case undefined(Symbol)
  /// No learning rate keeps the measure.
  case unsolved(ScalingMeasure)

  /// One line that names the offending value and what is allowed.
  public var description: String {
    switch self {
    case .settings(let error): error.description
    case .undefined(let symbol): "the \(symbol.meaning) \(symbol.plain) has no finite value"
    case .unsolved(let measure): "no learning rate keeps the \(measure.rawValue)"
    }
  }
}
