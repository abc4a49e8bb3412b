import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The YACS files of Swin Transformer (github.com/microsoft/Swin-Transformer), with its defaults.
///
/// - `main.py` multiplies all learning rates by the examples of an update over 512; the `config.json` of a run has them multiplied.
/// - The schedule takes its step after an update, from the warmup's first value on: the first two updates have the same learning rate.
enum Swin {
  static let keys = [
    "DATA.BATCH_SIZE", "TRAIN.START_EPOCH", "TRAIN.EPOCHS", "TRAIN.WARMUP_EPOCHS", "TRAIN.WEIGHT_DECAY",
    "TRAIN.BASE_LR", "TRAIN.WARMUP_LR", "TRAIN.MIN_LR", "TRAIN.CLIP_GRAD", "TRAIN.ACCUMULATION_STEPS",
    "TRAIN.LR_SCHEDULER.NAME", "TRAIN.LR_SCHEDULER.DECAY_EPOCHS", "TRAIN.LR_SCHEDULER.DECAY_RATE",
    "TRAIN.LR_SCHEDULER.WARMUP_PREFIX", "TRAIN.LR_SCHEDULER.GAMMA", "TRAIN.LR_SCHEDULER.MULTISTEPS",
    "TRAIN.OPTIMIZER.NAME", "TRAIN.OPTIMIZER.EPS", "TRAIN.OPTIMIZER.BETAS", "TRAIN.OPTIMIZER.MOMENTUM",
    "TRAIN.LAYER_DECAY",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .req)
    run.optimizer = try settings.optimizer(
      "TRAIN.OPTIMIZER.NAME", default: "adamw",
      of: [("adamw", .adamW), ("fused_adam", .adamW), ("sgd", .sgdm)])
    if run.optimizer == .sgdm {
      run.hyperparameters = try settings.values([
        HyperparameterKey(.momentum, "TRAIN.OPTIMIZER.MOMENTUM", 0.9)
      ])
      run.nesterov = true
      settings.ignore(["TRAIN.OPTIMIZER.BETAS", "TRAIN.OPTIMIZER.EPS"])
    } else {
      let betas = try settings.numbers("TRAIN.OPTIMIZER.BETAS", in: .coefficient, default: [0.9, 0.999])
      (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (betas[0], betas[1])
      run.hyperparameters[.epsilon] = try settings.number(
        "TRAIN.OPTIMIZER.EPS", in: .nonNegative, default: 1e-8)
    }
    run.hyperparameters[.weightDecay] = try settings.number(
      "TRAIN.WEIGHT_DECAY", in: .nonNegative, default: 0.05)
    if settings.has("TRAIN.LAYER_DECAY") {
      let decay = try settings.number("TRAIN.LAYER_DECAY", in: .positive)
      if decay != 1 { run.setLayerDecay(decay, "TRAIN.LAYER_DECAY, which the fine-tuning of SimMIM reads,") }
    }
    let size = try settings.wholeNumber("DATA.BATCH_SIZE", default: 128)
    let accumulated = Swift.max(1, try settings.wholeNumber("TRAIN.ACCUMULATION_STEPS", from: 0, default: 1))
    let (batches, processes) = try settings.batches(of: size, perProcess: "DATA.BATCH_SIZE", dropsLast: true)
    let updates = batches / accumulated
    guard updates >= 1 else {
      throw settings.invalid(
        .outOfRange(
          key: "TRAIN.ACCUMULATION_STEPS", value: Double(accumulated),
          expected: "at most \(batches), an epoch's batches"),
        "TRAIN.ACCUMULATION_STEPS")
    }
    let epochs = try settings.wholeNumber("TRAIN.EPOCHS", default: 300, upTo: 100_000)
    let isDump = ["LOCAL_RANK", "EVAL_MODE"].allSatisfy(settings.has)
    let factor = isDump ? 1 : Double(size * processes * accumulated) / 512
    run.notes.append(
      isDump
        ? "The file of a run has its learning rates multiplied already."
        : "The learning rates are multiplied by \(size) × \(processes)\(accumulated > 1 ? " × \(accumulated)" : "")/512 = \(factor)."
    )
    let peak = try settings.number("TRAIN.BASE_LR", in: .positive, default: 5e-4) * factor
    run.hyperparameters[.learningRate] = peak
    run.steps = try settings.product(epochs, updates, "TRAIN.EPOCHS")
    run.stepsPerEpoch = updates
    if settings.has("TRAIN.START_EPOCH"), try settings.wholeNumber("TRAIN.START_EPOCH", from: 0) > 0 {
      run.warnings.append("TRAIN.START_EPOCH is not 0: the run is read from its first epoch.")
    }
    try readSchedule(&settings, &run, peak: peak, factor, (batches, accumulated, epochs))
    run.warnings += try settings.clipping("TRAIN.CLIP_GRAD", default: 5)
    run.notes.append("What has one dimension, biases and relative position tables do not decay.")
    settings.ignore(["TRAIN.MOE.SAVE_MASTER", "TRAIN.AUTO_RESUME", "TRAIN.USE_CHECKPOINT"])
    settings.passOver { !$0.hasPrefix("TRAIN.") && $0 != "DATA.BATCH_SIZE" }
    return try settings.finished(run)
  }

