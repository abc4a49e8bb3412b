import Equilibrium
import Formulas

/// The weights of llm-foundry's MPT, where its settings state the shapes.
struct MPTModel {
  private let width: Int
  private let depth: Int
  private let vocabulary: Int
  private let positions: Int
  /// Rows of the matrix that makes queries, keys and values.
  private let projections: Int
  /// Width within the feed-forward part.
  private let inner: Int
  private let hasPositions: Bool
  /// Whether weights start by the default, Kaiming's normal.
  private let startsByDefault: Bool

  /// Reads the section `model`; nil where it is no MPT or has no shapes.
  init?(_ settings: inout RunSettings) throws(ConfigurationError) {
    guard settings.has("model.d_model"), settings.has("model.n_layers") else { return nil }
    for (key, name) in [("model.name", "mpt_causal_lm"), ("model.ffn_config.ffn_type", "mptmlp")] {
      guard let value = settings.value(key) else { continue }
      guard try value.text() == name else { return nil }
    }
    // So large a product of shapes would not fit into a number.
    func shape(_ key: String, _ fallback: Int?) throws(ConfigurationError) -> Int {
      let number = try settings.wholeNumber("model.\(key)", default: fallback)
      guard number <= 1 << 24 else {
        throw settings.invalid(
          .outOfRange(key: "model.\(key)", value: Double(number), expected: "at most \(1 << 24)"),
          "model.\(key)")
      }
      return number
    }
    width = try shape("d_model", nil)
    depth = try shape("n_layers", nil)
    vocabulary = try shape("vocab_size", 50368)
    positions = try shape("max_seq_len", 2048)
    inner = Int(
      (try settings.number("model.expansion_ratio", in: .positive, default: 4) * Double(width)).rounded(),
      clampedTo: 1 << 40)
    let heads = try shape("n_heads", 16)
    var pairs = heads
    if settings.has("model.attn_config.kv_n_heads") { pairs = try shape("attn_config.kv_n_heads", nil) }
    if settings.has("model.attn_config.attn_type"),
      try settings.text("model.attn_config.attn_type") == "multiquery_attention"
    {
      pairs = 1
    }
    projections = width + 2 * pairs * (width / heads)
    let isLearned =
      settings.has("model.learned_pos_emb") ? try settings.boolean("model.learned_pos_emb") : true
    var hasPositions = isLearned
    for key in ["alibi", "rope"] where settings.has("model.attn_config.\(key)") {
      if try settings.boolean("model.attn_config.\(key)") { hasPositions = false }
    }
    self.hasPositions = hasPositions
    startsByDefault = !settings.hasAny(under: "model.init_config")
  }

  /// What is assumed of the weights, a sentence each.
  var notes: [String] {
    [
      startsByDefault
        ? "Weights start by MPT's default, Kaiming's normal by fan-in; residual projections are divided by"
          + " √(2·n_layers)."
        : "model.init_config is not followed: the norms at the start are not known.",
      "No matrix is followed by normalisation, so none is exactly scale-invariant.",
    ]
  }

  /// The weights that decay, by shape.
  var layers: [LayerShape] {
    let embeddings =
      [("wte", vocabulary, "shared with the output")] + (hasPositions ? [("wpe", positions, "")] : [])
    return [
      block("attn.Wqkv", projections, width), block("attn.out_proj", width, width, isResidual: true),
      block("ffn.up_proj", inner, width), block("ffn.down_proj", width, inner, isResidual: true),
    ]
      + embeddings.map { name, rows, note in
        LayerShape(
          name: name, neurons: rows, dimension: width, initialNorm: startsByDefault ? 2.0.squareRoot() : nil,
          kind: .scaleSensitive, note: (note.isEmpty ? "" : "\(note); ") + "not followed by normalisation")
      }
  }

  /// A matrix that each block has. Kaiming's normal gives every row a norm of √2, whatever its dimension.
  private func block(_ name: String, _ neurons: Int, _ dimension: Int, isResidual: Bool = false) -> LayerShape
  {
    let norm = (2 / (isResidual ? 2 * Double(depth) : 1)).squareRoot()
    return LayerShape(
      name: name, neurons: neurons, dimension: dimension, count: depth,
      initialNorm: startsByDefault ? norm : nil)
  }
}
