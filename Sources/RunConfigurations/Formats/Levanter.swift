import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// Levanter's YAML (github.com/stanford-crfm/levanter), with the defaults of release 1.2.
///
/// - `adam` is AdamW; norms, embeddings and biases do not decay.
/// - `warmup`, `decay` and `cooldown` are shares of the run up to 1, and steps above.
enum Levanter {
  static let keys = [
    "optimizer.type", "optimizer.learning_rate", "optimizer.weight_decay", "optimizer.beta1",
    "optimizer.beta2",
    "optimizer.epsilon", "optimizer.max_grad_norm", "optimizer.min_lr_ratio", "optimizer.warmup",
    "optimizer.decay", "optimizer.stable", "optimizer.cooldown", "optimizer.lr_schedule",
    "trainer.num_train_steps", "optimizer.warmup_ratio",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .req)
    run.optimizer = try settings.optimizer(
      "optimizer.type", default: "adam", of: [("adam", .adamW), ("lion", .lion)])
    run.hyperparameters = try settings.values([
      HyperparameterKey(.learningRate, "optimizer.learning_rate", 6e-4),
      HyperparameterKey(.weightDecay, "optimizer.weight_decay", 0.1),
      HyperparameterKey(.beta1, "optimizer.beta1", 0.9), HyperparameterKey(.beta2, "optimizer.beta2", 0.95),
    ])
    if run.optimizer == .adamW {
      run.hyperparameters[.epsilon] = try settings.number(
        "optimizer.epsilon", in: .nonNegative, default: 1e-8)
    }
    if !settings.has("optimizer.weight_decay") || !settings.has("optimizer.beta2") {
      run.warnings.append(
        "weight_decay and beta2 have the defaults of Levanter 1.2; those of 1.1 and older are 0 and 0.999.")
    }
    for key in ["cycles", "cycle_length", "rewarmup", "haps", "nesterov", "adamc_weight_decay"].map({
      "optimizer.\($0)"
    })
    where settings.has(key) {
      let value = settings.value(key)
      guard !["0", "0.0", "false", "null"].contains(value?.source.lowercased() ?? "") else { continue }
      throw settings.invalid(.unsupportedSchedule(key, because: "is not followed"), key)
    }
    run.steps = try settings.steps("trainer.num_train_steps", default: 400_000)
    run.schedule = try schedule(&settings, run)
    run.warnings += try settings.clipping("optimizer.max_grad_norm", default: 1)
    let masks = ["optimizer.weight_decay_modules", "optimizer.default_weight_decay_mask"]
    if let key = masks.first(where: settings.has) {
      run.notes.append("\(key) decides what decays: \(settings.value(key)?.source ?? "").")
    } else {
      run.notes.append("Norms, embeddings and biases do not decay.")
    }
    for key in masks { _ = settings.value(key) }
    settings.ignore([
      "trainer.train_batch_size", "trainer.steps_per_eval", "trainer.max_eval_batches",
      "trainer.per_device_parallelism",
    ])
    settings.passOver { key in
      ["model.", "data.", "trainer.checkpointer"].contains { key.hasPrefix($0) }
    }
    return try settings.finished(run)
  }

  private static func schedule(
    _ settings: inout RunSettings, _ run: TrainingRun
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let (steps, peak) = (run.steps, run.hyperparameters[.learningRate] ?? 0)
    let isOf2024 = settings.has("optimizer.stable")
    func length(_ key: String, of whole: Int, default fallback: Double?) throws(ConfigurationError) -> Int? {
      guard fallback != nil || settings.has(key) else { return nil }
      let number = try settings.number(key, in: .nonNegative, default: fallback)
      return number < 1 || (number == 1 && !isOf2024)
        ? Int(number * Double(whole)) : Int(number, clampedTo: 1 << 40)
    }
    let cooldown = try length("optimizer.cooldown", of: steps, default: nil) ?? 0
    let end = steps - cooldown
    let isRatio = settings.has("optimizer.warmup_ratio")
    let warmup =
      try isRatio
      ? length("optimizer.warmup_ratio", of: steps, default: 0) ?? 0
      : length("optimizer.warmup", of: isOf2024 ? steps : end, default: 0.01) ?? 0
    var fall = end - warmup
    if isOf2024 {
      fall -= try length("optimizer.stable", of: steps, default: 0) ?? 0
    } else if let decay = try length("optimizer.decay", of: end, default: nil) {
      fall = decay
    }
    guard warmup >= 0, fall >= 0, warmup + fall <= end else {
      throw settings.invalid(
        .outOfRange(key: "optimizer.warmup", value: Double(warmup), expected: "less than the run"),
        "optimizer.warmup")
    }
    let name = try settings.choice(
      "optimizer.lr_schedule", default: "cosine",
      of: ["cosine", "linear", "constant", "inv_sqrt", "inv"].map { ($0, $0) })
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let floor = try settings.number("optimizer.min_lr_ratio", in: share, default: 0.1)
    let start = end - fall
    func decayed(_ i: Double) -> Double {
      let x = fall > 0 ? Swift.min(i, Double(fall)) / Double(fall) : 1
      switch name {
      case "cosine": return floor + (1 - floor) * (1 + Double.cos(.pi * x)) / 2
      case "linear": return 1 + (floor - 1) * x
      case "inv_sqrt":
        return Swift.max(floor, Swift.min(1, 1 / (Swift.max(i + Double(warmup), 1) / 10_000).squareRoot()))
      case "inv":
        return Swift.max(floor, Swift.min(1, 1 / ((1 / floor - 1) * Swift.max(i, 1) / Double(fall) + 1)))
      default: return 1
      }
    }
    return try .following(
      start == warmup && cooldown == 0 && ["cosine", "linear", "constant"].contains(name)
        ? LearningRateSchedule.rising(name, over: Double(warmup), to: floor) : nil, settings,
      key: "optimizer.lr_schedule", peak: peak, steps: steps,
      breaks: [warmup, start, end, start + Swift.max(0, 10_000 - warmup)]
    ) { taken in
      if taken < warmup { return peak * Double(taken) / Double(warmup) }
      if taken < start { return peak }
      guard cooldown > 0, taken >= end else { return peak * decayed(Double(taken - start)) }
      let last = decayed(Double(fall))
      return peak * (last + (floor - last) * Swift.min(1, Double(taken - end) / Double(cooldown)))
    }
  }
}

extension RunFormat {
  static let levanter = RunFormat(
    identifier: "levanter", name: "Levanter's YAML", tool: "Levanter", syntaxes: ["YAML"], keys: Levanter.keys
  ) { (settings) throws(ConfigurationError) in try Levanter.read(&settings) }
}
