import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// timm's `args.yaml` and the command line of its `train.py` (github.com/huggingface/pytorch-image-models).
///
/// What `train.py` does with its arguments, `timm/optim/_optim_factory.py` and `timm/scheduler`, timm 1.0:
/// - `sgd` and `nesterov` are SGD in PyTorch's Nesterov form, `momentum` is heavy-ball; both with ℓ2 decay, and so is
///   `adam`. `adamw` decays decoupled.
/// - Without `lr` the learning rate is lr_base times the global batch over lr_base_size, or the square root of the
///   ratio.
/// - The training loader drops the last incomplete batch; the accumulated batches at the end of an epoch do make a step.
/// - Neither tensors of one dimension nor biases decay.
enum Timm {
  /// An optimizer of timm's as roteq knows it.
  private struct Choice {
    let optimizer: Optimizer
    var nesterov = false
    var convention = DecayConvention.coupled
  }
  private static let choices: [(names: [String], choice: Choice)] = [
    (["sgd", "nesterov", "fusedsgd"], Choice(optimizer: .sgdm, nesterov: true)),
    (["momentum", "fusedmomentum"], Choice(optimizer: .sgdm)),
    (["adam", "fusedadam"], Choice(optimizer: .adamL2)),
    (["adamw", "adamwlegacy", "fusedadamw", "bnbadamw", "bnbadamw8bit"], Choice(optimizer: .adamW)),
    (["adamc"], Choice(optimizer: .adamW, convention: .corrected)),
    (["lion", "bnblion", "bnblion8bit"], Choice(optimizer: .lion)),
    (["lionc"], Choice(optimizer: .lion, convention: .corrected)),
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    // args.yaml states everything; a command line leaves to the script what copies of it have changed.
    if settings.command != nil {
      for (key, upstream, other) in [("opt", "sgd", "adamw"), ("weight_decay", "2e-5", "0.05")]
      where !settings.has(key) {
        throw settings.invalid(
          .forksDiffer(key: key, program: "timm's train.py", upstream: upstream, other: other), key)
      }
    }
    let name = try settings.text("opt", default: "sgd").lowercased()
    let choice = try choice(name, settings)
    var run = TrainingRun(
      name: "", optimizer: choice.optimizer, hyperparameters: [:], nesterov: choice.nesterov,
      decayConvention: choice.convention, steps: 1, decayRule: .timm)
    let batch = try TimmBatch(&settings)
    let peak = try learningRate(&settings, optimizer: name, batch)
    run.hyperparameters[.learningRate] = peak
    run.hyperparameters[.weightDecay] = try settings.number(
      "weight_decay", in: .nonNegative, default: 2e-5)
    if choice.optimizer.identifier == Optimizer.sgdm.identifier {
      try readMomentum(&settings, name, &run)
    } else {
      try readMoments(&settings, &run)
    }
    do throws(SettingsError) { try run.checkHyperparameters() } catch {
      throw .invalid(.settings(error), at: .file(settings.path))
    }
    var schedule = try TimmSchedule(&settings, peak: peak)
    let (epochs, updates) = try batch.length(&settings, epochs: schedule.epochs)
    schedule.updates = updates
    (run.steps, run.stepsPerEpoch) = (epochs * updates, updates)
    run.schedule = try schedule.schedule(settings, steps: run.steps)
    run.warnings = schedule.warnings + (try warnings(&settings))
    if settings.has("layer_decay") {
      let decay = try settings.number("layer_decay", in: .positive)
      if decay != 1 { run.setLayerDecay(decay, "layer_decay") }
    }
    let experiment = settings.has("experiment") ? (try? settings.text("experiment")) ?? "" : ""
    let model = settings.has("model") ? (try? settings.text("model")) ?? "" : ""
    run.name = [experiment, model, settings.stem].first { !$0.isEmpty } ?? ""
    settings.ignore(CommandLineProgram.timm.flags.keys + ["opt_kwargs", "data"])
    run.notes = settings.notes
    run.warnings += settings.warnings
    run.ignored = settings.ignored
    return run
  }

