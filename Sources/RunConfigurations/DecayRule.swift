/// Which tensors of a network decay, as training programs decide it.
public enum DecayRule: String, Sendable, CaseIterable {
  /// All tensors but vectors and scalars: a weight decay of 0 is for what has one dimension.
  case req
  /// Every tensor, biases and gains included: one parameter group, as PyTorch does by itself.
  case all
  /// timm: neither what has at most one dimension nor a `.bias`, nor what the model names (`pos_embed`, `cls_token`).
  case timm
  /// nanoGPT: what has two or more dimensions, embeddings included.
  case nanoGPT = "nanogpt"
  /// Hugging Face's Trainer: neither biases nor the weights of normalisation layers.
  case huggingFace = "hf"
  /// Megatron: neither biases nor what has one dimension.
  case megatron
}
