import Checkpoints
import Parameters
import RealModule
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

extension NetworkTensor {
  /// The most neurons of a tensor that are told apart: for each some numbers are kept.
  static let mostNeurons = 1 << 22

  /// Why its neurons are not told apart; nil where they are.
  var reasonToReadWhole: String? {
    if layout == .within { return "its neurons lie across two dimensions" }
    if dimension == 1 { return "a neuron of one number has no direction to turn in" }
    return neurons > Self.mostNeurons
      ? "it has \(neurons) neurons, and at most \(Self.mostNeurons) of a tensor are told apart" : nil
  }

  /// Whether it is read as a whole.
  var isReadWhole: Bool { reasonToReadWhole != nil }
}

extension NeuronScan {
  /// Reads a tensor with its neurons where the network has them, or as a whole.
  init(
    _ stored: CheckpointTensor, of tensor: NetworkTensor, since previous: CheckpointTensor? = nil
  ) throws(CheckpointError) {
    if tensor.isReadWhole {
      try self.init(stored, neurons: .whole, since: previous)
      return
    }
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

  /// Size of the rounding errors of a tensor over the size of the tensor; 0 where it is far below any rotation.
  ///
  /// A number m·2ᵉ with p bits has the spacing u = 2ᵉ⁺¹⁻ᵖ and an error of the power u²/12. With m uniform in its logarithm, the
  /// numbers have the mean square 4ᵉ·3/(2 ln 2), so √(ln 2/18)·2¹⁻ᵖ is left.
  var relativeRounding: Double {
    let precision: Double
    switch self {
    case .readable(.brainFloat16): precision = 8
    case .readable(.float16): precision = 11
    default: return 0
    }
    return (Double.log(2) / 18).squareRoot() * Double.exp2(1 - precision)
  }
}
