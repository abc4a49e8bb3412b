import Formulas

/// The value of one setting that gives a quantity a target value.
public struct SettingSolution: Sendable {
  /// The setting that was solved for.
  public let symbol: Symbol
  /// Its value.
  public let value: Double
  /// The formula that was solved.
  public let cited: CitedFormula
  /// Whether the formula is a power law in the setting, so that it was inverted in closed form.
  public let isClosedForm: Bool
  /// The settings with the value put in.
  public let settings: Settings

  /// Solves for a setting.
  ///
  /// - Parameters:
  ///   - symbol: what to solve for; must not be among the values of `settings`.
  ///   - quantity: the quantity that is given.
  ///   - fidelity: at which fidelity.
  ///   - target: the value that it is to have, positive.
  ///   - values: everything else that is known.
  ///   - settings: makes settings from a trial or final value of `symbol`.
  /// - Throws: `FormulaError`, or what `settings` throws for the value found.
  public init(
    for symbol: Symbol, quantity: Quantity, fidelity: Fidelity, target: Double,
    known values: [Symbol: Double], settings: ([Symbol: Double]) throws -> Settings
  ) throws {
    self.symbol = symbol
    var trial = values
    trial[symbol] = SettingSolution.trial(for: symbol, values)
    let example = try settings(trial)
    guard let cited = example.formula(quantity, fidelity) else { throw FormulaError.independent(symbol) }
    // What follows from the unknown is put in as a formula, so that it moves with it.
    let derived = Dictionary(uniqueKeysWithValues: example.derived.map { ($0.symbol, $0.formula) })
    let formula = cited.formula.substituting(derived)
    var known = example.values
    known[symbol] = nil
    for symbol in derived.keys { known[symbol] = nil }
    value = try formula.solved(
      for: symbol, equals: target, given: known, range: SettingSolution.range(of: symbol, values))
    isClosedForm = formula.exponent(of: symbol) != nil
    self.cited = cited.with(formula)
    var final = values
    final[symbol] = value
    self.settings = try settings(final)
  }

  /// A valid value to begin with: ηλ stays below one.
  private static func trial(for symbol: Symbol, _ values: [Symbol: Double]) -> Double {
    switch symbol {
    case .learningRate: min(1e-3, 0.5 / (values[.weightDecay] ?? 1))
    case .weightDecay: min(1e-3, 0.5 / (values[.learningRate] ?? 1))
    case .dimension: 128
    case _ where symbol.domain.upper == 1: 0.5
    default: 1
    }
  }

  /// Where to look: ηλ below one.
  private static func range(of symbol: Symbol, _ values: [Symbol: Double]) -> ClosedRange<Double>? {
    let other: Symbol? = symbol == .learningRate ? .weightDecay : symbol == .weightDecay ? .learningRate : nil
    guard let other, let value = values[other] else { return nil }
    return 1e-18...max(1e-17, (1 / value).nextDown)
  }
}
