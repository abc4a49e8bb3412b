import Equilibrium
import Formulas
import Optimizers

/// nanoGPT's `config/*.py` with its `--key=value` arguments (github.com/karpathy/nanoGPT).
///
/// nanoGPT executes the file and then lets the arguments replace what it assigned. Here it is read as assignments.
/// Everything else is what `train.py` and `model.py` do:
/// - AdamW with PyTorch's ε; every tensor of two or more dimensions decays, embeddings included.
/// - Warm-up: lr·(it + 1)/(warmup_iters + 1), then half a cosine from warmup_iters to lr_decay_iters.
/// - The loop leaves after iteration max_iters, which makes one step more than max_iters; the paper counts max_iters.
enum NanoGPT {
  /// The settings of `train.py` and their defaults.
  static let defaults: [(name: String, value: PythonValue)] = [
    ("out_dir", .text("out")), ("eval_interval", .number(2000)), ("log_interval", .number(1)),
    ("eval_iters", .number(200)), ("eval_only", .boolean(false)), ("always_save_checkpoint", .boolean(true)),
    ("init_from", .text("scratch")), ("wandb_log", .boolean(false)), ("wandb_project", .text("owt")),
    ("wandb_run_name", .text("gpt2")), ("dataset", .text("openwebtext")),
    ("gradient_accumulation_steps", .number(40)), ("batch_size", .number(12)), ("block_size", .number(1024)),
    ("n_layer", .number(12)), ("n_head", .number(12)), ("n_embd", .number(768)), ("dropout", .number(0)),
    ("bias", .boolean(false)), ("learning_rate", .number(6e-4)), ("max_iters", .number(600_000)),
    ("weight_decay", .number(1e-1)), ("beta1", .number(0.9)), ("beta2", .number(0.95)),
    ("grad_clip", .number(1)), ("decay_lr", .boolean(true)), ("warmup_iters", .number(2000)),
    ("lr_decay_iters", .number(600_000)), ("min_lr", .number(6e-5)), ("backend", .text("nccl")),
    ("device", .text("cuda")), ("dtype", .text("bfloat16")), ("compile", .boolean(true)),
  ]

  static func read(
    _ input: InputText, overrides: [String]
  ) throws(ConfigurationError) -> TrainingRun {
    var assignments = PythonAssignments(
      defaults: Dictionary(defaults.map { ($0.name, $0.value) }) { first, _ in first })
    try assignments.read(input)
    for argument in overrides { try assignments.override(argument, known: defaults.map(\.name)) }
    var settings = NanoGPTSettings(assignments: assignments, path: input.path)

    var values: [Symbol: Double] = [.epsilon: 1e-8]
    for symbol in [Symbol.learningRate, .weightDecay, .beta1, .beta2] {
      values[symbol] = try settings.number(symbol.name, in: symbol.domain)
    }
    do { _ = try Settings(.adamW, values) } catch {
      throw .invalid(.settings(error), at: .file(input.path))
    }
    let steps = try settings.wholeNumber("max_iters", from: 1)
    var notes: [String] = []
    let schedule = try schedule(&settings, peak: values[.learningRate] ?? 0, steps: steps, &notes)
    let model = try NanoGPTModel(&settings)
    notes += model.notes
    if try settings.number("grad_clip", in: .nonNegative) != 0 {
      notes.append("Gradients are clipped (grad_clip), which the predictions leave out.")
    }
    if try settings.boolean("eval_only") { notes.append("eval_only is True: this run trains nothing.") }
    return TrainingRun(
      name: settings.name ?? input.stem, optimizer: .adamW, hyperparameters: values, steps: steps,
      schedule: schedule, layers: model.layers, notes: notes + settings.notes)
  }

  private static func schedule(
    _ settings: inout NanoGPTSettings, peak: Double, steps: Int, _ notes: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard try settings.boolean("decay_lr") else { return LearningRateSchedule() }
    let warmup = try settings.wholeNumber("warmup_iters", from: 0)
    let end = try settings.wholeNumber("lr_decay_iters", from: 1)
    let final = try settings.number("min_lr", in: .nonNegative)
    if warmup >= steps {
      notes.append("The warm-up takes \(warmup) of \(steps) steps: the learning rate stays below its peak.")
    } else if end <= warmup {
      notes.append("lr_decay_iters is not above warmup_iters: after the warm-up the learning rate is min_lr.")
    }
    return LearningRateSchedule(
      warmup: warmup == 0 ? nil : .init(steps: warmup, from: peak / Double(warmup + 1)),
      decay: .cosine(to: final, end: end))
  }
}

extension RunFormat {
  static let nanoGPT = RunFormat(
    name: "nanoGPT's config/*.py", pathExtensions: ["py"],
    isTypical: { line in
      let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let rest = line[name.endIndex...].drop { $0 == " " }
      return !name.isEmpty && rest.first == "=" && rest.dropFirst().first != "="
    }
  ) { (input, overrides) throws(ConfigurationError) in try NanoGPT.read(input, overrides: overrides) }
}
