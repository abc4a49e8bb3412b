import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The YAML of OLMo's first trainer (github.com/allenai/OLMo).
///
/// - The step is counted before its learning rate is taken: the first has part of the rise, which begins at a tenth of the peak.
/// - Matrices decay; norms, biases and embeddings only where that is stated.
enum OLMo {
  static let keys = [
    "optimizer.name", "optimizer.learning_rate", "optimizer.weight_decay", "optimizer.betas", "optimizer.eps",
    "scheduler.name", "scheduler.t_warmup", "scheduler.t_max", "scheduler.alpha_f", "scheduler.warmup_min_lr",
    "scheduler.units", "max_duration", "stop_at", "global_train_batch_size", "model.max_sequence_length",
    "max_grad_norm", "optimizer.decay_norm_and_bias", "optimizer.decay_embeddings",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.resolveReferences()
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .req)
    run.optimizer = try settings.optimizer(
      "optimizer.name", default: "lionw",
      of: [("adamw", .adamW), ("lionw", .lion), ("decoupled_lionw", .lion)])
    run.hyperparameters = try settings.values([
      HyperparameterKey(.learningRate, "optimizer.learning_rate", 1e-4),
      HyperparameterKey(.weightDecay, "optimizer.weight_decay", 0.01),
    ])
    let betas = try settings.numbers("optimizer.betas", in: .coefficient, default: [0.9, 0.95])
    (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (betas[0], betas[1])
    if run.optimizer == .adamW {
      run.hyperparameters[.epsilon] = try settings.number("optimizer.eps", in: .nonNegative, default: 1e-5)
    }
    let all = ["optimizer.decay_norm_and_bias", "optimizer.decay_embeddings"].map { key in
      (try? settings.value(key)?.boolean()) ?? false
    }
    if all == [true, true] { run.decayRule = .all }
    run.notes.append(
      "Matrices decay; norms and biases do\(all[0] ? "" : " not"), embeddings do\(all[1] ? "" : " not").")
    // A step is so many tokens, where the schedule counts them.
    let isOfTokens = try settings.choice(
      "scheduler.units", default: "steps", of: [("steps", false), ("tokens", true)])
    func tokensPerStep(_ settings: inout RunSettings) throws(ConfigurationError) -> Double {
      let batch = try settings.wholeNumber("global_train_batch_size", default: 512)
      let length = try settings.wholeNumber("model.max_sequence_length", default: 1024)
      return Double(batch) * Double(length)
    }
    run.steps = try steps(&settings, tokensPerStep)
    // The schedule is made for the whole duration, wherever the run stops.
    let duration = run.steps
    if settings.has("stop_at"), !settings.knows(.steps) {
      run.steps = Swift.min(duration, try settings.wholeNumber("stop_at"))
    }
    for key in ["load_path", "try_load_latest_save"] where settings.has(key) {
      guard let value = settings.value(key), !["false", ""].contains(value.source) else { continue }
      run.warnings.append(
        "\(key) may go on from another run, at its step; this is the run from its beginning.")
    }
    let unit = isOfTokens ? try tokensPerStep(&settings) : 1
    let peak = run.hyperparameters[.learningRate] ?? 0
    let warmup = try settings.number("scheduler.t_warmup", in: .nonNegative, default: 100).rounded(
      .towardZero)
    let end = try settings.value("scheduler.t_max")?.number(in: .positive) ?? Double(duration) * unit
    let floor = try settings.number("scheduler.alpha_f", in: .nonNegative, default: 0.1) * peak
    let first = try settings.value("scheduler.warmup_min_lr")?.number(in: .nonNegative) ?? 0.1 * peak
    let name = try settings.choice(
      "scheduler.name", default: "cosine_with_warmup",
      of: [
        "cosine_with_warmup", "linear_with_warmup", "constant", "constant_with_warmup",
        "inverse_sqrt_with_warmup",
      ].map { ($0, $0) })
    if !settings.has("scheduler.warmup_min_lr"), warmup > 0, name != "constant" {
      settings.remark("warmup_min_lr is not stated, so the rise begins at a tenth of the peak.")
    }
    let corners = [warmup, end].map { Int(($0 / unit).rounded(.up), clampedTo: 1 << 53) }
    // Counted from the step before the first, both parts end a step earlier.
    let guess =
      unit == 1 && warmup >= 1 && !name.hasPrefix("constant") && !name.hasPrefix("inverse")
      ? LearningRateSchedule.rising(
        name.hasPrefix("cosine") ? "cosine" : "linear", over: warmup - 1,
        from: (first + (peak - first) / warmup) / peak, to: floor / peak,
        end: Int(end - 1, clampedTo: 1 << 53)) : nil
    run.schedule = try .following(
      guess, settings, key: "scheduler.name", peak: peak, steps: run.steps,
      breaks: corners + corners.map { $0 - 1 }
    ) { taken in
      let s = Double(taken + 1) * unit
      if name == "constant" { return peak }
      if s < warmup { return first + (peak - first) * s / warmup }
      if name == "constant_with_warmup" { return peak }
      if name == "inverse_sqrt_with_warmup" { return peak * (warmup / Swift.max(warmup, s)).squareRoot() }
      guard s < end else { return floor }
      let x = (s - warmup) / (end - warmup)
      return name == "linear_with_warmup"
        ? peak - (peak - floor) * x : floor + (peak - floor) * (1 + Double.cos(.pi * x)) / 2
    }
    run.warnings += try settings.clipping("max_grad_norm")
    settings.ignore([
      "scheduler.grad_clip_warmup_steps", "scheduler.grad_clip_warmup_factor", "device_train_microbatch_size",
      "optimizer.no_decay_norm_and_bias", "optimizer.metrics_log_interval", "optimizer.record_update_metrics",
      "max_grad_norm_ratio", "scheduler.units", "optimizer.eps", "device_train_batch_size",
      "device_train_grad_accum", "reset_optimizer_state", "save_num_checkpoints_to_keep",
    ])
    settings.passOver { $0.hasPrefix("model.") || $0.hasPrefix("fsdp.") }
    if settings.has("run_name"), let name = try? settings.text("run_name") { run.name = name }
    return try settings.finished(run)
  }

