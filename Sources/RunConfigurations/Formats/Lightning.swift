import Dynamics
import Equilibrium
import Formulas

/// What `LightningCLI` reads and prints with `--print_config` (github.com/Lightning-AI/pytorch-lightning).
///
/// - `optimizer` and `lr_scheduler` are classes with their arguments, at the top or among the model's arguments.
/// - A scheduler takes its step after an epoch, unless its configuration says `interval: step`.
/// - All tensors are in one parameter group, so everything decays.
/// - The run ends with `max_epochs` or `max_steps`, whichever comes first; −1 is no limit.
enum Lightning {
  static let keys = [
    "trainer.max_epochs", "trainer.max_steps", "trainer.accumulate_grad_batches", "trainer.devices",
    "trainer.num_nodes", "trainer.gradient_clip_val", "trainer.limit_train_batches",
    "data.init_args.batch_size",
    "optimizer.class_path", "optimizer.init_args.lr", "optimizer.init_args.weight_decay",
    "optimizer.init_args.momentum", "optimizer.init_args.dampening", "optimizer.init_args.nesterov",
    "optimizer.init_args.betas", "optimizer.init_args.eps", "lr_scheduler.class_path", "interval",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    try readPair(&settings)
    guard
      let place = [
        "optimizer", "model.init_args.optimizer", "model.optimizer", "model.init_args.optimizer_init",
      ]
      .first(where: { settings.has("\($0).class_path") || settings.has("\($0)._target_") })
    else {
      throw .invalid(
        .optimizerInCode(
          arguments: "--optimizer.class_path=torch.optim.AdamW --optimizer.init_args.lr=NUMBER"),
        at: .file(settings.path))
    }
    let isTarget = settings.has("\(place)._target_")
    let nameKey = isTarget ? "\(place)._target_" : "\(place).class_path"
    let name = try settings.text(nameKey)
    var optimizer = try TorchOptimizer(
      &settings, name: name, nameKey: nameKey, prefix: isTarget ? "\(place)." : "\(place).init_args.")
    settings.ignore(["\(place)._partial_", "\(place)._convert_"])
    // An optimizer that is stated is the one that trains; arguments of the model are its own.
    settings.passOver { key in
      ["model.", "data."].contains { key.hasPrefix($0) } && !key.hasPrefix(place)
    }
    var warnings = optimizer.warnings
    var notes = optimizer.notes
    let length = try LightningLength(&settings, &notes)
    let schedule = try TorchSchedulers(
      settings, peak: optimizer.hyperparameters[.learningRate] ?? 0, length: length
    ).read(&settings, &notes, &warnings)
    optimizer.hyperparameters[.learningRate] = schedule.peak
    warnings += try settings.clipping("trainer.gradient_clip_val")
    settings.ignore(["trainer.gradient_clip_algorithm"])
    return TrainingRun(
      name: settings.stem, optimizer: optimizer.optimizer, hyperparameters: optimizer.hyperparameters,
      nesterov: optimizer.nesterov, steps: length.steps, stepsPerEpoch: length.stepsPerEpoch,
      schedule: schedule.schedule,
      decayRule: .all,
      notes: notes + ["One parameter group: every tensor decays, biases and gains included."]
        + settings.notes, warnings: warnings + settings.warnings, ignored: settings.ignored)
  }
}

extension Lightning {
  /// `optimizer: [Adam, {lr: 0.1}]`: a class with its arguments.
  private static func readPair(_ settings: inout RunSettings) throws(ConfigurationError) {
    guard settings.has("optimizer"), let value = settings.value("optimizer"),
      case .list(let pair) = value.content, pair.count == 2, case .mapping = pair[1].content
    else { return }
    let members = [
      ConfigurationValue(key: "class_path", content: pair[0].content, place: pair[0].place),
      ConfigurationValue(key: "init_args", content: pair[1].content, place: pair[1].place),
    ]
    let optimizer = ConfigurationValue(key: "optimizer", content: .mapping(members), place: value.place)
    settings.adopt(ConfigurationValue(key: "", content: .mapping([optimizer]), place: value.place))
  }
}

/// How many optimizer steps a run has, and an epoch.
struct LightningLength {
  let steps: Int
  private(set) var stepsPerEpoch: Int?
  let epochs: Int?

