import Formulas

/// A rule by which hyperparameters follow a change of scale.
public struct ScalingRule: Sendable {
  /// The name in tables and in JSON: `square-root`.
  public let name: String
  /// New hyperparameters as formulas of the old ones and of k; those left out stay.
  public let settings: [(symbol: Symbol, formula: Formula)]
  /// The measure that the learning rate is solved for, so that it stays; nil where formulas say all.
  public let kept: ScalingMeasure?
  /// What the rule is, in one sentence.
  public let prose: Prose

  init(
    _ name: String, _ settings: [(Symbol, Formula)], keeping kept: ScalingMeasure? = nil, _ prose: Prose
  ) {
    self.name = name
    self.settings = settings.map { ($0, $1) }
    self.kept = kept
    self.prose = prose
  }
}

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let α = Formula.symbol(.momentum)
private let β₁ = Formula.symbol(.beta1)
private let β₂ = Formula.symbol(.beta2)
private let ε = Formula.symbol(.epsilon)
private let k = Formula.symbol(.scaleFactor)

extension ScalingRule {
  /// The rules that people use for a change, where the optimizer has what they set.
  static func rules(for change: ScalingChange, _ optimizer: Optimizer) -> [ScalingRule] {
    switch change {
    case .batchSize: batchSize(optimizer)
    case .coefficient: [none]
    case .dimension: dimension
    }
  }

  /// No rule at all.
  static let none = ScalingRule("none", [], "Every setting stays.")
  /// The learning rates that keep the speed over many steps (over examples for a batch size) and the angle of a step.
  static func keepers(for change: ScalingChange) -> [ScalingRule] {
    let isBatchSize = if case .batchSize = change { true } else { false }
    return [
      ScalingRule(
        "keep-diffusion", [], keeping: isBatchSize ? .diffusionPerExample : .diffusion,
        "The learning rate that keeps the speed over many steps."),
      ScalingRule(
        "keep-rotation", [], keeping: .rotation, "The learning rate that keeps the angle of a step."),
    ]
  }

  private static func batchSize(_ optimizer: Optimizer) -> [ScalingRule] {
    var rules = [
      none,
      ScalingRule("linear", [(.learningRate, η * k)], "The linear rule, made for SGD (Goyal et al. 2017)."),
      ScalingRule(
        "square-root", [(.learningRate, η * k.squareRoot)], "The square-root rule (Hoffer et al. 2017)."),
      ScalingRule("decay", [(.weightDecay, λ * k)], "The decay alone follows the batch size."),
    ]
    let own = Set(optimizer.hyperparameters.map(\.symbol))
    if optimizer.decouplesDecay {
      rules += [
        ScalingRule(
          "square-root-both", [(.learningRate, η * k.squareRoot), (.weightDecay, λ * k.squareRoot)],
          "The square-root rule, with \(η * λ) in proportion to the batch size."),
        ScalingRule(
          "linear-independent", [(.learningRate, η * k), (.weightDecay, λ / k)],
          "The linear rule where \(η * λ), what a step takes away, is set on its own (fully decoupled decay)."
        ),
      ]
    }
    if own.contains(.momentum) {
      rules += [
        ScalingRule(
          "momentum", [(.momentum, 1 - (1 - α) / k)],
          "The momentum alone follows the batch size (Smith et al. 2018)."),
        ScalingRule(
          "linear-memory", [(.learningRate, η * k.squared), (.momentum, 1 - k * (1 - α))],
          "\(η / (1 - α)) in proportion to the batch size, and a momentum that remembers as many examples."),
      ]
    }
    // Adam's β₂ averages squares and is in no rotation; Lion's is its momentum.
    if own.isSuperset(of: [.beta1, .beta2]), !optimizer.depends(on: .beta2) {
      let moments: [(Symbol, Formula)] = [(.beta1, 1 - k * (1 - β₁)), (.beta2, 1 - k * (1 - β₂))]
      var settings: [(Symbol, Formula)] = [(.learningRate, η * k.squareRoot)]
      if optimizer.decouplesDecay { settings.append((.weightDecay, λ * k.squareRoot)) }
      settings += moments
      if own.contains(.epsilon) { settings.append((.epsilon, ε / k.squareRoot)) }
      let origin: Prose =
        "The square-root rule of Adam's stochastic differential equation (Malladi et al. 2022)."
      let decay: Prose =
        " It was derived without decay, which here acts in the same time, \(η.squared) a step."
      rules.append(
        ScalingRule(
          "sde", settings,
          optimizer.decouplesDecay ? Prose(origin.fragments + decay.fragments) : origin))
    }
    return rules
  }

  private static let dimension = [
    none,
    ScalingRule(
      "inverse", [(.learningRate, η / k)],
      "Adam in hidden layers by maximal update parametrisation (Yang et al. 2022), with coupled decay."),
    ScalingRule(
      "inverse-independent", [(.learningRate, η / k), (.weightDecay, λ * k)],
      "The same learning rate with independent decay: \(η * λ), what a step takes away, stays."),
    ScalingRule(
      "square-root-independent", [(.learningRate, η / k.squareRoot), (.weightDecay, λ * k.squareRoot)],
      "Between the two: \(η * λ) stays, at half the change in \(η)."),
  ]
}
