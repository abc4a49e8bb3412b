import Dynamics
import Formulas
import Optimizers
import RealModule

/// axolotl's YAML (github.com/axolotl-ai-cloud/axolotl): the Trainer's arguments under other names and defaults.
///
/// - The run has as many steps as its examples make batches over all epochs.
/// - The schedule is a cosine, with a warmup of 3 % of the run and at most 100 steps, unless something else is stated.
enum Axolotl {
  /// axolotl's names, by the Trainer's.
  static let spellings = [
    "optim": "optimizer", "lr_scheduler_type": "lr_scheduler", "num_train_epochs": "num_epochs",
    "per_device_train_batch_size": "micro_batch_size",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    if settings.has("batch_size") {
      throw settings.invalid(
        .wrongKind(
          key: "batch_size", found: "given", expected: "micro_batch_size and gradient_accumulation_steps"),
        "batch_size")
    }
    if let value = settings.value("optimizer_args") ?? settings.value("optim_args") {
      throw value.invalid(
        .unsupportedOptimizer("optim_args", because: "is not read here", known: ["adamw_torch"]))
    }
    for key in ["relora", "jagged_restart_steps", "relora_steps"] where settings.has(key) {
      guard let value = settings.value(key), value.source != "false" else { continue }
      throw value.invalid(.unsupportedSchedule(key, because: "restarts the schedule, which is not followed"))
    }
    let total = try total(&settings)
    if let total, !settings.has("max_steps"), !settings.knows(.steps) {
      settings.put("max_steps", .number(Double(total)))
    }
    settings.ignore([
      "val_set_size", "eval_batch_size", "adapter", "relora_prune_ratio", "lr_div_factor", "evals_per_epoch",
      "saves_per_epoch", "sequence_len", "sample_packing", "pad_to_sequence_len", "num_epochs",
      "eval_sample_packing", "sample_packing_eff_est", "total_num_tokens",
    ])
    var run = try HuggingFace.read(&settings) {
      (settings, peak, steps, warnings) throws(ConfigurationError) in
      try schedule(&settings, peak, steps, total ?? steps, &warnings)
    }
    if run.optimizer == .lion, !settings.has("adam_beta2") {
      run.notes.append("Lion has the Trainer's coefficients 0.9 and 0.999.")
    }
    return run
  }

  /// The steps that the examples make; nil where nothing depends on them.
  private static func total(_ settings: inout RunSettings) throws(ConfigurationError) -> Int? {
    if settings.knows(.steps) { return nil }
    // The examples may make fewer, and then end the run.
    if settings.has("max_steps") { return try settings.wholeNumber("max_steps") }
    if let value = settings.value("sample_packing"), try value.boolean() {
      // Sequences are filled, so that the examples do not tell how many there are.
      return try settings.required(
        .steps, because: "sample_packing: true leaves open how many batches there are")
    }
    let size = try settings.wholeNumber("per_device_train_batch_size", default: 1)
    let accumulated = try settings.wholeNumber("gradient_accumulation_steps", default: 1)
    let epochs = try settings.number("num_train_epochs", in: .positive, default: 1)
    let examples = try settings.required(.datasetSize, because: "num_epochs: \(epochs) counts epochs")
    let processes = try settings.required(.worldSize, because: "micro_batch_size is that of one process")
    let whole = Double(size) * Double(accumulated) * Double(processes)
    let share = settings.has("val_set_size") ? try settings.number("val_set_size", in: .nonNegative) : 0
    let held = share < 1 ? (Double(examples) * share).rounded(.up) : share
    let steps = ((Double(examples) - held) * epochs / whole).rounded(.up)
    guard steps >= 1, steps <= 0x1p40 else {
      throw settings.invalid(
        .outOfRange(key: "num_epochs", value: epochs, expected: "fewer epochs"), "num_train_epochs")
    }
    return Int(steps)
  }

  private static func schedule(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int, _ total: Int, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let name = try settings.text("lr_scheduler_type", default: "cosine")
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    var warmup: Int
    if settings.has("warmup_steps") {
      warmup = try settings.wholeNumber("warmup_steps", from: 0)
    } else if settings.has("warmup_ratio") {
      warmup = Int(try settings.number("warmup_ratio", in: share) * Double(total))
    } else {
      warmup = min(Int(0.03 * Double(total)), 100)
      settings.remark(
        "Not stated, so axolotl's default: a warmup of \(warmup) steps, 3 % of the run and at most 100.")
    }
    if warmup == 1 { warmup = 2 }
    settings.ignore(["warmup_ratio", "warmup_steps"])
    var floor = 0.0
    if settings.has("cosine_min_lr_ratio") {
      let ratio = try settings.number("cosine_min_lr_ratio", in: share)
      if ["cosine", "rex"].contains(name) {
        floor = ratio
      } else {
        settings.remark("cosine_min_lr_ratio has no influence on lr_scheduler \(name).")
      }
    }
    if settings.has("cosine_constant_lr_ratio") {
      throw settings.invalid(
        .unsupportedSchedule("cosine_constant_lr_ratio", because: "is not followed"),
        "cosine_constant_lr_ratio")
    }
    let isQuadratic =
      settings.has("lr_quadratic_warmup") ? try settings.boolean("lr_quadratic_warmup") : false
    func followed(_ breaks: [Int], _ rate: (Int) -> Double) throws(ConfigurationError) -> LearningRateSchedule
    {
      try .following(nil, settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: breaks, rate: rate)
    }
    switch name {
    case "cosine" where isQuadratic:
      return try followed([warmup]) { taken in
        if taken < warmup { return peak * Double.pow(Double(taken) / Double(warmup), 2) }
        return peak * (1 + Double.cos(.pi * Double(taken - warmup) / Double(max(1, steps - warmup)))) / 2
      }
    case "cosine":
      var named = ScheduleSpecification("cosine")
      if floor > 0 { named.parameters["floor"] = [floor] }
      if warmup > 0 { named.warmup = warmup }
      return .fitting(named, peak: peak, steps: steps, warnings: &warnings)
    case "rex":
      return try followed([warmup - 1, warmup, steps - 1]) { taken in
        let t = taken + 1
        if t <= warmup { return peak * Double(t) / Double(warmup) }
        let left = Double(steps - t) / Double(max(1, steps - warmup))
        return left <= 0 ? peak * floor : peak * (floor + (1 - floor) * left / (0.1 + 0.9 * left))
      }
    case "one_cycle":
      warnings.append("one_cycle moves β₁ between 0.85 and 0.95 as well, which is not followed.")
      var named = ScheduleSpecification("one-cycle")
      named.parameters = ["rise": [Double(warmup) / Double(steps)], "div": [25], "final-div": [1e4]]
      return .named(named)
    default:
      settings.put("warmup_steps", .number(Double(warmup)))
      return try HuggingFaceSchedule.read(&settings, peak: peak, steps: steps, &warnings)
    }
  }
}

extension RunFormat {
  static let axolotl = RunFormat(
    identifier: "axolotl", name: "axolotl's YAML", tool: "axolotl", syntaxes: ["YAML", "JSON"],
    keys: HuggingFace.keys + Axolotl.spellings.values + ["cosine_min_lr_ratio"], spellings: Axolotl.spellings,
    defaults: [
      "lr_scheduler_type": "cosine", "num_train_epochs": "1", "per_device_train_batch_size": "1",
      "optim": "adamw_torch_fused",
    ],
    harmless: ["lora_alpha"]
  ) { (settings) throws(ConfigurationError) in try Axolotl.read(&settings) }
}
