import Equilibrium
import RunConfigurations

/// The tensors of a network, told apart by names and shapes: which are parameters, where their neurons are, which decay, and
/// which a normalisation follows.
///
/// Nothing but a list of names and shapes is needed, so a header of a checkpoint or a short table will do. What names
/// cannot say, ``ParameterRules`` can.
public struct ParameterList: Sendable {
  /// All tensors, in the order of the list.
  public internal(set) var tensors: [NetworkTensor]
  /// What may be a mistake, a sentence each.
  public internal(set) var warnings: [String] = []

  /// Tells the tensors of a list apart.
  public init(_ list: [TensorShape], _ rules: ParameterRules) {
    let neighbours = Neighbours(list)
    let orientation = Orientation(list, neighbours, rules)
    let norms = Normalisation(list, neighbours)
    tensors = list.map { tensor in
      let role = Self.role(of: tensor, neighbours)
      guard role.hasNeurons else {
        return NetworkTensor(
          name: tensor.name, shape: tensor.shape, role: role, layout: .leading(1), neurons: 0, dimension: 0,
          decays: role == .vector && rules.decays(tensor), kind: nil)
      }
      let layout = orientation.layout(of: tensor, role)
      let (neurons, dimension) = layout.sizes(tensor.shape)
      var result = NetworkTensor(
        name: tensor.name, shape: tensor.shape, role: role, layout: layout, neurons: neurons,
        dimension: dimension, decays: rules.decays(tensor), kind: nil)
      result.notes = Self.notes(of: tensor, role, layout, neighbours)
      (result.kind, result.notes) = norms.kind(of: result)
      if rules.scaleSensitive.match(tensor.name) {
        result.kind = .scaleSensitive
      } else if rules.scaleInvariant.match(tensor.name) {
        result.kind = .scaleInvariant
      }
      return result
    }
    warnings = rules.patterns.filter { _, glob in !list.contains { glob.matches($0.name) } }
      .map { "No tensor fits the pattern '\($0.glob)' for \($0.use)." }
    warnings += orientation.warnings
  }

  /// The tensors that have neurons and decay: those that the theory speaks of.
  public var decaying: [NetworkTensor] {
    tensors.filter { $0.role.hasNeurons && $0.decays && $0.neurons > 0 && $0.dimension > 0 }
  }

  /// What is left out of ``decaying``, a sentence each.
  public var notes: [String] {
    func sentence(_ tensors: [NetworkTensor], _ words: (one: String, several: String)) -> String? {
      guard let first = tensors.first else { return nil }
      return tensors.count == 1
        ? "\(first.name) \(words.one)."
        : "\(tensors.count) tensors, such as \(first.name), \(words.several)."
    }
    let vectors = tensors.filter { $0.role == .vector }
    return [
      sentence(
        tensors.filter { $0.role == .buffer }, ("is no parameter", "are no parameters")),
      sentence(
        vectors.filter { !$0.decays },
        (
          "is a gain, a bias or the like, and does not decay",
          "are gains, biases and the like, and do not decay"
        )),
      sentence(
        vectors.filter(\.decays),
        (
          "decays, but is a gain, a bias or the like and no weight vector",
          "decay, but are gains, biases and the like and no weight vectors"
        )),
      sentence(
        tensors.filter { $0.role.hasNeurons && !$0.decays },
        ("does not decay and so has no equilibrium", "do not decay and so have no equilibrium")),
    ].compactMap { $0 }
  }
}

extension NetworkTensor.Layout {
  /// Neurons and their dimension.
  func sizes(_ shape: [Int]) -> (neurons: Int, dimension: Int) {
    // Beside a 0, what is left may be too much to multiply.
    if shape.contains(0) { return (0, 0) }
    func product(_ numbers: some Sequence<Int>) -> Int { numbers.reduce(1, *) }
    switch self {
    case .leading(let count): return (product(shape.prefix(count)), product(shape.dropFirst(count)))
    case .last: return (shape.last ?? 1, product(shape.dropLast()))
    case .within where shape.count == 3: return (shape[0] * shape[2], shape[1])
    case .within:
      return (shape.dropFirst().first ?? 1, product(shape.prefix(1)) * product(shape.dropFirst(2)))
    }
  }
}

/// Which tensors are beside which.
struct Neighbours {
  private let shapes: [String: [Int]]
  /// The names of the modules that have normalisation's tensors, with their channels.
  private(set) var norms: [String: Norm] = [:]

  /// A normalisation layer.
  struct Norm {
    let channels: Int
    /// Whether it has running statistics: batch normalisation, which is by channel.
    let isByChannel: Bool
  }

  init(_ list: [TensorShape]) {
    shapes = Dictionary(list.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for tensor in list where tensor.shape.count == 1 {
      let name = TensorName(tensor.name)
      let running = name.leaf == "running_mean"
      // A vector called weight is a gain: of a normalisation layer, or of a scale beside none.
      guard running || name.leaf == "weight" || name.leaf == "gamma" else { continue }
      if let known = norms[name.path], known.isByChannel { continue }
      norms[name.path] = Norm(channels: tensor.shape[0], isByChannel: running)
    }
  }

  /// The shape of a tensor; nil where there is none of that name.
  subscript(_ name: String) -> [Int]? { shapes[name] }

  /// The length of the bias beside a weight.
  func bias(of name: TensorName) -> Int? {
    let names =
      name.leaf == "weight" || name.leaf == "kernel"
      ? ["\(name.path).bias"]
      : [
        name.parts.joined(separator: ".") + "_bias",
        (name.modules + [Substring(name.leaf.replacing("weight", with: "bias"))]).joined(separator: "."),
      ]
    let own = name.parts.joined(separator: ".")
    return names.lazy.compactMap { $0 == own ? nil : shapes[$0] }.first?.last
  }
}
