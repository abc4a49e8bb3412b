import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// The traps of Megatron-LM's flags, and the layers that they describe.
@Suite struct MegatronTests {
  private func read(_ flags: String, _ facts: [RunFacts.Fact: Int] = [:]) throws -> TrainingRun {
    try RunConfiguration.read(
      text: "torchrun pretrain_gpt.py --lr 0.25 \(flags)", path: "run.sh", facts: RunFacts(facts))
  }

  struct Choice: CustomTestStringConvertible {
    let flags: String
    let optimizer: String
    let values: [Symbol: Double]
    var testDescription: String { flags }
  }

  @Test(arguments: [
    Choice(
      flags: "", optimizer: "adamw", values: [.weightDecay: 0.01, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    Choice(
      flags: "--optimizer adam --weight-decay 0.1 --adam-beta1 0.8 --adam-beta2 0.95 --adam-eps 1e-5",
      optimizer: "adamw", values: [.weightDecay: 0.1, .beta1: 0.8, .beta2: 0.95, .epsilon: 1e-5]),
    Choice(
      flags: "--no-decoupled-weight-decay", optimizer: "adam-l2",
      values: [.weightDecay: 0.01, .beta1: 0.9, .beta2: 0.999]),
    Choice(
      flags: "--optimizer sgd --sgd-momentum 0.8", optimizer: "sgdm",
      values: [.weightDecay: 0.01, .momentum: 0.8]),
    Choice(
      flags:
        "--optimizer sgd --start-weight-decay 0.01 --end-weight-decay 0.2 --weight-decay-incr-style cosine",
      optimizer: "sgdm", values: [.weightDecay: 0.01, .momentum: 0.9]),
  ])
  func optimizers(_ item: Choice) throws {
    let run = try read("\(item.flags) --train-iters 9")
    #expect(run.optimizer.identifier == item.optimizer)
    #expect(!run.nesterov)
    #expect(run.hyperparameters == item.values.merging([.learningRate: 0.25]) { first, _ in first })
    #expect(run.decayRule == .megatron)
  }

  private static let model = "--train-iters 9 --num-layers 2 --hidden-size 96 --num-attention-heads 4"
  private static let shapes = [
    "self_attention.linear_qkv", "self_attention.linear_proj", "mlp.linear_fc1", "mlp.linear_fc2",
  ]

  struct Shapes: CustomTestStringConvertible {
    let flags: String
    let layers: [String]
    var testDescription: String { flags }
  }

  /// Neurons times dimension of each layer.
  @Test(arguments: [
    Shapes(flags: "", layers: ["288x96", "96x96", "384x96", "96x384"]),
    Shapes(flags: "--ffn-hidden-size 200", layers: ["288x96", "96x96", "200x96", "96x200"]),
    Shapes(flags: "--swiglu", layers: ["288x96", "96x96", "512x96", "96x256"]),
    Shapes(flags: "--swiglu --ffn-hidden-size 200", layers: ["288x96", "96x96", "400x96", "96x200"]),
    Shapes(flags: "--kv-channels 32", layers: ["384x96", "96x128", "384x96", "96x384"]),
    Shapes(
      flags: "--group-query-attention --num-query-groups 2", layers: ["192x96", "96x96", "384x96", "96x384"]),
    Shapes(flags: "--num-query-groups 2", layers: ["288x96", "96x96", "384x96", "96x384"]),
    Shapes(
      flags: "--vocab-size 1000 --max-position-embeddings 64",
      layers: ["288x96", "96x96", "384x96", "96x384", "1024x96", "64x96"]),
    Shapes(
      flags:
        "--vocab-size 1000 --tensor-model-parallel-size 4 --make-vocab-size-divisible-by 100 --seq-length 32"
        + " --untie-embeddings-and-output-weights",
      layers: ["288x96", "96x96", "384x96", "96x384", "1200x96", "32x96", "1200x96"]),
    Shapes(
      flags: "--vocab-size 1000 --position-embedding-type rope --seq-length 32",
      layers: ["288x96", "96x96", "384x96", "96x384", "1024x96"]),
    Shapes(
      flags: "--tokenizer-type GPT2BPETokenizer", layers: ["288x96", "96x96", "384x96", "96x384", "50304x96"]),
    Shapes(
      flags: "--tokenizer-type NullTokenizer --vocab-size 1024",
      layers: ["288x96", "96x96", "384x96", "96x384", "1152x96"]),
    Shapes(
      flags: "--vocab-size 1000 --seq-length 9 --embedding-init-method-std 1",
      layers: ["288x96", "96x96", "384x96", "96x384"]),
    Shapes(flags: "--num-experts 8", layers: []), Shapes(flags: "--multi-latent-attention", layers: []),
  ])
  func shapes(_ item: Shapes) throws {
    let run = try read("\(Self.model) \(item.flags)")
    #expect(run.layers.map { "\($0.neurons)x\($0.dimension)" } == item.layers)
  }

  @Test func initialNorms() throws {
    let run = try read("\(Self.model) --init-method-std 0.01 --vocab-size 128 --decoupled-lr 0.5")
    let width = 96.0.squareRoot()
    #expect(run.layers.map(\.name) == Self.shapes + ["embedding.word_embeddings"])
    #expect(run.layers.map(\.count) == [2, 2, 2, 2, 1])
    #expect(
      run.layers.map(\.initialNorm)
        == [0.01 * width, 0.01 / 2 * width, 0.01 * width, 0.01 / 2 * 384.0.squareRoot(), 0.01 * width])
    #expect(run.layers.map(\.hyperparameters) == [[:], [:], [:], [:], [.learningRate: 0.5]])
    #expect(run.layers.last?.kind == .scaleSensitive)
    let xavier = try read("\(Self.model) --init-method-xavier-uniform")
    #expect(xavier.layers.allSatisfy { $0.initialNorm == nil })
  }

  @Test(arguments: [
    (
      "--train-iters 9 --clip-grad 0 --rampup-batch-size 16 16 5859375",
      "rampup_batch_size = [16, 16, 5859375]: the schedule counts samples, of which the first iterations have fewer."
        + " It is taken as if every iteration had the full batch."
    ),
    ("--train-iters 9 --clip-grad 1", "Gradients are clipped (clip_grad), which the predictions leave out."),
    (
      "--train-iters 9 --clip-grad 0 --start-weight-decay 0.01 --end-weight-decay 0.2 --weight-decay-incr-style linear",
      "The weight decay goes from 0.01 to 0.2: predictions at the peak are at 0.01."
    ),
  ])
  func warnings(flags: String, warning: String) throws {
    #expect(try read(flags).warnings == [warning])
  }

  /// Muon has the matrices; what it leaves to AdamW is predicted.
  @Test func muon() throws {
    let run = try read("\(Self.model) --optimizer muon --muon-momentum 0.9")
    #expect(run.optimizer.identifier == "adamw")
    #expect(
      run.layers.allSatisfy { $0.name.contains("embedding") || $0.name.contains("output_layer") })
    #expect(run.warnings.contains { $0.hasPrefix("The matrices between the embeddings are Muon's") })
  }

