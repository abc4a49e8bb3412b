import Dynamics
import Formulas

/// An optimizer with validated values: the input of every prediction.
public struct Settings: Sendable {
  /// The optimizer.
  public let optimizer: Optimizer
  /// The variant that the values ask for.
  public let variant: Variant
  /// Every symbol that has a value: hyperparameters, what was measured, and what follows from them.
  public private(set) var values: [Symbol: Double]
  /// The hyperparameters, in the optimizer's order, with defaults filled in.
  public let hyperparameters: [(symbol: Symbol, value: Double)]
  /// Symbols whose value follows from others, with the formula that gives it.
  public let derived: [(symbol: Symbol, formula: Formula)]
  /// E[g̃ₖ²] of each coordinate, where given.
  public let spectrum: [Double]?
  /// How the coordinates are distributed at the start of training; equilibrium does not depend on it.
  public var initialDistribution = InitialDistribution.uniform

  /// Validates values for an optimizer.
  ///
  /// - Parameters:
  ///   - optimizer: the optimizer.
  ///   - values: hyperparameters and, where known, dimension, gradient power, radial decay, initial norm.
  ///   - weight: how the loss depends on the weight.
  ///   - nesterov: SGDM in PyTorch's Nesterov form.
  ///   - spectrum: E[g̃ₖ²] for each coordinate; sets dimension and gradient mass.
  /// - Throws: ``SettingsError``.
  public init(
    _ optimizer: Optimizer, _ values: [Symbol: Double], weight: WeightKind = .scaleInvariant,
    nesterov: Bool = false, spectrum: [Double]? = nil
  ) throws(SettingsError) {
    try Settings.check(values, optimizer, nesterov: nesterov)
    var known = try Settings.filled(values, optimizer)
    var variant = Variant(weight: weight, nesterov: nesterov)
    if let spectrum {
      guard optimizer.solveSpectrum != nil else { throw .spectrumUnused(optimizer) }
      guard weight == .scaleInvariant else { throw .spectrumNeedsScaleInvariance }
      try Settings.apply(spectrum, to: &known)
      variant.spectrum = true
    }
    var derived: [(Symbol, Formula)] = []
    if let effective = try Settings.effectiveDecay(&known) {
      derived.append((.effectiveDecay, effective))
      variant.radial = true
    }
    if let mass = try Settings.gradientMass(optimizer, &known) { derived.append((.gradientMass, mass)) }
    let gradient = weight == .scaleInvariant ? known[.unitGradientPower] : known[.gradientPower]
    variant.epsilon = known[.epsilon] ?? 0 != 0 && gradient != nil
    variant.dampened = known[.dampening] ?? 0 != 0
    if let spectrum, let solve = optimizer.solveSpectrum {
      do { known.merge(try solve(spectrum, known)) { _, new in new } } catch {
        throw .spectrumUnsolved("\(error)")
      }
    }
    self.optimizer = optimizer
    self.variant = variant
    self.derived = derived
    self.spectrum = spectrum
    self.values = known
    hyperparameters = optimizer.hyperparameters.compactMap { own in
      known[own.symbol].map { (own.symbol, $0) }
    }
  }

  /// The formula that applies to these settings; nil where the fidelity has none.
  ///
  /// Where E‖g‖² is not given but E‖g̃‖² is, the update of the weight itself in equilibrium is meant:
  /// E‖g‖² = E‖g̃‖²/‖ω̂‖² (6).
  public func formula(_ quantity: Quantity, _ fidelity: Fidelity) -> CitedFormula? {
    guard var cited = optimizer.formula(quantity, fidelity, variant) else { return nil }
    if cited.formula.symbols.contains(.gradientPower), values[.gradientPower] == nil,
      variant.weight == .scaleInvariant, values[.unitGradientPower] != nil,
      let norm = optimizer.formula(.equilibriumNorm, fidelity, variant)
    {
      let ownPower = Formula.symbol(.unitGradientPower) / norm.formula.squared
      cited = cited.with(
        cited.formula.substituting([.gradientPower: ownPower]),
        and: [Assumption("the parameter is the weight itself, with E‖g‖² = E‖g̃‖²/‖ω̂‖² (6)")])
    }
    for (factor, note) in [
      (Symbol.dimensionErrorFactor, "(98): C → C·C_err"), (.activeFraction, "dead inputs: C → C·f_a"),
    ] where values[factor] != nil {
      let corrected = Formula.symbol(.dimension) * .symbol(factor)
      cited = cited.with(
        cited.formula.substituting([.dimension: corrected]), source: "\(cited.source), \(note)")
    }
    return cited
  }

  /// η̂_r of Table 1 as the rotational variant uses it: with λ itself, since the radial part of an update is projected
  /// away (Algorithm 1).
  public var rotationalVariant: Formula? {
    var plain = variant
    plain.radial = false
    return optimizer.formula(.expectedRotation, .leading, plain)?.formula
  }

  /// Coordinates that see a gradient, C·C_err·f_a; nil where the dimension is not known.
  public var activeDimension: Double? {
    values[.dimension].map { $0 * (values[.dimensionErrorFactor] ?? 1) * (values[.activeFraction] ?? 1) }
  }

  /// Steps over which the weight remembers, at constant hyperparameters: 1/(ηλ), with SGDM's momentum (1 − α)/(ηλ);
  /// nil for Adam+ℓ2, where it depends on v.
  public var timescale: Double? {
    guard optimizer.decouplesDecay || values[.momentum] != nil, let η = values[.learningRate],
      let λ = values[.effectiveDecay] ?? values[.weightDecay]
    else { return nil }
    return (1 - (values[.momentum] ?? 0)) / (η * (1 - (values[.dampening] ?? 0)) * λ)
  }

  /// The formula of ``timescale`` in symbols.
  public var timescaleFormula: String {
    let decay = variant.radial ? "λₑ" : "λ"
    return values[.momentum] == nil
      ? "1/(η\(decay))" : variant.dampened ? "(1 − α)/(η(1 − d)\(decay))" : "(1 − α)/(η\(decay))"
  }

  /// Takes in further values that change no variant.
  mutating func merge(_ further: [Symbol: Double]) { values.merge(further) { _, new in new } }

  /// A formula of the transient, with λ_e for λ where the gradient has a radial part.
  func adapted(_ cited: CitedFormula) -> CitedFormula {
    var replacements: [Symbol: Formula] = [:]
    if variant.radial { replacements[.weightDecay] = .symbol(.effectiveDecay) }
    if variant.dampened {
      replacements[.learningRate] = .symbol(.learningRate) * (1 - .symbol(.dampening))
    }
    return cited.with(cited.formula.substituting(replacements))
  }
}
