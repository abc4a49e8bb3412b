import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The command lines of MAE's `main_pretrain.py` and `main_finetune.py` (github.com/facebookresearch/mae).
///
/// - The learning rate is `blr` times the examples of an update over 256, unless `lr` is stated.
/// - It changes with every update: from 0 over the warmup, then half a cosine to `min_lr`.
/// - What has one dimension and biases do not decay; `layer_decay` lowers the learning rate of lower layers.
enum MAE {
  static let keys = [
    "batch_size", "epochs", "accum_iter", "lr", "blr", "min_lr", "warmup_epochs", "weight_decay",
    "layer_decay",
    "clip_grad", "start_epoch",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let script = settings.command?.script ?? ""
    guard !script.contains("linprobe") else {
      throw .invalid(
        .unsupportedOptimizer(
          "LARS", because: "trains linear probes and has no prediction", known: ["AdamW"]),
        at: .file(settings.path))
    }
    let isTuning = script.contains("finetune") || settings.has("layer_decay")
    for key in ["opt", "optimizer"] where settings.has(key) {
      let name = try settings.text(key)
      guard name.lowercased() != "adamw" else { continue }
      throw settings.invalid(.unsupportedOptimizer(name, because: "is not MAE's", known: ["adamw"]), key)
    }
    let size = try settings.wholeNumber("batch_size", default: 64)
    let accumulated = try settings.wholeNumber("accum_iter", default: 1)
    let epochs = try settings.wholeNumber("epochs", default: isTuning ? 50 : 400, upTo: 100_000)
    let (batches, processes) = try settings.batches(of: size, perProcess: "batch_size", dropsLast: true)
    let updates = batches / accumulated
    guard updates >= 1 else {
      throw settings.invalid(
        .outOfRange(
          key: "accum_iter", value: Double(accumulated), expected: "at most \(batches), an epoch's batches"),
        "accum_iter")
    }
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .timm)
    let peak: Double
    if settings.has("lr") {
      peak = try settings.number("lr", in: .positive)
      settings.ignore(["blr"])
    } else {
      let base = try settings.number("blr", in: .positive, default: 1e-3)
      let whole = size * accumulated * processes
      peak = base * Double(whole) / 256
      run.notes.append(
        "The learning rate is blr \(base) times \(whole) examples of an update over 256, \(peak).")
    }
    run.hyperparameters = [.learningRate: peak, .beta1: 0.9, .beta2: isTuning ? 0.999 : 0.95, .epsilon: 1e-8]
    run.hyperparameters[.weightDecay] = try settings.number("weight_decay", in: .nonNegative, default: 0.05)
    run.notes.append(
      "β₁ = 0.9 and β₂ = \(isTuning ? 0.999 : 0.95) stand in \(script.isEmpty ? "the script" : script) itself."
    )
    run.steps = try settings.product(epochs, updates, "epochs")
    run.stepsPerEpoch = updates
    let warmup = try settings.number("warmup_epochs", in: .nonNegative, default: isTuning ? 5 : 40)
    let lowest = try settings.number("min_lr", in: .nonNegative, default: isTuning ? 1e-6 : 0)
    if isTuning {
      let decay = try settings.number("layer_decay", in: .positive, default: 0.75)
      if decay != 1 { run.setLayerDecay(decay, "layer_decay") }
    }
    if settings.has("start_epoch"), try settings.wholeNumber("start_epoch", from: 0) > 0 {
      run.warnings.append("start_epoch is not 0: the run is read from its first epoch.")
    }
    let corner = Int((warmup * Double(updates)).rounded(.up), clampedTo: 1 << 40)
    var breaks = [corner - 1, corner, corner + 1]
    if batches % accumulated != 0 { breaks += (1..<Swift.max(2, epochs)).map { $0 * updates } }
    run.schedule = try .following(
      LearningRateSchedule.rising("cosine", over: warmup * Double(updates), to: lowest / peak), settings,
      key: "warmup_epochs", peak: peak, steps: run.steps, breaks: breaks
    ) { taken in
      let x = Double(taken / updates) + Double(taken % updates * accumulated) / Double(batches)
      if x < warmup { return peak * x / warmup }
      let share = (x - warmup) / Swift.max(1e-9, Double(epochs) - warmup)
      return lowest + (peak - lowest) * 0.5 * (1 + Double.cos(.pi * share))
    }
    run.warnings += try settings.clipping("clip_grad")
    if settings.has("model"), let name = try? settings.text("model") { run.name = name }
    settings.ignore(["world_size"] + CommandLineProgram.mae.flags.keys)
    return try settings.finished(run)
  }
}

extension RunFormat {
  static let mae = RunFormat(
    identifier: "mae", name: "MAE's command line", tool: "MAE", syntaxes: ["shell", "JSON", "YAML"],
    keys: MAE.keys
  ) { (settings) throws(ConfigurationError) in try MAE.read(&settings) }
}

extension CommandLineProgram {
  static let mae = CommandLineProgram(
    identifier: "mae", name: "MAE's main_pretrain.py",
    scripts: [
      "main_pretrain.py", "main_finetune.py", "main_linprobe.py", "submitit_pretrain.py",
      "submitit_finetune.py",
      "submitit_linprobe.py",
    ],
    flags: CommandLineFlags(
      """
      batch_size epochs accum_iter lr blr min_lr warmup_epochs weight_decay layer_decay clip_grad start_epoch model
      input_size mask_ratio norm_pix_loss! data_path output_dir log_dir device seed resume num_workers pin_mem!
      no_pin_mem! world_size local_rank dist_on_itp! dist_url dist_eval! drop_path color_jitter aa smoothing reprob
      remode recount resplit! mixup cutmix cutmix_minmax* mixup_prob mixup_switch_prob mixup_mode finetune global_pool!
      cls_token! nb_classes eval!
      """, separator: "_"),
    telling: ["blr", "accum_iter", "mask_ratio", "norm_pix_loss", "warmup_epochs", "layer_decay"])
}
