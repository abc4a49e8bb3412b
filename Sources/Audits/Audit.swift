import Checkpoints
import Dynamics
import Equilibrium
import Formulas
import Parameters
import RealModule
import RunConfigurations
import Safetensors

/// A checkpoint held against the predictions for its run, tensor by tensor.
///
/// Each tensor is read once, together with the earlier checkpoint where there is one. What is kept are summaries: memory does
/// not grow with the size of the checkpoint.
public struct Audit: Sendable {
  /// The relative deviation of a norm within which it counts as in equilibrium.
  public static let tolerance = TrajectorySummary.tolerance
  /// Σηλ of the steps taken from which the initial norm is forgotten: e^{−6} of its square is left.
  static let forgetting = 3.0
  /// How many of the farthest neurons are kept.
  static let worstNeurons = 10
  /// The most neurons of a tensor that are all listed.
  static let mostListed = 1 << 18

  /// What to read, and how the run was trained.
  public struct Request: Sendable {
    /// The run.
    public var run: TrainingRun
    /// Which tensors are parameters, decay, and have their neurons where.
    public var parameters: ParameterList
    /// The checkpoint.
    public var checkpoint: Checkpoint
    /// The earlier one.
    public var previous: Checkpoint?
    /// Steps taken when the checkpoint was written, from 1 to those of the run.
    public var step: Int
    /// Steps between the two.
    public var stepsBetween: Int?
    /// Root mean square norm of a neuron at the first step, by the tensor's name, where known.
    public var initialNorms: [String: Double]
    /// The tensor whose neurons are listed.
    public var neuronsOf: String?

    /// A checkpoint of a run at a step.
    public init(
      _ run: TrainingRun, _ parameters: ParameterList, _ checkpoint: Checkpoint, step: Int,
      previous: Checkpoint? = nil, stepsBetween: Int? = nil, initialNorms: [String: Double] = [:],
      neuronsOf: String? = nil
    ) {
      self.run = run
      self.parameters = parameters
      self.checkpoint = checkpoint
      self.step = step
      self.previous = previous
      self.stepsBetween = stepsBetween
      self.initialNorms = initialNorms
      self.neuronsOf = neuronsOf
    }
  }

  /// The run.
  public let run: TrainingRun
  /// The checkpoint's path.
  public let path: String
  /// The step that the checkpoint is of.
  public let step: Int
  /// Steps since the earlier checkpoint; nil without one.
  public let stepsBetween: Int?
  /// The tensors that decay and could be read, in the order of the list.
  public internal(set) var tensors: [TensorAudit] = []
  /// The neurons of the tensor that was asked for; otherwise those that are farthest from their tensor's.
  public internal(set) var neurons: [NeuronAudit] = []
  /// Whether ``neurons`` are those of one tensor.
  public let listsOneTensor: Bool
  /// Norms of neurons over the root mean square of their tensor, without embeddings and output heads.
  public internal(set) var norms = Histogram()
  /// The same of the angles since the earlier checkpoint.
  public internal(set) var rotations = Histogram()
  /// What is odd, a sentence each.
  public internal(set) var warnings: [String] = []
  /// Those of ``warnings`` that the run, its parameters and the checkpoint bring with them: a report on the run has them, too.
  public let inheritedWarnings: [String]

  /// Reads a checkpoint.
  ///
  /// - Throws: ``AuditError``.
  public init(_ request: Request) throws(AuditError) {
    var request = request
    request.run.optimizer.addKurtosis(to: &request.run.hyperparameters)
    (run, path, step) = (request.run, request.checkpoint.path, request.step)
    stepsBetween = request.previous == nil ? nil : request.stepsBetween
    listsOneTensor = request.neuronsOf != nil
    guard 1...max(1, run.steps) ~= step else { throw .step(step, steps: run.steps) }
    if let stepsBetween, !(1...step ~= stepsBetween) { throw .stepsBetween(stepsBetween, step: step) }
    inheritedWarnings =
      run.warnings + request.parameters.warnings + request.checkpoint.warnings.map { "\($0)" }
    warnings = inheritedWarnings + (request.previous?.warnings.map { "\($0)" } ?? [])
    let chosen = try choose(request)
    let layers = chosen.map { tensor, _ in
      LayerShape(
        name: tensor.layerName, neurons: tensor.neurons, dimension: tensor.dimension,
        initialNorm: request.initialNorms[tensor.name].flatMap { $0 > 0 ? $0 : nil }, kind: tensor.kind)
    }
    if !run.layers.isEmpty, !layers.contains(where: { $0.match(among: run.layers) != nil }) {
      warnings.insert(
        "No tensor of \(path) is a layer that the configuration states, by name and size: is it the checkpoint of another run?",
        at: 0)
    }
    var predictors: [LayerShape: TensorPrediction] = [:]
    for ((tensor, stored), layer) in zip(chosen, run.owning(layers.map { $0.adopting(from: run.layers) })) {
      guard layer.hyperparameters[.weightDecay] != 0 else {
        warnings.append("\(tensor.name) is in a group without weight decay and has no equilibrium.")
        continue
      }
      let key = layer.withoutName
      let predictor: TensorPrediction
      if let known = predictors[key] {
        predictor = known
      } else {
        predictor = try TensorPrediction(layer, run: run, step: step)
        predictors[key] = predictor
      }
      var earlier: CheckpointTensor?
      if let previous = request.previous {
        earlier = previous[tensor.name]
        if earlier == nil { warnings.append("\(previous.path) has no tensor '\(tensor.name)'.") }
      }
      let scan: NeuronScan
      do throws(CheckpointError) {
        scan = try NeuronScan(stored, of: tensor, since: earlier)
      } catch { throw .checkpoint(error) }
      let rounding = [stored, earlier].compactMap { $0?.type.relativeRounding }.reduce(0) { $0 + $1 * $1 }
      take(
        scan, of: tensor, predictor, rounding: rounding.squareRoot(),
        isListed: request.neuronsOf == tensor.name)
    }
    warnOfWholes(request)
    markTwins(request.parameters)
    neurons.sort { Self.distance($0.relative) > Self.distance($1.relative) }
    if !listsOneTensor { neurons = Array(neurons.prefix(Self.worstNeurons)) }
  }

