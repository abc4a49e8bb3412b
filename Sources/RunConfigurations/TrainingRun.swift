import Equilibrium
import Formulas

/// A training run as every format is read into: what it was optimised with, for how long, and its layers.
public struct TrainingRun: Sendable, Equatable {
  /// What the run is called in print.
  public var name: String
  /// The optimizer.
  public var optimizer: Optimizer
  /// The values of its hyperparameters, the learning rate at its peak; those left out have the optimizer's default.
  public var hyperparameters: [Symbol: Double]
  /// SGDM in PyTorch's Nesterov form.
  public var nesterov: Bool
  /// Number of optimizer steps, at least 1.
  public var steps: Int
  /// Optimizer steps an epoch, at least 1; nil where the run does not count in epochs.
  public var stepsPerEpoch: Int?
  /// How the learning rate changes over the steps.
  public var schedule: LearningRateSchedule
  /// The layers whose weights decay, in the order of the network.
  public var layers: [LayerShape]
  /// What was assumed, and what was left out, a sentence each.
  public var notes: [String]

  /// Describes a run; nothing is checked before ``settings(for:)``.
  public init(
    name: String, optimizer: Optimizer, hyperparameters: [Symbol: Double], nesterov: Bool = false,
    steps: Int, stepsPerEpoch: Int? = nil, schedule: LearningRateSchedule = LearningRateSchedule(),
    layers: [LayerShape], notes: [String] = []
  ) {
    self.name = name
    self.optimizer = optimizer
    self.hyperparameters = hyperparameters
    self.nesterov = nesterov
    self.steps = steps
    self.stepsPerEpoch = stepsPerEpoch
    self.schedule = schedule
    self.layers = layers
    self.notes = notes
  }

  /// The validated settings of one layer's weight vectors at the peak learning rate.
  ///
  /// A layer whose kind is not known counts as scale-invariant.
  ///
  /// - Throws: `SettingsError` where a value is missing or out of range.
  public func settings(for layer: LayerShape) throws(SettingsError) -> Settings {
    var values = hyperparameters
    values[.dimension] = Double(layer.dimension)
    values[.initialNorm] = layer.initialNorm
    return try Settings(
      optimizer, values, weight: layer.kind ?? .scaleInvariant, nesterov: nesterov)
  }
}

/// Layers of one shape: each neuron is one weight vector of the theory.
public struct LayerShape: Sendable, Equatable {
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
  /// What sets the layer apart, a phrase.
  public var note: String?

  /// Describes layers of one shape.
  public init(
    name: String, neurons: Int, dimension: Int, count: Int = 1, initialNorm: Double? = nil,
    kind: WeightKind? = nil, note: String? = nil
  ) {
    self.name = name
    self.neurons = neurons
    self.dimension = dimension
    self.count = count
    self.initialNorm = initialNorm
    self.kind = kind
    self.note = note
  }
}
