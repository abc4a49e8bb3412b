import Checkpoints
import Parameters
import Safetensors

extension Checkpoint {
  /// The names and shapes of its tensors.
  public var listing: [TensorShape] {
    tensors.map { TensorShape($0.name, $0.shape, isFloatingPoint: $0.type.isFloatingPoint) }
  }

  /// Root mean square norm of a neuron, ‖W‖/√K with K neurons, of each decaying tensor whose numbers can be read, by name.
  ///
  /// - Throws: `CheckpointError` where a file cannot be read.
  public func norms(of list: ParameterList) throws(CheckpointError) -> [String: Double] {
    var norms: [String: Double] = [:]
    for tensor in list.decaying {
      guard let stored = self[tensor.name], stored.isScannable, stored.shape == tensor.shape else { continue }
      let scan = try NeuronScan(stored, of: tensor)
      norms[tensor.name] = scan.norm / Double(tensor.neurons).squareRoot()
    }
    return norms
  }
}

extension NeuronScan {
  /// Reads a tensor with its neurons where the network has them; as a whole where they lie across two dimensions.
  init(
    _ stored: CheckpointTensor, of tensor: NetworkTensor, since previous: CheckpointTensor? = nil
  ) throws(CheckpointError) {
    switch tensor.layout {
    case .leading(let count):
      try self.init(
        stored.flattened(leading: count), neurons: .first, since: previous?.flattened(leading: count))
    case .last: try self.init(stored, neurons: .last, since: previous)
    case .within: try self.init(stored, neurons: .whole, since: previous)
    }
  }
}

extension StoredType {
  /// Whether its numbers are floating-point ones, as weights are.
  var isFloatingPoint: Bool {
    switch self {
    case .readable(let type): [.float64, .float32, .float16, .brainFloat16].contains(type)
    case .opaque: true
    }
  }
}
