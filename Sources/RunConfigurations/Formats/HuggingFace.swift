import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// Hugging Face's `TrainingArguments`, as JSON or YAML, and the Trainer's `trainer_state.json`
/// (github.com/huggingface/transformers).
///
/// What the Trainer does:
/// - Biases and the weights of normalisation layers do not decay; there is no decay unless it is asked for.
/// - An optimizer step takes `gradient_accumulation_steps` batches; what is left of an epoch makes a step of its own.
/// - `max_steps` beats epochs, and `warmup_steps` beats `warmup_ratio`, which is rounded up.
/// - From release 4.51 on the learning rate that is logged with a step is the one that it was taken at, before that the
///   one of the next step.
enum HuggingFace {
  /// The arguments that overrides may name.
  static let keys = [
    "output_dir", "run_name", "optim", "optim_args", "adafactor", "learning_rate", "weight_decay",
    "adam_beta1",
    "adam_beta2", "adam_epsilon", "max_grad_norm", "num_train_epochs", "max_steps", "lr_scheduler_type",
    "lr_scheduler_kwargs", "warmup_steps", "warmup_ratio", "per_device_train_batch_size",
    "per_gpu_train_batch_size", "gradient_accumulation_steps", "dataloader_drop_last", "deepspeed", "fsdp",
    "layerwise_lr", "auto_find_batch_size",
  ]

  /// What makes a schedule of settings: the peak, the steps of the run, and where warnings go.
  typealias Schedule = (inout RunSettings, _ peak: Double, _ steps: Int, _ warnings: inout [String])
    throws(ConfigurationError) -> LearningRateSchedule

  /// Reads the Trainer's arguments, or those of a program that hands them on.
  ///
  /// - Parameter makeSchedule: the schedule of such a program, where it is not the Trainer's.
  static func read(
    _ settings: inout RunSettings, schedule makeSchedule: Schedule? = nil
  ) throws(ConfigurationError) -> TrainingRun {
    var notes: [String] = []
    var warnings: [String] = []
    let state = try state(&settings, &notes)
    if let state { try checkStateAlone(state, settings) }
    let engine = try DeepSpeed.beside(&settings, &warnings)
    let optimizer = try HuggingFaceOptimizer(&settings)
    notes += optimizer.notes
    warnings += optimizer.warnings
    let learningRate: Double
    if let peak = state?.peak, !settings.has("learning_rate") {
      learningRate = peak
      notes.append("The peak learning rate is the highest in log_history, \(peak).")
    } else {
      learningRate = try settings.number("learning_rate", in: .positive, default: 5e-5)
    }
    var values = optimizer.hyperparameters
    values[.learningRate] = learningRate
    if values[.weightDecay] == nil {
      values[.weightDecay] = try settings.number("weight_decay", in: .nonNegative, default: 0)
    }
    let length = try HuggingFaceLength(&settings, state: state, &notes)
    // A log alone does not say by what rule its learning rates were made.
    var schedule: LearningRateSchedule?
    if state == nil || settings.has("lr_scheduler_type") || settings.has("per_device_train_batch_size") {
      schedule =
        if let makeSchedule {
          try makeSchedule(&settings, learningRate, length.steps, &warnings)
        } else {
          try HuggingFaceSchedule.read(&settings, peak: learningRate, steps: length.steps, &warnings)
        }
    }
    if let state {
      schedule = try state.schedule(
        schedule, peak: learningRate, steps: length.steps, path: settings.path, &notes, &warnings)
    }
    warnings += try settings.clipping("max_grad_norm", default: 1)
    warnings += try groups(&settings)
    let name = settings.has("run_name") ? try settings.text("run_name") : settings.stem
    settings.ignore([
      "lr_scheduler_kwargs", "adafactor", "optim_args", "optim_target_modules", "fp16_opt_level", "beta",
    ])
    var run = TrainingRun(
      name: name.isEmpty ? settings.stem : name, optimizer: optimizer.optimizer, hyperparameters: values,
      nesterov: optimizer.nesterov, steps: length.steps, stepsPerEpoch: length.stepsPerEpoch,
      schedule: schedule ?? .constant, decayRule: .huggingFace, notes: notes, warnings: warnings)
    if engine?.hasOptimizer(settings) != true {
      for (key, tensors) in [
        ("mm_projector_lr", "*mm_projector*"), ("mm_vision_tower_lr", "*vision_tower*"),
        ("vision_tower_lr", "*vision_tower*"),
      ] where settings.has(key) {
        run.addGroup(
          key, tensors: [tensors], [.learningRate: try settings.number(key, in: .positive)])
      }
    }
    if let engine { try engine.replace(&settings, &run) }
    if run.decayRule == .huggingFace {
      run.notes.append("Biases and the weights of normalisation layers do not decay.")
    }
    run.notes += settings.notes
    run.warnings += settings.warnings
    run.ignored = settings.ignored
    return run
  }

