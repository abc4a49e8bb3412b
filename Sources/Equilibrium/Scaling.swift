import Formulas

/// A change to a training set-up that learning rate and weight decay may have to follow.
public enum ScalingChange: Sendable, Equatable {
  /// Another batch size; of E‖g‖² at the old one, the share φ is noise, which averages out, and the rest stays.
  case batchSize(from: Double, to: Double, noiseShare: Double)
  /// Another momentum α or moment coefficient β.
  case coefficient(Symbol, to: Double)
  /// Another dimension C of the weight vector: a network of another width.
  case dimension(to: Double)

  /// E‖g‖² at the new batch size over that at the old one: the noise falls as 1/B.
  public static let gradientFactor: Formula =
    1 - .symbol(.noiseShare) + .symbol(.noiseShare) / .symbol(.scaleFactor)
}

/// A rule applied to settings: what becomes of them, and by which factors the predictions change.
public struct ScaledSettings: Sendable {
  /// The rule.
  public let rule: ScalingRule
  /// The settings after the change, or why the rule has none.
  public let outcome: Result<ScalingState, ScalingFailure>
  /// New over old, where all that is unknown cancels; empty where there are no settings.
  public let ratios: [ScalingMeasure: Double]

  /// The settings after the change; nil where the rule has none.
  public var state: ScalingState? { try? outcome.get() }

  /// Whether the rule leaves a measure as it was, up to rounding.
  public func keeps(_ measure: ScalingMeasure) -> Bool {
    ratios[measure].map { abs($0 - 1) < 1e-12 } ?? false
  }
}

/// One change to a training set-up, and what each scaling rule makes of it.
///
/// All numbers are of leading order (Tables 1 and 6), where the measures are power laws.
public struct Scaling: Sendable {
  /// What changes.
  public let change: ScalingChange
  /// The settings before the change.
  public let before: ScalingState
  /// Each rule, with what it leads to.
  public let rows: [ScaledSettings]
  /// The measures that tell something of this change.
  public let measures: [ScalingMeasure]
  /// k, the new batch size or dimension over the old one; 1 where a coefficient changes.
  public let factor: Double
  /// E‖g‖² after over before, at the same point; 1 unless the batch size changes.
  public let gradientFactor: Double

  /// Applies every rule to a change.
  ///
  /// - Parameters:
  ///   - source: the settings before the change.
  ///   - change: what changes.
  ///   - examplesPerUnit: examples in what "per example" stands for; the size of the data set for epochs.
  /// - Throws: ``ScalingError``.
  public init(
    _ source: Settings, _ change: ScalingChange, examplesPerUnit: Double = 1
  ) throws(ScalingError) {
    try change.check(source)
    self.change = change
    let factor = change.factor(source)
    self.factor = factor
    gradientFactor = change.gradientFactor(factor)
    measures = ScalingMeasure.allCases.filter { change.affects($0) }

    var inputs: [Symbol: Double] = [:]
    for symbol in Symbol.scalingInputs { inputs[symbol] = source.values[symbol] ?? 1 }
    inputs[.batchSize] = 1
    if case .batchSize(let from, _, _) = change { inputs[.batchSize] = from / examplesPerUnit }
    let before = ScalingState(source, inputs: inputs)
    self.before = before
    let scene = Scene(before: before, change: change, factor: factor, gradientFactor: gradientFactor)

    var rows = ScalingRule.rules(for: change, source.optimizer).map(scene.apply)
    for rule in ScalingRule.keepers(for: change) {
      guard let measure = rule.kept, !rows.contains(where: { $0.keeps(measure) }) else { continue }
      rows.append(scene.apply(rule))
    }
    self.rows = rows
  }

  /// The rules that leave every one of some measures as it was.
  public func rules(keeping measures: [ScalingMeasure]) -> [ScalingRule] {
    rows.filter { row in measures.allSatisfy(row.keeps) }.map(\.rule)
  }
}

/// What all rules of one change have in common.
private struct Scene {
  let before: ScalingState
  let change: ScalingChange
  let factor: Double
  let gradientFactor: Double

  func apply(_ rule: ScalingRule) -> ScaledSettings {
    do throws(ScalingFailure) {
      let after = try state(rule)
      var ratios: [ScalingMeasure: Double] = [:]
      for measure in ScalingMeasure.allCases {
        guard let new = after.comparable(measure), let old = before.comparable(measure) else { continue }
        ratios[measure] = new / old
      }
      return ScaledSettings(rule: rule, outcome: .success(after), ratios: ratios)
    } catch { return ScaledSettings(rule: rule, outcome: .failure(error), ratios: [:]) }
  }

  private func state(_ rule: ScalingRule) throws(ScalingFailure) -> ScalingState {
    let changed = try state(rule.settings)
    guard let measure = rule.kept else { return changed }
    guard let formula = changed.formula(measure), let target = before.comparable(measure) else {
      throw .unsolved(measure)
    }
    var known = changed.comparableValues
    known[.learningRate] = nil
    let rate: Double
    do throws(FormulaError) {
      rate = try formula.solved(for: .learningRate, equals: target, given: known)
    } catch { throw .unsolved(measure) }
    return try state([(.learningRate, rate)])
  }

