import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// open_clip's `params.txt` and command line (github.com/mlfoundations/open_clip).
///
/// - AdamW; what has fewer than two dimensions, norms, biases and the temperature do not decay.
/// - Coefficients that are not stated depend on the model's name.
/// - The first step has its part of the rise; the warmup of 10000 steps may be longer than the run.
enum OpenCLIP {
  static let keys = [
    "lr", "beta1", "beta2", "eps", "wd", "warmup", "epochs", "epochs_cooldown", "batch_size", "accum_freq",
    "opt",
    "lr_scheduler", "lr_cooldown_end", "lr_cooldown_power", "skip_scheduler", "grad_clip_norm", "workers",
    "train_num_samples", "dataset_type", "model", "train_data",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let name = try settings.text("opt", default: "adamw")
    guard name.lowercased() == "adamw" else {
      throw settings.invalid(
        .unsupportedOptimizer(
          name, because: "is timm's, whose settings are not followed here", known: ["adamw"]), "opt")
    }
    let model = try settings.text("model", default: "RN50")
    let isTransformer = model.lowercased().contains("vit")
    var run = TrainingRun(
      name: "", optimizer: .adamW,
      hyperparameters: try settings.values([
        HyperparameterKey(.learningRate, "lr", 5e-4), HyperparameterKey(.beta1, "beta1", 0.9),
        HyperparameterKey(.beta2, "beta2", isTransformer ? 0.98 : 0.999),
        HyperparameterKey(.epsilon, "eps", isTransformer ? 1e-6 : 1e-8),
        HyperparameterKey(.weightDecay, "wd", 0.2),
      ]), steps: 1, decayRule: .req)
    let epochs = try settings.wholeNumber("epochs", default: 32, upTo: 100_000)
    if let given = settings.fact(.steps) {
      guard given % epochs == 0 else {
        throw settings.invalid(
          .wrongKind(key: "--steps", found: "\(given)", expected: "a multiple of the \(epochs) epochs"),
          "epochs")
      }
      (run.steps, run.stepsPerEpoch) = (given, given / epochs)
      settings.ignore([
        "batch_size", "accum_freq", "workers", "train_num_samples", "dataset_type", "train_data",
      ])
    } else {
      let updates = try updates(&settings)
      (run.steps, run.stepsPerEpoch) = (try settings.product(epochs, updates, "epochs"), updates)
    }
    try readSchedule(&settings, &run)
    run.warnings += try settings.clipping("grad_clip_norm")
    run.notes.append("What has fewer than two dimensions, norms, biases and logit_scale do not decay.")
    if settings.has("name"), let name = try? settings.text("name") { run.name = name }
    settings.ignore(["lr_cooldown_end", "lr_cooldown_power", "momentum", "dist_backend", "report_to"])
    return try settings.finished(run)
  }

  /// Updates an epoch, as the data loaders count.
  private static func updates(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    let size = try settings.wholeNumber("batch_size", default: 64)
    let frequency = try settings.wholeNumber("accum_freq", default: 1)
    var processes = settings.fact(.worldSize)
    if processes == nil { processes = try settings.value("world_size")?.wholeNumber(upTo: 0x1p20) }
    var samples = settings.fact(.datasetSize)
    if samples == nil { samples = try settings.value("train_num_samples")?.wholeNumber() }
    guard let processes else {
      _ = try settings.required(.worldSize, because: "batch_size is that of one process")
      return 0
    }
    guard let samples else {
      _ = try settings.required(.datasetSize, because: "train_num_samples is not stated")
      return 0
    }
    let type = try settings.text("dataset_type", default: "auto")
    let data = settings.value("train_data")?.source ?? ""
    let isTable =
      type == "csv" || type == "synthetic"
      || (type == "auto" && [".csv", ".tsv"].contains { data.hasSuffix($0) })
    let batches: Int
    if isTable {
      batches = (samples + processes - 1) / processes / size
      settings.ignore(["workers"])
    } else {
      let workers = Swift.max(1, try settings.wholeNumber("workers", from: 0, default: 4))
      let all = (Double(samples) / (Double(size) * Double(processes))).rounded(.up)
      batches = Int((all / Double(workers)).rounded(.up)) * workers
      settings.remark(
        "Batches of an epoch are rounded up to a multiple of the \(workers) workers, as for webdataset.")
    }
    guard batches / frequency >= 1 else {
      throw settings.invalid(
        .outOfRange(
          key: "--dataset-size", value: Double(samples), expected: "enough for one update an epoch"),
        "batch_size")
    }
    return batches / frequency
  }