  /// Warnings of parameters that have a learning rate of their own.
  private static func groups(_ settings: inout RunSettings) throws(ConfigurationError) -> [String] {
    let keys = [
      "merger_lr", "vision_lr", "projector_lr",
      "loraplus_lr_ratio", "loraplus_lr_embedding", "embedding_lr", "embedding_lr_scale", "lr_groups",
    ]
    return keys.compactMap { key in
      settings.value(key).map {
        "\(key) = \($0.source) gives some parameters a learning rate of their own; the predictions are those of the others."
      }
    }
  }

  /// A state holds neither the optimizer nor the decay, and its log may begin after the peak.
  private static func checkStateAlone(
    _ state: TrainerState, _ settings: RunSettings
  ) throws(ConfigurationError) {
    guard !settings.has("per_device_train_batch_size"), !settings.has("per_gpu_train_batch_size") else {
      return
    }
    var missing = ["optim", "weight_decay"].filter { !settings.has($0) }
    if state.beginsAtItsHighest, !settings.has("learning_rate") { missing.append("learning_rate") }
    guard missing.isEmpty else {
      throw .invalid(.stateAlone(missing: missing), at: .file(settings.path))
    }
  }

  /// The Trainer's state: the file itself, whose arguments may lie beside it, or what lies beside the arguments.
  private static func state(
    _ settings: inout RunSettings, _ notes: inout [String]
  ) throws(ConfigurationError) -> TrainerState? {
    let isState = settings.has("log_history")
    let name = isState ? "training_args.json" : "trainer_state.json"
    let other = try settings.sibling(name)
    if other != nil { notes.append("\(name), which lies beside the file, is read as well.") }
    guard isState else { return if let other { try TrainerState(other.mapping()) } else { nil } }
    // The state repeats some of the arguments.
    settings.ignore(["train_batch_size", "eval_steps", "save_steps", "logging_steps"])
    for key in ["log_history", "global_step", "epoch"] { _ = settings.value(key) }
    if let other { settings.adopt(other) }
    return try TrainerState(settings.root.mapping())
  }
}

