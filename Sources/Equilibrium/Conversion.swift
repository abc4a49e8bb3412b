import Dynamics
import Formulas

/// Settings moved to another optimizer or to a rotational variant.
public struct Conversion: Sendable {
  /// What was given, in PyTorch's decay convention.
  public let source: Settings
  /// What it becomes, in PyTorch's decay convention.
  public let target: Settings
  /// Whether the target is the rotational variant of its optimizer (Algorithm 1).
  public let isRotational: Bool
  /// What was asked to stay the same; nil where nothing had to change.
  public let match: Match?
  /// The decay conventions of source and target.
  public let conventions: (source: DecayConvention, target: DecayConvention)
  /// Whether the dimension was not given and cancels: numbers are then for C = 1.
  public let dimensionCancels: Bool

  /// Moves settings.
  ///
  /// - Parameters:
  ///   - source: the settings to move, their decay in PyTorch's convention.
  ///   - optimizer: the optimizer to move to.
  ///   - rotational: whether its rotational variant is meant.
  ///   - values: the target's own coefficients, where they differ from its defaults.
  ///   - match: what stays the same.
  ///   - conventions: the decay conventions of source and target.
  /// - Throws: ``MatchingError``.
  public init(
    from source: Settings, to optimizer: Optimizer, rotational: Bool, with values: [Symbol: Double],
    by match: Match, conventions: (DecayConvention, DecayConvention)
  ) throws(MatchingError) {
    isRotational = rotational
    self.conventions = (conventions.0, conventions.1)
    var own = values
    if source.optimizer.sharesCoefficients(with: optimizer) {
      for (symbol, value) in source.hyperparameters where own[symbol] == nil { own[symbol] = value }
    }
    let unchanged = source.optimizer == optimizer && !source.variant.nesterov && values.isEmpty
    guard !unchanged else {
      self.source = source
      target = source
      self.match = nil
      dimensionCancels = source.values[.dimension] == nil
      return
    }
    self.match = match
    let cancels = source.values[.dimension] == nil && Conversion.dimensionCancels(source, optimizer, match)
    dimensionCancels = cancels
    var known = source
    if cancels { known = known.adding([.dimension: 1]) }
    self.source = known
    target = try known.matched(to: optimizer, with: own, by: match)
  }

  /// Whether both sides carry the same power of C in every matched quantity.
  private static func dimensionCancels(_ source: Settings, _ target: Optimizer, _ match: Match) -> Bool {
    match.quantities.allSatisfy { quantity in
      let own = source.formula(quantity, .leading)?.formula
      let other = target.formula(quantity, .leading, Variant(weight: source.variant.weight))?.formula
      return own?.exponent(of: .dimension) == other?.exponent(of: .dimension)
    }
  }

  /// The target's weight decay as its convention writes it.
  public var targetWeightDecay: Double {
    conventions.target.weightDecay(
      fromCoupled: target.values[.weightDecay] ?? .nan, peak: target.values[.learningRate] ?? .nan)
  }
}

extension Settings {
  /// The same settings with further values known that change no formula.
  public func adding(_ further: [Symbol: Double]) -> Settings {
    var copy = self
    copy.merge(further)
    return copy
  }
}
