import Equilibrium

/// Which weights a normalisation follows, so that the loss does not depend on their norm.
///
/// Names and numbers of channels decide: `conv1` beside `bn1`, number 0 of a sequence before a normalisation at number 1, the
/// two halves of weight normalisation, q and k before a norm of their own. Batch normalisation is by channel and makes
/// each neuron scale-invariant; others make the layer so as a whole (§5.3).
struct Normalisation {
  private let neighbours: Neighbours
  /// The patterns of weights whose namesake normalises what goes in, not what comes out.
  private var comesBefore: Set<String> = []

  init(_ list: [TensorShape], _ neighbours: Neighbours) {
    self.neighbours = neighbours
    for tensor in list where tensor.shape.count > 1 {
      let name = TensorName(tensor.name)
      guard let (_, norm) = namesake(of: name, next: 0) else { continue }
      if norm.channels == tensor.shape[1], norm.channels != tensor.shape[0] {
        comesBefore.insert(name.pattern)
      }
    }
  }

  /// How the loss depends on a tensor, nil where it is not known, and its notes with the reason added.
  func kind(of tensor: NetworkTensor) -> (WeightKind?, [String]) {
    if tensor.role == .embedding || tensor.role == .head { return (.scaleSensitive, tensor.notes) }
    let name = TensorName(tensor.name)
    if name.leaf == "weight_v" || name.leaf == "original1" {
      return (.scaleInvariant, tensor.notes + ["weight normalisation"])
    }
    if let (_, norm) = norm(after: name, tensor) {
      return (.scaleInvariant, tensor.notes + (norm.isByChannel ? [] : [Self.asAWhole]))
    }
    if let note = attentionNorm(name, tensor) { return note }
    if ["o_proj", "down_proj"].contains(name.module), isFollowedInBlock(name) {
      return (.scaleInvariant, tensor.notes + [Self.asAWhole])
    }
    return (nil, tensor.notes)
  }

  private static let asAWhole = "scale-invariant as a whole, not by neuron"

  /// The normalisation that takes in what a weight puts out.
  private func norm(after name: TensorName, _ tensor: NetworkTensor) -> (String, Neighbours.Norm)? {
    let channels = tensor.layout == .leading(1) ? tensor.neurons : tensor.shape.last ?? 0
    func fits(_ found: (String, Neighbours.Norm)?) -> (String, Neighbours.Norm)? {
      found.flatMap { $0.1.channels == channels ? $0 : nil }
    }
    // The next member of a sequence.
    if let number = name.module.number, let norm = neighbours.norms[name.beside("\(number + 1)")],
      neighbours[name.beside("\(number + 1).weight")]?.count != 2, norm.channels == channels
    {
      return (name.beside("\(number + 1)"), norm)
    }
    return fits(namesake(of: name, next: comesBefore.contains(name.pattern) ? 1 : 0))
  }

  /// The normalisation beside a weight that is called as it is: `bn1` for `conv1`, `norm` for `conv`.
  private func namesake(of name: TensorName, next: Int) -> (String, Neighbours.Norm)? {
    let module = String(name.module)
    // timm's depthwise-separable blocks number their norms by order.
    let order: [String: [String]] = [
      "conv_stem": ["bn1"], "conv_head": ["bn2"], "conv_dw": ["bn2", "bn1", "norm"], "conv_pwl": ["bn3"],
      "conv_pw": ["bn1", "bn2"],
    ]
    var candidates: [String] = []
    if let known = order[module] {
      candidates = known
      let hasLast = neighbours[name.beside("conv_pwl.weight")] != nil
      if !hasLast, module == "conv_dw" || module == "conv_pw" { candidates.reverse() }
    } else if module.hasPrefix("conv") {
      let digits = module.dropFirst(4)
      let suffix = next == 0 ? String(digits) : digits.number.map { "\($0 + next)" }
      guard let suffix else { return nil }
      candidates = ["bn\(suffix)", "norm\(suffix)", "gn\(suffix)", "ln\(suffix)"]
    }
    for candidate in candidates {
      let path = name.beside(candidate)
      if let norm = neighbours.norms[path] { return (path, norm) }
    }
    return nil
  }

  /// What norms of q and k say of the matrices that make them.
  private func attentionNorm(_ name: TensorName, _ tensor: NetworkTensor) -> (WeightKind?, [String])? {
    func norm(_ names: [String]) -> Neighbours.Norm? {
      names.lazy.compactMap { neighbours.norms[name.beside($0)] }.first
    }
    let names = ["q": ["q_norm", "q_layernorm", "query_norm"], "k": ["k_norm", "k_layernorm", "key_norm"]]
    let letter: [Substring: String] = [
      "q_proj": "q", "wq": "q", "query": "q", "to_q": "q", "k_proj": "k", "wk": "k", "key": "k", "to_k": "k",
    ]
    if let letter = letter[name.module], let norm = norm(names[letter] ?? []) {
      let isWhole = norm.channels == tensor.neurons
      return (
        .scaleInvariant,
        tensor.notes + [isWhole ? Self.asAWhole : "scale-invariant by head: its output is normalised"]
      )
    }
    if ["qkv", "qkv_proj", "Wqkv", "query_key_value"].contains(name.module), norm(names["q"] ?? []) != nil {
      return (nil, tensor.notes + ["q and k are scale-invariant by head, v is not"])
    }
    return nil
  }

  /// Whether norms follow attention and feed-forward layer before they join the residual, as in Gemma 2 and OLMo 2.
  private func isFollowedInBlock(_ name: TensorName) -> Bool {
    let block = name.modules.dropLast(2).joined(separator: ".")
    return neighbours.norms["\(block).post_feedforward_layernorm"] != nil
  }
}
