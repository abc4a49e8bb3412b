import Dynamics
import Equilibrium
import Formulas

/// A training run as every format is read into: what it was optimised with, for how long, and its layers.
public struct TrainingRun: Sendable, Equatable {
  /// What the run is called in print.
  public var name: String
  /// The optimizer.
  public var optimizer: Optimizer
  /// The values of its hyperparameters, the learning rate at its peak and the weight decay as `decayConvention` writes
  /// it; those left out have the optimizer's default.
  public var hyperparameters: [Symbol: Double]
  /// SGDM in PyTorch's Nesterov form.
  public var nesterov: Bool
  /// What the weight decay means.
  public var decayConvention: DecayConvention
  /// Number of optimizer steps, at least 1.
  public var steps: Int
  /// Optimizer steps an epoch, at least 1; nil where the run does not count in epochs.
  public var stepsPerEpoch: Int?
  /// How the learning rate changes over the steps.
  public var schedule: LearningRateSchedule
  /// How the weight decay changes beside the learning rate, as factors of it, above 1 where it grows; nil where it does not.
  public var weightDecaySchedule: ScheduleSpecification?
  /// Parameters with hyperparameters of their own, by the names of their tensors.
  public var groups: [ParameterGroup] = []
  /// What the learning rate is multiplied by from one block of the network to that below it; nil where all have the same.
  public var layerDecay: Double?
  /// Which tensors decay, where the layers come from a checkpoint.
  public var decayRule: DecayRule
  /// The layers whose weights decay, in the order of the network; empty where the configuration has no shapes.
  public var layers: [LayerShape]
  /// What was assumed, a sentence each.
  public var notes: [String]
  /// What may be a mistake or is not followed, a sentence each.
  public var warnings: [String]
  /// The settings that were given and have no influence on the predictions, by their keys.
  public var ignored: [String]

  /// Describes a run; nothing is checked before ``settings(for:)``.
  public init(
    name: String, optimizer: Optimizer, hyperparameters: [Symbol: Double], nesterov: Bool = false,
    decayConvention: DecayConvention = .coupled, steps: Int, stepsPerEpoch: Int? = nil,
    schedule: LearningRateSchedule = .constant, decayRule: DecayRule = .req, layers: [LayerShape] = [],
    notes: [String] = [], warnings: [String] = [], ignored: [String] = []
  ) {
    self.name = name
    self.optimizer = optimizer
    self.hyperparameters = hyperparameters
    self.nesterov = nesterov
    self.decayConvention = decayConvention
    self.steps = steps
    self.stepsPerEpoch = stepsPerEpoch
    self.schedule = schedule
    self.decayRule = decayRule
    self.layers = layers
    self.notes = notes
    self.warnings = warnings
    self.ignored = ignored
  }

  /// The validated settings of one layer's weight vectors at the peak learning rate.
  ///
  /// A layer whose kind is not known counts as scale-invariant.
  ///
  /// - Throws: `SettingsError` where a value is missing or out of range.
  public func settings(for layer: LayerShape) throws(SettingsError) -> Settings {
    var values = hyperparameters(of: layer)
    values[.dimension] = Double(layer.dimension)
    values[.initialNorm] = layer.initialNorm
    return try settings(values, weight: layer.kind ?? .scaleInvariant)
  }

  /// The validated settings of a weight vector of unknown dimension at the peak learning rate.
  ///
  /// - Throws: `SettingsError` where a value is missing or out of range.
  public func settings() throws(SettingsError) -> Settings {
    try settings(hyperparameters, weight: .scaleInvariant)
  }

  /// The run with other layers.
  public func with(_ layers: [LayerShape]) -> TrainingRun {
    var run = self
    run.layers = layers
    return run
  }

  /// Refuses hyperparameters that no run can have. A weight decay of 0 passes: the run trains, without an equilibrium.
  func checkHyperparameters() throws(SettingsError) { _ = try decaying.settings() }

  /// The run with a slight weight decay where it has none.
  private var decaying: TrainingRun {
    guard hyperparameters[.weightDecay] == 0 else { return self }
    var run = self
    run.hyperparameters[.weightDecay] = 1e-9 / max(1, hyperparameters[.learningRate] ?? 1)
    return run
  }

  /// What a layer is optimised with: the run's hyperparameters but for its own.
  public func hyperparameters(of layer: LayerShape) -> [Symbol: Double] {
    hyperparameters.merging(layer.hyperparameters) { _, own in own }
  }

