import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// LitGPT's YAML (github.com/Lightning-AI/litgpt), for pretraining and for finetuning.
///
/// - Pretraining takes the learning rate of the last batch that an update accumulates, and counts tokens.
/// - Finetuning steps a warmup and a cosine with the updates, to 0; `min_lr` has no influence.
/// - Every tensor that trains decays.
enum LitGPT {
  static let keys = [
    "train.global_batch_size", "train.micro_batch_size", "train.lr_warmup_steps", "train.lr_warmup_fraction",
    "train.epochs", "train.max_tokens", "train.max_steps", "train.max_seq_length", "train.max_norm",
    "train.min_lr", "optimizer", "optimizer.class_path", "optimizer.init_args.lr",
    "optimizer.init_args.weight_decay", "optimizer.init_args.betas", "devices", "num_nodes",
    "train.learning_rate",
    "train.weight_decay", "train.beta1", "train.beta2", "train.max_time",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let isPretraining =
      ["model_name", "initial_checkpoint_dir", "train.max_tokens", "tokenizer_dir", "model_config"].contains(
        where: settings.has)
    if settings.has("train.max_tokens"), settings.has("train.epochs") {
      throw settings.invalid(
        .doesNotGoWith(
          key: "train.epochs", other: "train.max_tokens",
          value: settings.value("train.max_tokens")?.source ?? ""),
        "train.epochs")
    }
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    try readOptimizer(&settings, &run)
    let processes = try processes(&settings, isPretraining: isPretraining)
    let micro = try settings.wholeNumber("train.micro_batch_size", default: isPretraining ? 4 : 1)
    let global = try settings.wholeNumber("train.global_batch_size", default: isPretraining ? 512 : 16)
    let accumulated = global / processes / micro
    guard accumulated >= 1 else {
      throw settings.invalid(
        .outOfRange(
          key: "train.global_batch_size", value: Double(global),
          expected: "a micro-batch of each process at least"),
        "train.global_batch_size")
    }
    let warmup = try settings.wholeNumber(
      "train.lr_warmup_steps", from: 0, default: isPretraining ? 2000 : 100)
    if settings.has("train.lr_warmup_fraction") {
      throw settings.invalid(
        .unsupportedSchedule(
          "train.lr_warmup_fraction", because: "counts epochs and is not followed; state lr_warmup_steps"),
        "train.lr_warmup_fraction")
    }
    if isPretraining {
      try readPretraining(&settings, &run, processes, micro, accumulated, warmup)
    } else {
      try readFinetuning(&settings, &run, processes, micro, accumulated, warmup)
    }
    run.notes.append(
      "Read as \(isPretraining ? "litgpt pretrain" : "litgpt finetune"): every tensor that trains decays.")
    if settings.has("train.max_time") { run.warnings.append("train.max_time may end the run earlier.") }
    if settings.value("galore.use_galore")?.source == "false" {
      settings.passOver { $0.hasPrefix("galore.") }
    }
    settings.ignore(["lora_alpha", "train.save_interval", "train.log_interval", "train.tie_embeddings"])
    return try settings.finished(run)
  }

  private static func readOptimizer(
    _ settings: inout RunSettings, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    if settings.has("train.learning_rate"), settings.hasAny(under: "optimizer"),
      !settings.isLeftOut("train.learning_rate")
    {
      throw settings.invalid(
        .doesNotGoWith(key: "train.learning_rate", other: "optimizer", value: "a table"),
        "train.learning_rate")
    }
    if !settings.hasAny(under: "optimizer"),
      settings.has("train.learning_rate") || settings.has("train.beta1")
    {
      // Up to release 0.3 the settings of AdamW stood with those of the run.
      run.hyperparameters = try settings.values([
        HyperparameterKey(.learningRate, "train.learning_rate", nil),
        HyperparameterKey(.weightDecay, "train.weight_decay", nil),
        HyperparameterKey(.beta1, "train.beta1", 0.9),
        HyperparameterKey(.beta2, "train.beta2", 0.95),
      ])
      run.hyperparameters[.epsilon] = 1e-8
      return
    }
    let key = settings.has("optimizer.class_path") ? "optimizer.class_path" : "optimizer"
    let name = try settings.text(key, default: "AdamW")
    let torch = try TorchOptimizer(&settings, name: name, nameKey: key, prefix: "optimizer.init_args.")
    (run.optimizer, run.hyperparameters, run.nesterov) = (
      torch.optimizer, torch.hyperparameters, torch.nesterov
    )
    run.notes += torch.notes
    run.warnings += torch.warnings
  }

