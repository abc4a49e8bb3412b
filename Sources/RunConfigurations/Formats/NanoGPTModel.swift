import Equilibrium

/// The weights that `model.py` makes, and what they start from.
struct NanoGPTModel {
  /// Where the weights come from: `init_from`.
  private enum Origin {
    case scratch
    case checkpoint
    case pretrained(String)
  }
  private let origin: Origin
  /// Number of blocks.
  private let depth: Int
  /// Width of the residual stream.
  private let width: Int
  /// Positions.
  private let context: Int
  /// Tokens.
  private let vocabulary: Int

  /// The pretrained models of `GPT.from_pretrained`: blocks and width; 1024 positions and 50257 tokens each.
  private static let pretrained: [(name: String, depth: Int, width: Int)] = [
    ("gpt2", 12, 768), ("gpt2-medium", 24, 1024), ("gpt2-large", 36, 1280), ("gpt2-xl", 48, 1600),
  ]

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    let name = try settings.text("init_from", default: "scratch")
    let positions = try settings.wholeNumber("block_size", default: Int(NanoGPT.number("block_size")))
    if let model = Self.pretrained.first(where: { $0.name == name }) {
      (origin, depth, width) = (.pretrained(name), model.depth, model.width)
      (context, vocabulary) = (min(positions, 1024), 50257)
      return
    }
    guard name == "scratch" || name == "resume" else {
      let known = ["scratch", "resume"] + Self.pretrained.map(\.name)
      throw settings.invalid(.unknownName(key: "init_from", name, known: known), "init_from")
    }
    origin = name == "scratch" ? .scratch : .checkpoint
    depth = try settings.wholeNumber("n_layer", default: Int(NanoGPT.number("n_layer")))
    width = try settings.wholeNumber("n_embd", default: Int(NanoGPT.number("n_embd")))
    (context, vocabulary) = (positions, 50304)
  }

  /// What is assumed of the weights, a sentence each.
  var notes: [String] {
    let unknownNorms = "the norms at the start are not known."
    let vocabulary =
      "A vocabulary of \(vocabulary) tokens is assumed; a data set with a meta.pkl has its own."
    let start =
      switch origin {
      case .scratch:
        [
          "Weights start with standard deviation 0.02, residual projections (c_proj) with 0.02/√(2·n_layer).",
          vocabulary,
        ]
      case .checkpoint:
        ["init_from = 'resume': the shapes stated here are used; \(unknownNorms)", vocabulary]
      case .pretrained(let name): ["init_from = '\(name)': the shapes are those of \(name); \(unknownNorms)"]
      }
    return start + [
      "Matrices and embeddings decay; biases and LayerNorm gains do not and are left out.",
      "No matrix is followed by normalisation, so none is exactly scale-invariant; the paper finds the"
        + " prediction a reasonable approximation for most layers of GPT2-124M (Appendix J, Figure 13).",
    ]
  }

  /// The weights that decay, by shape.
  var layers: [LayerShape] {
    let residual = 0.02 / Double(2 * depth).squareRoot()
    let note = "not followed by normalisation"
    return [
      block("attn.c_attn", neurons: 3 * width, dimension: width, deviation: 0.02),
      block("attn.c_proj", neurons: width, dimension: width, deviation: residual),
      block("mlp.c_fc", neurons: 4 * width, dimension: width, deviation: 0.02),
      block("mlp.c_proj", neurons: width, dimension: 4 * width, deviation: residual),
      LayerShape(
        name: "wte", neurons: vocabulary, dimension: width, initialNorm: norm(width, deviation: 0.02),
        kind: .scaleSensitive, note: "shared with lm_head; \(note)"),
      LayerShape(
        name: "wpe", neurons: context, dimension: width, initialNorm: norm(width, deviation: 0.02),
        kind: .scaleSensitive, note: note),
    ]
  }

  /// A matrix that each block has.
  private func block(_ name: String, neurons: Int, dimension: Int, deviation: Double) -> LayerShape {
    LayerShape(
      name: name, neurons: neurons, dimension: dimension, count: depth,
      initialNorm: norm(dimension, deviation: deviation))
  }

  /// √E‖ω₀‖² = σ·√C, where the weights are drawn anew.
  private func norm(_ dimension: Int, deviation: Double) -> Double? {
    if case .scratch = origin { deviation * Double(dimension).squareRoot() } else { nil }
  }
}