  private func settings(
    _ values: [Symbol: Double], weight: WeightKind
  ) throws(SettingsError) -> Settings {
    var values = values
    if let peak = values[.learningRate], let decay = values[.weightDecay] {
      values[.weightDecay] = decayConvention.coupled(fromWeightDecay: decay, peak: peak)
    }
    return try Settings(optimizer, values, weight: weight, nesterov: nesterov)
  }

  /// The hyperparameters of every step, for weights that have the run's own.
  ///
  /// - Throws: `ScheduleError` where the schedule does not fit the run.
  public func plan(for layer: LayerShape? = nil) throws(ScheduleError) -> RunPlan {
    let values = layer.map(hyperparameters) ?? hyperparameters
    let peak = values[.learningRate] ?? .nan
    return RunPlan(
      steps: steps, learningRate: peak,
      schedule: try schedule.schedule(peak: hyperparameters[.learningRate] ?? .nan, steps: steps),
      weightDecay: values[.weightDecay] ?? .nan,
      weightDecaySchedule: try weightDecaySchedule?.schedule(steps: steps) ?? .constant,
      convention: decayConvention)
  }

  /// Refuses what no run can be: sizes below 1, hyperparameters out of range, a schedule that does not fit.
  ///
  /// What passes can be written as roteq's own YAML and read again.
  func check() throws(Problem) {
    func check(_ name: String, _ size: Int?) throws(Problem) {
      guard let size, !(1...TrainingRun.largestSize ~= size) else { return }
      throw .outOfRange(
        key: name, value: Double(size), expected: "a whole number from 1 to \(TrainingRun.largestSize)")
    }
    try check("steps", steps)
    try check("steps_per_epoch", stepsPerEpoch)
    do throws(SettingsError) { try checkHyperparameters() } catch { throw .settings(error) }
    do throws(ScheduleError) { _ = try plan() } catch { throw .schedule(error) }
    if let layerDecay, !(layerDecay > 0 && layerDecay <= 1) {
      throw .outOfRange(key: "layer_decay", value: layerDecay, expected: "above 0, at most 1")
    }
    for layer in layers {
      guard !layer.name.isEmpty else {
        throw .wrongKind(key: "a layer's name", found: "empty", expected: "text")
      }
      let name = "layer '\(layer.name.excerpt)':"
      try check("\(name) neurons", layer.neurons)
      try check("\(name) dimension", layer.dimension)
      try check("\(name) count", layer.count)
      do throws(SettingsError) { _ = try decaying.settings(for: layer) } catch { throw .settings(error) }
    }
  }

  /// A whole number that a double holds, and more than any size.
  static let largestSize = 1 << 53
}

/// Layers of one shape: each neuron is one weight vector of the theory.
public struct LayerShape: Sendable, Hashable {
  /// What the layers are called in the network: `attn.c_attn`.
  public var name: String
  /// Weight vectors in one such layer, at least 1.
  public var neurons: Int
  /// Dimension C of each weight vector, its fan-in, at least 1.
  public var dimension: Int
  /// How many layers have this name and shape, at least 1.
  public var count: Int
  /// Root mean square norm of a weight vector at the first step, above 0; nil where it is not known.
  public var initialNorm: Double?
  /// How the loss depends on the weight; nil where it is not known.
  public var kind: WeightKind?
  /// Hyperparameters that differ from the run's: a layer's own learning rate or weight decay.
  public var hyperparameters: [Symbol: Double]
  /// What sets the layer apart, a phrase.
  public var note: String?

  /// Describes layers of one shape.
  public init(
    name: String, neurons: Int, dimension: Int, count: Int = 1, initialNorm: Double? = nil,
    kind: WeightKind? = nil, hyperparameters: [Symbol: Double] = [:], note: String? = nil
  ) {
    self.name = name
    self.neurons = neurons
    self.dimension = dimension
    self.count = count
    self.initialNorm = initialNorm
    self.kind = kind
    self.hyperparameters = hyperparameters
    self.note = note
  }
}

extension LayerShape {
  /// The layer without what tells it from others that are predicted alike.
  package var withoutName: LayerShape {
    var layer = self
    (layer.name, layer.note, layer.neurons, layer.count) = ("", nil, 1, 1)
    return layer
  }
}