  private static func readSchedule(
    _ settings: inout RunSettings, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    if settings.has("skip_scheduler"), try settings.boolean("skip_scheduler") {
      settings.ignore(["warmup", "lr_scheduler", "epochs_cooldown"])
      return
    }
    let (steps, peak) = (run.steps, run.hyperparameters[.learningRate] ?? 0)
    let name = try settings.choice(
      "lr_scheduler", default: "cosine", of: ["cosine", "const", "const-cooldown"].map { ($0, $0) })
    let warmup = try settings.wholeNumber("warmup", from: 0, default: 10_000)
    var (start, end, power) = (steps, 0.0, 1.0)
    if name == "const-cooldown" {
      let epochs = try settings.wholeNumber("epochs_cooldown", from: 0, upTo: 100_000)
      start = steps - epochs * (run.stepsPerEpoch ?? 0)
      end = try settings.number("lr_cooldown_end", in: .nonNegative, default: 0)
      power = try settings.number("lr_cooldown_power", in: .positive, default: 1)
    }
    settings.ignore(["epochs_cooldown"])
    if warmup >= steps { run.warnings.append(LearningRateSchedule.endsWithinWarmup(warmup, steps: steps)) }
    // The first step has its part of the rise, whose end the cosine begins a step later.
    run.schedule = try .following(
      name == "const" && warmup > 1
        ? LearningRateSchedule.rising("constant", over: Double(warmup - 1), from: 1 / Double(warmup), to: 1)
        : nil,
      settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: [warmup, start]
    ) { taken in
      if taken < warmup { return peak * Double(taken + 1) / Double(warmup) }
      switch name {
      case "cosine":
        let x = Double(taken - warmup) / Double(Swift.max(1, steps - warmup))
        return peak * (1 + Double.cos(.pi * x)) / 2
      case "const-cooldown" where taken >= start:
        let x = Double(taken - start) / Double(Swift.max(1, steps - start))
        return Double.pow(1 - x, power) * (peak - end) + end
      default: return peak
      }
    }
  }
}

extension RunFormat {
  static let openCLIP = RunFormat(
    identifier: "open-clip", name: "open_clip's params.txt or command line", tool: "open_clip",
    syntaxes: ["YAML", "shell"], keys: OpenCLIP.keys,
    // params.txt has values as Python prints them.
    prepare: { (file, _, _) throws(ConfigurationError) in
      guard file.command == nil else { return file }
      let values = try file.root.mapping().values.map { value in
        value.source == "None"
          ? ConfigurationValue(key: value.key, content: .word("null"), place: value.place) : value
      }
      return ParsedFile(ConfigurationValue(key: "", content: .mapping(values), place: file.root.place))
    }
  ) { (settings) throws(ConfigurationError) in try OpenCLIP.read(&settings) }
}

extension CommandLineProgram {
  static let openCLIP = CommandLineProgram(
    identifier: "open-clip", name: "open_clip's training",
    scripts: ["open_clip_train.main", "training.main", "main.py"],
    flags: CommandLineFlags(
      """
      lr beta1 beta2 eps wd warmup epochs epochs-cooldown batch-size accum-freq opt lr-scheduler lr-cooldown-end
      lr-cooldown-power skip-scheduler! grad-clip-norm momentum workers train-num-samples val-num-samples dataset-type
      dataset-resampled! model pretrained train-data val-data imagenet-val imagenet-v2 csv-img-key csv-caption-key
      csv-separator precision local-loss! gather-with-grad! grad-checkpointing! save-frequency save-most-recent!
      zeroshot-frequency val-frequency report-to name logs seed lock-image! lock-text! torchcompile! force-quick-gelu!
      image-mean* image-std* aug-cfg* use-bn-sync! ddp-static-graph! dist-backend dist-url resume debug! copy-codebase!
      log-every-n-steps wandb-project-name siglip! delete-previous-checkpoint! coca-caption-loss-weight
      coca-contrastive-loss-weight remote-sync
      """),
    telling: [
      "accum_freq", "train_num_samples", "local_loss", "gather_with_grad", "zeroshot_frequency",
      "csv_img_key",
    ])
}
