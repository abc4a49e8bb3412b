import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The YAML of llm-foundry and Composer (github.com/mosaicml).
///
/// - Its `decoupled_…` optimizers shrink the weight by λ′·η_t/η_max a step: λ′ is not multiplied with the learning rate.
/// - Times have units: `ba` batches, `ep` epochs, `sp` samples, `tok` tokens, `dur` shares of the run.
/// - All tensors are in one parameter group, so everything decays.
enum Composer {
  static let keys = [
    "optimizer.name", "optimizer.lr", "optimizer.betas", "optimizer.eps", "optimizer.weight_decay",
    "optimizer.momentum", "scheduler.name", "scheduler.t_warmup", "scheduler.t_max", "scheduler.alpha_f",
    "scheduler.alpha_i", "max_duration", "global_train_batch_size", "max_seq_len",
  ]

  static func isTypical(_ root: ConfigurationValue) -> Bool {
    let known = Set(["max_duration", "global_train_batch_size", "device_train_microbatch_size", "scheduler"])
    guard let keys = root.keys, keys.contains("optimizer") || keys.contains("optimizers") else {
      return false
    }
    return keys.contains("max_duration") || known.intersection(keys).count > 1
  }

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.resolveReferences()
    var notes: [String] = []
    var warnings: [String] = []
    let optimizer = try ComposerOptimizer(&settings)
    let clock = try ComposerClock(&settings)
    notes += clock.notes
    let peak = optimizer.hyperparameters[.learningRate] ?? 0
    let schedule = try ComposerSchedule.read(&settings, clock, peak: peak, &warnings)
    optimizer.finish(&notes, &warnings)
    let clipping = ["algorithms.gradient_clipping", "algorithms.gradient_clipping.clipping_threshold"]
    if settings.hasAny(under: clipping[0]) {
      warnings.append(
        "Gradients are clipped (algorithms.gradient_clipping), which the predictions leave out.")
    }
    settings.ignore(
      ["clipping_type", "clipping_threshold"].map { "\(clipping[0]).\($0)" } + [
        "seed", "model.attn_config.clip_qkv",
      ])
    let model = try MPTModel(&settings)
    if let model { notes += model.notes }
    notes.append("One parameter group: every tensor decays, embeddings included.")
    var name = settings.stem
    for key in ["run_name", "name"] {
      if let value = settings.value(key), case .unevaluated = value.content {
      } else if settings.has(key) {
        name = try settings.text(key)
        break
      }
    }
    return TrainingRun(
      name: name, optimizer: optimizer.optimizer, hyperparameters: optimizer.hyperparameters,
      nesterov: optimizer.nesterov, decayConvention: optimizer.convention, steps: clock.steps,
      stepsPerEpoch: clock.stepsPerEpoch, schedule: schedule, decayRule: .all, layers: model?.layers ?? [],
      notes: notes + settings.notes, warnings: warnings + settings.warnings, ignored: settings.ignored)
  }
}

/// The optimizers of llm-foundry's registry.
private struct ComposerOptimizer {
  let optimizer: Optimizer
  var hyperparameters: [Symbol: Double] = [:]
  var nesterov = false
  var convention = DecayConvention.coupled
  private var notes: [String] = []
  private var warnings: [String] = []

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    let name = try settings.text("optimizer.name")
    let plain = name.lowercased().filter { $0 != "_" }
    var decoupled = Self.decoupled.first { plain == $0.name }
    if plain == "decoupledlionw8b" { decoupled = Self.decoupled.first { $0.optimizer == .lion } }
    guard let decoupled else {
      let prefix = "pytorch"
      let torch = try TorchOptimizer(
        &settings, name: plain.hasPrefix(prefix) ? String(plain.dropFirst(prefix.count)) : name,
        nameKey: "optimizer.name", prefix: "optimizer.")
      (optimizer, hyperparameters, nesterov) = (torch.optimizer, torch.hyperparameters, torch.nesterov)
      (notes, warnings) = (torch.notes, torch.warnings)
      return
    }
    optimizer = decoupled.optimizer
    let learningRate = decoupled.optimizer == .sgdm ? nil : decoupled.optimizer == .lion ? 1e-4 : 1e-3
    let rate = try settings.number("optimizer.lr", in: .positive, default: learningRate)
    let decay = try settings.number(
      "optimizer.weight_decay", in: Symbol.weightDecay.domain, default: decoupled.decay)
    (hyperparameters[.learningRate], hyperparameters[.weightDecay]) = (rate, decay)
    guard decay < 1 else {
      throw settings.invalid(
        .outOfRange(
          key: "optimizer.weight_decay", value: decay, expected: "below 1, as a share of the weight"),
        "optimizer.weight_decay")
    }
    if optimizer == .sgdm {
      let momentum = try settings.number("optimizer.momentum", in: .coefficient, default: 0)
      let dampening = try settings.number("optimizer.dampening", in: .coefficient, default: 0)
      nesterov = try settings.boolean("optimizer.nesterov", default: false)
      hyperparameters[.momentum] = momentum
      if dampening != 0 { hyperparameters[.dampening] = dampening }
      // ℓ2 goes through the momentum, which multiplies it by (1 − d)/(1 − α) over time, dampened or not.
      hyperparameters[.weightDecay] = decay / rate * (1 - momentum) / (1 - dampening)
      warnings.append(
        "DecoupledSGDW shrinks the weight itself by λ′ = \(decay) at the peak; read as SGDM with the ℓ2 coefficient"
          + " λ = λ′(1 − α)/η that shrinks it as much. What is left is of the order of ηλ/(1 − α).")
      return
    }
    convention = .decoupled
    let betas = try settings.numbers("optimizer.betas", in: .coefficient, default: decoupled.betas)
    (hyperparameters[.beta1], hyperparameters[.beta2]) = (betas[0], betas[1])
    if optimizer == .adamW {
      hyperparameters[.epsilon] = try settings.number("optimizer.eps", in: .nonNegative, default: 1e-8)
    }
    notes.append(
      "\(name) shrinks the weight by λ′·η_t/η_max a step, so λ′ is not multiplied with the learning rate.")
  }

  private static let decoupled: [(name: String, optimizer: Optimizer, decay: Double, betas: [Double])] = [
    ("decoupledadamw", .adamW, 1e-5, [0.9, 0.95]), ("decoupledlionw", .lion, 0, [0.9, 0.99]),
    ("decoupledsgdw", .sgdm, 0, []),
  ]

  func finish(_ notes: inout [String], _ warnings: inout [String]) {
    notes += self.notes
    warnings += self.warnings
  }
}

