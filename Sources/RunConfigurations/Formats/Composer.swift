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

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.resolveReferences()
    // What others are stated by.
    settings.passOver { $0.hasPrefix("variables.") }
    var notes: [String] = []
    var warnings: [String] = []
    let optimizer = try ComposerOptimizer(&settings)
    let clock = try ComposerClock(&settings)
    notes += clock.notes
    let peak = optimizer.hyperparameters[.learningRate] ?? 0
    let schedule = try ComposerSchedule.read(&settings, clock, peak: peak, &warnings)
    notes += optimizer.notes
    warnings += optimizer.warnings
    let clipping = ["algorithms.gradient_clipping", "algorithms.gradient_clipping.clipping_threshold"]
    if settings.hasAny(under: clipping[0]) {
      warnings.append(RunSettings.clips(clipping[0]))
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
  private(set) var notes: [String] = []
  private(set) var warnings: [String] = []

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
      "optimizer.weight_decay", in: .nonNegative, default: decoupled.decay)
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
      guard settings.isLeftOut("scheduler.name") else {
        throw settings.invalid(
          .unsupportedSchedule(
            name, because: "is not followed; --ignore scheduler.name takes the learning rate as constant"),
          "scheduler.name")
      }
      warnings.append(
        "scheduler.name \(name) is left out, as --ignore asks: the learning rate is taken as constant.")
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
    let breaks = [warmup, end].map { Int($0.rounded(.up), clampedTo: 1 << 53) }
    return try .following(
      nil, settings, key: "scheduler.name", peak: peak, steps: clock.steps, breaks: breaks
    ) { taken in
      let t = Double(taken)
      if t < warmup { return peak * (t / warmup) }
      let x = end > warmup ? min(1, (t - warmup) / (end - warmup)) : 1
      return peak * (floor + (1 - floor) * (isCosine ? (1 + Double.cos(.pi * x)) / 2 : 1 - x))
    }
  }
}

extension RunFormat {
  static let composer = RunFormat(
    identifier: "composer", name: "llm-foundry's or Composer's YAML", tool: "Composer",
    syntaxes: ["YAML", "JSON"],
    keys: Composer.keys
  ) { (settings) throws(ConfigurationError) in try Composer.read(&settings) }
}
