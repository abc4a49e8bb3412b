/// Which tensors are stored `[in, out]`: told by the length of the bias, by neighbours of known proportions, or by a pattern.
///
/// PyTorch stores `Linear` `[out, in]`. GPT-2 of Hugging Face has `Conv1D`, `[in, out]`, under names that nanoGPT gives to
/// `Linear`. So does Flax, under the name `kernel`.
struct Orientation {
  private let rules: ParameterRules
  /// By path, whether a tensor is stored `[in, out]`; those that nothing is known of are `[out, in]`.
  private var known: [String: Bool] = [:]
  /// What cannot be told, a sentence each.
  private(set) var warnings: [String] = []

  init(_ list: [TensorShape], _ neighbours: Neighbours, _ rules: ParameterRules) {
    self.rules = rules
    for tensor in list where !rules.transposed.match(tensor.name) {
      known[tensor.name] = Self.evidence(tensor, neighbours)
    }
    // Square matrices and those without bias go the way of the others of such names.
    let suspects = list.filter { tensor in
      tensor.shape.count == 2 && known[tensor.name] == nil && !rules.transposed.match(tensor.name)
        && Self.isNamedLikeConv1D(tensor)
    }
    let decided = list.filter(Self.isNamedLikeConv1D).compactMap { known[$0.name] }
    for tensor in suspects { known[tensor.name] = decided.first }
    if let first = suspects.first, decided.isEmpty {
      warnings.append(
        "\(first.name)\(suspects.count > 1 ? " and \(suspects.count - 1) more" : "") may be stored [in, out], as GPT-2's"
          + " Conv1D, or [out, in]; [out, in] is assumed. If not, give the pattern of those tensors.")
    }
  }

  /// Where the neurons of a tensor are.
  func layout(of tensor: TensorShape, _ role: NetworkTensor.Role) -> NetworkTensor.Layout {
    let isTransposed = rules.transposed.match(tensor.name) || known[tensor.name] == true
    switch role {
    case .embedding:
      // [1, positions, width]
      return .leading(max(1, tensor.shape.count - 1))
    case .convolution where TensorName(tensor.name).leaf == "kernel": return .last
    case .convolution:
      return isTransposed || Self.isTransposedConvolution(tensor.name) ? .within : .leading(1)
    default:
      guard tensor.shape.count > 2 else { return isTransposed ? .last : .leading(1) }
      return isTransposed ? .within : .leading(tensor.shape.count - 1)
    }
  }

  /// Whether name and shapes say that a tensor is stored `[in, out]`; nil where they say nothing.
  private static func evidence(_ tensor: TensorShape, _ neighbours: Neighbours) -> Bool? {
    let name = TensorName(tensor.name)
    if ParameterList.isExpertStack(tensor) { return expertEvidence(tensor, name, neighbours) }
    guard tensor.shape.count == 2 else { return nil }
    let (first, second) = (tensor.shape[0], tensor.shape[1])
    if name.leaf == "kernel" { return true }
    if first != second, let bias = neighbours.bias(of: name) {
      if bias == second { return true }
      if bias == first { return false }
    }
    // q, k and v side by side are three times as wide as the network, and its feed-forward layer four times.
    let factor = name.module == "c_attn" ? 3 : name.module == "c_fc" ? 4 : 0
    guard factor > 0 else { return nil }
    return isMultiple(second, factor, first) ? true : isMultiple(first, factor, second) ? false : nil
  }

  /// In a stack [experts, out, in], what the first matrix puts out the second takes in.
  private static func expertEvidence(
    _ tensor: TensorShape, _ name: TensorName, _ neighbours: Neighbours
  ) -> Bool? {
    if let bias = neighbours.bias(of: name), tensor.shape[1] != tensor.shape[2] {
      if bias == tensor.shape[2] { return true }
      if bias == tensor.shape[1] { return false }
    }
    func stack(_ leaf: Substring) -> [Int]? { neighbours[(name.modules + [leaf]).joined(separator: ".")] }
    guard let up = stack("gate_up_proj"), let down = stack("down_proj"), up.count == 3, down.count == 3 else {
      return nil
    }
    let isPlain = isMultiple(up[1], 2, down[2]) && up[2] == down[1]
    let isTransposed = isMultiple(up[2], 2, down[1]) && up[1] == down[2]
    return isPlain == isTransposed ? nil : isTransposed
  }

  /// Whether a number is `factor` times another, which may be too large to multiply.
  private static func isMultiple(_ number: Int, _ factor: Int, _ other: Int) -> Bool {
    number.quotientAndRemainder(dividingBy: factor) == (other, 0)
  }

  private static func isNamedLikeConv1D(_ tensor: TensorShape) -> Bool {
    let name = TensorName(tensor.name)
    return name.leaf == "weight" && ["c_attn", "c_proj", "c_fc", "q_attn"].contains(name.module)
  }

  private static func isTransposedConvolution(_ name: String) -> Bool {
    let lower = name.lowercased()
    return ["deconv", "conv_transpose", "convtranspose", "conv_t.", "upconv"].contains(where: lower.contains)
  }
}
