import Equilibrium
import Formulas
import RunConfigurations

extension TrainingRun {
  /// The run's layers with the hyperparameters of their groups and of their depth; those whose group does not decay are left out.
  public func withGroups() -> TrainingRun {
    guard !groups.isEmpty || layerDecay != nil else { return self }
    var run = self
    let owned = owning(layers)
    run.layers = owned.filter { $0.hyperparameters[.weightDecay] != 0 }
    let left = owned.filter { $0.hyperparameters[.weightDecay] == 0 }.map(\.name)
    if !left.isEmpty {
      run.notes.append(
        "Without weight decay and left out: \(left.prefix(5).joined(separator: ", "))\(left.count > 5 ? " and \(left.count - 5) more" : "")."
      )
    }
    return run
  }

  /// Layers with what their groups and their depth give them.
  public func owning(_ layers: [LayerShape]) -> [LayerShape] {
    guard !groups.isEmpty || layerDecay != nil else { return layers }
    let depths = layerDecay.map { _ in Depths(layers.map(\.name)) }
    let globs = groups.map { group in group.tensors.map { Glob($0) } }
    return layers.map { layer in
      var layer = layer
      if let index = globs.firstIndex(where: { $0.contains { $0.matches(layer.name) } }) {
        layer.hyperparameters.merge(groups[index].hyperparameters) { own, _ in own }
      }
      if let layerDecay, let depths {
        let rate = layer.hyperparameters[.learningRate] ?? hyperparameters[.learningRate] ?? 0
        let factor = depths.above(layer.name).reduceFactor(layerDecay)
        if factor != 1 { layer.hyperparameters[.learningRate] = rate * factor }
      }
      return layer
    }
  }
}

extension Int {
  /// A factor to the power of the number.
  fileprivate func reduceFactor(_ factor: Double) -> Double {
    (0..<self).reduce(1) { product, _ in product * factor }
  }
}

/// How deep a tensor lies in a network, as fine-tuning scripts count it: embeddings first, then each block, then the rest.
private struct Depths {
  private let blocks: [String: Int]

  init(_ names: [String]) {
    var blocks: [String: Int] = [:]
    for name in names {
      guard let block = Self.block(of: name), blocks[block] == nil else { continue }
      blocks[block] = blocks.count + 1
    }
    self.blocks = blocks
  }

  /// A name up to its last number: `blocks.3` of `blocks.3.attn.qkv`.
  private static func block(of name: String) -> String? {
    let parts = name.split(separator: ".")
    guard let index = parts.lastIndex(where: { Int($0) != nil }), index > 0 else { return nil }
    return parts[...index].joined(separator: ".")
  }

  private static let first = [
    "patch_embed", "pos_embed", "cls_token", "mask_token", "wte", "wpe", "embeddings", "stem", "embed_tokens",
  ]

  /// The levels above a tensor.
  func above(_ name: String) -> Int {
    let top = blocks.count + 1
    if Self.first.contains(where: name.contains) { return top }
    return Self.block(of: name).flatMap { blocks[$0] }.map { top - $0 } ?? 0
  }
}