/// The optimizer by the name that `optim` gives it.
private struct HuggingFaceOptimizer {
  let optimizer: Optimizer
  var hyperparameters: [Symbol: Double] = [:]
  var nesterov = false
  var notes: [String] = []
  var warnings: [String] = []

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    if settings.has("adafactor"), try settings.boolean("adafactor") {
      throw settings.invalid(.unknownName(key: "optimizer", "adafactor", known: Self.known), "adafactor")
    }
    let name = try settings.text("optim", default: "adamw_torch")
    switch name {
    case "adamw_torch", "adamw_hf", "adamw_torch_fused", "adamw_torch_xla", "adamw_torch_npu_fused",
      "adamw_apex_fused", "adamw_anyprecision", "adamw_bnb_8bit", "adamw_8bit", "adamw_torch_4bit",
      "adamw_torch_8bit", "paged_adamw", "paged_adamw_32bit", "paged_adamw_8bit":
      optimizer = .adamW
    case "sgd": optimizer = .sgdm
    case "lion", "lion_32bit", "lion_8bit", "paged_lion", "paged_lion_32bit", "paged_lion_8bit":
      optimizer = .lion
    default: throw settings.invalid(.unknownName(key: "optim", name, known: Self.known), "optim")
    }
    if name.hasSuffix("8bit") || name.hasSuffix("4bit") || name == "adamw_anyprecision" {
      notes.append("\(name) is read as \(optimizer.title); what rounding its moments does is left out.")
    }
    let options = try Self.options(&settings, isChecked: name == "sgd")
    if optimizer == .sgdm {
      settings.ignore(["adam_beta1", "adam_beta2", "adam_epsilon"])
      for symbol in [Symbol.momentum, .dampening] {
        hyperparameters[symbol] = try options[symbol.name]?.number(in: symbol.domain) ?? 0
      }
      if let value = options["weight_decay"] {
        hyperparameters[.weightDecay] = try value.number(in: .nonNegative)
        settings.ignore(["weight_decay"])
      }
      nesterov = options["nesterov"].map { ["true", "1", "yes"].contains($0.source.lowercased()) } ?? false
      if options["momentum"] == nil {
        notes.append("The Trainer's sgd has no momentum unless optim_args gives it.")
      }
      return
    }
    if !options.isEmpty { warnings.append("optim_args is not read for \(name).") }
    hyperparameters[.beta1] = try settings.number("adam_beta1", in: .coefficient, default: 0.9)
    hyperparameters[.beta2] = try settings.number("adam_beta2", in: .coefficient, default: 0.999)
    if optimizer == .adamW {
      hyperparameters[.epsilon] = try settings.number("adam_epsilon", in: .nonNegative, default: 1e-8)
    } else {
      settings.ignore(["adam_epsilon"])
    }
  }

  private static let known = ["adamw_torch", "adamw_torch_fused", "adamw_8bit", "sgd", "lion_32bit"]

  /// `optim_args`: `momentum=0.9,nesterov=true`.
  private static func options(
    _ settings: inout RunSettings, isChecked: Bool
  ) throws(ConfigurationError) -> [String: ConfigurationValue] {
    guard let value = settings.value("optim_args") else { return [:] }
    var options: [String: ConfigurationValue] = [:]
    for word in try value.text().filter({ $0 != " " }).split(separator: ",") {
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2 else {
        throw value.invalid(
          .wrongKind(key: "optim_args", found: "'\(value.source)'", expected: "name=value,name=value"))
      }
      let key = String(sides[0])
      guard ["momentum", "dampening", "weight_decay", "nesterov", "lr"].contains(key) || !isChecked else {
        throw value.invalid(
          .unknownKey("optim_args.\(key)", known: ["momentum", "dampening", "weight_decay", "nesterov"]))
      }
      options[key] = ConfigurationValue(key: key, content: .word(String(sides[1])), place: value.place)
    }
    return options
  }
}

/// How many optimizer steps a run has.
private struct HuggingFaceLength {
  let steps: Int
  var stepsPerEpoch: Int?

  init(
    _ settings: inout RunSettings, state: TrainerState?, _ notes: inout [String]
  ) throws(ConfigurationError) {
    let given = settings.fact(.steps)
    // −1 means: by epochs.
    let maximum = settings.has("max_steps") ? try settings.number("max_steps", in: .real, default: -1) : -1
    let epochs = try settings.number("num_train_epochs", in: .positive, default: 3)
    let batch = try Self.batch(&settings)
    let accumulated = try settings.wholeNumber("gradient_accumulation_steps", default: 1)
    let isDropped = try settings.boolean("dataloader_drop_last", default: false)
    let isCounted = given == nil && maximum <= 0 && state?.maximum ?? 0 <= 0
    if isCounted, try Self.isPacked(&settings) {
      throw .invalid(
        .needs([.steps], because: "examples are packed, so their number does not tell the batches"),
        at: .file(settings.path))
    }
    if isCounted || settings.knows(.datasetSize), let all = settings.fact(.datasetSize) {
      let examples = try Self.trained(all, &settings, &notes)
      let processes = try settings.required(
        .worldSize, because: "per_device_train_batch_size is that of one process")
      // The batches are dealt out to the processes.
      let batches =
        isDropped
        ? examples / batch / processes : ((examples + batch - 1) / batch + processes - 1) / processes
      stepsPerEpoch = max(1, (batches + accumulated - 1) / accumulated)
      if batches % accumulated != 0, given == nil, maximum <= 0 {
        notes.append(
          "An epoch is \(batches) batches, \(stepsPerEpoch ?? 0) steps; older releases of transformers do not"
            + " count the last, incomplete step of an epoch.")
      }
    }
    if let given {
      steps = given
    } else if let value = settings.value("max_steps"), maximum > 0 {
      steps = try value.wholeNumber(upTo: 0x1p40)
    } else if let state, state.maximum > 0 {
      steps = state.maximum
    } else if let stepsPerEpoch {
      let number = (epochs * Double(stepsPerEpoch)).rounded(.up)
      guard number <= 0x1p40 else {
        throw settings.invalid(
          .outOfRange(key: "num_train_epochs", value: epochs, expected: "fewer epochs"), "num_train_epochs")
      }
      steps = Int(number)
    } else {
      let source = settings.value("num_train_epochs")?.source ?? "3"
      throw settings.invalid(
        .needs(
          [.datasetSize, .worldSize], because: "num_train_epochs: \(source) counts epochs"),
        "num_train_epochs")
    }
    if stepsPerEpoch == nil { stepsPerEpoch = state?.stepsPerEpoch }
  }

