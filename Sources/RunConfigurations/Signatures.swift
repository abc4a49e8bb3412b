/// What tells whose file it is: keys that one program alone has.
///
/// A format claims a file by them, and a file of a program that is not read is refused by the program's name. Those that look
/// like another's come before it.
struct Signature: Sendable {
  /// The format that reads the file; nil where none does.
  let format: String?
  /// What the program is called in messages: `OLMo`.
  let program: String
  /// The syntaxes that its files have.
  let syntaxes: Set<String>
  /// Combinations of paths of keys: each path of one of them must be there.
  private let keys: [[String]]

  private init(_ program: String, format: String? = nil, _ syntaxes: Set<String>, _ keys: String...) {
    (self.program, self.format, self.syntaxes) = (program, format, syntaxes)
    self.keys = keys.map { $0.split(separator: " ").map(String.init) }
  }

  /// The keys by which the file is the program's; nil where it is not.
  func claim(_ root: ConfigurationValue) -> [String]? {
    let flat = Set(root.keys ?? [])
    return keys.first { combination in
      combination.allSatisfy { path in
        flat.contains(path) || (path.contains(".") && root.node(at: path) != nil)
      }
    }
  }

  private static let mappings: Set = ["YAML", "JSON", "TOML"]

  /// Every signature, in the order in which they are tried.
  static let catalogue: [Signature] = [
    Signature(
      "torchtune", format: "torchtune", mappings, "optimizer._component_", "model._component_",
      "tokenizer._component_"),
    Signature(
      "litgpt", format: "litgpt", mappings, "train.micro_batch_size", "train.lr_warmup_steps",
      "train.global_batch_size"),
    Signature(
      "axolotl", format: "axolotl", mappings, "base_model micro_batch_size", "base_model sequence_len",
      "base_model datasets", "base_model val_set_size"),
    Signature(
      "OLMo", format: "olmo", mappings, "optimizer.learning_rate scheduler.name",
      "optimizer.learning_rate max_duration",
      "optimizer.learning_rate device_train_microbatch_size"),
    Signature(
      "Levanter", format: "levanter", mappings, "trainer.train_batch_size optimizer.learning_rate",
      "trainer.num_train_steps"),
    Signature("NeMo", mappings, "model.optim.name", "model.optim.sched", "optim.sched.name"),
    Signature(
      "fairseq", format: "fairseq-hydra", mappings, "optimization.max_update", "optimization.lr",
      "optimization.update_freq", "optimization.max_epoch", "optimizer._name", "lr_scheduler._name"),
    Signature(
      "GPT-NeoX", format: "gpt-neox", mappings, "lr-decay-style", "pipe-parallel-size", "pipe_parallel_size",
      "train-iters",
      "lr_decay_style optimizer.params", "train_iters optimizer.type", "num-layers hidden-size"),
    Signature(
      "DeepSpeed", format: "deepspeed", ["YAML", "JSON"], "train_micro_batch_size_per_gpu",
      "zero_optimization", "optimizer.params",
      "train_batch_size optimizer.type"),
    Signature(
      "Ultralytics", format: "ultralytics", ["YAML"], "lr0", "lrf", "task mode", "weights hyp", "cfg hyp"),
    Signature(
      "SlowFast", mappings, "SOLVER.MAX_EPOCH", "SOLVER.LR_POLICY", "SOLVER.OPTIMIZING_METHOD"),
    Signature("fast-reid", mappings, "SOLVER.MAX_EPOCHS", "SOLVER.OPT"),
    Signature(
      "detectron2", format: "detectron2", mappings, "SOLVER.IMS_PER_BATCH", "SOLVER.BASE_LR",
      "SOLVER.MAX_ITER",
      "_BASE_", "MODEL.META_ARCHITECTURE", "SOLVER"),
    Signature(
      "Swin", format: "swin", mappings, "TRAIN.BASE_LR", "TRAIN.EPOCHS", "TRAIN.WARMUP_EPOCHS", "MODEL.SWIN",
      "TRAIN.OPTIMIZER"),
    Signature("PaddlePaddle", mappings, "OptimizerBuilder", "LearningRate.base_lr", "Optimizer.lr"),
    Signature(
      "MaxText", format: "maxtext", mappings, "base_num_decoder_layers", "base_emb_dim",
      "learning_rate_schedule_steps",
      "adam_b1", "base_config", "warmup_steps_fraction", "adam_weight_decay"),
    Signature(
      "open_clip", format: "open-clip", ["YAML"], "accum_freq wd", "train_num_samples wd", "local_loss wd"),
    Signature("MAE", format: "mae", mappings, "blr accum_iter", "blr warmup_epochs"),
    Signature("ESPnet", mappings, "optim_conf", "scheduler_conf"),
    Signature("Megatron Bridge", mappings, "recipe._target_", "checkpoint.save_interval"),
    Signature(
      "mmengine", format: "mmengine", ["Python"], "optim_wrapper", "train_cfg", "lr_config",
      "param_scheduler", "_base_",
      "optimizer_config", "default_scope"),
    Signature("detectron2", ["Python"], "dataloader", "lr_multiplier"),
    Signature("PaddlePaddle", ["Python"], "LearningRate"),
    Signature(
      "timm", format: "timm", ["YAML"], "opt sched", "opt warmup_epochs", "opt drop_path"),
    Signature(
      "LLaMA-Factory", format: "llamafactory", ["YAML", "JSON"], "finetuning_type", "stage template",
      "cutoff_len template"),
    Signature(
      "Hugging Face's Trainer", format: "huggingface", mappings, "log_history global_step",
      "per_device_train_batch_size", "per_gpu_train_batch_size", "lr_scheduler_type", "num_train_epochs",
      "adam_beta1 adam_beta2", "adam_epsilon", "output_dir optim", "output_dir learning_rate"),
    Signature("LightningCLI", format: "lightning", mappings, "optimizer.class_path"),
    Signature(
      "Composer", format: "composer", mappings, "optimizer max_duration", "optimizers max_duration",
      "optimizer device_train_microbatch_size", "optimizer global_train_batch_size",
      "optimizer scheduler.t_warmup"),
    Signature("LightningCLI", format: "lightning", mappings, "trainer seed_everything", "trainer model"),
    Signature(
      "torchtitan", format: "torchtitan", ["TOML"], "training.steps", "training.seq_len",
      "training.local_batch_size", "training.warmup_steps", "lr_scheduler", "job.dump_folder",
      "job.description", "model.flavor", "optimizer.lr optimizer.name"),
  ]
}
