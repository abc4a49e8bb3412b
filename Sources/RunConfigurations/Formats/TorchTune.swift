import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// torchtune's YAML (github.com/pytorch/torchtune): a class of an optimizer with its arguments, and one schedule.
///
/// - Recipes have no defaults: what is not stated is an error there as well. Without `lr_scheduler` the learning rate is constant.
/// - Epochs drop what does not fill a batch, or an accumulation.
enum TorchTune {
  static let keys = [
    "optimizer._component_", "optimizer.lr", "optimizer.weight_decay", "optimizer.betas", "optimizer.eps",
    "optimizer.momentum", "optimizer.nesterov", "lr_scheduler._component_", "lr_scheduler.num_warmup_steps",
    "lr_scheduler.num_cycles", "epochs", "max_steps_per_epoch", "batch_size", "gradient_accumulation_steps",
    "clip_grad_norm", "tensor_parallel_dim",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.resolveReferences()
    if ["policy_model", "ppo_epochs", "ppo_batch_size"].contains(where: {
      settings.has($0) || settings.hasAny(under: $0)
    }) {
      throw .invalid(
        .unsupportedSchedule("ppo", because: "makes several updates of a batch, which are not followed"),
        at: .file(settings.path))
    }
    let torch = try TorchOptimizer(
      &settings, name: settings.text("optimizer._component_"), nameKey: "optimizer._component_",
      prefix: "optimizer.")
    var run = TrainingRun(
      name: "", optimizer: torch.optimizer, hyperparameters: torch.hyperparameters, nesterov: torch.nesterov,
      steps: 1, decayRule: .all)
    run.notes = torch.notes
    run.warnings = torch.warnings
    try readLength(&settings, &run)
    let peak = run.hyperparameters[.learningRate] ?? 0
    if settings.has("lr_scheduler._component_") {
      let name = try settings.text("lr_scheduler._component_")
      guard name.hasSuffix("get_cosine_schedule_with_warmup") else {
        throw settings.invalid(
          .unsupportedSchedule(name, because: "is not followed; known: get_cosine_schedule_with_warmup"),
          "lr_scheduler._component_")
      }
      let warmup = try settings.wholeNumber("lr_scheduler.num_warmup_steps", from: 0)
      var named = ScheduleSpecification("cosine")
      if settings.has("lr_scheduler.num_cycles") {
        named.parameters["cycles"] = [try settings.number("lr_scheduler.num_cycles", in: .positive)]
      }
      if warmup > 0 { named.warmup = warmup }
      run.schedule = .fitting(named, peak: peak, steps: run.steps, warnings: &run.warnings)
    } else {
      run.notes.append("No lr_scheduler is stated: the learning rate is constant.")
    }
    if settings.has("clip_grad_norm"), let value = settings.value("clip_grad_norm"), value.source != "inf" {
      run.warnings += try settings.clipping("clip_grad_norm")
    }
    if settings.has("resume_from_checkpoint"), try settings.boolean("resume_from_checkpoint") {
      run.warnings.append("resume_from_checkpoint is set: the schedule goes on from the checkpoint's epoch.")
    }
    run.notes.append("One parameter group: every tensor that trains decays.")
    settings.ignore([
      "optimizer_in_bwd", "optimizer.fused", "lr_scheduler", "dataset.packed", "tokenizer.max_seq_len",
    ])
    settings.passOver { key in
      ["model.", "profiler.", "dataset", "checkpointer."].contains { key.hasPrefix($0) }
    }
    return try settings.finished(run)
  }

  private static func readLength(
    _ settings: inout RunSettings, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    if let given = settings.fact(.steps) {
      run.steps = given
      settings.ignore(["epochs", "max_steps_per_epoch", "batch_size", "gradient_accumulation_steps"])
      return
    }
    let epochs = try settings.wholeNumber("epochs", upTo: 0x1p40)
    let size = try settings.wholeNumber("batch_size")
    let accumulated = try settings.wholeNumber("gradient_accumulation_steps", default: 1)
    let batches = try settings.batches(of: size, perProcess: "batch_size", dropsLast: true).batches
    var updates = batches / accumulated
    if let limit = try settings.value("max_steps_per_epoch")?.wholeNumber(upTo: 0x1p40) {
      updates = min(updates, limit)
    }
    run.steps = try settings.product(epochs, Swift.max(1, updates), "epochs")
    run.stepsPerEpoch = Swift.max(1, updates)
  }
}

extension RunFormat {
  static let torchTune = RunFormat(
    identifier: "torchtune", name: "torchtune's YAML", tool: "PyTorch", syntaxes: ["YAML", "JSON"],
    keys: TorchTune.keys
  ) { (settings) throws(ConfigurationError) in try TorchTune.read(&settings) }
}
