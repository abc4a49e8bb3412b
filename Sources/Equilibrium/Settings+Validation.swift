import Formulas

// What ``Settings/init(_:_:weight:nesterov:spectrum:)`` checks and fills in, a step each.
extension Settings {
  /// Every value in its range, and no hyperparameter of another optimizer.
  static func check(
    _ values: [Symbol: Double], _ optimizer: Optimizer, nesterov: Bool
  ) throws(SettingsError) {
    let own = Set(optimizer.hyperparameters.map(\.symbol))
    let foreign = Set<Symbol>([.momentum, .dampening, .beta1, .beta2, .epsilon]).subtracting(own)
    if values[.gradientKurtosis] != nil, !optimizer.answersToKurtosis { throw .kurtosisUnused(optimizer) }
    // In order of name, so that of several bad values the same one is always named.
    for (symbol, value) in values.sorted(by: { $0.key.name < $1.key.name }) {
      guard symbol.domain.contains(value) else { throw .outOfRange(symbol, value) }
      guard !foreign.contains(symbol) else { throw .notAHyperparameter(symbol, of: optimizer) }
    }
    guard nesterov else { return }
    guard own.contains(.momentum) else { throw .nesterovNeedsMomentum(optimizer) }
    if let dampening = values[.dampening], dampening != 0 { throw .nesterovWithDampening(dampening) }
  }

  /// The values with the optimizer's defaults, and 0 < ηλ < 1.
  static func filled(
    _ values: [Symbol: Double], _ optimizer: Optimizer
  ) throws(SettingsError) -> [Symbol: Double] {
    var known = values
    for hyperparameter in optimizer.hyperparameters where known[hyperparameter.symbol] == nil {
      guard let value = hyperparameter.defaultValue else {
        throw .missing(hyperparameter.symbol, for: optimizer)
      }
      known[hyperparameter.symbol] = value
    }
    let decay = (known[.learningRate] ?? 0) * (known[.weightDecay] ?? 0)
    guard decay < 1 else { throw .decayTooLarge(decay) }
    guard decay > Double.leastNormalMagnitude else { throw .decayTooSmall(decay) }
    return known
  }

  /// Dimension, gradient mass and gradient power of a given spectrum E[g̃ₖ²].
  static func apply(_ spectrum: [Double], to values: inout [Symbol: Double]) throws(SettingsError) {
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

  /// λ_e, where a radial part or an error factor changes the decay; returns its formula.
  static func effectiveDecay(_ values: inout [Symbol: Double]) throws(SettingsError) -> Formula? {
    guard values[.radialDecay] != nil || values[.decayErrorFactor] != nil else { return nil }
    let λ = Formula.symbol(.weightDecay)
    var effective = values[.decayErrorFactor] == nil ? λ : λ * .symbol(.decayErrorFactor)
    if values[.radialDecay] != nil { effective = effective + .symbol(.radialDecay) }
    let value = (try? effective.evaluated(values)) ?? .nan
    guard value > 0 else { throw .noEquilibrium(effectiveDecay: value) }
    values[.effectiveDecay] = value
    values[.radialDecay] = value - (values[.weightDecay] ?? 0)
    return effective
  }

  /// The gradient mass of equal coordinates, where only E‖g̃‖² is given; returns its formula.
  static func gradientMass(
    _ optimizer: Optimizer, _ values: inout [Symbol: Double]
  ) throws(SettingsError) -> Formula? {
    guard optimizer.solveSpectrum != nil, let power = values[.unitGradientPower],
      let dimension = values[.dimension]
    else { return nil }
    let active = values[.activeFraction]
    let largest = (dimension * (active ?? 1) * power).squareRoot()
    if let mass = values[.gradientMass] {
      // Cauchy–Schwarz; a little is left for rounding of the user's own numbers.
      guard mass <= largest * (1 + 1e-6) else { throw .gradientMassTooLarge(mass, largest: largest) }
      return nil
    }
    values[.gradientMass] = largest
    let coordinates = Formula.symbol(.dimension)
    let counted = active == nil ? coordinates : coordinates * .symbol(.activeFraction)
    return (counted * .symbol(.unitGradientPower)).squareRoot
  }
}