  /// - Parameters:
  ///   - usual: the epochs of a run that does not say how many; nil where there is no default.
  ///   - dropsRest: whether batches that are left at the end of an epoch make no update.
  init(
    _ settings: inout RunSettings, _ notes: inout [String], usual: Int? = 1000, dropsRest: Bool = false
  ) throws(ConfigurationError) {
    let maximum = try Self.limit(&settings, "trainer.max_steps")
    var epochs = try Self.limit(&settings, "trainer.max_epochs")
    if let usual, epochs == nil, maximum == nil, !settings.has("trainer.max_epochs") {
      epochs = try settings.wholeNumber("trainer.max_epochs", default: usual)
    }
    self.epochs = epochs
    let given = settings.fact(.steps)
    let accumulated = try settings.wholeNumber("trainer.accumulate_grad_batches", default: 1)
    if settings.knows(.datasetSize), let examples = settings.fact(.datasetSize) {
      let processes = try Self.processes(&settings)
      let batch = try Self.batch(&settings)
      // Every process gets as many examples, and the last batch of an epoch may be smaller.
      let own = (examples + processes - 1) / processes
      let batches = try Self.limited((own + batch - 1) / batch, &settings)
      stepsPerEpoch = max(1, (batches + (dropsRest ? 0 : accumulated - 1)) / accumulated)
      if own % batch != 0 {
        notes.append("The last, smaller batch of an epoch is taken to count, as without drop_last.")
      }
    } else if let given, let epochs, maximum == nil, given % epochs == 0 {
      stepsPerEpoch = given / epochs
      notes.append(
        "--steps over \(settings.spelled("trainer.max_epochs")) gives \(given / epochs) steps an epoch.")
    }
    if let given {
      steps = given
    } else if let maximum {
      steps = min(maximum, stepsPerEpoch.map { Self.product($0, epochs ?? .max) } ?? maximum)
    } else if let epochs, let stepsPerEpoch {
      steps = Self.product(stepsPerEpoch, epochs)
    } else if let epochs {
      throw settings.invalid(
        .needs(
          [.datasetSize, .steps],
          because: "\(settings.spelled("trainer.max_epochs")): \(epochs) counts epochs"),
        "trainer.max_epochs")
    } else {
      throw settings.invalid(
        .needs([.steps], because: "nothing says how long the run is"), "trainer.max_epochs")
    }
  }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? 1 << 40 : min(product, 1 << 40)
  }

  /// A number of steps or epochs; −1 and nothing are no limit.
  private static func limit(_ settings: inout RunSettings, _ key: String) throws(ConfigurationError) -> Int? {
    guard let value = settings.value(key) else { return nil }
    return try value.number(in: .real) == -1 ? nil : value.wholeNumber(upTo: 0x1p40)
  }

  private static func processes(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    if let given = settings.fact(.worldSize) { return given }
    var count = try settings.wholeNumber("trainer.num_nodes", default: 1)
    guard let devices = settings.value("trainer.devices"), devices.source != "auto", devices.source != "-1"
    else {
      return try settings.required(
        .worldSize, because: "\(settings.spelled("trainer.devices")) does not say how many there are")
    }
    switch devices.content {
    case .list(let list): count *= max(1, list.count)
    // LightningCLI itself prints a text: a number of devices, or their indices.
    case .text(let text) where text.contains(","): count *= text.split(separator: ",").count
    case .text(let text):
      count *= try ConfigurationValue(key: devices.key, content: .word(text), place: devices.place)
        .wholeNumber(
          upTo: 0x1p20)
    default: count *= try devices.wholeNumber(upTo: 0x1p20)
    }
    return count
  }

  /// The batch size, wherever the data module or the model has it.
  private static func batch(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    let names = ["batch_size", "train_batch_size"]
    let key = settings.values.map(\.key).first { key in
      (key.hasPrefix("data.") || key.hasPrefix("model."))
        && names.contains(key.split(separator: ".").last.map(String.init) ?? "")
    }
    let usual = "data.init_args.batch_size"
    guard key != nil || settings.has(usual) else {
      let name = settings.spelled(usual)
      throw .invalid(
        .asks(
          key: name, choices: ["32"], because: "\(name) is not stated, on which the steps of an epoch depend"),
        at: .file(settings.path))
    }
    return try settings.wholeNumber(key ?? usual)
  }

  /// `limit_train_batches`: a number of batches or, with a point, a share.
  private static func limited(_ batches: Int, _ settings: inout RunSettings) throws(ConfigurationError) -> Int
  {
    guard let value = settings.value("trainer.limit_train_batches") else { return batches }
    let limit = try value.number(in: .positive)
    let isShare = value.source.contains(".") || limit < 1
    return max(
      1, isShare ? Int(Double(batches) * min(limit, 1)) : min(batches, Int(limit, clampedTo: batches)))
  }
}

extension RunFormat {
  static let lightning = RunFormat(
    identifier: "lightning", name: "LightningCLI's YAML", tool: "PyTorch", syntaxes: ["YAML", "JSON"],
    keys: Lightning.keys
  ) { (settings) throws(ConfigurationError) in try Lightning.read(&settings) }
}
