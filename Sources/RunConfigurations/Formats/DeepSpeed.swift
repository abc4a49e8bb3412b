import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// DeepSpeed's JSON (github.com/deepspeedai/DeepSpeed), as a configuration of its own or beside the Trainer's arguments.
///
/// - `Adam` is AdamW unless `adam_w_mode` is off; every tensor that trains decays.
/// - A scheduler takes its step after an update; the first two updates have the lowest learning rate.
/// - `auto` stands for the Trainer's value.
struct DeepSpeed {
  /// What the keys begin with: nothing in the file itself.
  let prefix: String

  static let keys = [
    "optimizer.type", "optimizer.params.lr", "optimizer.params.betas", "optimizer.params.eps",
    "optimizer.params.weight_decay", "scheduler.type", "scheduler.params.warmup_num_steps",
    "scheduler.params.total_num_steps", "scheduler.params.warmup_max_lr",
  ]

  /// What the Trainer fills in, by its own keys.
  private static let filled: [(key: String, argument: String)] = [
    ("optimizer.params.lr", "learning_rate"), ("optimizer.params.weight_decay", "weight_decay"),
    ("optimizer.params.eps", "adam_epsilon"), ("scheduler.params.warmup_max_lr", "learning_rate"),
    ("gradient_accumulation_steps", "gradient_accumulation_steps"),
    ("train_micro_batch_size_per_gpu", "per_device_train_batch_size"),
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let own = DeepSpeed(prefix: "")
    let open = settings.values.filter { value in
      value.source == "auto" && ["optimizer.", "scheduler."].contains { value.key.hasPrefix($0) }
    }
    if let first = open.first { throw first.invalid(.automatic(open.map(\.key))) }
    guard settings.has("optimizer.type") else {
      throw .invalid(
        .optimizerInCode(arguments: "--optimizer.type=AdamW --optimizer.params.lr=NUMBER"),
        at: .file(settings.path))
    }
    var run = TrainingRun(
      name: settings.stem, optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    let total = try settings.value("scheduler.params.total_num_steps")?.wholeNumber(upTo: 0x1p40)
    if let given = settings.fact(.steps) {
      run.steps = given
    } else if let total {
      run.steps = total
      run.notes.append("The run is taken to end with the scheduler, after total_num_steps = \(total).")
    } else {
      run.steps = try settings.required(.steps, because: "DeepSpeed's JSON does not say how long the run is")
    }
    try own.readOptimizer(&settings, &run)
    try own.readSchedule(&settings, &run)
    settings.passOver { !$0.hasPrefix("optimizer") && !$0.hasPrefix("scheduler") }
    run.notes +=
      ["Every tensor that is given to DeepSpeed decays, biases and gains included."] + settings.notes
    run.warnings += try settings.clipping("gradient_clipping") + settings.warnings
    run.ignored = settings.ignored
    return run
  }

  /// The file that the Trainer's arguments name, or the mapping that stands among them; nil where there is neither.
  static func beside(_ settings: inout RunSettings, _ warnings: inout [String]) throws(ConfigurationError)
    -> DeepSpeed?
  {
    let isGiven: (BesideFile) -> Bool = { other in
      ["zero_optimization", "train_micro_batch_size_per_gpu", "optimizer"].contains {
        other.root.member($0) != nil
      }
    }
    if settings.has("deepspeed") || settings.beside.contains(where: isGiven) {
      let name = settings.has("deepspeed") ? try settings.text("deepspeed") : "DeepSpeed's JSON"
      var root = try settings.sibling(name)
      if root == nil { root = settings.given(where: isGiven) }
      guard let root else {
        warnings.append(
          "\(name.excerpt) is not beside the file: an optimizer or a scheduler that it states would count instead."
        )
        return nil
      }
      settings.remark("\(name.excerpt), which lies beside the file, is read as well.")
      let named = ConfigurationValue(key: "deepspeed", content: root.content, place: root.place)
      settings.adopt(ConfigurationValue(key: "", content: .mapping([named]), place: root.place))
    }
    guard settings.hasAny(under: "deepspeed") else { return nil }
    let own = DeepSpeed(prefix: "deepspeed.")
    for (key, argument) in filled {
      let key = own.prefix + key
      guard let value = settings.value(key), let given = settings.value(argument) else { continue }
      if value.source != "auto", let number = try? value.number(in: .real),
        let other = try? given.number(in: .real), number != other
      {
        throw value.invalid(
          .outOfRange(key: key, value: number, expected: "\(other) as \(settings.spelled(argument)) states"))
      }
    }
    return own
  }

  /// Puts what the JSON states in the place of the Trainer's optimizer and schedule.
  func replace(_ settings: inout RunSettings, _ run: inout TrainingRun) throws(ConfigurationError) {
    let rate = run.hyperparameters[.learningRate] ?? 0
    for (key, number) in [
      ("optimizer.params.lr", rate),
      ("optimizer.params.weight_decay", run.hyperparameters[.weightDecay] ?? 0),
      ("optimizer.params.eps", run.hyperparameters[.epsilon] ?? 1e-8),
      ("scheduler.params.warmup_max_lr", rate), ("scheduler.params.warmup_min_lr", 0),
      ("scheduler.params.total_num_steps", Double(run.steps)),
    ] where settings.value(prefix + key)?.source == "auto" {
      settings.put(prefix + key, .number(number))
    }
    if settings.value(prefix + "optimizer.params.betas")?.source == "auto" {
      let betas = [Symbol.beta1, .beta2].map { run.hyperparameters[$0] ?? 0 }
      settings.put(prefix + "optimizer.params.betas", .word("\(betas[0]) \(betas[1])"))
    }
    if settings.value(prefix + "scheduler.params.warmup_num_steps")?.source == "auto" {
      let warmup = try HuggingFaceSchedule.warmup(&settings, steps: run.steps)
      settings.put(prefix + "scheduler.params.warmup_num_steps", .number(Double(max(1, warmup))))
    }
    if hasOptimizer(settings) {
      try readOptimizer(&settings, &run)
      run.notes.append("deepspeed states the optimizer: every tensor decays, and optim has no influence.")
    }
    if hasSchedule(settings) {
      try readSchedule(&settings, &run)
      run.notes.append("deepspeed states the scheduler: lr_scheduler_type has no influence.")
    }
    settings.passOver { $0.hasPrefix(prefix) }
  }

  func hasOptimizer(_ settings: RunSettings) -> Bool { settings.has(prefix + "optimizer.type") }
  func hasSchedule(_ settings: RunSettings) -> Bool { settings.has(prefix + "scheduler.type") }

  // MARK: Optimizer

  func readOptimizer(_ settings: inout RunSettings, _ run: inout TrainingRun) throws(ConfigurationError) {
    let key = prefix + "optimizer.type"
    let type = try settings.text(key)
    let name: String
    switch type.lowercased() {
    case "adam", "adamw": name = type.lowercased() == "adam" ? "FusedAdam" : "AdamW"
    case "lion":
      name = "Lion"
      if !settings.has(prefix + "optimizer.params.betas") {
        settings.remark("DeepSpeed's Lion has the coefficients 0.9 and 0.999 where none are stated.")
        settings.put(prefix + "optimizer.params.betas", .word("0.9 0.999"))
      }
    case "sgd" where type == "SGD": name = type
    default:
      throw settings.invalid(
        .unsupportedOptimizer(type, because: "has no prediction", known: ["Adam", "AdamW", "Lion", "SGD"]),
        key)
    }
    let parameters = prefix + "optimizer.params."
    // Those of DeepSpeed itself: no decay, a learning rate of 1e-3.
    if !settings.has(parameters + "weight_decay") {
      settings.put(parameters + "weight_decay", .number(0))
      settings.remark("Not stated, so DeepSpeed's default: weight_decay = 0.")
    }
    if !settings.has(parameters + "lr"), name == "Lion" { settings.put(parameters + "lr", .number(1e-3)) }
    let torch = try TorchOptimizer(&settings, name: name, nameKey: key, prefix: parameters)
    (run.optimizer, run.hyperparameters, run.nesterov) = (
      torch.optimizer, torch.hyperparameters, torch.nesterov
    )
    run.decayRule = .all
    run.notes += torch.notes
    run.warnings += torch.warnings
  }

  // MARK: Schedule

  func readSchedule(_ settings: inout RunSettings, _ run: inout TrainingRun) throws(ConfigurationError) {
    guard hasSchedule(settings) else {
      run.notes.append("No scheduler is stated: the learning rate is constant.")
      return
    }
    let stated = run.hyperparameters[.learningRate] ?? 0
    let key = prefix + "scheduler.type"
    let parameters = prefix + "scheduler.params."
    let type = try settings.text(key)
    if type == "OneCycle" { return try readOneCycle(&settings, &run, parameters) }
    guard ["WarmupLR", "WarmupDecayLR", "WarmupCosineLR"].contains(type) else {
      throw settings.invalid(
        .unsupportedSchedule(
          type, because: "is not followed; known: WarmupLR, WarmupDecayLR, WarmupCosineLR, OneCycle"), key)
    }
    let isCosine = type == "WarmupCosineLR"
    let warmup = max(2, try settings.wholeNumber(parameters + "warmup_num_steps", from: 0, default: 1000))
    let isLog = try settings.text(parameters + "warmup_type", default: "log") != "linear"
    let total = type == "WarmupLR" ? run.steps : try settings.wholeNumber(parameters + "total_num_steps")
    var low = 0.0
    var peak = stated
    if isCosine {
      low = try settings.number(parameters + "warmup_min_ratio", in: .nonNegative, default: 0)
    } else {
      low = try settings.number(parameters + "warmup_min_lr", in: .nonNegative, default: 0)
      if settings.has(parameters + "warmup_max_lr") || type == "WarmupDecayLR" {
        peak = try settings.number(parameters + "warmup_max_lr", in: .positive, default: 1e-3)
      }
      if peak != stated {
        run.warnings.append("warmup_max_lr = \(peak) takes the place of the optimizer's lr \(stated).")
      }
      low /= peak
    }
    let floor =
      isCosine ? try settings.number(parameters + "cos_min_ratio", in: .nonNegative, default: 1e-4) : low
    settings.ignore(["last_batch_iteration"].map { parameters + $0 })
    run.hyperparameters[.learningRate] = peak
    run.notes.append(
      "The schedule is that of DeepSpeed from release 0.15.4 on: the first two updates have the lowest learning rate."
    )
    run.schedule = try .following(
      nil, settings, key: key, peak: peak, steps: run.steps, breaks: [1, 2, warmup, warmup + 1, total + 1]
    ) { taken in
      let last = Double(taken - 1)
      if taken == 0 { return isCosine ? 0 : peak * low }
      if taken - 1 < warmup {
        let share = isLog ? Double.log(Double(taken)) / Double.log(Double(warmup)) : last / Double(warmup)
        return peak * (low + (1 - low) * share)
      }
      switch type {
      case "WarmupLR": return peak
      case "WarmupDecayLR":
        return peak * (low + (1 - low) * max(0, (Double(total) - last) / Double(max(1, total - warmup))))
      default:
        let x = min(1, (last - Double(warmup) + 1) / Double(max(1, total - warmup)))
        return peak * max(0, floor + (1 - floor) * (1 + Double.cos(.pi * x)) / 2)
      }
    }
  }
}

extension DeepSpeed {
  /// Up, down, and a slow fall from the lowest learning rate; the optimizer's own has no influence.
  private func readOneCycle(
    _ settings: inout RunSettings, _ run: inout TrainingRun, _ parameters: String
  ) throws(ConfigurationError) {
    let lowest = try settings.number(parameters + "cycle_min_lr", in: .nonNegative)
    let peak = try settings.number(parameters + "cycle_max_lr", in: .positive)
    let first = try settings.wholeNumber(parameters + "cycle_first_step_size", default: 2000)
    let second = try settings.wholeNumber(parameters + "cycle_second_step_size", default: first)
    let every = try settings.wholeNumber(parameters + "decay_step_size", from: 0, default: 0)
    let rate = try settings.number(parameters + "decay_lr_rate", in: .nonNegative, default: 0)
    if run.optimizer != .lion || settings.has(parameters + "cycle_momentum"),
      try settings.boolean(parameters + "cycle_momentum", default: true)
    {
      throw settings.invalid(
        .unsupportedSchedule(
          "OneCycle", because: "moves the momentum unless cycle_momentum is false, which is not followed"),
        parameters + "cycle_momentum")
    }
    settings.ignore(
      [
        "cycle_min_mom", "cycle_max_mom", "decay_mom_rate", "cycle_first_stair_count",
        "cycle_second_stair_count",
      ]
      .map { parameters + $0 })
    run.hyperparameters[.learningRate] = peak
    let (rise, whole) = (Double(first), Double(first + second))
    run.schedule = try .following(
      nil, settings, key: prefix + "scheduler.type", peak: peak, steps: run.steps,
      breaks: [first, first + second, first + second + 1]
    ) { taken in
      let k = Double(taken)
      if k - 1 < whole {
        let x = (k / whole).truncatingRemainder(dividingBy: 1)
        let split = rise / whole
        return lowest + (peak - lowest) * (x <= split ? x / split : (x - 1) / (split - 1))
      }
      return every > 0 ? lowest / (1 + rate * (k - whole) / Double(every)) : lowest
    }
  }
}

extension RunFormat {
  static let deepSpeed = RunFormat(
    identifier: "deepspeed", name: "DeepSpeed's JSON", tool: "DeepSpeed", syntaxes: ["JSON", "YAML"],
    keys: DeepSpeed.keys,
    harmless: ["fp16.loss_scale_window", "amp.opt_level", "zero_optimization.sub_group_size"]
  ) { (settings) throws(ConfigurationError) in try DeepSpeed.read(&settings) }
}
