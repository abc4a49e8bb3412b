import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// The command line of Megatron-LM's `pretrain_gpt.py` (github.com/NVIDIA/Megatron-LM).
///
/// What Megatron Core does with its arguments:
/// - `adam` is AdamW with decay coupled to the learning rate, unless `decoupled_weight_decay` is off; `sgd` is heavy-ball
///   with ℓ2 decay.
/// - Schedules count samples; with a global batch of one size they count iterations as well. The learning rate of an
///   iteration is that of the iterations before it, so the first one has `lr_warmup_init`.
/// - Biases and tensors of one dimension do not decay.
enum Megatron {
  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let name = try settings.text("optimizer", default: "adam")
    var run = TrainingRun(name: "", optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .megatron)
    let peak = try settings.number("lr", in: .positive)
    run.hyperparameters[.learningRate] = peak
    run.hyperparameters[.weightDecay] = try weightDecay(&settings, &run)
    let isMuon = ["muon", "dist_muon"].contains(name)
    switch name {
    case "adam", "muon", "dist_muon":
      run.hyperparameters[.beta1] = try settings.number("adam_beta1", in: Symbol.beta1.domain, default: 0.9)
      run.hyperparameters[.beta2] = try settings.number("adam_beta2", in: Symbol.beta2.domain, default: 0.999)
      let epsilon = try settings.number("adam_eps", in: .nonNegative, default: 1e-8)
      let isCoupled = try settings.value("no_decoupled_weight_decay")?.boolean() ?? false
      let isDecoupled = try settings.value("decoupled_weight_decay")?.boolean() ?? true
      if isCoupled || !isDecoupled {
        run.optimizer = .adamL2
      } else {
        run.hyperparameters[.epsilon] = epsilon
      }
    case "sgd":
      run.optimizer = .sgdm
      run.hyperparameters[.momentum] = try settings.number(
        "sgd_momentum", in: Symbol.momentum.domain, default: 0.9)
    default:
      throw settings.invalid(
        .unsupportedOptimizer(name, because: "has no prediction", known: ["adam", "sgd"]), "optimizer")
    }
    do throws(SettingsError) { try run.checkHyperparameters() } catch {
      throw .invalid(.settings(error), at: .file(settings.path))
    }
    let length = try MegatronLength(&settings)
    run.steps = length.steps
    run.schedule = try length.schedule(&settings, peak: peak)
    run.warnings += try settings.clipping("clip_grad", default: 1)
    let model = try MegatronModel(&settings)
    run.layers = model.layers
    if isMuon {
      // Muon has the matrices; embeddings, gains and biases are AdamW's.
      run.layers = model.layers.filter { $0.name.contains("embedding") || $0.name.contains("output_layer") }
      run.warnings.append(
        "The matrices between the embeddings are Muon's, which has no prediction: they are left out, and the rest is AdamW's."
      )
      settings.passOver { $0.hasPrefix("muon") }
    }
    run.name = settings.has("wandb_exp_name") ? try settings.text("wandb_exp_name") : settings.stem
    if run.name.isEmpty { run.name = settings.stem }
    settings.ignore(CommandLineProgram.megatron.flags.keys)
    run.notes = model.notes + settings.notes
    run.warnings += length.warnings + settings.warnings
    run.ignored = settings.ignored
    return run
  }

  /// The weight decay; of one that grows over the run what it begins with.
  private static func weightDecay(_ settings: inout RunSettings, _ run: inout TrainingRun)
    throws(ConfigurationError) -> Double
  {
    let style = try settings.value("weight_decay_incr_style")?.text() ?? "constant"
    guard style != "constant" else {
      settings.ignore(["start_weight_decay", "end_weight_decay"])
      return try settings.number("weight_decay", in: .nonNegative, default: 0.01)
    }
    let start = try settings.number("start_weight_decay", in: .nonNegative)
    let end = try settings.number("end_weight_decay", in: .nonNegative)
    settings.ignore(["weight_decay"])
    guard start != end else { return end }
    guard start > 0, ["linear", "cosine"].contains(style) else {
      run.warnings.append(
        "The weight decay grows from \(start) to \(end) (weight_decay_incr_style = \(style)),"
          + " which is not followed: \(end) is taken throughout.")
      return end
    }
    var schedule = ScheduleSpecification(style)
    schedule.grows = true
    schedule.parameters["floor"] = [end / start]
    run.weightDecaySchedule = schedule
    run.warnings.append(
      "The weight decay goes from \(start) to \(end): predictions at the peak are at \(start).")
    return start
  }
}

