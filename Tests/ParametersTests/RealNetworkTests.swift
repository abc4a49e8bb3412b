import Equilibrium
import Parameters
import RunConfigurations
import Testing

@Suite("Real networks")
struct RealNetworkTests {
  /// What is no parameter there is none here; of the rest, the rule decides as the library does.
  @Test(
    "A rule decides as the library that it is named after",
    arguments: [
      ("timm-resnet50", DecayRule.timm), ("timm-vit_small_patch16_224", .timm),
      ("timm-mobilenetv2_100", .timm), ("timm-convnext_tiny", .timm), ("hf-gpt2", .huggingFace),
      ("hf-llama", .huggingFace), ("hf-qwen3", .huggingFace), ("hf-gemma2", .huggingFace),
      ("hf-bert", .huggingFace),
      ("hf-t5", .huggingFace), ("hf-gpt-oss", .huggingFace), ("hf-qwen3-moe", .huggingFace),
    ])
  func decay(name: String, rule: DecayRule) throws {
    let stored = try StoredShapes(name)
    let list = ParameterList(stored.tensors, ParameterRules(rule))
    // A tensor that is saved under two names is in the file once.
    let shared = [
      "lm_head.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
      "cls.predictions.decoder",
    ]
    for tensor in list.tensors {
      guard let decays = stored.decays[tensor.name] else {
        #expect(tensor.role == .buffer || shared.contains { tensor.name.hasPrefix($0) }, "\(tensor.name)")
        continue
      }
      #expect(tensor.role != .buffer, "\(tensor.name)")
      #expect(tensor.decays == decays, "\(tensor.name) \(tensor.role)")
    }
    #expect(list.warnings.isEmpty, "\(list.warnings)")
  }

  struct Expected: CustomStringConvertible {
    let file: String
    let name: String
    let role: NetworkTensor.Role
    let neurons: Int
    let dimension: Int
    var kind: WeightKind?
    var note: String?
    var description: String { "\(file) \(name)" }
  }