  private static func processes(
    _ settings: inout RunSettings, isPretraining: Bool
  ) throws(ConfigurationError) -> Int {
    if let given = settings.fact(.worldSize) {
      settings.ignore(["devices", "num_nodes"])
      return given
    }
    let nodes = try settings.wholeNumber("num_nodes", default: 1, upTo: 0x1p20)
    guard let devices = settings.value("devices") else {
      if isPretraining { return try settings.required(.worldSize, because: "devices is auto") }
      return try settings.wholeNumber("devices", default: 1, upTo: 0x1p20) * nodes
    }
    guard devices.source != "auto" else {
      return try settings.required(.worldSize, because: "devices is auto")
    }
    return try devices.wholeNumber(upTo: 0x1p20) * nodes
  }

  private static func readPretraining(
    _ settings: inout RunSettings, _ run: inout TrainingRun, _ processes: Int, _ micro: Int,
    _ accumulated: Int,
    _ warmup: Int
  ) throws(ConfigurationError) {
    let peak = run.hyperparameters[.learningRate] ?? 0
    let batches: Int
    if let given = settings.fact(.steps) {
      batches = try settings.product(given, accumulated, "train.max_tokens")
      settings.ignore(["train.max_tokens", "train.max_seq_length"])
    } else {
      let tokens = try settings.number("train.max_tokens", in: .positive, default: 3e12)
      guard settings.has("train.max_seq_length") else {
        throw settings.invalid(
          .needs([.steps], because: "max_tokens counts tokens, and train.max_seq_length is not stated"),
          "train.max_tokens")
      }
      let length = try settings.wholeNumber("train.max_seq_length")
      let perBatch = try settings.product(micro, length, "train.max_seq_length")
      batches = Int(tokens, clampedTo: 1 << 53) / processes / perBatch
    }
    run.steps = Swift.max(1, batches / accumulated)
    let rise = Swift.min(
      batches, try settings.product(Swift.max(1, warmup), accumulated, "train.lr_warmup_steps"))
    let lowest = try settings.number("train.min_lr", in: .nonNegative, default: 4e-5)
    run.warnings += try settings.clipping("train.max_norm", default: 1)
    settings.ignore(["train.max_steps", "train.epochs"])
    run.schedule = try .following(
      LearningRateSchedule.rising("cosine", over: Double(warmup), to: lowest / peak), settings,
      key: "train.lr_warmup_steps", peak: peak, steps: run.steps, breaks: [warmup, warmup + 1]
    ) { taken in
      let batch = (taken + 1) * accumulated - 1
      if warmup > 0, batch < rise { return peak * Double(batch) / Double(rise) }
      let start = warmup > 0 ? rise : 0
      let x = Double(batch - start) / Double(Swift.max(1, batches - start))
      return lowest + (peak - lowest) * (1 + Double.cos(.pi * Swift.min(1, x))) / 2
    }
  }

  private static func readFinetuning(
    _ settings: inout RunSettings, _ run: inout TrainingRun, _ processes: Int, _ micro: Int,
    _ accumulated: Int,
    _ warmup: Int
  ) throws(ConfigurationError) {
    let peak = run.hyperparameters[.learningRate] ?? 0
    let limit = try settings.value("train.max_steps")?.wholeNumber(upTo: 0x1p40)
    var length: Int
    if let given = settings.fact(.steps) {
      run.steps = given
      length = given
      settings.ignore(["train.epochs"])
    } else {
      let epochs = try settings.wholeNumber("train.epochs", default: 5, upTo: 0x1p40)
      let examples = try settings.required(.datasetSize, because: "train.epochs: \(epochs) counts epochs")
      let own = (examples + processes - 1) / processes
      let batches = (own + micro - 1) / micro
      run.stepsPerEpoch = Swift.max(1, batches / accumulated)
      length = Swift.min(
        try settings.product(epochs, Swift.max(1, batches / accumulated), "train.epochs"), limit ?? .max)
      run.steps = Swift.min(
        try settings.product(epochs, batches, "train.epochs") / accumulated, limit ?? .max)
    }
    guard warmup >= 1 else {
      throw settings.invalid(
        .outOfRange(key: "train.lr_warmup_steps", value: 0, expected: "at least 1, as litgpt divides by it"),
        "train.lr_warmup_steps")
    }
    length = Swift.max(length, warmup + 1)
    settings.ignore(["train.min_lr", "train.max_norm", "train.max_tokens", "train.max_seq_length"])
    run.schedule = try .following(
      LearningRateSchedule.rising(
        "cosine", over: Double(warmup), to: 0, end: length == run.steps ? nil : length),
      settings, key: "train.lr_warmup_steps", peak: peak, steps: run.steps, breaks: [warmup]
    ) { taken in
      if taken < warmup { return peak * Double(taken) / Double(warmup) }
      return peak * (1 + Double.cos(.pi * Double(taken - warmup) / Double(length - warmup))) / 2
    }
  }
}

extension RunFormat {
  static let litGPT = RunFormat(
    identifier: "litgpt", name: "LitGPT's YAML", tool: "LitGPT", syntaxes: ["YAML", "JSON"], keys: LitGPT.keys
  ) { (settings) throws(ConfigurationError) in try LitGPT.read(&settings) }
}
