import Dynamics
import Formulas
import Training

/// An optimizer as the calculator sees it: its hyperparameters and its formulas.
///
/// A new optimizer is one value of this type and one line in the catalogue.
public struct Optimizer: Sendable {
  /// The name on the command line and in JSON: `adamw`.
  public let identifier: String
  /// The name in print: AdamW.
  public let title: String
  /// The paper's equation for its update.
  public let equation: Int
  /// What it is set by, in the order in which it is printed.
  public let hyperparameters: [Hyperparameter]
  /// The formula of a quantity at a fidelity, nil where there is none.
  let formulas: @Sendable (Quantity, Fidelity, Variant) -> CitedFormula?
  /// How its formulas of leading order follow from the geometric model (8).
  public let derivation: Derivation
  /// Whether the decay acts on the weight itself, outside the gradient, so that decay conventions apply.
  public let decouplesDecay: Bool
  /// Whether its update divides by √v + ε. A run may then be given ε even where no formula knows it.
  public let addsEpsilon: Bool
  /// Whether its second moments in time take in the tails of the gradient, by their kurtosis.
  public let answersToKurtosis: Bool
  /// Whether its second moments in time take in that successive gradients agree.
  public let followsMomentumCosine: Bool
  /// How a norm away from equilibrium returns to it, from (16).
  public let relaxation: Relaxation
  /// For given E[g̃ₖ²], the solved squared norm z and gradient share F; nil where the spectrum plays no part.
  public let solveSpectrum:
    (@Sendable (_ spectrum: [Double], _ values: [Symbol: Double]) throws -> [Symbol: Double])?
  /// The angle between the weight now and n steps later in equilibrium, in radians.
  public let rotationOverSteps: (@Sendable (_ steps: Int, _ settings: Settings) throws -> Double)?

  /// Its second moments in time, from a squared norm on; nil where they are not known for the settings.
  public let process: @Sendable (_ settings: Settings, _ normPower: Double) -> (any MomentProcess)?

  /// The optimizer itself, as training applies it, with the settings' coefficients; nil where one is missing.
  public let updateRule: @Sendable (_ settings: Settings) -> (any UpdateRule)?

  /// Describes an optimizer.
  public init(
    identifier: String, title: String, equation: Int, hyperparameters: [Hyperparameter],
    decouplesDecay: Bool, addsEpsilon: Bool = false, answersToKurtosis: Bool = false,
    followsMomentumCosine: Bool = false, relaxation: Relaxation, derivation: Derivation,
    solveSpectrum: (@Sendable ([Double], [Symbol: Double]) throws -> [Symbol: Double])? = nil,
    rotationOverSteps: (@Sendable (Int, Settings) throws -> Double)? = nil,
    process: @escaping @Sendable (Settings, Double) -> (any MomentProcess)? = { _, _ in nil },
    updateRule: @escaping @Sendable (Settings) -> (any UpdateRule)? = { _ in nil },
    formulas: @escaping @Sendable (Quantity, Fidelity, Variant) -> CitedFormula?
  ) {
    self.identifier = identifier
    self.title = title
    self.equation = equation
    self.hyperparameters = hyperparameters
    self.decouplesDecay = decouplesDecay
    self.addsEpsilon = addsEpsilon
    self.answersToKurtosis = answersToKurtosis
    self.followsMomentumCosine = followsMomentumCosine
    self.relaxation = relaxation
    self.derivation = derivation
    self.solveSpectrum = solveSpectrum
    self.rotationOverSteps = rotationOverSteps
    self.process = process
    self.updateRule = updateRule
    self.formulas = formulas
  }

  /// The formula of a quantity at a fidelity; nil where there is none.
  public func formula(
    _ quantity: Quantity, _ fidelity: Fidelity = .leading, _ variant: Variant = Variant()
  ) -> CitedFormula? {
    formulas(quantity, fidelity, variant)
  }
}

extension Optimizer {
  /// Counts the gradient as normal where no kurtosis was measured, so that a run is followed with the refined moments.
  public func addKurtosis(to values: inout [Symbol: Double]) {
    if answersToKurtosis, values[.gradientKurtosis] == nil { values[.gradientKurtosis] = 0 }
  }
}