extension RunFormat {
  static let megatron = RunFormat(
    identifier: "megatron", name: "Megatron-LM's command line", tool: "Megatron-LM", syntaxes: ["shell"],
    keys: CommandLineProgram.megatron.flags.keys
  ) { (settings) throws(ConfigurationError) in try Megatron.read(&settings) }
}

extension CommandLineProgram {
  static let megatron = CommandLineProgram(
    identifier: "megatron", name: "Megatron-LM's pretrain_gpt.py",
    scripts: [
      "pretrain_gpt.py", "pretrain_bert.py", "pretrain_t5.py", "pretrain_mamba.py", "pretrain_llama.py",
      "pretrain_retro.py", "pretrain_vlm.py", "pretrain_ict.py", "finetune.py", "main.py",
    ],
    flags: CommandLineFlags(
      """
      num-layers hidden-size ffn-hidden-size num-attention-heads kv-channels group-query-attention! num-query-groups
      seq-length max-position-embeddings position-embedding-type use-rotary-position-embeddings! rotary-base
      rotary-percent swiglu! squared-relu! openai-gelu! disable-bias-linear! add-qkv-bias! normalization norm-epsilon
      layernorm-epsilon apply-layernorm-1p! qk-layernorm! untie-embeddings-and-output-weights! vocab-size
      make-vocab-size-divisible-by tokenizer-type tokenizer-model vocab-file merge-file init-method-std
      embedding-init-method-std init-method-xavier-uniform! no-position-embedding! num-experts moe-router-topk
      moe-grouped-gemm! moe-layer-freq moe-ffn-hidden-size moe-router-load-balancing-type moe-aux-loss-coeff
      multi-latent-attention! optimizer lr min-lr lr-decay-style lr-decay-iters lr-decay-samples lr-warmup-iters
      lr-warmup-samples lr-warmup-fraction lr-warmup-init lr-wsd-decay-style lr-wsd-decay-iters lr-wsd-decay-samples
      decoupled-lr decoupled-min-lr train-iters train-samples global-batch-size micro-batch-size rampup-batch-size*
      weight-decay start-weight-decay end-weight-decay weight-decay-incr-style decoupled-weight-decay
      no-decoupled-weight-decay! adam-beta1 adam-beta2 adam-eps sgd-momentum clip-grad attention-dropout hidden-dropout
      override-opt_param-scheduler,override-opt-param-scheduler! use-checkpoint-opt_param-scheduler,use-checkpoint-opt-param-scheduler!
      tensor-model-parallel-size pipeline-model-parallel-size context-parallel-size expert-model-parallel-size
      num-layers-per-virtual-pipeline-stage sequence-parallel! use-distributed-optimizer! overlap-grad-reduce!
      overlap-param-gather! distributed-backend recompute-activations! recompute-granularity recompute-method
      recompute-num-layers use-flash-attn! attention-backend transformer-impl use-mcore-models! use-legacy-models!
      no-gradient-accumulation-fusion! no-async-tensor-model-parallel-allreduce! no-masked-softmax-fusion!
      no-bias-gelu-fusion! no-bias-swiglu-fusion! no-rope-fusion! attention-softmax-in-fp32!
      accumulate-allreduce-grads-in-fp32! fp16! bf16! loss-scale initial-loss-scale min-loss-scale loss-scale-window
      hysteresis fp8-format data-path* train-data-path* valid-data-path* test-data-path* split data-cache-path mock-data!
      dataloader-type num-workers reset-position-ids! reset-attention-mask! eod-mask-loss! data-impl log-interval
      eval-interval eval-iters save-interval save load exit-interval exit-duration-in-mins no-load-optim! no-load-rng!
      no-save-optim! no-save-rng! finetune! ckpt-format tensorboard-dir tensorboard-queue-size log-throughput!
      log-timers-to-tensorboard! log-params-norm! log-num-zeros-in-grad! wandb-project wandb-exp-name wandb-save-dir
      seed distributed-timeout-minutes manual-gc! no-create-attention-mask-in-dataloader! timing-log-level
      lr-decay-tokens lr-warmup-tokens train-tokens
      """),
    telling: [
      "lr_decay_style", "lr_decay_iters", "train_iters", "micro_batch_size", "global_batch_size",
      "num_attention_heads", "tensor_model_parallel_size", "pipeline_model_parallel_size",
    ])
}
