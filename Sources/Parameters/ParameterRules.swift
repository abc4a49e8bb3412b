import RunConfigurations

/// What is known of a network's tensors beside their names and shapes.
///
/// Patterns go before what the names suggest. Of two that contradict each other, the one that takes something away wins:
/// `noDecay` before `decay`, `scaleSensitive` before `scaleInvariant`; so their order does not matter.
public struct ParameterRules: Sendable, Equatable {
  /// Which tensors decay.
  public var decayRule: DecayRule
  /// Tensors that decay, whatever the rule says.
  public var decay: [Glob]
  /// Tensors that do not decay, whatever else says so.
  public var noDecay: [Glob]
  /// Tensors that are stored `[in, out]`, as GPT-2's `Conv1D`, or `[in, out, …]`, as transposed convolutions.
  public var transposed: [Glob]
  /// Tensors that a normalisation follows.
  public var scaleInvariant: [Glob]
  /// Tensors that none follows.
  public var scaleSensitive: [Glob]

  /// A rule, and patterns where it or the names mislead.
  public init(
    _ decayRule: DecayRule, decay: [Glob] = [], noDecay: [Glob] = [], transposed: [Glob] = [],
    scaleInvariant: [Glob] = [], scaleSensitive: [Glob] = []
  ) {
    self.decayRule = decayRule
    self.decay = decay
    self.noDecay = noDecay
    self.transposed = transposed
    self.scaleInvariant = scaleInvariant
    self.scaleSensitive = scaleSensitive
  }

  /// Every pattern with what it is for.
  var patterns: [(use: String, glob: Glob)] {
    [
      ("decay", decay), ("no decay", noDecay), ("transposed", transposed),
      ("scale-invariant", scaleInvariant), ("scale-sensitive", scaleSensitive),
    ].flatMap { use, globs in globs.map { (use, $0) } }
  }

  /// Whether a tensor decays.
  func decays(_ tensor: TensorShape) -> Bool {
    if noDecay.match(tensor.name) { return false }
    return decay.match(tensor.name) || decayRule.decays(tensor)
  }
}

extension DecayRule {
  /// Whether a tensor decays, by name and number of dimensions.
  ///
  /// The Trainer of Hugging Face leaves out what is named like a bias or a norm, and what is in a `LayerNorm`. A list of tensors
  /// does not have classes, so the usual names of such layers stand for them.
  func decays(_ tensor: TensorShape) -> Bool {
    let name = tensor.name
    let isMatrix = tensor.shape.count > 1
    switch self {
    case .all: return true
    case .req, .nanoGPT: return isMatrix
    case .megatron: return isMatrix && !name.hasSuffix(".bias")
    case .timm:
      return isMatrix && !name.hasSuffix(".bias") && !Self.namedByModels.contains(TensorName(name).leaf)
    case .huggingFace:
      let lower = name.lowercased()
      return !["bias", "layernorm", "rmsnorm"].contains(where: lower.contains)
        && !TensorName(lower).parts.contains {
          $0 == "norm" || $0.hasSuffix("_norm") || NormName.isLayerNorm($0)
        }
    }
  }

  /// What timm's models name in `no_weight_decay()`.
  private static let namedByModels: Set<Substring> = [
    "pos_embed", "cls_token", "dist_token", "reg_token", "absolute_pos_embed", "relative_position_bias_table",
    "rel_pos_h", "rel_pos_w",
  ]
}

/// How normalisation layers are called.
enum NormName {
  /// Whether a module is called like a normalisation layer: `bn1`, `ln_f`, `input_layernorm`, `q_norm`.
  static func isOne(_ module: some StringProtocol) -> Bool {
    let lower = module.lowercased()
    return ["bn", "gn"].contains(stem(lower)) || lower.contains("norm") || isLayerNorm(lower)
  }

  /// Whether a module is called like a `LayerNorm`: `ln_1`, `norm2`, `final_layer_norm`.
  static func isLayerNorm(_ module: some StringProtocol) -> Bool {
    let lower = module.lowercased()
    return ["ln", "ln_f", "ln_post", "ln_pre", "ln_final", "norm", "layer_norm"].contains(stem(lower))
      || lower.hasSuffix("layer_norm")
  }

  /// A name without a number at its end.
  private static func stem(_ name: String) -> String {
    String(name.reversed().drop { $0.isNumber || $0 == "_" }.reversed())
  }
}