  /// The settings after the change, with hyperparameters by formula.
  private func state(_ formulas: [(symbol: Symbol, formula: Formula)]) throws(ScalingFailure) -> ScalingState
  {
    var given = before.settings.values
    given[.scaleFactor] = factor
    var values: [(Symbol, Double)] = []
    for (symbol, formula) in formulas {
      do throws(FormulaError) { values.append((symbol, try formula.evaluated(given))) } catch {
        throw .undefined(symbol)
      }
    }
    return try state(values)
  }

  private func state(_ hyperparameters: [(Symbol, Double)]) throws(ScalingFailure) -> ScalingState {
    let source = before.settings
    let factors = change.inputFactors(factor, gradientFactor)
    let inputs = before.inputs.merging(factors) { $0 * $1 }
    // What the user gave, scaled; what a root over a spectrum was solved for does not carry over.
    var values = source.values.filter { !Symbol.solvedFromSpectrum.contains($0.key) }
    for symbol in Symbol.scalingInputs where values[symbol] != nil { values[symbol] = inputs[symbol] }
    if case .coefficient(let symbol, let value) = change { values[symbol] = value }
    for (symbol, value) in hyperparameters { values[symbol] = value }
    do throws(SettingsError) {
      let settings = try Settings(
        source.optimizer, values, weight: source.variant.weight, nesterov: source.variant.nesterov)
      return ScalingState(settings, inputs: inputs)
    } catch { throw .settings(error) }
  }
}

extension ScalingChange {
  /// Refuses a change that cannot be made to the settings.
  fileprivate func check(_ source: Settings) throws(ScalingError) {
    guard !source.variant.radial else { throw .measuredDecay }
    let old: Double?
    let (symbol, new): (Symbol, Double)
    switch self {
    case .batchSize(let from, let to, let noiseShare):
      (symbol, old, new) = (.batchSize, from, to)
      guard Symbol.batchSize.domain.contains(from) else { throw .outOfRange(.batchSize, from) }
      guard (0...1).contains(noiseShare) else { throw .noiseShare(noiseShare) }
    case .coefficient(let coefficient, let to):
      (symbol, old, new) = (coefficient, source.values[coefficient], to)
      let optimizer = source.optimizer
      guard optimizer.hyperparameters.contains(where: { $0.symbol == symbol }) else {
        throw .notAHyperparameter(symbol, of: optimizer)
      }
      guard optimizer.depends(on: symbol) else { throw .independent(symbol, optimizer) }
    case .dimension(let to):
      (symbol, old, new) = (.dimension, source.values[.dimension], to)
    }
    guard let old else { throw .missing(symbol) }
    guard symbol.domain.contains(new) else { throw .outOfRange(symbol, new) }
    guard new != old else { throw .noChange(symbol, new) }
  }

  fileprivate func factor(_ source: Settings) -> Double {
    switch self {
    case .batchSize(let from, let to, _): to / from
    case .coefficient: 1
    case .dimension(let to): to / (source.values[.dimension] ?? .nan)
    }
  }

  fileprivate func gradientFactor(_ factor: Double) -> Double {
    guard case .batchSize(_, _, let noiseShare) = self else { return 1 }
    return
      (try? ScalingChange.gradientFactor.evaluated([.noiseShare: noiseShare, .scaleFactor: factor])) ?? .nan
  }

  /// By how much the change multiplies what is measured. A coordinate's gradient does not depend on the width.
  fileprivate func inputFactors(_ factor: Double, _ gradientFactor: Double) -> [Symbol: Double] {
    switch self {
    case .coefficient: [:]
    case .batchSize:
      [
        .batchSize: factor, .gradientPower: gradientFactor, .unitGradientPower: gradientFactor,
        .gradientMass: gradientFactor.squareRoot(),
      ]
    case .dimension:
      [.dimension: factor, .gradientPower: factor, .unitGradientPower: factor, .gradientMass: factor]
    }
  }

  fileprivate func affects(_ measure: ScalingMeasure) -> Bool {
    switch self {
    case .batchSize: measure != .rmsWeight && measure != .freeDiffusion
    case .coefficient: !measure.isPerExample && measure != .rmsWeight
    case .dimension: !measure.isPerExample && measure != .freeDiffusion
    }
  }
}

extension Symbol {
  /// What is measured or given by the network, not chosen: its value follows the change, not the rule.
  static let scalingInputs: [Symbol] = [.dimension, .gradientPower, .unitGradientPower, .gradientMass]
  /// Batch size B.
  public static let batchSize = Symbol(
    "batch_size", plain: "B", latex: "B", sympy: "B", meaning: "batch size", unit: "examples",
    domain: Domain(1, includesLower: true))
  /// k, the new batch size or dimension over the old one.
  public static let scaleFactor = Symbol(
    "factor", plain: "k", latex: "k", sympy: "k", meaning: "new over old", domain: .positive)
  /// φ, the share of E‖g‖² that is noise at the old batch size.
  public static let noiseShare = Symbol(
    "noise_share", plain: "φ", latex: "\\varphi", sympy: "phi", meaning: "noise share of the gradient power",
    domain: .nonNegative)
}