  @Test func lengths() throws {
    #expect(try read("--train-iters 9").steps == 9)
    #expect(try read("--train-samples 100 --global-batch-size 30").steps == 3)
    #expect(
      try read("--train-samples 100 --micro-batch-size 5 --tensor-model-parallel-size 2", [.worldSize: 4])
        .steps == 10)
    #expect(try read("--train-iters 9", [.steps: 5]).steps == 5)
    #expect(try read("", [.steps: 5]).steps == 5)
  }

  @Test(arguments: [
    (
      "",
      "run.sh: neither train_iters nor train_samples is stated; give --steps N (optimizer steps of the run)"
    ),
    ("--train-iters 9 --lr 0", "run.sh:1: lr is 0.0, expected a finite number above 0"),
    (
      "--train-iters 9 --optimizer sophia",
      "run.sh:1: optimizer 'sophia' has no prediction; known: adam, sgd"
    ),
    ("--train-iters 9 --min-lr 1", "run.sh:1: min_lr is 1.0, expected at most lr 0.25"),
    (
      "--train-iters 9 --lr-warmup-iters 9",
      "run.sh:1: the warmup is 9.0, expected shorter than the decay over 9 iters"
    ),
    (
      "--train-iters 9 --lr-decay-style cosin",
      "run.sh:1: unknown lr_decay_style 'cosin'; did you mean 'cosine'?"
    ),
    ("--train-iters 9 --lr-decay-style WSD", "run.sh:1: missing key 'lr_wsd_decay_iters'"),
    (
      "--train-samples 9 --global-batch-size 10",
      "run.sh:1: train_samples is 9.0, expected at least one global batch"
    ),
    ("--train-iters 9 --num-layers 2 --hidden-size 8", "run.sh: missing key 'num_attention_heads'"),
  ])
  func errors(flags: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try read(flags) }
    #expect(error?.description == message)
  }
}
