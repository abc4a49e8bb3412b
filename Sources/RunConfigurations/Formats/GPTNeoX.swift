import Equilibrium
import Formulas
import Optimizers
import RealModule

/// GPT-NeoX's YAML (github.com/EleutherAI/gpt-neox); dashes and underscores in keys are one.
///
/// - `Adam` is AdamW; normalisation layers and biases do not decay.
/// - The warmup is a share of `lr_decay_iters` and need not be whole; the learning rate of an update is that of the number before it.
enum GPTNeoX {
  static let keys = [
    "optimizer.type", "optimizer.params.lr", "optimizer.params.betas", "optimizer.params.eps", "weight_decay",
    "lr_decay_style", "lr_decay_iters", "lr_decay_fraction", "min_lr", "warmup", "train_iters",
    "gradient_clipping",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .req)
    guard settings.has("optimizer.type") || settings.has("optimizer.params.lr") else {
      throw .invalid(
        .optimizerInCode(
          arguments: "--optimizer.type=Adam --optimizer.params.lr=NUMBER, or read the file that states them"),
        at: .file(settings.path))
    }
    run.optimizer = try settings.optimizer(
      "optimizer.type", default: "Adam",
      of: [("Adam", .adamW), ("cpu_adam", .adamW), ("cpu_torch_adam", .adamW), ("Lion", .lion)])
    if settings.has("use_mup"), try settings.boolean("use_mup") {
      throw settings.invalid(
        .unsupportedOptimizer(
          "MuAdam", because: "has a learning rate for each width, which is not followed", known: ["Adam"]),
        "use_mup")
    }
    if settings.has("use_bnb_optimizer"), try settings.boolean("use_bnb_optimizer") {
      run.optimizer = .adamL2
    }
    run.hyperparameters = try settings.values([
      HyperparameterKey(.learningRate, "optimizer.params.lr", 1e-3),
      HyperparameterKey(.weightDecay, "weight_decay", 0.01),
    ])
    let betas = try settings.numbers(
      "optimizer.params.betas", in: .coefficient, default: [0.9, run.optimizer == .lion ? 0.99 : 0.999])
    (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (betas[0], betas[1])
    if run.optimizer != .lion {
      let epsilon = try settings.number("optimizer.params.eps", in: .nonNegative, default: 1e-8)
      if run.optimizer == .adamW { run.hyperparameters[.epsilon] = epsilon }
    }
    run.steps = try settings.steps("train_iters")
    try readSchedule(&settings, &run)
    run.warnings += try settings.clipping("gradient_clipping", default: 1)
    run.notes.append("Normalisation layers and biases do not decay.")
    settings.ignore([
      "optimizer.params.eps", "train_batch_size", "train_micro_batch_size_per_gpu",
      "gradient_accumulation_steps",
      "eval_iters", "gas", "batch_size", "clip_grad", "lr", "use_bnb_optimizer", "hysteresis",
      "exit_interval", "override_lr_scheduler", "use_checkpoint_lr_scheduler",
    ])
    settings.passOver { key in
      ["scheduler", "zero_optimization.", "fp16.", "attention_config", "curriculum"].contains {
        key.hasPrefix($0)
      }
    }
    return try settings.finished(run)
  }

  private static func readSchedule(
    _ settings: inout RunSettings, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    let peak = run.hyperparameters[.learningRate] ?? 0
    let name = try settings.choice(
      "lr_decay_style", default: "linear",
      of: ["linear", "cosine", "constant", "exponential"].map { ($0, $0) })
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    var end = run.steps
    if settings.has("lr_decay_iters") {
      end = try settings.wholeNumber("lr_decay_iters")
    } else if settings.has("lr_decay_fraction") {
      end = Swift.max(1, Int(try settings.number("lr_decay_fraction", in: share) * Double(run.steps)))
    }
    let warmup = try settings.number("warmup", in: share, default: 0.01) * Double(end)
    let lowest = name == "constant" ? 0 : try settings.number("min_lr", in: .nonNegative, default: 0)
    let span = Swift.max(1, Double(end) - warmup)
    if name == "cosine", run.steps > end {
      run.warnings.append(
        "lr_decay_iters ends before the run: the cosine rises again after it, as the program's does.")
    }
    run.notes.append(
      "The schedule is that of releases from 2.0 on; older ones divide by lr_decay_iters with its warmup.")
    let corner = Int(warmup.rounded(.down))
    run.schedule = try .following(
      LearningRateSchedule.rising(
        name, over: warmup, to: lowest / peak, end: end == run.steps ? nil : end), settings,
      key: "lr_decay_style", peak: peak, steps: run.steps, breaks: [corner, corner + 1, corner + 2, end]
    ) { taken in
      let k = Double(taken)
      if warmup > 0, k <= warmup { return peak * k / warmup }
      let m = k - warmup
      switch name {
      case "linear": return Swift.max(peak * (span - m) / span, lowest)
      case "cosine": return Swift.max(lowest + (peak - lowest) * (Double.cos(.pi * m / span) + 1) / 2, lowest)
      case "exponential": return Swift.max(peak * Double.exp(-0.693 * m / span), lowest)
      default: return peak
      }
    }
  }

  /// Keys with underscores, whatever the file has.
  static func underscored(_ value: ConfigurationValue) -> ConfigurationValue {
    guard case .mapping(let members) = value.content else { return value }
    return ConfigurationValue(
      key: value.key,
      content: .mapping(
        members.map { member in
          ConfigurationValue(
            key: String(member.key.map { $0 == "-" ? "_" : $0 }), content: underscored(member).content,
            place: member.place)
        }), place: value.place)
  }
}

extension RunFormat {
  static let gptNeoX = RunFormat(
    identifier: "gpt-neox", name: "GPT-NeoX's YAML", tool: "GPT-NeoX", syntaxes: ["YAML", "JSON"],
    keys: GPTNeoX.keys,
    prepare: { (file, _, _) throws(ConfigurationError) in ParsedFile(GPTNeoX.underscored(file.root)) },
    unites: true
  ) { (settings) throws(ConfigurationError) in try GPTNeoX.read(&settings) }
}
