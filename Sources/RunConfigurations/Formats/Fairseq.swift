import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// The command line of `fairseq-train` and, as far as they name the same settings, of `fairseq-hydra-train`
/// (github.com/facebookresearch/fairseq).
///
/// What fairseq 0.12 does with its arguments:
/// - `adam` takes p·(1 − lr·weight_decay): its decay is decoupled, as in AdamW.
/// - `nag` is Nesterov momentum in PyTorch's form, p − lr·(g + momentum·m), but its decay is decoupled, too. With that it is
///   none of the four optimizers.
/// - `sgd` is PyTorch's, heavy-ball with ℓ2 decay.
/// - All tensors are one group: biases and gains decay as well.
/// - The learning rate of an update is that of the number of updates before it.
enum Fairseq {
  private static let known = ["adam", "sgd"]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let name = try settings.text("optimizer")
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    let rates = try settings.numbers("lr", in: .positive) ?? [0.25]
    if !settings.has("lr") { settings.remark("Not stated, so fairseq's default: lr = 0.25.") }
    run.hyperparameters[.learningRate] = rates[0]
    run.hyperparameters[.weightDecay] = try settings.number(
      "weight_decay", in: .nonNegative, default: 0)
    switch name {
    case "adam":
      let betas = try settings.numbers("adam_betas", in: Symbol.beta1.domain, default: [0.9, 0.999])
      (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (betas[0], betas[1])
      run.hyperparameters[.epsilon] = try settings.number("adam_eps", in: .nonNegative, default: 1e-8)
      settings.remark("fairseq's adam decays decoupled, as AdamW.")
    case "sgd":
      run.optimizer = .sgdm
      run.hyperparameters[.momentum] = try settings.number("momentum", in: Symbol.momentum.domain, default: 0)
    default:
      let reason =
        name == "nag"
        ? "has PyTorch's Nesterov momentum, but decays the weights themselves; its equilibrium is nearly that of SGDM"
          + " with nesterov and weight decay times 1 - momentum, which roteq's own YAML can state"
        : "has no prediction"
      throw settings.invalid(.unsupportedOptimizer(name, because: reason, known: known), "optimizer")
    }
    do throws(SettingsError) { try run.checkHyperparameters() } catch {
      throw .invalid(.settings(error), at: .file(settings.path))
    }
    run.steps = try steps(&settings)
    let schedule = try FairseqSchedule(&settings, rates: rates, steps: run.steps)
    run.schedule = schedule.schedule
    run.warnings = schedule.warnings
    run.warnings += try settings.clipping("clip_norm")
    let model = settings.has("arch") ? try settings.text("arch") : ""
    run.name = model.isEmpty ? settings.stem : model
    settings.ignore(CommandLineProgram.fairseq.flags.keys)
    run.notes = settings.notes
    run.warnings += settings.warnings
    run.ignored = settings.ignored
    return run
  }

  /// Updates of the run; epochs are as long as the sentences make them.
  private static func steps(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    let updates = try settings.value("max_update")?.wholeNumber(from: 0, upTo: 1e12) ?? 0
    let epochs = try settings.value("max_epoch")?.wholeNumber(from: 0, upTo: 1e12) ?? 0
    if updates > 0, epochs > 0, settings.fact(.steps) == nil {
      settings.remark("max_update = \(updates) is taken for the end; max_epoch = \(epochs) may come earlier.")
    }
    if let lowest = settings.value("stop_min_lr"), try lowest.number(in: .real) > 0 {
      settings.remark(
        "The run ends where the learning rate reaches stop_min_lr = \(lowest.source), which may be earlier.")
    }
    if let steps = settings.fact(.steps) { return steps }
    if updates > 0 { return updates }
    return try settings.required(
      .steps,
      because: epochs > 0
        ? "max_epoch = \(epochs) counts epochs, whose updates depend on how the sentences fill a batch"
        : "neither max_update nor max_epoch ends the run")
  }
}

