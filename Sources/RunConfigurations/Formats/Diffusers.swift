import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// The command lines of diffusers' training scripts (github.com/huggingface/diffusers), `train_text_to_image.py` and others.
///
/// - AdamW with a decay of 1e-2 on every tensor that trains; the schedule is constant unless it is stated.
/// - `max_train_steps` counts updates and beats the epochs.
enum Diffusers {
  static let keys = [
    "learning_rate", "scale_lr", "lr_scheduler", "lr_warmup_steps", "lr_num_cycles", "lr_power",
    "train_batch_size",
    "num_train_epochs", "max_train_steps", "gradient_accumulation_steps", "adam_beta1", "adam_beta2",
    "adam_epsilon",
    "adam_weight_decay", "use_8bit_adam", "optimizer", "max_grad_norm", "text_encoder_lr",
    "train_text_encoder",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    if settings.has("optimizer") {
      _ = try settings.optimizer("optimizer", default: nil, of: [("AdamW", .adamW)])
    }
    let script = settings.command?.script ?? ""
    let usual = script.hasPrefix("train_text_to_image") ? 1e-4 : script == "train_dreambooth.py" ? 5e-6 : nil
    let isLater = ["flux", "sd3", "advanced"].contains(where: script.contains)
    var run = TrainingRun(
      name: "", optimizer: .adamW,
      hyperparameters: try settings.values([
        HyperparameterKey(.learningRate, "learning_rate", usual),
        HyperparameterKey(.beta1, "adam_beta1", 0.9),
        HyperparameterKey(.beta2, "adam_beta2", 0.999), HyperparameterKey(.epsilon, "adam_epsilon", 1e-8),
        HyperparameterKey(.weightDecay, "adam_weight_decay", isLater ? 1e-4 : 1e-2),
      ]), steps: 1, decayRule: .all)
    let size = try settings.wholeNumber(
      "train_batch_size", default: script.hasPrefix("train_dreambooth") ? 4 : 16)
    let accumulated = try settings.wholeNumber("gradient_accumulation_steps", default: 1)
    if let given = settings.fact(.steps) {
      run.steps = given
      settings.ignore(["max_train_steps", "num_train_epochs"])
    } else if settings.has("max_train_steps") {
      run.steps = try settings.wholeNumber("max_train_steps")
      settings.ignore(["num_train_epochs"])
    } else {
      let epochs = try settings.wholeNumber(
        "num_train_epochs", default: script.hasPrefix("train_dreambooth") ? 1 : 100, upTo: 0x1p40)
      let examples = try settings.required(.datasetSize, because: "num_train_epochs: \(epochs) counts epochs")
      let processes = try settings.required(.worldSize, because: "train_batch_size is that of one process")
      let batches = ((examples + size - 1) / size + processes - 1) / processes
      let updates = (batches + accumulated - 1) / accumulated
      (run.steps, run.stepsPerEpoch) = (try settings.product(epochs, updates, "num_train_epochs"), updates)
      if processes > 1 {
        run.notes.append(
          "Releases of diffusers before 0.28 end the schedule later where epochs are counted by several processes."
        )
      }
    }
    if settings.has("scale_lr"), try settings.boolean("scale_lr") {
      let processes = try settings.required(.worldSize, because: "scale_lr multiplies with the processes")
      let factor = Double(accumulated) * Double(size) * Double(processes)
      run.hyperparameters[.learningRate] = (run.hyperparameters[.learningRate] ?? 0) * factor
      run.notes.append("scale_lr multiplies the learning rate by \(accumulated) × \(size) × \(processes).")
    }
    let peak = run.hyperparameters[.learningRate] ?? 0
    for (own, name) in [("lr_num_cycles", "num_cycles"), ("lr_power", "power")] where settings.has(own) {
      if let value = settings.value(own) { settings.put("lr_scheduler_kwargs.\(name)", value.content) }
    }
    if try settings.text("lr_scheduler_type", default: "constant") == "constant" {
      settings.ignore(["warmup_steps"])
    } else {
      run.schedule = try HuggingFaceSchedule.read(&settings, peak: peak, steps: run.steps, &run.warnings)
    }
    settings.passOver { $0.hasPrefix("lr_scheduler_kwargs") }
    run.warnings += try settings.clipping("max_grad_norm", default: 1)
    for key in ["text_encoder_lr", "adam_weight_decay_text_encoder"] where settings.has(key) {
      run.warnings.append(
        "\(key) gives the text encoder settings of its own; the predictions are those of the rest.")
      _ = settings.value(key)
    }
    run.notes.append("One parameter group: every tensor that trains decays.")
    settings.ignore([
      "use_8bit_adam", "lr_num_cycles", "lr_power", "checkpointing_steps", "validation_epochs",
    ])
    settings.passOver { $0.hasPrefix("prodigy") || $0.hasPrefix("validation") }
    return try settings.finished(run)
  }
}

extension RunFormat {
  static let diffusers = RunFormat(
    identifier: "diffusers", name: "a command line of diffusers", tool: "diffusers", syntaxes: ["shell"],
    keys: Diffusers.keys,
    spellings: ["lr_scheduler_type": "lr_scheduler", "warmup_steps": "lr_warmup_steps"],
    defaults: ["warmup_steps": "500"]
  ) { (settings) throws(ConfigurationError) in try Diffusers.read(&settings) }
}

extension CommandLineProgram {
  static let diffusers = CommandLineProgram(
    identifier: "diffusers", name: "a training script of diffusers", scripts: [],
    flags: CommandLineFlags(
      """
      pretrained_model_name_or_path revision variant dataset_name dataset_config_name train_data_dir image_column
      caption_column instance_data_dir class_data_dir instance_prompt class_prompt num_class_images with_prior_preservation!
      prior_loss_weight output_dir cache_dir seed resolution center_crop! random_flip! train_text_encoder! train_batch_size
      sample_batch_size num_train_epochs max_train_steps checkpointing_steps checkpoints_total_limit
      resume_from_checkpoint gradient_accumulation_steps gradient_checkpointing! learning_rate scale_lr! lr_scheduler
      lr_warmup_steps lr_num_cycles lr_power snr_gamma use_8bit_adam! allow_tf32! use_ema! dataloader_num_workers
      adam_beta1 adam_beta2 adam_weight_decay adam_epsilon max_grad_norm push_to_hub! hub_token hub_model_id logging_dir
      mixed_precision report_to local_rank enable_xformers_memory_efficient_attention! noise_offset validation_prompt
      num_validation_images validation_epochs validation_steps rank optimizer text_encoder_lr placeholder_token
      initializer_token learnable_property repeats save_steps controlnet_model_name_or_path max_train_samples
      conditioning_image_column set_grads_to_none! prediction_type proportion_empty_prompts tracker_project_name
      """, separator: "_"),
    telling: [
      "pretrained_model_name_or_path", "lr_warmup_steps", "train_batch_size", "adam_weight_decay",
      "max_train_steps",
      "instance_prompt", "snr_gamma", "scale_lr", "lr_scheduler",
    ], takesOthers: true)
}
