extension ParameterList {
  /// What a tensor is for.
  static func role(of tensor: TensorShape, _ neighbours: Neighbours) -> NetworkTensor.Role {
    let name = TensorName(tensor.name)
    if !tensor.isFloatingPoint || isBuffer(name, tensor.shape, neighbours) { return .buffer }
    // A single row of a matrix is a neuron; a gain of shape [1, C, 1, 1] is not.
    let extents = tensor.shape.filter { $0 > 1 }.count
    let isWeight = ["weight", "kernel", "weight_v", "original1"].contains(name.leaf)
    if tensor.shape.count <= 1 || isGain(name) { return .vector }
    if extents <= 1, !isWeight, !isEmbedding(name) { return .vector }
    if extents <= 1, isWeight, NormName.isOne(name.module) { return .vector }
    if isEmbedding(name) { return .embedding }
    if isHead(name, neighbours) { return .head }
    return tensor.shape.count > 2 && !isExpertStack(tensor) ? .convolution : .matrix
  }

  /// Whether a tensor is a stack of the matrices of experts, `[experts, …, …]`.
  static func isExpertStack(_ tensor: TensorShape) -> Bool {
    tensor.shape.count == 3 && tensor.name.split(separator: ".").contains { $0.contains("expert") }
  }

  /// Running statistics, masks, tables of positions, and what optimizers keep.
  private static func isBuffer(_ name: TensorName, _ shape: [Int], _ neighbours: Neighbours) -> Bool {
    let buffers: Set<Substring> = [
      "running_mean", "running_var", "num_batches_tracked", "inv_freq", "original_inv_freq", "position_ids",
      "token_type_ids", "relative_position_index", "relative_coords_table", "masked_bias", "attn_mask",
      "causal_mask", "mask", "cos_cached", "sin_cached", "freqs_cis", "_extra_state", "_u", "_v", "exp_avg",
      "exp_avg_sq", "momentum_buffer", "step",
    ]
    if buffers.contains(name.leaf) { return true }
    // GPT-2's causal mask is called bias: [1, 1, n, n].
    if name.leaf == "bias", shape.count == 4, shape[0] == 1, shape[1] == 1, shape[2] == shape[3] {
      return true
    }
    // Spectral normalisation's vectors; weight normalisation has a matrix of the same name.
    return (name.leaf == "weight_u" || name.leaf == "weight_v") && shape.count == 1
      && neighbours[(name.modules + ["weight_orig"]).joined(separator: ".")] != nil
  }

  /// Weight normalisation's magnitudes, scales and the like, whatever their shape.
  private static func isGain(_ name: TensorName) -> Bool {
    let gains: Set<Substring> = [
      "bias", "beta", "gamma", "gain", "scale", "weight_g", "original0", "logit_scale",
      "lora_magnitude_vector",
    ]
    return gains.contains(name.leaf) || name.leaf.hasSuffix("_bias") || name.leaf.hasSuffix("layer_scale")
  }

  private static func isEmbedding(_ name: TensorName) -> Bool {
    let leaves: Set<Substring> = [
      "pos_embed", "absolute_pos_embed", "pos_embedding", "position_embedding", "positional_embedding",
      "cls_token", "class_token", "class_embedding", "dist_token", "reg_token", "register_tokens",
      "mask_token",
      "relative_position_bias_table", "rel_pos_h", "rel_pos_w", "query_tokens", "latent",
    ]
    let modules: Set<Substring> = [
      "wte", "wpe", "embed", "emb", "embedding", "embeddings", "embed_in", "embed_tokens", "embed_positions",
      "tok_embeddings", "tok_emb", "pos_emb", "token_embedding", "token_embedding_table",
      "position_embedding",
      "position_embedding_table", "word_embeddings", "position_embeddings", "token_type_embeddings", "shared",
      "relative_attention_bias", "tokens_embed", "positions_embed", "lora_embedding_A", "lora_embedding_B",
    ]
    return leaves.contains(name.leaf) || (modules.contains(name.module) && name.leaf != "bias")
      || modules.contains(name.leaf)
  }

  /// Whether a matrix gives the output: by its module's name, at the top of the network or in a head.
  private static func isHead(_ name: TensorName, _ neighbours: Neighbours) -> Bool {
    let anywhere: Set<Substring> = [
      "lm_head", "embed_out", "output_projection", "output_layer", "qa_outputs", "head_dist",
      "lm_head_weight",
    ]
    if anywhere.contains(name.module) || anywhere.contains(name.leaf) { return true }
    if name.path.hasSuffix("predictions.decoder") || name.path.hasSuffix("lm_head.decoder") { return true }
    let atTop: Set<Substring> = [
      "head", "fc", "classifier", "output", "score", "last_linear", "logits", "out_proj",
    ]
    // A number in the path belongs to a block; that of a classifier counts its layers, of which the last is meant.
    var modules = Array(name.modules)
    if let number = modules.last?.number {
      guard modules.count > 1, modules.first == "classifier" || modules.first == "head",
        !(number + 1..<number + 8).contains(where: {
          neighbours[name.beside("\($0).\(name.leaf)")]?.count ?? 0 > 1
        })
      else { return false }
      modules.removeLast()
    }
    guard !modules.contains(where: { Int($0) != nil }), let last = modules.last else { return false }
    if last == "out_proj" { return modules.dropLast().last == "classifier" }
    return atTop.contains(last)
      && (modules.count == 1
        || ["head", "heads", "classifier", "model", "module"].contains(modules[modules.count - 2]))
  }

  /// What sets a tensor apart, a phrase each.
  static func notes(
    of tensor: TensorShape, _ role: NetworkTensor.Role, _ layout: NetworkTensor.Layout,
    _ neighbours: Neighbours
  ) -> [String] {
    let name = TensorName(tensor.name)
    var notes: [String] = []
    switch role {
    case .embedding: notes.append("embedding")
    case .head: notes.append("output head")
    case .convolution where layout == .leading(1) && tensor.shape[1] == 1: notes.append("depthwise")
    default: break
    }
    if layout == .last { notes.append("stored [in, out]") }
    if layout == .within, role == .convolution { notes.append("transposed convolution") }
    if isExpertStack(tensor) {
      notes.append("\(tensor.shape[0]) experts" + (layout == .within ? ", stored [experts, in, out]" : ""))
    }
    let fused = ["c_attn", "qkv", "query_key_value", "qkv_proj", "Wqkv", "in_proj", "attn_qkv"]
    if fused.contains(String(name.module)) || name.leaf == "in_proj_weight" || name.leaf == "qkv_weight" {
      notes.append("q, k and v in one")
    }
    if let part = name.parts.first(where: { $0 == "lora_A" || $0 == "lora_B" }) {
      notes.append("\(part.suffix(1)) of LoRA, of which the product B·A acts")
    }
    return notes
  }
}