  private static func readSchedule(
    _ settings: inout RunSettings, _ run: inout TrainingRun, peak: Double, _ factor: Double,
    _ length: (batches: Int, accumulated: Int, epochs: Int)
  ) throws(ConfigurationError) {
    let kind = try settings.choice(
      "TRAIN.LR_SCHEDULER.NAME", default: "cosine",
      of: ["cosine", "linear", "step", "multistep"].map { ($0, $0) })
    let unit = Double(length.accumulated > 1 ? length.batches / length.accumulated : length.batches)
    let total = Double(length.epochs) * unit
    let share = Domain(0, includesLower: true, upTo: 100_000, includesUpper: true)
    let warmup = (try settings.number("TRAIN.WARMUP_EPOCHS", in: share, default: 20) * unit).rounded(
      .towardZero)
    let first =
      warmup > 0 ? try settings.number("TRAIN.WARMUP_LR", in: .nonNegative, default: 5e-7) * factor : peak
    var (lowest, rate, every, prefix) = (0.0, 1.0, 1.0, true)
    var milestones: [Double] = []
    switch kind {
    case "cosine":
      lowest = try settings.number("TRAIN.MIN_LR", in: .nonNegative, default: 5e-6) * factor
      prefix = try settings.boolean("TRAIN.LR_SCHEDULER.WARMUP_PREFIX", default: true)
    case "step":
      rate = try settings.number("TRAIN.LR_SCHEDULER.DECAY_RATE", in: .positive, default: 0.1)
      every = (try settings.number("TRAIN.LR_SCHEDULER.DECAY_EPOCHS", in: .positive, default: 30) * unit)
        .rounded(.towardZero)
    case "multistep":
      rate = try settings.number("TRAIN.LR_SCHEDULER.GAMMA", in: .positive, default: 0.1)
      milestones = (try settings.numbers("TRAIN.LR_SCHEDULER.MULTISTEPS", in: share) ?? []).map { $0 * unit }
    default: break
    }
    guard every >= 1, warmup < total else {
      throw settings.invalid(
        .outOfRange(key: "TRAIN.WARMUP_EPOCHS", value: warmup / unit, expected: "less than the run"),
        "TRAIN.WARMUP_EPOCHS")
    }
    settings.ignore(["TRAIN.MIN_LR"])
    let (span, start) = prefix && kind == "cosine" ? (total - warmup, warmup) : (total, 0)
    func value(_ t: Double) -> Double {
      if t < warmup { return first + t * (peak - first) / warmup }
      switch kind {
      case "cosine":
        let x = t - start
        return x >= span ? lowest : lowest + 0.5 * (peak - lowest) * (1 + Double.cos(.pi * x / span))
      case "linear": return peak * (1 - 0.99 * (t - warmup) / (total - warmup))
      case "step": return peak * Double.pow(rate, (t / every).rounded(.down))
      default: return peak * Double.pow(rate, milestones.count { $0 <= t })
      }
    }
    let updates = length.batches / length.accumulated
    // The counter runs on over batches that no update takes.
    func counter(_ taken: Int) -> Double {
      let last = (taken % updates + 1) * length.accumulated - 1
      return Double((taken / updates * length.batches + last) / length.accumulated)
    }
    var breaks =
      ([warmup] + milestones).flatMap { [Int($0, clampedTo: 1 << 40), Int($0, clampedTo: 1 << 40) + 1] } + [
        1, 2,
      ]
    if kind == "step" {
      breaks += stride(from: every, to: total, by: every).prefix(LearningRateSchedule.breakLimit)
        .flatMap { [Int($0), Int($0) + 1] }
    }
    if length.batches % length.accumulated != 0 { breaks += (1..<length.epochs).map { $0 * updates } }
    run.schedule = try .following(
      nil, settings, key: "TRAIN.LR_SCHEDULER.NAME", peak: peak, steps: run.steps, breaks: breaks
    ) { taken in
      taken == 0 ? (warmup > 0 ? first : peak) : value(counter(taken - 1))
    }
  }
}

extension RunFormat {
  static let swin = RunFormat(
    identifier: "swin", name: "Swin Transformer's YAML", tool: "Swin Transformer",
    syntaxes: ["YAML", "JSON"],
    keys: Swin.keys,
    prepare: { (file, input, _) throws(ConfigurationError) in
      ParsedFile(
        try LayeredFile.merged(file.root, over: "BASE", input) { (input) throws(ConfigurationError) in
          try YAMLDocument.root(of: input)
        })
    }
  ) { (settings) throws(ConfigurationError) in try Swin.read(&settings) }
}
