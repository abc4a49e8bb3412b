import Formulas

/// What is compared before and after a change of scale.
public enum ScalingMeasure: String, Sendable, CaseIterable, Hashable {
  /// η̂_r, in rad per step.
  case rotation = "expected_rotation"
  /// τ̂_r, in rad per √step.
  case diffusion = "rotational_diffusion_rate"
  /// τ̂_r/√B, in rad per √example: over n examples the vector turns by about this times √n.
  case diffusionPerExample = "rotational_diffusion_rate_per_example"
  /// τ̂_g of parameters without decay, such as biases and gains.
  case freeDiffusion = "free_diffusion_rate"
  /// τ̂_g/√B of parameters without decay.
  case freeDiffusionPerExample = "free_diffusion_rate_per_example"
  /// 2/τ̂_r², in steps: for how long a gradient stays in the weight; 1/(ηλ) for AdamW.
  case timescale = "timescale_steps"
  /// 2B/τ̂_r², in examples.
  case timescaleInExamples = "timescale_examples"
  /// ‖ω̂‖.
  case norm = "equilibrium_norm"
  /// ‖ω̂‖/√C, the root mean square of a coordinate.
  case rmsWeight = "rms_weight"

  /// Whether examples take the place of steps.
  public var isPerExample: Bool {
    self == .diffusionPerExample || self == .freeDiffusionPerExample || self == .timescaleInExamples
  }

  /// Whether the measure contains the gradient's size for these settings.
  public func dependsOnGradient(_ settings: Settings) -> Bool {
    let gradient: Set<Symbol> = [.gradientPower, .unitGradientPower, .gradientMass]
    return !gradient.isDisjoint(with: formula(settings)?.symbols ?? [])
  }

  /// The measure as a formula of leading order; nil where the optimizer has none.
  func formula(_ settings: Settings) -> Formula? {
    let perExample = Formula.symbol(.batchSize).squareRoot
    switch self {
    case .rotation: return settings.formula(.expectedRotation, .leading)?.formula
    case .diffusion: return settings.formula(.rotationalDiffusionRate, .leading)?.formula
    case .diffusionPerExample: return ScalingMeasure.diffusion.formula(settings).map { $0 / perExample }
    case .freeDiffusion:
      // The gradient of these parameters does not shrink as a norm grows, so E‖g‖² stands on its own.
      let variant = Variant(nesterov: settings.variant.nesterov, dampened: settings.variant.dampened)
      return settings.optimizer.formula(.rmsDiffusionRate, .leading, variant)?.formula
    case .freeDiffusionPerExample:
      return ScalingMeasure.freeDiffusion.formula(settings).map { $0 / perExample }
    case .timescale:
      // (8): what the decay takes, 2‖ω̂‖d, is what the gradient adds, E‖u‖²; so d/‖ω̂‖ = τ̂_r²/2.
      return ScalingMeasure.diffusion.formula(settings).map { 2 / $0.squared }
    case .timescaleInExamples:
      return ScalingMeasure.timescale.formula(settings).map { $0 * .symbol(.batchSize) }
    case .norm: return settings.formula(.equilibriumNorm, .leading)?.formula
    case .rmsWeight:
      return ScalingMeasure.norm.formula(settings).map { $0 / .root(.symbol(.dimension), 2) }
    }
  }
}

/// Settings on one side of a change, with what is measured of the network.
public struct ScalingState: Sendable {
  /// The settings.
  public let settings: Settings
  /// Dimension, gradient powers and batch size; what is not known is 1 before the change.
  let inputs: [Symbol: Double]

  init(_ settings: Settings, inputs: [Symbol: Double]) {
    self.settings = settings
    self.inputs = inputs
  }

  /// The formula of a measure for these settings.
  public func formula(_ measure: ScalingMeasure) -> Formula? { measure.formula(settings) }

  /// The value of a measure, or what is missing; nil where the optimizer has no formula for it.
  public func estimate(_ measure: ScalingMeasure) -> Result<Double, FormulaError>? {
    var values = settings.values
    values[.batchSize] = inputs[.batchSize]
    guard let formula = formula(measure) else { return nil }
    do throws(FormulaError) { return .success(try formula.evaluated(values)) } catch {
      return .failure(error)
    }
  }

  /// The settings, with a number for what is not known.
  var comparableValues: [Symbol: Double] { settings.values.merging(inputs) { own, _ in own } }

  /// The value of a measure up to a factor that does not depend on the rule; nil where the formula is no power law
  /// in what is not known.
  func comparable(_ measure: ScalingMeasure) -> Double? {
    guard let formula = formula(measure) else { return nil }
    let unknown = formula.symbols.filter { $0 != .batchSize && settings.values[$0] == nil }
    guard unknown.allSatisfy({ formula.exponent(of: $0) != nil }) else { return nil }
    return try? formula.evaluated(comparableValues)
  }
}

extension Optimizer {
  /// Whether a hyperparameter stands in the rotation or the diffusion of leading order.
  func depends(on symbol: Symbol) -> Bool {
    [Quantity.expectedRotation, .rotationalDiffusionRate, .equilibriumNorm].contains {
      formula($0)?.formula.symbols.contains(symbol) ?? false
    }
  }
}