  private static func choice(_ name: String, _ settings: RunSettings) throws(ConfigurationError) -> Choice {
    if let found = choices.first(where: { $0.names.contains(name) }) { return found.choice }
    let reason =
      switch name {
      case _ where name.hasPrefix("lookahead_"):
        "steps between slow and fast weights, for which there is no prediction"
      case "sgdw", "nesterovw", "sgdc":
        "decays the weights themselves; its equilibrium is nearly that of sgd with weight decay times 1 - momentum,"
          + " which roteq's own YAML can state"
      case _ where name.hasPrefix("bnb"): "is not known to decay as its name says"
      default: "has no prediction"
      }
    throw settings.invalid(
      .unsupportedOptimizer(name, because: reason, known: choices.flatMap(\.names)), "opt")
  }

  private static func learningRate(
    _ settings: inout RunSettings, optimizer: String, _ batch: TimmBatch
  ) throws(ConfigurationError) -> Double {
    if let value = settings.value("lr") {
      let rate = try value.number(in: .nonNegative)
      if rate > 0 {
        settings.ignore(["lr_base", "lr_base_size", "lr_base_scale"])
        return rate
      }
    }
    let base = try settings.number("lr_base", in: .positive, default: 0.1)
    let size = try settings.wholeNumber("lr_base_size", default: 256)
    var scale = settings.has("lr_base_scale") ? try settings.text("lr_base_scale") : ""
    _ = settings.value("lr_base_scale")
    if scale.isEmpty { scale = optimizer.contains("ada") || optimizer.contains("lamb") ? "sqrt" : "linear" }
    let global = try batch.global(
      &settings, because: "lr is not stated, so it follows from lr_base and the global batch")
    let ratio = Double(global) / Double(size)
    let rate = base * (scale == "sqrt" ? ratio.squareRoot() : ratio)
    settings.remark(
      "Learning rate \(rate) = lr_base \(base) times \(scale == "sqrt" ? "the square root of " : "")"
        + "the global batch \(global) over \(size).")
    return rate
  }

  private static func readMomentum(
    _ settings: inout RunSettings, _ name: String, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    run.hyperparameters[.momentum] = try settings.number("momentum", in: Symbol.momentum.domain, default: 0.9)
    if let value = settings.value("opt_kwargs.nesterov") {
      run.nesterov = try value.boolean()
    } else {
      settings.remark(
        run.nesterov
          ? "timm's \(name) has Nesterov momentum; without it the name is momentum."
          : "timm's \(name) has heavy-ball momentum; sgd would have Nesterov's.")
    }
    settings.ignore(["opt_eps", "opt_betas"])
  }

