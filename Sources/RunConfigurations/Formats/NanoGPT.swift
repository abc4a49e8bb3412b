import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// nanoGPT's `config/*.py` with its `--key=value` arguments (github.com/karpathy/nanoGPT).
///
/// nanoGPT executes the file and then lets the arguments replace what it assigned. Here it is read as assignments.
/// Everything else is what `train.py` and `model.py` do:
/// - AdamW with PyTorch's ε; every tensor of two or more dimensions decays, embeddings included.
/// - Warmup: lr·(it + 1)/(warmup_iters + 1), then half a cosine from warmup_iters to lr_decay_iters.
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

  /// What train.py has already assigned when it executes a file.
  static let known = Dictionary(defaults.map { ($0.name, $0.value) }) { first, _ in first }

  /// Names that only nanoGPT's `train.py` has.
  static let own: Set = [
    "max_iters", "lr_decay_iters", "warmup_iters", "decay_lr", "n_layer", "n_head", "n_embd", "block_size",
    "always_save_checkpoint", "wandb_run_name", "init_from", "eval_only",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var values: [Symbol: Double] = [.epsilon: 1e-8]
    for symbol in [Symbol.learningRate, .weightDecay, .beta1, .beta2] {
      values[symbol] = try settings.number(
        symbol.name, in: symbol == .weightDecay ? .nonNegative : symbol.domain, default: number(symbol.name))
    }
    // A key of copies of the program.
    for key in ["optimizer_name", "optimizer", "optimizer_type"] where settings.has(key) {
      _ = try settings.optimizer(key, default: nil, of: [("adamw", .adamW)])
    }
    let run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: values, steps: 1)
    do throws(SettingsError) { try run.checkHyperparameters() } catch {
      throw .invalid(.settings(error), at: .file(settings.path))
    }
    let steps = try settings.wholeNumber("max_iters", default: Int(number("max_iters")))
    var warnings: [String] = []
    let schedule = try schedule(&settings, peak: values[.learningRate] ?? 0, steps: steps, &warnings)
    let model = try NanoGPTModel(&settings)
    warnings += try settings.clipping("grad_clip", default: number("grad_clip"))
    if try settings.boolean("eval_only", default: false) {
      warnings.append("eval_only is True: this run trains nothing.")
    }
    let name = (try? settings.value("wandb_run_name")?.text()) ?? settings.stem
    settings.ignore(defaults.map(\.name))
    return TrainingRun(
      name: name.isEmpty ? settings.stem : name, optimizer: .adamW, hyperparameters: values, steps: steps,
      schedule: schedule, decayRule: .nanoGPT, layers: model.layers, notes: model.notes + settings.notes,
      warnings: warnings + settings.warnings, ignored: settings.ignored)
  }

  /// The default of a setting that is a number.
  static func number(_ name: String) -> Double {
    guard case .number(let number) = defaults.first(where: { $0.name == name })?.value else { return .nan }
    return number
  }

  private static func schedule(
    _ settings: inout RunSettings, peak: Double, steps: Int, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard try settings.boolean("decay_lr", default: true) else { return .constant }
    let warmup = try settings.wholeNumber("warmup_iters", from: 0, default: Int(number("warmup_iters")))
    let end = try settings.wholeNumber("lr_decay_iters", default: Int(number("lr_decay_iters")))
    let final = try settings.number("min_lr", in: .nonNegative, default: number("min_lr"))
    // The learning rate of iteration t, from 0 on, within the warmup.
    func rising(_ t: Int) -> Double { peak * Double(t + 1) / Double(warmup + 1) }
    if end <= warmup, warmup < steps {
      warnings.append(
        "lr_decay_iters is not above warmup_iters: after the warmup the learning rate is min_lr.")
      var table = LearningRateTable(steps: [1], learningRates: [warmup == 0 ? final : rising(0)])
      if warmup > 1 { table.steps.append(warmup); table.learningRates.append(rising(warmup - 1)) }
      if warmup > 0 { table.steps.append(warmup + 1); table.learningRates.append(final) }
      return .table(table)
    }
    if final > peak {
      throw settings.invalid(
        .outOfRange(key: "min_lr", value: final, expected: "at most the learning rate \(peak)"), "min_lr")
    }
    var schedule = ScheduleSpecification("cosine")
    schedule.parameters["floor"] = [final / peak]
    if warmup > 0 { (schedule.warmup, schedule.warmupFrom) = (warmup, 1 / Double(warmup + 1)) }
    if end != steps { schedule.end = end }
    return .fitting(schedule, peak: peak, steps: steps, warnings: &warnings)
  }
}

extension RunFormat {
  static let nanoGPT = RunFormat(
    identifier: "nanogpt", name: "nanoGPT's config/*.py", tool: "nanoGPT", syntaxes: ["Python", "shell"],
    keys: NanoGPT.defaults.map(\.name),
    isTypical: { file in
      // Others have a batch_size and a learning_rate, too, but one such name alone.
      let keys = file.root.keys ?? []
      return !keys.isDisjoint(with: NanoGPT.own) || NanoGPT.defaults.count { keys.contains($0.name) } >= 2
    },
    prepare: { (file, input, _) throws(ConfigurationError) in
      file.command == nil ? try Syntax.python.parse(input, NanoGPT.known) : file
    }
  ) { (settings) throws(ConfigurationError) in try NanoGPT.read(&settings) }
}
