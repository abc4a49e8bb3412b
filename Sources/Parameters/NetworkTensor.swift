import Equilibrium

/// A tensor of a network with what its name and shape, and those of its neighbours, say of it.
public struct NetworkTensor: Sendable, Equatable {
  /// What a tensor is for.
  public enum Role: String, Sendable, CaseIterable {
    /// A matrix of a linear map.
    case matrix
    /// Filters of a convolution.
    case convolution
    /// A row for each token or position.
    case embedding
    /// The matrix that gives the network's output.
    case head = "output_head"
    /// A gain, a bias or another number of each channel: no weight vector.
    case vector
    /// What is no parameter: running statistics, masks, positions.
    case buffer

    /// Whether it consists of neurons.
    public var hasNeurons: Bool { self != .vector && self != .buffer }
  }

  /// Where the neurons of a tensor are.
  public enum Layout: Sendable, Hashable {
    /// One for each index of this many leading dimensions: 1 for `[out, in]`, 2 for a stack `[experts, out, in]`.
    case leading(Int)
    /// One for each index of the last dimension: `[in, out]`.
    case last
    /// One for each index of the dimension in the middle, with those around it: a transposed convolution
    /// `[in, out, …]`, or a stack `[experts, in, out]` whose experts count, too.
    case within
  }

  /// The name.
  public let name: String
  /// The extent of each dimension.
  public let shape: [Int]
  /// What it is for.
  public internal(set) var role: Role
  /// Where its neurons are.
  public internal(set) var layout: Layout
  /// Weight vectors in it; 0 where it has none.
  public internal(set) var neurons: Int
  /// Dimension C of each weight vector, its fan-in; 0 where it has none.
  public internal(set) var dimension: Int
  /// Whether it decays.
  public internal(set) var decays: Bool
  /// How the loss depends on it; nil where it is not known.
  public internal(set) var kind: WeightKind?
  /// What sets it apart, a phrase each.
  public internal(set) var notes: [String] = []
}

extension NetworkTensor {
  /// The name of the layer that it is the weight of, for print: without `.weight`.
  public var layerName: String {
    (name.hasSuffix(".weight") ? String(name.dropLast(7)) : name)
  }
}