  /// The tensors to audit with where they are.
  private mutating func choose(
    _ request: Request
  ) throws(AuditError) -> [(NetworkTensor, CheckpointTensor)] {
    var chosen: [(NetworkTensor, CheckpointTensor)] = []
    for tensor in request.parameters.decaying {
      guard let stored = request.checkpoint[tensor.name], stored.shape == tensor.shape else { continue }
      if stored.isScannable {
        chosen.append((tensor, stored))
      } else {
        warnings.append("\(tensor.name) is left out: \(stored.note ?? stored.type.name).")
      }
    }
    guard !chosen.isEmpty else {
      let matrices = request.checkpoint.tensors.filter { $0.shape.count > 1 }
      guard matrices.isEmpty || matrices.contains(where: \.isScannable) else {
        throw .unreadable(path: path, types: Set(matrices.map(\.type.name)).sorted())
      }
      throw .nothingToAudit(path: path, rule: run.decayRule)
    }
    if let previous = request.previous, !chosen.contains(where: { previous[$0.0.name] != nil }) {
      throw .nothingInCommon(path: path, previous: previous.path)
    }
    if let name = request.neuronsOf, !chosen.contains(where: { $0.0.name == name }) {
      throw .unknownTensor(name, known: chosen.map(\.0.name))
    }
    return chosen
  }

  /// Says why neurons are not told apart, where that is not the way that the network has them.
  private mutating func warnOfWholes(_ request: Request) {
    let wholes = tensors.map(\.tensor).filter { $0.isReadWhole && $0.layout != .within }
    for (reason, some) in Dictionary(grouping: wholes, by: { $0.reasonToReadWhole ?? "" }).sorted(by: {
      $0.key < $1.key
    }) {
      let more = some.count == 1 ? " is" : " and \(some.count - 1) more are"
      warnings.append("\(some[0].name)\(more) read as a whole: \(reason).")
    }
    guard let asked = tensors.first(where: { $0.tensor.name == request.neuronsOf })?.tensor else { return }
    if asked.layout == .within {
      warnings.append("\(asked.name) is read as a whole: \(asked.reasonToReadWhole ?? "").")
    } else if !asked.isReadWhole, asked.neurons > Self.mostListed {
      warnings.append(
        "\(asked.name) has \(asked.neurons) neurons: the farthest are listed, since at most \(Self.mostListed) are listed in full."
      )
    }
  }

  /// Tensors that are the same to the last bit of their norms.
  private mutating func markTwins(_ list: ParameterList) {
    let twins = list.twins
    for index in tensors.indices {
      guard let other = twins[tensors[index].tensor.name],
        let first = tensors[..<index].firstIndex(where: { $0.tensor.name == other }),
        tensors[first].norm == tensors[index].norm, tensors[first].norms == tensors[index].norms
      else { continue }
      tensors[index].twin = other
    }
  }

  /// The angle by which an update of a size turns a weight of a norm; nil where the weight has no direction.
  static func angle(_ size: Double, at norm: Double) -> Double? { norm > 0 ? Double.atan(size / norm) : nil }

  /// How far a ratio is from 1, at least 1; what is 0 or not finite is farthest.
  static func distance(_ ratio: Double) -> Double {
    ratio > 0 && ratio.isFinite ? max(ratio, 1 / ratio) : .infinity
  }
}