  private static func readMoments(_ settings: inout RunSettings, _ run: inout TrainingRun)
    throws(ConfigurationError)
  {
    let isLion = run.optimizer.identifier == Optimizer.lion.identifier
    let betas = try settings.numbers(
      "opt_betas", in: Symbol.beta1.domain, default: [0.9, isLion ? 0.99 : 0.999])
    (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (betas[0], betas[1])
    let hasEpsilon = run.optimizer.hyperparameters.contains { $0.symbol == .epsilon }
    let epsilon = isLion ? 0 : try settings.value("opt_eps")?.number(in: .nonNegative) ?? 1e-8
    if hasEpsilon { run.hyperparameters[.epsilon] = epsilon }
    settings.ignore(["momentum", "opt_eps"])
  }

  private static func warnings(_ settings: inout RunSettings) throws(ConfigurationError) -> [String] {
    var warnings: [String] = []
    if settings.value("clip_grad") != nil {
      warnings.append(RunSettings.clips("clip_grad"))
    }
    if let noise = settings.value("lr_noise") {
      warnings.append("lr_noise = \(noise.source): the noise on the learning rate is not followed.")
    }
    let start = try settings.value("start_epoch")?.number(in: .nonNegative) ?? 0
    let resumed = settings.has("resume") ? try settings.text("resume") : ""
    if !resumed.isEmpty || start > 0 {
      warnings.append("The run is resumed; it is taken from its first epoch.")
    }
    for value in settings.values
    where value.key.hasPrefix("opt_kwargs.") && value.key != "opt_kwargs.nesterov" {
      settings.ignore([value.key])
      warnings.append("\(value.key) = \(value.source) is not followed.")
    }
    return warnings
  }
}

extension RunFormat {
  static let timm = RunFormat(
    identifier: "timm", name: "timm's args.yaml and train.py", tool: "timm", syntaxes: ["YAML", "shell"],
    keys: CommandLineProgram.timm.flags.keys + ["opt_kwargs.nesterov"],
  ) { (settings) throws(ConfigurationError) in try Timm.read(&settings) }
}

extension CommandLineProgram {
  static let timm = CommandLineProgram(
    identifier: "timm", name: "timm's train.py", scripts: ["train.py", "distributed_train.sh"],
    flags: CommandLineFlags(
      """
      config,c data-dir dataset,d train-split val-split train-num-samples val-num-samples dataset-download! class-map
      input-img-mode input-key target-key dataset-trust-remote-code! model pretrained! pretrained-path
      initial-checkpoint load-ema! resume no-resume-opt! num-classes gp img-size in-chans input-size:3 crop-pct mean*
      std* interpolation batch-size,b validation-batch-size,vb channels-last! fuser grad-accum-steps
      grad-checkpointing! fast-norm! model-kwargs= head-init-scale head-init-bias torchcompile-mode torchscript!
      torchcompile? device amp! amp-dtype amp-impl model-dtype no-ddp-bb! synchronize-step! local_rank local-rank
      device-modules* opt opt-eps opt-betas* momentum weight-decay clip-grad clip-mode layer-decay
      layer-decay-min-scale layer-decay-no-opt-scale opt-kwargs= sched sched-on-updates! lr lr-base lr-base-size
      lr-base-scale lr-noise* lr-noise-pct lr-noise-std lr-cycle-mul lr-cycle-decay lr-cycle-limit lr-k-decay
      lr-decay-fn lr-stable-timescale warmup-lr min-lr epochs epoch-repeats start-epoch decay-milestones* decay-epochs
      warmup-epochs warmup-prefix! cooldown-epochs patience-epochs decay-rate,dr no-aug! train-crop-mode scale* ratio*
      hflip vflip color-jitter color-jitter-prob grayscale-prob gaussian-blur-prob aa aug-repeats aug-splits jsd-loss!
      bce-loss! bce-sum! bce-target-thresh bce-pos-weight reprob remode recount resplit! mixup cutmix cutmix-minmax*
      mixup-prob mixup-switch-prob mixup-mode mixup-off-epoch smoothing train-interpolation drop drop-connect drop-path
      drop-block bn-momentum bn-eps sync-bn! dist-bn split-bn! model-ema! model-ema-force-cpu! model-ema-decay
      model-ema-warmup! seed worker-seeding log-interval recovery-interval checkpoint-hist workers,j save-images!
      pin-mem! no-prefetcher! output experiment eval-metric tta use-multi-epochs-loader! log-wandb! wandb-project
      wandb-tags* wandb-resume-id naflex-loader! naflex-train-seq-lens* naflex-max-seq-len naflex-patch-sizes*
      naflex-patch-size-probs* naflex-loss-scale kd-model-name kd-distill-type kd-loss-type distill-loss-weight
      task-loss-weight kd-temperature
      """),
    telling: [
      "opt", "opt_eps", "opt_betas", "sched", "sched_on_updates", "warmup_epochs", "warmup_lr",
      "cooldown_epochs",
      "drop_path", "aa", "reprob", "remode", "model_ema", "aug_repeats", "min_lr", "lr_base", "decay_epochs",
      "amp_impl",
      "cutmix", "smoothing",
    ]
  ) { (arguments) throws(ConfigurationError) in
    var layout = try arguments.argparse()
    // argparse takes its defaults from this file.
    guard let index = layout.settings.firstIndex(where: { $0.key == "config" }),
      let word = arguments.words.first(where: { $0.text.hasSuffix(layout.settings[index].source) })
    else { return layout }
    var name = word
    if let equals = word.text.firstIndex(of: "="), word.text.hasPrefix("-") {
      name.pieces = [.init(text: String(word.text[equals...].dropFirst()), isUnevaluated: word.isUnevaluated)]
    }
    let defaults = try YAMLDocument.root(of: arguments.file(name)).mapping()
    let given = Set(layout.settings.map(\.key))
    layout.settings += defaults.values.filter { !given.contains($0.key) }
    return layout
  }
}
