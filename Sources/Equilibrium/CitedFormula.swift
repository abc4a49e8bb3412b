import Formulas

/// A formula with where it comes from and what it assumes.
public struct CitedFormula: Sendable {
  /// The formula.
  public let formula: Formula
  /// Equation or table of the paper, or the derivation in this project's documentation.
  public let source: String
  /// What must hold.
  public let assumptions: [Assumption]

  /// A formula, its source and its assumptions.
  public init(_ formula: Formula, _ source: String, _ assumptions: [Assumption] = []) {
    self.formula = formula
    self.source = source
    self.assumptions = assumptions
  }

  /// The same citation over a changed formula, with further assumptions.
  public func with(_ formula: Formula, source: String? = nil, and more: [Assumption] = []) -> CitedFormula {
    CitedFormula(formula, source ?? self.source, assumptions + more)
  }
}

/// Something that a formula takes for granted; where it can be put in numbers, a ratio that must be small.
public struct Assumption: Sendable, Hashable {
  /// The assumption in words and symbols, without full stop: "ηλ ≪ 2".
  public let statement: String
  /// What must be small for the assumption to hold; nil where only the user can know.
  public let ratio: Formula?
  /// The value of the ratio from which a warning is given.
  public let limit: Double

  /// An assumption that no number can check.
  public init(_ statement: String) {
    self.statement = statement
    self.ratio = nil
    self.limit = .infinity
  }

  /// An assumption that holds while `ratio` stays well below `limit`.
  public init(_ statement: String, small ratio: Formula, limit: Double) {
    self.statement = statement
    self.ratio = ratio
    self.limit = limit
  }
}

/// An assumption that fails at the values given.
public struct ValidityWarning: Sendable, Hashable {
  /// The assumption that fails.
  public let assumption: Assumption
  /// The value of its ratio.
  public let value: Double
  /// The quantities whose formulas assume it.
  public let affected: [String]

  /// Describes a failed assumption.
  public init(assumption: Assumption, value: Double, affected: [String]) {
    self.assumption = assumption
    self.value = value
    self.affected = affected
  }
}

// The assumptions that several optimizers share. The limits allow an error of about one percent.
extension Assumption {
  /// (18), (73): the decay of one step is small.
  public static let smallDecay = Assumption(
    "ηλ ≪ 2: the decay of one step is small", small: .symbol(.learningRate) * .symbol(.weightDecay) / 2,
    limit: 0.02)
  /// §3: the minibatch gradient is noise, independent from step to step.
  public static let randomWalk = Assumption("gradients are noise: zero mean, independent from step to step")
  /// (5), (6).
  public static let scaleInvariance = Assumption(
    "the weight is scale-invariant: gradient orthogonal to it and inversely proportional to its norm")
  /// Appendix H.
  public static let fixedGradient = Assumption(
    "the weight is scale-sensitive: E‖g‖² does not depend on its norm")
  /// Adam's ε and bias correction.
  public static let noEpsilon = Assumption("ε and the bias correction are negligible")
  /// v is a long average.
  public static let longAverage = Assumption(
    "1 − β₂ ≪ 1: v averages many gradients", small: 1 - .symbol(.beta2), limit: 0.1)
  /// The first moment forgets within the time in which the weight decays.
  public static let shortMomentum = Assumption(
    "ηλ ≪ 1 − β₁: the first moment forgets faster than the weight decays",
    small: .symbol(.learningRate) * .symbol(.weightDecay) / (1 - .symbol(.beta1)), limit: 0.02)
  /// (16): v follows the gradient while the norm changes.
  public static let fastSecondMoment = Assumption(
    "ηλ ≪ 1 − β₂: v follows the gradient while the norm changes",
    small: .symbol(.learningRate) * .symbol(.weightDecay) / (1 - .symbol(.beta2)), limit: 0.1)
}