  /// Whether several examples share a sequence, as LLaMA-Factory has it.
  private static func isPacked(_ settings: inout RunSettings) throws(ConfigurationError) -> Bool {
    guard settings.format.identifier == RunFormat.llamaFactory.identifier else { return false }
    for key in ["packing", "neat_packing"] where settings.has(key) { return try settings.boolean(key) }
    return settings.has("stage") ? try settings.text("stage") == "pt" : false
  }

  /// Of the examples of the data those that the file lets train.
  private static func trained(
    _ examples: Int, _ settings: inout RunSettings, _ notes: inout [String]
  ) throws(ConfigurationError) -> Int {
    var rest = examples
    for key in ["max_train_samples", "max_samples"] where settings.has(key) {
      let limit = try settings.wholeNumber(key, upTo: 0x1p40)
      // Of each data set; how many it has is not known where there are several.
      let sets = settings.value("dataset")?.source.split(separator: ",").count ?? 1
      let (all, overflow) = limit.multipliedReportingOverflow(by: max(1, key == "max_samples" ? sets : 1))
      guard !overflow, all < rest else { continue }
      rest = all
      notes.append("\(key) = \(limit): \(rest) of the \(examples) examples are taken.")
    }
    if settings.has("val_size") || settings.has("val_set_size") {
      let key = settings.has("val_size") ? "val_size" : "val_set_size"
      let share = try settings.number(key, in: .nonNegative)
      let held = share < 1 ? Int((Double(rest) * share).rounded(.up)) : Int(share, clampedTo: 1 << 40)
      guard held < rest else {
        throw settings.invalid(
          .outOfRange(key: key, value: share, expected: "fewer than the \(rest) examples"), key)
      }
      if held > 0 { notes.append("\(key) = \(share) holds \(held) of \(rest) examples back.") }
      rest -= held
    }
    return rest
  }

  private static func batch(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    let older = "per_gpu_train_batch_size"
    return settings.has(older)
      ? try settings.wholeNumber(older) : try settings.wholeNumber("per_device_train_batch_size", default: 8)
  }
}

extension RunFormat {
  static let huggingFace = RunFormat(
    identifier: "huggingface", name: "Hugging Face's TrainingArguments",
    tool: "the Trainer", syntaxes: ["JSON", "YAML", "shell", "Python"],
    keys: HuggingFace.keys, isTypical: TrainerScript.isTypical,
    prepare: { (file, input, overrides) throws(ConfigurationError) in
      file.statements.isEmpty ? file : try TrainerScript.settings(of: file, input, overrides)
    }, readsScripts: true
  ) { (settings) throws(ConfigurationError) in try HuggingFace.read(&settings) }

  /// LLaMA-Factory's YAML (github.com/hiyouga/LLaMA-Factory): the Trainer's arguments with some of its own.
  static let llamaFactory = RunFormat(
    identifier: "llamafactory", name: "LLaMA-Factory's YAML", tool: "the Trainer",
    syntaxes: ["YAML", "JSON"],
    keys: HuggingFace.keys,
    harmless: ["pref_beta", "badam_mode", "badam_switch_interval", "apollo_rank", "galore_rank", "stage"]
  ) { (settings) throws(ConfigurationError) in
    if settings.has("stage"), try settings.text("stage") == "ppo" {
      throw settings.invalid(
        .unsupportedSchedule("ppo", because: "counts steps of its own, which are not followed"), "stage")
    }
    return try HuggingFace.read(&settings) { (settings, peak, steps, warnings) throws(ConfigurationError) in
      let key = "lr_scheduler_kwargs.num_decay_steps"
      if let type = settings.value("lr_scheduler_type"), type.source == "warmup_stable_decay",
        !settings.has(key)
      {
        // Two thirds of what is left after the warmup, where nothing else is said.
        let left = steps - (try HuggingFaceSchedule.warmup(&settings, steps: steps))
        settings.put(key, .number(Double(left - left / 3)))
        settings.remark("Not stated, so LLaMA-Factory's default: num_decay_steps = \(left - left / 3).")
      }
      return try HuggingFaceSchedule.read(&settings, peak: peak, steps: steps, &warnings)
    }
  }
}