/// Composer's units of time in batches, each of which is an optimizer step.
private struct ComposerClock {
  private(set) var steps = 0
  private(set) var stepsPerEpoch: Int?
  private(set) var notes: [String] = []
  private var batch: Int?
  private var length: Int?
  /// The run as it is written, for shares of it.
  private var duration: (value: Double, unit: String) = (0, "ba")

  private static let units = ["ba", "ep", "tok", "sp", "dur", "iter", "sec"]

  init(_ settings: inout RunSettings) throws(ConfigurationError) {
    let given = settings.fact(.steps)
    guard let value = settings.value("max_duration") else {
      throw .invalid(.missingKey("max_duration", in: nil), at: .file(settings.path))
    }
    duration = try Self.parse(value)
    if duration.unit == "dur" { throw Self.unreadable(value) }
    for key in ["global_train_batch_size", "variables.global_train_batch_size", "train_loader.batch_size"]
    where settings.has(key) && batch == nil { batch = try settings.wholeNumber(key) }
    for key in [
      "max_seq_len", "variables.max_seq_len", "train_loader.dataset.max_seq_len", "model.max_seq_len",
    ]
    where settings.has(key) && length == nil { length = try settings.wholeNumber(key) }
    if settings.knows(.datasetSize) || duration.unit == "ep", let batch {
      if let examples = settings.fact(.datasetSize) {
        let isDropped =
          settings.has("train_loader.drop_last") ? try settings.boolean("train_loader.drop_last") : false
        stepsPerEpoch = max(1, isDropped ? examples / batch : (examples + batch - 1) / batch)
        if examples % batch != 0 {
          notes.append("The incomplete batch of an epoch \(isDropped ? "is dropped" : "counts").")
        }
      }
    }
    if let given {
      if duration.unit == "ep", stepsPerEpoch == nil, duration.value > 0 {
        stepsPerEpoch = max(1, Int((Double(given) / duration.value).rounded()))
      }
      steps = given
      return
    }
    let number = try batches(duration, value, settings).rounded(.up)
    guard number >= 1, number <= 0x1p40 else {
      throw value.invalid(
        .outOfRange(
          key: "max_duration in batches", value: number, expected: "at least 1 and a possible number"))
    }
    steps = Int(number)
  }

  /// A time of the schedule in batches; a share of the run is cut to a whole number of the run's unit.
  func batches(_ value: ConfigurationValue, _ settings: RunSettings) throws(ConfigurationError) -> Double {
    var time = try Self.parse(value)
    if time.unit == "dur" {
      if duration.unit == "ep" {
        return (time.value * duration.value * Double(try epoch(value, settings))).rounded(.down)
      }
      time = ((time.value * duration.value).rounded(.down), duration.unit)
    }
    return try batches(time, value, settings)
  }

  private func epoch(_ value: ConfigurationValue, _ settings: RunSettings) throws(ConfigurationError) -> Int {
    guard let stepsPerEpoch else {
      guard batch != nil else { throw Self.missing("global_train_batch_size", value) }
      throw value.invalid(
        .needs([.datasetSize, .steps], because: "\(value.key): \(value.source) counts epochs"))
    }
    return stepsPerEpoch
  }

