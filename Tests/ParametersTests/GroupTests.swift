import Equilibrium
import Formulas
import Optimizers
import Parameters
import RunConfigurations
import Testing

/// Layers with the hyperparameters of their groups.
@Suite struct GroupTests {
  private func run(_ names: String...) -> TrainingRun {
    var run = TrainingRun(
      name: "a", optimizer: .adamW, hyperparameters: [.learningRate: 1, .weightDecay: 0.1], steps: 1)
    run.layers = names.map { LayerShape(name: $0, neurons: 1, dimension: 4) }
    return run
  }

  @Test func groups() {
    var run = run("head.weight", "model.mm_projector.0.weight", "pos_embed")
    run.groups = [
      ParameterGroup(name: "p", tensors: ["*mm_projector*"], hyperparameters: [.learningRate: 0.2]),
      ParameterGroup(name: "e", tensors: ["pos_embed"], hyperparameters: [.weightDecay: 0]),
    ]
    let result = run.withGroups()
    #expect(result.layers.map(\.name) == ["head.weight", "model.mm_projector.0.weight"])
    #expect(result.layers.map(\.hyperparameters) == [[:], [.learningRate: 0.2]])
    #expect(result.notes == ["Without weight decay and left out: pos_embed."])
  }

  /// As MAE's fine-tuning counts: embeddings, then blocks, then the rest.
  @Test func layerDecay() {
    var run = run(
      "patch_embed.proj.weight", "blocks.0.attn.qkv.weight", "blocks.1.attn.qkv.weight", "head.weight")
    run.layerDecay = 0.5
    let rates = run.withGroups().layers.map { $0.hyperparameters[.learningRate] ?? 1 }
    #expect(rates == [0.125, 0.25, 0.5, 1])
  }
}