  @Test(
    "Neurons, roles and normalisation of a tensor",
    arguments: [
      // Conv1D is [in, out]: 3·768 outputs, of 768 inputs each.
      Expected(
        file: "hf-gpt2", name: "transformer.h.0.attn.c_attn.weight", role: .matrix, neurons: 2304,
        dimension: 768,
        note: "stored [in, out]; q, k and v in one"),
      Expected(
        file: "hf-gpt2", name: "transformer.h.1.mlp.c_proj.weight", role: .matrix, neurons: 768,
        dimension: 3072,
        note: "stored [in, out]"),
      Expected(
        file: "hf-gpt2", name: "transformer.h.0.attn.c_proj.weight", role: .matrix, neurons: 768,
        dimension: 768,
        note: "stored [in, out]"),
      Expected(
        file: "hf-gpt2", name: "transformer.wte.weight", role: .embedding, neurons: 50257, dimension: 768,
        kind: .scaleSensitive, note: "embedding"),
      Expected(
        file: "hf-gpt2", name: "lm_head.weight", role: .head, neurons: 50257, dimension: 768,
        kind: .scaleSensitive,
        note: "output head"),
      Expected(
        file: "hf-llama", name: "model.layers.1.mlp.down_proj.weight", role: .matrix, neurons: 2048,
        dimension: 8192),
      Expected(
        file: "hf-llama", name: "model.layers.0.self_attn.q_proj.weight", role: .matrix, neurons: 2048,
        dimension: 2048
      ),
      Expected(
        file: "hf-qwen3", name: "model.layers.0.self_attn.q_proj.weight", role: .matrix, neurons: 2048,
        dimension: 1024, kind: .scaleInvariant, note: "scale-invariant by head: its output is normalised"),
      Expected(
        file: "hf-qwen3", name: "model.layers.0.self_attn.v_proj.weight", role: .matrix, neurons: 1024,
        dimension: 1024
      ),
      Expected(
        file: "hf-gemma2", name: "model.layers.0.mlp.down_proj.weight", role: .matrix, neurons: 256,
        dimension: 1024,
        kind: .scaleInvariant, note: "scale-invariant as a whole, not by neuron"),
      Expected(
        file: "hf-gpt-oss", name: "model.layers.0.mlp.experts.gate_up_proj", role: .matrix, neurons: 4 * 640,
        dimension: 288, note: "4 experts, stored [experts, in, out]"),
      Expected(
        file: "hf-qwen3-moe", name: "model.layers.0.mlp.experts.down_proj", role: .matrix, neurons: 8 * 256,
        dimension: 96, note: "8 experts"),
      Expected(
        file: "hf-t5", name: "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        role: .embedding,
        neurons: 32, dimension: 8, kind: .scaleSensitive, note: "embedding"),
      Expected(
        file: "timm-resnet50", name: "conv1.weight", role: .convolution, neurons: 64, dimension: 147,
        kind: .scaleInvariant),
      Expected(
        file: "timm-resnet50", name: "layer2.0.downsample.0.weight", role: .convolution, neurons: 512,
        dimension: 256,
        kind: .scaleInvariant),
      Expected(
        file: "timm-resnet50", name: "layer4.2.conv3.weight", role: .convolution, neurons: 2048,
        dimension: 512,
        kind: .scaleInvariant),
      Expected(
        file: "timm-resnet50", name: "fc.weight", role: .head, neurons: 1000, dimension: 2048,
        kind: .scaleSensitive,
        note: "output head"),
      Expected(
        file: "timm-mobilenetv2_100", name: "blocks.0.0.conv_dw.weight", role: .convolution, neurons: 32,
        dimension: 9,
        kind: .scaleInvariant, note: "depthwise"),
      Expected(
        file: "timm-mobilenetv2_100", name: "blocks.1.0.conv_pwl.weight", role: .convolution, neurons: 24,
        dimension: 96, kind: .scaleInvariant),
      Expected(
        file: "timm-vit_small_patch16_224", name: "pos_embed", role: .embedding, neurons: 197, dimension: 384,
        kind: .scaleSensitive, note: "embedding"),
      Expected(
        file: "timm-vit_small_patch16_224", name: "patch_embed.proj.weight", role: .convolution, neurons: 384,
        dimension: 768),
      Expected(
        file: "timm-convnext_tiny", name: "stages.0.blocks.0.conv_dw.weight", role: .convolution, neurons: 96,
        dimension: 49, kind: .scaleInvariant, note: "depthwise; scale-invariant as a whole, not by neuron"),
      Expected(
        file: "timm-convnext_tiny", name: "stages.1.downsample.1.weight", role: .convolution, neurons: 192,
        dimension: 384),
      Expected(
        file: "timm-convnext_tiny", name: "head.fc.weight", role: .head, neurons: 1000, dimension: 768,
        kind: .scaleSensitive, note: "output head"),
    ])
  func tensor(_ expected: Expected) throws {
    let list = ParameterList(try StoredShapes(expected.file).tensors, ParameterRules(.req))
    let tensor = try #require(list[expected.name])
    #expect(tensor.role == expected.role)
    #expect(tensor.neurons == expected.neurons)
    #expect(tensor.dimension == expected.dimension)
    #expect(tensor.kind == expected.kind)
    #expect(
      tensor.notes.joined(separator: "; ") == expected.note ?? "" || tensor.notes == [expected.note ?? ""])
  }

  /// Batch normalisation follows all 53 convolutions of a ResNet-50, and none of its output head.
  @Test("Every convolution of a ResNet-50 is scale-invariant")
  func resNet() throws {
    let list = ParameterList(try StoredShapes("timm-resnet50").tensors, ParameterRules(.timm))
    let convolutions = list.tensors.filter { $0.role == .convolution }
    #expect(convolutions.count == 53)
    #expect(convolutions.allSatisfy { $0.kind == .scaleInvariant && $0.notes.isEmpty })
    #expect(list.decaying.count == 54)
  }

  @Test("Layers that are alike are one")
  func groups() throws {
    let list = ParameterList(try StoredShapes("hf-gpt2").tensors, ParameterRules(.nanoGPT))
    let layers = list.layers(initialNorms: [
      "transformer.h.0.attn.c_attn.weight": 3, "transformer.h.1.attn.c_attn.weight": 4,
      "transformer.h.0.mlp.c_fc.weight": 1,
    ])
    #expect(
      layers.map(\.name) == [
        "transformer.wte", "transformer.wpe", "transformer.h.*.attn.c_attn", "transformer.h.*.attn.c_proj",
        "transformer.h.*.mlp.c_fc", "transformer.h.*.mlp.c_proj", "lm_head",
      ])
    #expect(layers.map(\.count) == [1, 1, 2, 2, 2, 2, 1])
    // √((9 + 16)/2); a layer whose norms are not all known has none.
    #expect(layers[2].initialNorm == 12.5.squareRoot())
    #expect(layers[4].initialNorm == nil)
    #expect(layers[0].note == "embedding; shared with lm_head.weight where weights are tied")
  }
}
