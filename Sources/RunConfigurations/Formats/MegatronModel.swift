import Equilibrium
import Formulas

/// The weights of Megatron's GPT, and what they start from; those that decay.
struct MegatronModel {
  private(set) var layers: [LayerShape] = []
  private(set) var notes: [String] = []

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    guard settings.has("num_layers"), settings.has("hidden_size") else {
      notes.append("num_layers or hidden_size is not stated, so no layers are known.")
      return
    }
    guard ["pretrain_gpt.py", "pretrain_llama.py"].contains(settings.command?.script) else {
      notes.append(
        "\(settings.command?.script ?? "The program"): the layers of its network are not known here.")
      return
    }
    for key in ["num_experts", "multi_latent_attention"] where settings.value(key) != nil {
      notes.append("\(key): the layers of such a network are not known here.")
      return
    }
    let depth = try settings.wholeNumber("num_layers", upTo: 1e6)
    let width = try settings.wholeNumber("hidden_size", upTo: 1e8)
    let heads = try settings.wholeNumber("num_attention_heads", upTo: 1e6)
    let channels = try settings.value("kv_channels")?.wholeNumber(upTo: 1e6) ?? max(1, width / heads)
    let shares = try settings.value("group_query_attention")?.boolean() ?? false
    let groups = shares ? try settings.wholeNumber("num_query_groups", default: 1, upTo: 1e6) : heads
    settings.ignore(["num_query_groups"])
    let isGated = try settings.value("swiglu")?.boolean() ?? false
    let inner =
      try settings.value("ffn_hidden_size")?.wholeNumber(upTo: 1e8) ?? Self.inner(width, isGated: isGated)
    let isXavier = try settings.value("init_method_xavier_uniform")?.boolean() ?? false
    let deviation = isXavier ? nil : try settings.number("init_method_std", in: .positive, default: 0.02)
    let residual = deviation.map { $0 / Double(2 * depth).squareRoot() }
    func block(_ name: String, _ neurons: Int, _ dimension: Int, _ deviation: Double?) -> LayerShape {
      LayerShape(
        name: name, neurons: neurons, dimension: dimension, count: depth,
        initialNorm: deviation.map { $0 * Double(dimension).squareRoot() })
    }
    layers = [
      block("self_attention.linear_qkv", (heads + 2 * groups) * channels, width, deviation),
      block("self_attention.linear_proj", width, heads * channels, residual),
      block("mlp.linear_fc1", isGated ? 2 * inner : inner, width, deviation),
      block("mlp.linear_fc2", width, inner, residual),
    ]
    if let deviation {
      notes.append(
        "Weights start with standard deviation \(deviation), linear_proj and linear_fc2 with \(deviation)/√(2·num_layers)."
      )
    } else {
      notes.append("init_method_xavier_uniform: the norms at the start are not known.")
    }
    try addEmbeddings(&settings, width, deviation)
    notes += [
      "Matrices and embeddings decay; biases and gains do not and are left out.",
      "No matrix is followed by normalisation, so none is exactly scale-invariant.",
    ]
  }

  /// The width of the hidden layer where none is stated.
  private static func inner(_ width: Int, isGated: Bool) -> Int {
    isGated ? max(1, Int(Double(4 * width * 2) / 3 / 64) * 64) : 4 * width
  }

  private mutating func addEmbeddings(
    _ settings: inout RunSettings, _ width: Int, _ deviation: Double?
  ) throws(ConfigurationError) {
    let own = try settings.value("embedding_init_method_std")?.number(in: .positive)
    let rate = try settings.value("decoupled_lr")?.number(in: .positive)
    let unties = try settings.value("untie_embeddings_and_output_weights")?.boolean() ?? false
    var hyperparameters: [Symbol: Double] = [:]
    if let rate {
      hyperparameters[.learningRate] = rate
      notes.append("decoupled_lr = \(rate): embedding and output layer have this peak, on the same schedule.")
    }
    settings.ignore(["decoupled_min_lr"])
    func layer(_ name: String, _ neurons: Int, _ deviation: Double?, note: String) -> LayerShape {
      LayerShape(
        name: name, neurons: neurons, dimension: width,
        initialNorm: deviation.map { $0 * Double(width).squareRoot() }, kind: .scaleSensitive,
        hyperparameters: hyperparameters, note: note)
    }
    let plain = "not followed by normalisation"
    let vocabulary = try vocabulary(&settings)
    if own != nil { notes.append("embedding_init_method_std: embeddings do not decay and are left out.") }
    if let vocabulary, own == nil {
      layers.append(
        layer(
          "embedding.word_embeddings", vocabulary, deviation,
          note: unties ? plain : "shared with output_layer; \(plain)"))
    }
    let kind =
      settings.has("position_embedding_type")
      ? try settings.text("position_embedding_type") : "learned_absolute"
    let rotates = try settings.value("use_rotary_position_embeddings")?.boolean() ?? false
    let positions = settings.has("max_position_embeddings") ? "max_position_embeddings" : "seq_length"
    if kind == "learned_absolute", !rotates, own == nil, settings.has(positions) {
      let count = try settings.wholeNumber(positions, upTo: 1e9)
      hyperparameters = [:]
      layers.append(layer("embedding.position_embeddings", count, deviation, note: plain))
    }
    if let vocabulary, unties {
      if let rate { hyperparameters = [.learningRate: rate] }
      layers.append(layer("output_layer", vocabulary, deviation, note: plain))
    }
  }

  /// Tokens after padding; nil where the tokenizer decides.
  private mutating func vocabulary(_ settings: inout RunSettings) throws(ConfigurationError) -> Int? {
    let tokenizer = settings.has("tokenizer_type") ? try settings.text("tokenizer_type") : ""
    let isGPT2 =
      tokenizer == "GPT2BPETokenizer"
      || tokenizer.isEmpty && settings.has("vocab_file") && settings.has("merge_file")
    var count = try settings.value("vocab_size")?.wholeNumber(upTo: 1e9)
    if let given = count, tokenizer == "NullTokenizer" { count = given + 1 }
    if count == nil, isGPT2 {
      count = 50257
      notes.append("GPT-2's vocabulary of 50257 tokens is assumed.")
    }
    guard let count else {
      notes.append("vocab_size is not stated, so the embedding is left out.")
      return nil
    }
    let multiple = try settings.wholeNumber("make_vocab_size_divisible_by", default: 128, upTo: 1e6)
    let parallel = try settings.value("tensor_model_parallel_size")?.wholeNumber(upTo: 1e4) ?? 1
    let unit = multiple * parallel
    return (count + unit - 1) / unit * unit
  }
}
