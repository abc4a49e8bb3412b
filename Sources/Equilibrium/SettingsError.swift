import Formulas

/// Why values are not valid settings; each case carries what is needed to mend it.
public enum SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A value outside its symbol's range.
  case outOfRange(Symbol, Double)
  /// A hyperparameter without a default has no value.
  case missing(Symbol, for: Optimizer)
  /// A hyperparameter that the optimizer does not have.
  case notAHyperparameter(Symbol, of: Optimizer)
  /// ηλ ≥ 1: a step would take away the whole weight.
  case decayTooLarge(Double)
  /// ηλ underflows.
  case decayTooSmall(Double)
  /// λ_e ≤ 0.
  case noEquilibrium(effectiveDecay: Double)
  /// ⟨1, √E[g̃²]⟩ above √C·√E‖g̃‖², which no gradient has.
  case gradientMassTooLarge(Double, largest: Double)
  /// Nesterov asked for without momentum.
  case nesterovNeedsMomentum(Optimizer)
  /// PyTorch refuses the combination.
  case nesterovWithDampening(Double)
  /// E[g̃ₖ²] given to an optimizer whose formulas do not contain it.
  case spectrumUnused(Optimizer)
  /// E[g̃ₖ²] given for a scale-sensitive weight.
  case spectrumNeedsScaleInvariance
  /// A kurtosis of the gradient, given for an optimizer whose second moments do not take it in.
  case kurtosisUnused(Optimizer)
  /// No E[g̃ₖ²] at all.
  case emptySpectrum
  /// An E[g̃ₖ²] that is not a positive number; positions count from 1.
  case spectrumValue(Double, at: Int)
  /// Dimension and number of E[g̃ₖ²] differ.
  case spectrumLength(Int, dimension: Double)
  /// The bracketed root over the spectrum failed.
  case spectrumUnsolved(String)

  /// One line that names the offending value, what is allowed and, where it can, the fix.
  public var description: String {
    switch self {
    case .outOfRange(let symbol, let value):
      "\(symbol.meaning) \(symbol.plain) is \(value), expected \(symbol.domain)"
        + (symbol == .weightDecay && value == 0 ? "; without weight decay there is no equilibrium" : "")
    case .missing(let symbol, let optimizer): "\(optimizer.title) needs the \(symbol.meaning) \(symbol.plain)"
    case .notAHyperparameter(let symbol, let optimizer):
      "\(optimizer.title) has no \(symbol.meaning) \(symbol.plain); it has "
        + optimizer.hyperparameters.map { "\($0.symbol.meaning) \($0.symbol.plain)" }.joined(separator: ", ")
    case .decayTooLarge(let product):
      "learning rate times weight decay, ηλ, is \(product), expected below 1; lower one of them"
    case .decayTooSmall(let product):
      "learning rate times weight decay, ηλ, is \(product), too small to be computed with"
    case .noEquilibrium(let decay):
      "effective weight decay λₑ = λ + λᵤ is \(decay), expected above 0; the norm grows without limit"
    case .gradientMassTooLarge(let mass, let largest):
      "gradient mass is \(mass), expected at most √C·√E‖g̃‖² = \(largest), its value for equal coordinates"
    case .nesterovNeedsMomentum(let optimizer): "\(optimizer.title) has no Nesterov form; only SGDM has"
    case .nesterovWithDampening(let dampening):
      "dampening d is \(dampening), expected 0 with Nesterov momentum"
    case .spectrumUnused(let optimizer):
      "\(optimizer.title) does not depend on E[g̃ₖ²] of each coordinate; only Adam+ℓ2 does"
    case .spectrumNeedsScaleInvariance: "E[g̃ₖ²] of each coordinate applies to scale-invariant weights only"
    case .kurtosisUnused(let optimizer):
      "the second moments of \(optimizer.title) do not take in the kurtosis of the gradient; those of AdamW and Lion do"
    case .emptySpectrum: "no E[g̃ₖ²] is given, expected one positive number a line"
    case .spectrumValue(let value, let position):
      "E[g̃ₖ²] number \(position) is \(value), expected a finite number above 0"
    case .spectrumLength(let count, let dimension):
      "\(count) values of E[g̃ₖ²] are given, but the dimension C is \(dimension); leave the dimension out"
    case .spectrumUnsolved(let reason): "the norm for the given E[g̃ₖ²] was not found: \(reason)"
    }
  }
}
