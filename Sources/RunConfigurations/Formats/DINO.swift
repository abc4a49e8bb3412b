import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The command line of DINO's `main_dino.py` (github.com/facebookresearch/dino).
///
/// - The learning rate is `lr` times the examples of an update over 256; it rises over the warmup and falls to `min_lr`.
/// - The weight decay goes from `weight_decay` to `weight_decay_end` by half a cosine over the whole run.
/// - What has one dimension and biases do not decay.
enum DINO {
  static let keys = [
    "lr", "min_lr", "warmup_epochs", "epochs", "batch_size_per_gpu", "weight_decay", "weight_decay_end",
    "optimizer",
    "clip_grad", "freeze_last_layer",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .timm)
    run.optimizer = try settings.optimizer(
      "optimizer", default: "adamw", of: [("adamw", .adamW), ("sgd", .sgdm)])
    run.hyperparameters =
      run.optimizer == .sgdm ? [.momentum: 0.9] : [.beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]
    let size = try settings.wholeNumber("batch_size_per_gpu", default: 64)
    let epochs = try settings.wholeNumber("epochs", default: 100, upTo: 100_000)
    let (batches, processes) = try settings.batches(
      of: size, perProcess: "batch_size_per_gpu", dropsLast: true)
    run.steps = try settings.product(epochs, batches, "epochs")
    run.stepsPerEpoch = batches
    let peak = try settings.number("lr", in: .positive, default: 5e-4) * Double(size * processes) / 256
    run.hyperparameters[.learningRate] = peak
    run.notes.append("The learning rate is lr times \(size) × \(processes)/256, \(peak).")
    let lowest = try settings.number("min_lr", in: .nonNegative, default: 1e-6)
    let warmup = try settings.wholeNumber("warmup_epochs", from: 0, default: 10, upTo: 100_000) * batches
    let steps = run.steps
    run.schedule = try .following(
      nil, settings, key: "warmup_epochs", peak: peak, steps: steps, breaks: [warmup, warmup + 1]
    ) { taken in
      if taken < warmup { return warmup > 1 ? peak * Double(taken) / Double(warmup - 1) : 0 }
      let x = Double(taken - warmup) / Double(max(1, steps - warmup))
      return lowest + 0.5 * (peak - lowest) * (1 + Double.cos(.pi * x))
    }
    let first = try settings.number("weight_decay", in: .nonNegative, default: 0.04)
    let last = try settings.number("weight_decay_end", in: .nonNegative, default: 0.4)
    run.hyperparameters[.weightDecay] = first
    if first != last {
      guard first > 0 else {
        throw settings.invalid(
          .outOfRange(key: "weight_decay", value: first, expected: "above 0, from where it can grow"),
          "weight_decay")
      }
      var schedule = ScheduleSpecification("cosine")
      schedule.grows = true
      schedule.parameters["floor"] = [last / first]
      run.weightDecaySchedule = schedule
      run.warnings.append(
        "The weight decay goes from \(first) to \(last): predictions at the peak are at \(first).")
    }
    run.warnings += try settings.clipping("clip_grad", default: 3)
    if settings.has("arch"), let name = try? settings.text("arch") { run.name = name }
    settings.ignore(CommandLineProgram.dino.flags.keys)
    return try settings.finished(run)
  }
}

extension RunFormat {
  static let dino = RunFormat(
    identifier: "dino", name: "DINO's command line", tool: "DINO", syntaxes: ["shell"], keys: DINO.keys
  ) { (settings) throws(ConfigurationError) in try DINO.read(&settings) }
}

extension CommandLineProgram {
  static let dino = CommandLineProgram(
    identifier: "dino", name: "DINO's main_dino.py", scripts: ["main_dino.py"],
    flags: CommandLineFlags(
      """
      arch patch_size out_dim norm_last_layer momentum_teacher use_bn_in_head warmup_teacher_temp teacher_temp
      warmup_teacher_temp_epochs use_fp16 weight_decay weight_decay_end clip_grad batch_size_per_gpu epochs
      freeze_last_layer lr warmup_epochs min_lr optimizer drop_path_rate global_crops_scale* local_crops_number
      local_crops_scale* data_path output_dir saveckp_freq seed num_workers dist_url local_rank
      """, separator: "_"))
}
