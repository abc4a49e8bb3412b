import Dynamics
import Equilibrium
import Formulas
import Optimizers
import OutsideText
import RunConfigurations
import Testing

/// The examples of timm, fairseq, Megatron-LM and nanoGPT's command line are read to exactly what they state.
@Suite struct FlagExampleTests {
  private func path(_ name: String) -> String {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(root)/examples/\(name)"
  }

  private func row(_ model: String) throws -> PaperRun {
    try #require(PaperRun.table4.first { $0.model == model })
  }

  @Test func deiT() throws {
    let facts = RunFacts([.datasetSize: 1_281_167, .worldSize: 4])
    var run = try RunConfiguration.read(path: path("deit-tiny-imagenet.yaml"), facts: facts)
    // What the file has beside the settings that are read; nothing of the optimizer.
    #expect(run.ignored.count == 75)
    #expect(
      run.ignored.allSatisfy { !["opt", "lr", "weight_decay", "sched", "epochs", "batch_size"].contains($0) })
    run.ignored = []
    #expect(
      run
        == TrainingRun(
          name: "deit_tiny_patch16_224", optimizer: .adamW,
          hyperparameters: [
            .learningRate: 5e-4, .weightDecay: 0.05, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8,
          ],
          steps: 375_300, stepsPerEpoch: 1251,
          schedule: .named(
            try ScheduleSpecification(parsing: "cosine:warmup=6255,warmup-from=0.002,warmup-prefix=0")),
          decayRule: .timm,
          notes: [
            "Read as timm's args.yaml and train.py: it has opt and sched.",
            "Not stated, so timm's default: opt_betas = [0.9, 0.999].",
          ]))
    let row = try row("DeiT tiny")
    #expect(run.steps == row.steps)
    for (symbol, value) in row.zeroShot { #expect(run.hyperparameters[symbol] == value) }
  }

  @Test func resNet50() throws {
    let run = try RunConfiguration.read(path: path("resnet50-imagenet.sh"))
    #expect(
      run
        == TrainingRun(
          name: "resnet50-imagenet", optimizer: .sgdm,
          hyperparameters: [.learningRate: 0.1, .weightDecay: 1e-4, .momentum: 0.9],
          steps: 450_360, stepsPerEpoch: 5004,
          schedule: .named(
            try ScheduleSpecification(
              parsing: "cosine:warmup=25020,warmup-from=\(1e-6 / 0.1),warmup-prefix=0")),
          decayRule: .timm,
          notes: [
            "Read as timm's args.yaml and train.py: it starts distributed_train.sh.",
            "timm's momentum has heavy-ball momentum; sgd would have Nesterov's.",
            "The training set of torch/imagenet has 1281167 images; --dataset-size gives another number.",
            "8 processes (distributed_train.sh 8).",
          ], ignored: ["data_dir", "amp", "workers"]))
    let row = try row("ResNet-50")
    #expect(run.steps == row.steps)
    for (symbol, value) in row.zeroShot { #expect(run.hyperparameters[symbol] == value) }
  }

  @Test func transformer() throws {
    let run = try RunConfiguration.read(path: path("transformer-s-iwslt14.sh"))
    let row = try row("Transformer-S")
    #expect(
      run
        == TrainingRun(
          name: "transformer_iwslt_de_en", optimizer: .adamW,
          hyperparameters: row.zeroShot.merging([.epsilon: 1e-8]) { first, _ in first },
          steps: row.steps, schedule: .named(row.schedule), decayRule: .all,
          notes: [
            "Read as fairseq-train's command line: it starts fairseq-train.",
            "fairseq's adam decays decoupled, as AdamW.",
            "Not stated, so fairseq's default: adam_eps = 1e-08.",
          ],
          ignored: [
            "share_decoder_input_output_embed", "dropout", "criterion", "label_smoothing", "max_tokens",
            "eval_bleu",
            "eval_bleu_detok", "eval_bleu_remove_bpe", "best_checkpoint_metric",
            "maximize_best_checkpoint_metric",
          ]))
    #expect(run.hyperparameters[.learningRate] == 5e-4 && run.hyperparameters[.beta2] == 0.98)
  }

  @Test func megatron() throws {
    let run = try RunConfiguration.read(path: path("gpt-345m-megatron.sh"))
    let (σ, residual, width) = (0.02, 0.02 / 48.0.squareRoot(), 1024.0.squareRoot())
    #expect(
      run
        == TrainingRun(
          name: "gpt-345m-megatron", optimizer: .adamW,
          hyperparameters: [
            .learningRate: 1.5e-4, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8,
          ],
          steps: 500_000,
          schedule: .named(
            try ScheduleSpecification(parsing: "cosine:floor=\(1e-5 / 1.5e-4),warmup=3200,end=320000")),
          decayRule: .megatron,
          layers: [
            LayerShape(
              name: "self_attention.linear_qkv", neurons: 3072, dimension: 1024, count: 24,
              initialNorm: σ * width),
            LayerShape(
              name: "self_attention.linear_proj", neurons: 1024, dimension: 1024, count: 24,
              initialNorm: residual * width),
            LayerShape(
              name: "mlp.linear_fc1", neurons: 4096, dimension: 1024, count: 24, initialNorm: σ * width),
            LayerShape(
              name: "mlp.linear_fc2", neurons: 1024, dimension: 4096, count: 24, initialNorm: residual * 64),
            LayerShape(
              name: "embedding.word_embeddings", neurons: 50304, dimension: 1024, initialNorm: σ * width,
              kind: .scaleSensitive, note: "shared with output_layer; not followed by normalisation"),
            LayerShape(
              name: "embedding.position_embeddings", neurons: 1024, dimension: 1024, initialNorm: σ * width,
              kind: .scaleSensitive, note: "not followed by normalisation"),
          ],
          notes: [
            "Read as Megatron-LM's command line: it starts pretrain_gpt.py.",
            "Weights start with standard deviation 0.02, linear_proj and linear_fc2 with 0.02/√(2·num_layers).",
            "GPT-2's vocabulary of 50257 tokens is assumed.",
            "Matrices and embeddings decay; biases and gains do not and are left out.",
            "No matrix is followed by normalisation, so none is exactly scale-invariant.",
            "Not stated, so Megatron-LM's default: optimizer = adam, adam_beta1 = 0.9, adam_beta2 = 0.999,"
              + " adam_eps = 1e-08, init_method_std = 0.02, make_vocab_size_divisible_by = 128.",
          ],
          warnings: ["Gradients are clipped (clip_grad), which the predictions leave out."],
          ignored: [
            "seq_length", "micro_batch_size", "global_batch_size", "fp16", "data_path", "vocab_file",
            "merge_file",
            "split", "log_interval", "save_interval", "eval_interval", "eval_iters", "save", "load",
          ]))
  }

  /// nanoGPT's command line is its configuration file with the arguments on top.
  @Test func nanoGPT() throws {
    var run = try RunConfiguration.read(path: path("gpt2-openwebtext.sh"))
    let file = try RunConfiguration.read(path: path("gpt2-openwebtext.py"))
    #expect(run.name == "gpt2-8-gpus")
    (run.name, run.ignored, run.notes[0]) = (file.name, file.ignored, file.notes[0])
    #expect(run == file)
  }

  /// What an example leaves open is asked for.
  @Test(
    arguments: [
      (
        [:],
        "the run counts 300 epochs of a data set whose size is not stated (ImageNet-1k has 1281167 training images);"
          + " give --dataset-size N (examples in the training set)"
      ),
      (
        [.datasetSize: 1_281_167],
        "batch_size = 256 is that of one process, so updates an epoch depend on their number;"
          + " give --world-size N (processes that train together)"
      ),
    ] as [([RunFacts.Fact: Int], String)])
  func missing(facts: [RunFacts.Fact: Int], message: String) {
    let path = path("deit-tiny-imagenet.yaml")
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(path: path, facts: RunFacts(facts))
    }
    #expect(error?.description == "\(path): \(message)")
    #expect(error?.isUsage == true)
  }

  /// A run survives roteq's own YAML.
  @Test(arguments: [
    "resnet50-imagenet.sh", "transformer-s-iwslt14.sh", "gpt-345m-megatron.sh", "gpt2-openwebtext.sh",
  ])
  func roundTrip(file: String) throws {
    let run = try RunConfiguration.read(path: path(file))
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
  }
}