extension Optimizer: Hashable {
  /// Optimizers are the same when their identifiers are.
  public static func == (left: Optimizer, right: Optimizer) -> Bool { left.identifier == right.identifier }
  /// Hashes the identifier.
  public func hash(into hasher: inout Hasher) { hasher.combine(identifier) }
}

/// A hyperparameter of an optimizer: its symbol and the value that its users leave it at.
public struct Hyperparameter: Sendable, Hashable {
  /// The symbol, with its range.
  public let symbol: Symbol
  /// The value where none is given; nil where one must be given.
  public let defaultValue: Double?

  /// A hyperparameter and its default.
  public init(_ symbol: Symbol, default defaultValue: Double? = nil) {
    self.symbol = symbol
    self.defaultValue = defaultValue
  }
}

/// The variant of an optimizer and weight that a formula is for.
public struct Variant: Sendable, Hashable {
  /// How the loss depends on the weight.
  public var weight: WeightKind
  /// SGDM in PyTorch's Nesterov form.
  public var nesterov: Bool
  /// The gradient has a radial part λ_u.
  public var radial: Bool
  /// E[g̃ₖ²] is given for each coordinate.
  public var spectrum: Bool
  /// Adam's ε is taken into account.
  public var epsilon: Bool
  /// SGDM's gradient is dampened.
  public var dampened: Bool

  /// Scale-invariant, heavy-ball, equal coordinates, unless said otherwise.
  public init(
    weight: WeightKind = .scaleInvariant, nesterov: Bool = false, radial: Bool = false,
    spectrum: Bool = false,
    epsilon: Bool = false, dampened: Bool = false
  ) {
    self.weight = weight
    self.nesterov = nesterov
    self.radial = radial
    self.spectrum = spectrum
    self.epsilon = epsilon
    self.dampened = dampened
  }

  /// The decay that acts: λ, or λ_e where the gradient has a radial part.
  public var decay: Formula { .symbol(radial ? .effectiveDecay : .weightDecay) }
}

/// The law by which the norm returns to equilibrium: deviations of ‖ω‖ᵖ shrink by a factor a a step (16).
public struct Relaxation: Sendable {
  /// The power p of the norm whose relative deviation shrinks geometrically: 2, or 4 for SGDM.
  public let power: Int
  /// The factor a of one step (17).
  public let decayPerStep: CitedFormula
  /// −ln a, formed without cancellation.
  public let rate: Formula
  /// Steps from ‖ω₀‖ to within a fraction, where the law is not (16); nil where it is.
  public let steps: (@Sendable (_ fraction: Rational, _ norm: Formula) -> CitedFormula)?

  /// ‖ω‖² a step later, from ‖ω‖², its equilibrium at leading order and the rate −ln a near it.
  public typealias Advance = @Sendable (_ normPower: Double, _ equilibrium: Double, _ rate: Double) -> Double
  /// The step in time, where the law is not (16); nil where it is.
  public let advance: Advance?

  /// Describes a law of relaxation.
  public init(
    power: Int, decayPerStep: CitedFormula, rate: Formula,
    steps: (@Sendable (Rational, Formula) -> CitedFormula)? = nil, advance: Advance? = nil
  ) {
    self.power = power
    self.decayPerStep = decayPerStep
    self.rate = rate
    self.steps = steps
    self.advance = advance
  }

  /// Steps until the deviation has halved.
  public var halfLife: CitedFormula {
    CitedFormula(.function(.log, 2) / rate, "(16): aⁱ = 1/2", decayPerStep.assumptions)
  }

  /// Steps from ‖ω₀‖ until ‖ω‖ᵖ is within `fraction` of its equilibrium, given the equilibrium norm.
  public func steps(toWithin fraction: Rational, ofNorm norm: Formula) -> CitedFormula {
    if let steps { return steps(fraction, norm) }
    let deviation = Formula.function(
      .absolute, (.symbol(.initialNorm) / norm).power(Rational(power)) - 1)
    return CitedFormula(
      .function(.log, deviation / .number(fraction)) / rate, "(16): |‖ω₀‖ᵖ/‖ω̂‖ᵖ − 1|·aⁱ = δ, p = \(power)",
      decayPerStep.assumptions)
  }
}
