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
  public private(set) var derived: [(symbol: Symbol, formula: Formula)] = []

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
    self.optimizer = optimizer
    var known = values
    let own = Set(optimizer.hyperparameters.map(\.symbol))
    let foreign: Set<Symbol> = [.momentum, .dampening, .beta1, .beta2, .epsilon]
    for (symbol, value) in values.sorted(by: { $0.key.name < $1.key.name }) {
      guard symbol.domain.contains(value) else { throw .outOfRange(symbol, value) }
      if foreign.contains(symbol), !own.contains(symbol) { throw .notAHyperparameter(symbol, of: optimizer) }
    }
    if nesterov, !own.contains(.momentum) { throw .nesterovNeedsMomentum(optimizer) }
    if nesterov, known[.dampening] ?? 0 != 0 { throw .nesterovWithDampening(known[.dampening] ?? 0) }

    var hyperparameters: [(Symbol, Double)] = []
    for hyperparameter in optimizer.hyperparameters {
      guard let value = known[hyperparameter.symbol] ?? hyperparameter.defaultValue else {
        throw .missing(hyperparameter.symbol, for: optimizer)
      }
      known[hyperparameter.symbol] = value
      hyperparameters.append((hyperparameter.symbol, value))
    }
    self.hyperparameters = hyperparameters
    let decay = (known[.learningRate] ?? 0) * (known[.weightDecay] ?? 0)
    guard decay < 1 else { throw .decayTooLarge(decay) }
    guard decay > Double.leastNormalMagnitude else { throw .decayTooSmall(decay) }

    var variant = Variant(weight: weight, nesterov: nesterov)
    variant.dampened = known[.dampening] ?? 0 != 0
    if let spectrum {
      guard optimizer.solveSpectrum != nil else { throw .spectrumUnused(optimizer) }
      guard weight == .scaleInvariant else { throw .spectrumNeedsScaleInvariance }
      try Settings.apply(spectrum, to: &known)
      variant.spectrum = true
    }
    if known[.radialDecay] != nil || known[.decayErrorFactor] != nil {
      variant.radial = true
      let λ = Formula.symbol(.weightDecay)
      var effective = known[.decayErrorFactor] == nil ? λ : λ * .symbol(.decayErrorFactor)
      if known[.radialDecay] != nil { effective = effective + .symbol(.radialDecay) }
      let value = (try? effective.evaluated(known)) ?? .nan
      guard value > 0 else { throw .noEquilibrium(effectiveDecay: value) }
      known[.effectiveDecay] = value
      known[.radialDecay] = value - (known[.weightDecay] ?? 0)
      derived.append((.effectiveDecay, effective))
    }
    let gradient = weight == .scaleInvariant ? known[.unitGradientPower] : known[.gradientPower]
    variant.epsilon = known[.epsilon] ?? 0 != 0 && gradient != nil
    if own.contains(.beta1), !own.contains(.epsilon) || optimizer.solveSpectrum != nil,
      known[.gradientMass] == nil, let power = known[.unitGradientPower], let dimension = known[.dimension]
    {
      known[.gradientMass] = (dimension * power).squareRoot()
      derived.append((.gradientMass, (.symbol(.dimension) * .symbol(.unitGradientPower)).squareRoot))
    }
    self.variant = variant
    self.values = known
    if let spectrum, let solve = optimizer.solveSpectrum {
      do { self.values.merge(try solve(spectrum, known)) { _, new in new } } catch {
        throw .spectrumUnsolved("\(error)")
      }
    }
  }

  private static func apply(
    _ spectrum: [Double], to values: inout [Symbol: Double]
  ) throws(SettingsError) {
    guard !spectrum.isEmpty else { throw .emptySpectrum }
    for (index, value) in spectrum.enumerated() where !(value.isFinite && value > 0) {
      throw .spectrumValue(value, at: index + 1)
    }
    if let dimension = values[.dimension], dimension != Double(spectrum.count) {
      throw .spectrumLength(spectrum.count, dimension: dimension)
    }
    values[.dimension] = Double(spectrum.count)
    values[.gradientMass] = spectrum.reduce(0) { $0 + $1.squareRoot() }
    values[.unitGradientPower] = spectrum.reduce(0, +)
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
    if values[.dimensionErrorFactor] != nil {
      let corrected = Formula.symbol(.dimension) * .symbol(.dimensionErrorFactor)
      cited = cited.with(
        cited.formula.substituting([.dimension: corrected]), source: "\(cited.source), (98): C → C·C_err")
    }
    return cited
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
