import Equilibrium
import RunConfigurations

extension ParameterList {
  /// The decaying tensors as layers: those that are alike in name but for numbers, in size, role and kind are one, with a star
  /// for each number in which they differ (`h.*.attn.c_attn`), in the order of the list.
  ///
  /// - Parameter initialNorms: root mean square norm of a neuron at the first step, by the tensor's name; those of tensors
  ///   that become one are averaged by their squares.
  public func layers(initialNorms: [String: Double] = [:]) -> [LayerShape] {
    groups.map { tensors in
      let first = tensors[0]
      let norms = tensors.compactMap { initialNorms[$0.name] }.filter { $0 > 0 && $0.isFinite }
      let square = norms.reduce(0) { $0 + $1 * $1 } / Double(norms.count)
      return LayerShape(
        name: Self.name(of: tensors), neurons: first.neurons, dimension: first.dimension,
        count: tensors.count,
        initialNorm: norms.count == tensors.count ? square.squareRoot() : nil, kind: first.kind,
        note: notes(of: first).isEmpty ? nil : notes(of: first).joined(separator: "; "))
    }
  }

  /// The decaying tensors that are one layer, in the order of the list.
  public var groups: [[NetworkTensor]] {
    struct Key: Hashable {
      let name: [String]
      let neurons: Int
      let dimension: Int
      let role: NetworkTensor.Role
      let kind: WeightKind?
      let notes: [String]
    }
    var places: [Key: Int] = [:]
    var groups: [[NetworkTensor]] = []
    for tensor in decaying {
      let parts = TensorName(tensor.name).parts.map { $0.allSatisfy(\.isNumber) ? "*" : String($0) }
      let key = Key(
        name: parts, neurons: tensor.neurons, dimension: tensor.dimension, role: tensor.role,
        kind: tensor.kind,
        notes: tensor.notes)
      if let place = places[key] {
        groups[place].append(tensor)
      } else {
        places[key] = groups.count
        groups.append([tensor])
      }
    }
    return groups
  }

  /// The name of tensors that are one layer, without `.weight`.
  static func name(of tensors: [NetworkTensor]) -> String {
    let names = tensors.map { TensorName($0.layerName).parts }
    let parts = names[0].indices.map { index in
      names.allSatisfy { $0[index] == names[0][index] } ? String(names[0][index]) : "*"
    }
    return parts.joined(separator: ".")
  }

  /// What sets a tensor apart, with the tensors that may be the same as it.
  private func notes(of tensor: NetworkTensor) -> [String] {
    guard let twin = twins[tensor.name] else { return tensor.notes }
    return tensor.notes + ["shared with \(twin) where weights are tied"]
  }

  /// Input embeddings and output heads of one shape, by name: they may be tied.
  public var twins: [String: String] {
    let embeddings = tensors.filter { $0.role == .embedding && $0.shape.count == 2 }
    var twins: [String: String] = [:]
    for head in tensors where head.role == .head {
      guard let twin = embeddings.first(where: { $0.shape == head.shape }) else { continue }
      (twins[head.name], twins[twin.name]) = (twin.name, head.name)
    }
    return twins
  }
}