  /// `739328`, `2e12T` tokens or `1ep`.
  private static func steps(
    _ settings: inout RunSettings,
    _ tokensPerStep: (inout RunSettings) throws(ConfigurationError) -> Double
  ) throws(ConfigurationError) -> Int {
    if let given = settings.fact(.steps) {
      settings.ignore(["max_duration", "stop_at"])
      return given
    }
    let value = settings.value("max_duration")
    guard let value else { return try settings.wholeNumber("max_duration", default: 10_000) }
    let text = try value.text()
    let word =
      text.hasSuffix("ep") ? String(text.dropLast(2)) : text.hasSuffix("T") ? String(text.dropLast()) : text
    let number = try ConfigurationValue(key: value.key, content: .word(word), place: value.place)
      .number(in: .positive)
    var steps = number
    if text.hasSuffix("T") {
      steps = (number.rounded(.towardZero) / (try tokensPerStep(&settings))).rounded(.up)
    } else if text.hasSuffix("ep") {
      let batch = try settings.wholeNumber("global_train_batch_size", default: 512)
      let examples = try settings.required(.datasetSize, because: "max_duration = \(text) counts epochs")
      steps = number * Double(examples / batch)
    }
    guard steps >= 1, steps <= 0x1p40 else {
      throw value.invalid(.outOfRange(key: "max_duration", value: number, expected: "1 to 2^40 steps"))
    }
    return Int(steps)
  }
}

extension RunFormat {
  static let olmo = RunFormat(
    identifier: "olmo", name: "OLMo's YAML", tool: "OLMo", syntaxes: ["YAML", "JSON"], keys: OLMo.keys
  ) { (settings) throws(ConfigurationError) in try OLMo.read(&settings) }
}
