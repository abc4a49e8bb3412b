import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// MaxText's YAML (github.com/AI-Hypercomputer/maxtext), with the defaults of its `base.yml`.
///
/// - Warmup from 0, then a cosine, or a plateau with an end (`wsd`), over `learning_rate_schedule_steps`; 0 after it.
/// - The cosine reaches its end with the last of these steps; older releases, which say `cosine_learning_rate_final_fraction`,
///   would reach it one step later.
/// - Everything decays that `adamw_mask` does not name.
enum MaxText {
  static let keys = [
    "steps", "learning_rate_schedule_steps", "learning_rate", "lr_schedule_type",
    "learning_rate_final_fraction",
    "cosine_learning_rate_final_fraction", "warmup_steps_fraction", "wsd_decay_steps_fraction",
    "wsd_decay_style", "opt_type", "adam_b1", "adam_b2", "adam_eps", "adam_eps_root", "adam_weight_decay",
    "gradient_clipping_threshold", "adamw_mask", "muon_beta", "muon_weight_decay", "muon_consistent_rms",
    "num_epoch", "per_device_batch_size", "gradient_accumulation_steps",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    run.optimizer = try settings.optimizer(
      "opt_type", default: "adamw", of: [("adamw", .adamW), ("adam_pax", .adamW), ("sgd", .sgdm)])
    if run.optimizer == .sgdm {
      run.hyperparameters = try settings.values([HyperparameterKey(.learningRate, "learning_rate", 3e-5)])
      run.hyperparameters.merge([.momentum: 0, .weightDecay: 0]) { _, new in new }
      settings.ignore(["adam_weight_decay", "adam_b1", "adam_b2", "adam_eps"])
      run.notes.append("MaxText's sgd has neither momentum nor weight decay.")
    } else {
      run.hyperparameters = try settings.values([
        HyperparameterKey(.learningRate, "learning_rate", 3e-5), HyperparameterKey(.beta1, "adam_b1", 0.9),
        HyperparameterKey(.beta2, "adam_b2", 0.95), HyperparameterKey(.epsilon, "adam_eps", 1e-8),
        HyperparameterKey(.weightDecay, "adam_weight_decay", 0.1),
      ])
    }
    let peak = run.hyperparameters[.learningRate] ?? 0
    func count(_ key: String, _ fallback: Int) throws(ConfigurationError) -> Int? {
      guard let value = settings.value(key) else { return fallback == -1 ? nil : fallback }
      return value.source == "-1" ? nil : try value.wholeNumber(upTo: 0x1p40)
    }
    let total = try count("learning_rate_schedule_steps", -1)
    if let given = settings.fact(.steps) {
      run.steps = given
    } else if !settings.has("steps"), total == nil {
      run.steps = try settings.wholeNumber("steps", default: 150_001)
    } else if let steps = try settings.has("steps") ? count("steps", -1) ?? total : 150_001 {
      run.steps = steps
    } else {
      run.steps = try settings.required(.steps, because: "steps and learning_rate_schedule_steps are -1")
    }
    try readSchedule(&settings, &run, peak: peak, total: total ?? run.steps)
    run.warnings += try settings.clipping("gradient_clipping_threshold", default: 1)
    if settings.has("adamw_mask"), let mask = settings.value("adamw_mask"), mask.source != "[]" {
      run.notes.append("What adamw_mask names does not decay: \(mask.source).")
      run.decayRule = .req
    } else {
      run.notes.append("Every tensor decays, embeddings and gains included.")
    }
    for key in ["skip_step_on_spikes", "enable_rampup_batch_size", "use_qk_clip"] where settings.has(key) {
      if try settings.boolean(key) { run.warnings.append("\(key) is set, which is not followed.") }
    }
    for key in ["enable_diloco", "enable_streaming_diloco"] where settings.has(key) {
      guard try settings.boolean(key) else { continue }
      throw settings.invalid(
        .unsupportedOptimizer("DiLoCo", because: "has two optimizers, one in the other", known: ["adamw"]),
        key)
    }
    if settings.has("run_name"), let name = try? settings.text("run_name") { run.name = name }
    settings.ignore(["run_name"])
    settings.passOver { $0.hasPrefix("eval_") || $0.hasPrefix("rl") || $0.hasPrefix("base_") }
    return try settings.finished(run)
  }

  private static func readSchedule(
    _ settings: inout RunSettings, _ run: inout TrainingRun, peak: Double, total: Int
  ) throws(ConfigurationError) {
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let isOld = settings.has("cosine_learning_rate_final_fraction")
    let floor = try settings.number(
      isOld ? "cosine_learning_rate_final_fraction" : "learning_rate_final_fraction", in: share, default: 0.1)
    let warmup = Int(Double(total) * (try settings.number("warmup_steps_fraction", in: share, default: 0.1)))
    var isCosine = true
    if !isOld {
      isCosine = try settings.choice(
        "lr_schedule_type", default: "cosine", of: [("cosine", true), ("wsd", false)])
    }
    var fall = total - warmup
    var falls = true
    if isCosine {
      settings.ignore(["wsd_decay_steps_fraction", "wsd_decay_style"])
    } else {
      fall = Int(Double(total) * (try settings.number("wsd_decay_steps_fraction", in: share, default: 0.1)))
      falls = try settings.choice(
        "wsd_decay_style", default: "linear", of: [("linear", false), ("cosine", true)])
    }
    let start = total - fall
    run.schedule = try .following(
      isCosine
        ? LearningRateSchedule.rising("cosine", over: Double(warmup), to: floor, end: isOld ? nil : total - 1)
        : nil,
      settings, key: "lr_schedule_type", peak: peak, steps: run.steps,
      breaks: [warmup, start, total - 1, total]
    ) { taken in
      if taken >= total { return 0 }
      if taken < warmup { return peak * Double(taken) / Double(warmup) }
      guard taken >= start else { return peak }
      let length = isOld ? fall : fall - 1
      let x = length > 0 ? Double(taken - start) / Double(length) : isCosine ? 1 : 0
      return peak * (floor + (1 - floor) * (falls ? (1 + Double.cos(.pi * x)) / 2 : 1 - x))
    }
  }
}

extension RunFormat {
  static let maxText = RunFormat(
    identifier: "maxtext", name: "MaxText's YAML", tool: "MaxText", syntaxes: ["YAML"], keys: MaxText.keys,
    harmless: ["muon_beta", "muon_weight_decay", "steps_per_eval"]
  ) { (settings) throws(ConfigurationError) in try MaxText.read(&settings) }
}