  private func batches(
    _ time: (value: Double, unit: String), _ value: ConfigurationValue, _ settings: RunSettings
  ) throws(ConfigurationError) -> Double {
    switch time.unit {
    case "ba", "iter": return time.value
    case "ep": return (time.value * Double(try epoch(value, settings))).rounded(.down)
    case "sp", "tok":
      guard let batch else { throw Self.missing("global_train_batch_size", value) }
      guard time.unit == "tok" else { return time.value / Double(batch) }
      guard let length else { throw Self.missing("max_seq_len", value) }
      return time.value / (Double(batch) * Double(length))
    default: throw Self.unreadable(value)
    }
  }

  private static func missing(_ key: String, _ value: ConfigurationValue) -> ConfigurationError {
    value.invalid(.missingKey(key, in: "the file, which '\(value.key): \(value.source)' needs"))
  }

  private static func unreadable(_ value: ConfigurationValue) -> ConfigurationError {
    value.invalid(
      .wrongKind(
        key: value.key, found: "'\(value.source)'", expected: "a time such as 4800ba, 1ep, 10e9tok or 0.1dur")
    )
  }

  /// `10_000ba`, `1e9tok`; a number alone counts epochs.
  private static func parse(_ value: ConfigurationValue) throws(ConfigurationError) -> (
    value: Double, unit: String
  ) {
    if case .unevaluated = value.content { _ = try value.number(in: .positive) }
    let text = try value.text().filter { $0 != "_" && $0 != "," && $0 != " " }
    let unit = units.first(where: text.hasSuffix) ?? ""
    let digits = text.dropLast(unit.count)
    guard digits.utf8.allSatisfy("+-.0123456789eE".utf8.contains), let number = Double(digits),
      number.isFinite,
      number >= 0
    else { throw unreadable(value) }
    return (number, unit.isEmpty ? "ep" : unit)
  }
}

/// llm-foundry's schedulers.
private enum ComposerSchedule {
  static func read(
    _ settings: inout RunSettings, _ clock: ComposerClock, peak: Double, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard settings.has("scheduler.name") else {
      warnings.append("No scheduler is stated: the learning rate is taken as constant.")
      return .constant
    }
    let name = try settings.text("scheduler.name")
    let known = [
      "cosine_with_warmup", "linear_decay_with_warmup", "constant_with_warmup", "cosine", "linear",
      "constant",
    ]
    guard known.contains(name) else {
      warnings.append("scheduler.name \(name) is not followed: the learning rate is taken as constant.")
      return .constant
    }
    func time(_ key: String, _ fallback: String) throws(ConfigurationError) -> Double {
      let value =
        settings.value("scheduler.\(key)")
        ?? ConfigurationValue(key: key, content: .word(fallback), place: .file(settings.path))
      return try clock.batches(value, settings)
    }
    let unit = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let warmup = try settings.has("scheduler.t_warmup") ? time("t_warmup", "0ba") : 0
    let isConstant = name.hasPrefix("constant")
    let end = isConstant ? Double(clock.steps) : try time("t_max", "1dur")
    let floor = isConstant ? 1 : try settings.number("scheduler.alpha_f", in: unit, default: 0)
    let top =
      settings.has("scheduler.alpha_i") ? try settings.number("scheduler.alpha_i", in: .nonNegative) : 1
    guard top == 1 else {
      throw settings.invalid(
        .outOfRange(key: "scheduler.alpha_i", value: top, expected: "1; multiply lr with it instead"),
        "scheduler.alpha_i")
    }
    let isCosine = name.hasPrefix("cosine")
    if let rise = Int(exactly: warmup), let last = Int(exactly: end), isConstant || last > rise {
      var named = ScheduleSpecification(isConstant ? "constant" : isCosine ? "cosine" : "linear")
      if !isConstant { named.parameters["floor"] = [floor] }
      if rise > 0 { named.warmup = rise }
      if last != clock.steps { named.end = last }
      return .fitting(named, peak: peak, steps: clock.steps, warnings: &warnings)
    }
    // Tokens or samples that make no whole number of batches.
    guard clock.steps <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "max_duration in batches", value: Double(clock.steps),
          expected: "at most \(LearningRateTable.limit) where the warm-up is no whole number of them"),
        "max_duration")
    }
    return .table(
      LearningRateTable(everyStepOf: clock.steps) { taken in
        let t = Double(taken)
        if t < warmup { return peak * (t / warmup) }
        let x = end > warmup ? min(1, (t - warmup) / (end - warmup)) : 1
        return peak * (floor + (1 - floor) * (isCosine ? (1 + Double.cos(.pi * x)) / 2 : 1 - x))
      })
  }
}

extension RunFormat {
  static let composer = RunFormat(
    identifier: "composer", name: "llm-foundry's or Composer's YAML", tool: "Composer",
    syntaxes: ["YAML", "JSON"],
    keys: Composer.keys, isTypical: Composer.isTypical
  ) { (settings) throws(ConfigurationError) in try Composer.read(&settings) }
}