extension RunFormat {
  static let fairseq = RunFormat(
    identifier: "fairseq", name: "fairseq-train's command line", tool: "fairseq", syntaxes: ["shell"],
    keys: CommandLineProgram.fairseq.flags.keys
  ) { (settings) throws(ConfigurationError) in try Fairseq.read(&settings) }
}

extension CommandLineProgram {
  static let fairseq = CommandLineProgram(
    identifier: "fairseq", name: "fairseq-train",
    scripts: ["fairseq-train", "fairseq_cli.train", "train.py"],
    flags: CommandLineFlags(
      """
      arch,a task criterion optimizer lr,learning-rate lr-scheduler weight-decay,wd adam-betas adam-eps momentum
      clip-norm max-update max-epoch update-freq warmup-updates warmup-init-lr total-num-update end-learning-rate power
      min-lr stop-min-lr lr-shrink force-anneal lr-period-updates t-mult max-lr shrink-min! warmup-steps hold-steps
      decay-steps phase-ratio init-lr-scale final-lr-scale lr-deacy-period lr-decay lr-patience lr-threshold
      use-old-adam! fp16-adam-stats! max-tokens batch-size,max-sentences source-lang,s target-lang,t seed fp16! bf16!
      memory-efficient-fp16! fp16-init-scale fp16-scale-window distributed-world-size distributed-port ddp-backend
      no-progress-bar! log-interval log-format tensorboard-logdir wandb-project save-dir save-interval
      save-interval-updates keep-interval-updates keep-last-epochs keep-best-checkpoints no-epoch-checkpoints!
      no-last-checkpoints! no-save! restore-file finetune-from-model reset-optimizer! reset-lr-scheduler!
      reset-dataloader! reset-meters! patience num-workers validate-interval validate-interval-updates dropout
      attention-dropout activation-dropout relu-dropout label-smoothing share-decoder-input-output-embed!
      share-all-embeddings! encoder-embed-dim encoder-ffn-embed-dim encoder-layers encoder-attention-heads
      decoder-embed-dim decoder-ffn-embed-dim decoder-layers decoder-attention-heads encoder-normalize-before!
      decoder-normalize-before! tokens-per-sample sample-break-mode left-pad-source left-pad-target max-source-positions
      max-target-positions upsample-primary skip-invalid-size-inputs-valid-test! eval-bleu! eval-bleu-args
      eval-bleu-detok eval-bleu-remove-bpe? eval-bleu-print-samples! best-checkpoint-metric
      maximize-best-checkpoint-metric! report-accuracy! sentence-avg! find-unused-parameters! user-dir no-cuda! cpu!
      dataset-impl bpe train-subset valid-subset activation-fn adaptive-softmax-cutoff adaptive-input!
      """),
    telling: [
      "arch", "task", "criterion", "max_tokens", "max_update", "max_epoch", "lr_scheduler", "warmup_updates",
      "warmup_init_lr", "update_freq", "clip_norm", "adam_betas",
    ]
  ) { (arguments) throws(ConfigurationError) in
    var layout = try arguments.argparse()
    // Hydra's `optimization.lr=[0.0005]`; what names the parts stands before the point or alone.
    for word in arguments.words where !CommandLineArguments.isFlag(word) && !word.isUnevaluated {
      guard let equals = word.text.firstIndex(of: "="), arguments.script.contains("hydra") else { continue }
      let path = word.text[..<equals].drop { $0 == "+" }
      let name = path.split(separator: ".").last ?? path
      let key =
        ["optimizer", "lr_scheduler"].contains(path.split(separator: ".").first ?? "")
          && name == "_name" ? path.split(separator: ".").first ?? path : name
      let text = String(word.text[equals...].dropFirst())
      let place = ConfigurationError.Place.line(word.line, of: arguments.path)
      layout.put([ConfigurationValue(key: String(key), content: .word(text), place: place)])
    }
    return layout
  }
}
