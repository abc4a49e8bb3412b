import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The `args.yaml` of Ultralytics, and the `hyp.yaml` and `opt.yaml` of YOLOv5 and YOLOv7.
///
/// - The batch is that of all processes; `nbs` examples make an update, and the weight decay is scaled to what they are.
/// - `optimizer: auto` chooses by length, classes and release, and ignores `lr0`.
/// - The learning rate changes with the epoch, that of the warmup with the batch; the loop is gone through batch by batch.
enum Ultralytics {
  static let keys = [
    "lr0", "lrf", "momentum", "weight_decay", "warmup_epochs", "warmup_momentum", "warmup_bias_lr", "nbs",
    "batch",
    "batch_size", "total_batch_size", "epochs", "cos_lr", "linear_lr", "optimizer", "adam", "nc", "patience",
  ]

  /// Whose training loop it is.
  private enum Program: Equatable {
    /// Ultralytics, by its release in thousandths: 8.3 is 8003000.
    case ultralytics(release: Int)
    case yolov5, yolov7

    var hasScheduleFromEpochStart: Bool {
      if case .ultralytics(let release) = self { release >= 8_002_000 } else { false }
    }
  }

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let program = try program(&settings)
    if program == .yolov5 || program == .yolov7 { try adoptBeside(&settings) }
    for key in ["time", "evolve"] where settings.has(key) {
      guard let value = settings.value(key), !["false", "0", "None"].contains(value.source) else { continue }
      throw settings.invalid(
        .unsupportedSchedule(key, because: "decides the length otherwise, which is not followed"), key)
    }
    for key in ["epochs", batchKey(settings)] where !settings.has(key) && program != .ultralytics(release: 0)
    {
      guard case .ultralytics = program else {
        throw .invalid(
          .asks(
            key: key, choices: [key == "epochs" ? "100" : "16"],
            because: "\(key) stands in opt.yaml, which is not beside the file"),
          at: .file(settings.path))
      }
    }
    let epochs = try settings.wholeNumber("epochs", default: 100, upTo: 100_000)
    let batch = try batch(&settings)
    let nominal = try settings.wholeNumber("nbs", default: 64)
    var examples = try settings.required(.datasetSize, because: "epochs = \(epochs) counts epochs")
    if let share = try settings.value("fraction")?.number(in: .positive), share < 1 {
      examples = Swift.max(1, Int((Double(examples) * share).rounded(.toNearestOrEven)))
      settings.remark("fraction = \(share): \(examples) examples are trained on.")
    }
    let processes = try processes(&settings)
    let own = examples / processes + (examples % processes == 0 ? 0 : 1)
    let size = Swift.max(1, processes == 1 ? Swift.min(batch, examples) : batch / processes)
    let perEpoch = own / size + (own % size == 0 ? 0 : 1)
    guard perEpoch <= 200_000_000 / epochs else {
      throw settings.invalid(
        .outOfRange(key: "epochs", value: Double(epochs), expected: "at most 200 million batches"), "epochs")
    }
    var run = try optimizer(
      &settings, program, examples: examples, batch: batch, nominal: nominal, epochs: epochs)
    let accumulated = Swift.max((Double(nominal) / Double(batch)).rounded(.toNearestOrEven), 1)
    let factor = Double(batch) * accumulated / Double(nominal)
    let decay = try settings.number("weight_decay", in: .nonNegative, default: 5e-4)
    run.hyperparameters[.weightDecay] = decay * factor
    if factor != 1, decay > 0 {
      run.notes.append(
        "The weight decay \(decay) is scaled by \(batch) × \(Int(accumulated))/\(nominal) = \(factor), as the program does."
      )
    }
    let loop = try Loop(
      &settings, program, batch: Double(batch), nominal: Double(nominal), perEpoch: perEpoch, epochs: epochs)
    let factors = loop.factors()
    run.steps = Swift.max(1, factors.count)
    run.stepsPerEpoch = nil
    guard factors.count <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "epochs", value: Double(epochs), expected: "at most \(LearningRateTable.limit) updates"),
        "epochs")
    }
    let peak = run.hyperparameters[.learningRate] ?? 0
    run.schedule = .table(LearningRateTable(everyStepOf: run.steps) { peak * factors[$0] })
    if run.optimizer == .sgdm, loop.warmup > 0 {
      run.warnings.append("The momentum rises from warmup_momentum during the warmup, which is not followed.")
    }
    if program != .yolov7 { run.warnings.append(RunSettings.clips("norm 10")) }
    run.notes.append("Biases and the weights of normalisation layers do not decay.")
    settings.ignore([
      "warmup_momentum", "warmup_bias_lr", "patience", "pose", "kobj", "nc", "momentum", "lr0",
    ])
    return try settings.finished(run)
  }

  /// By keys that came and went with releases.
  private static func program(_ settings: inout RunSettings) throws(ConfigurationError) -> Program {
    settings.ignore(["optimizer_version"])
    if !settings.has("task") && !settings.has("mode") {
      let isLater = ["loss_ota", "paste_in", "linear_lr", "total_batch_size", "notest", "v5_metric"].contains(
        where: settings.has)
      settings.remark(
        isLater
          ? "Read as YOLOv7's: it has loss_ota, paste_in or linear_lr."
          : "Read as YOLOv5's: it has no task and no loss_ota.")
      return isLater ? .yolov7 : .yolov5
    }
    let signs: [(Int, [String])] = [
      (8_004_140, ["channels_last", "dlog"]), (8_004_100, ["quantize", "distill_model"]),
      (8_004_020, ["end2end"]),
      (8_004_000, ["angle", "rle"]), (8_003_200, ["compile", "cutmix"]), (8_003_000, ["copy_paste_mode"]),
      (8_002_000, ["bgr"]), (8_001_000, ["erasing"]), (8_000_000, ["v5loader"]),
    ]
    let found = signs.first { $0.1.contains { key in settings.values.contains { $0.key == key } } }
    let release = found?.0 ?? 8_003_000
    let name = "8.\(release / 1000 % 1000).\(release % 1000)"
    settings.remark(
      found.map { "Read as release \(name) or later, since the file has \($0.1.joined(separator: " or "))." }
        ?? "No key tells the release; read as \(name).")
    return .ultralytics(release: release)
  }

  /// hyp.yaml and opt.yaml lie beside each other, or one is named in the other.
  private static func adoptBeside(_ settings: inout RunSettings) throws(ConfigurationError) {
    for name in ["opt.yaml", "hyp.yaml"] {
      guard let other = try settings.sibling(name), let keys = other.keys else { continue }
      let isNew = !keys.isSubset(of: Set(settings.values.map(\.key)))
      settings.adopt(other)
      if isNew { settings.remark("\(name), which lies beside the file, is read as well.") }
    }
    for value in settings.values where value.key.hasPrefix("hyp.") {
      let key = String(value.key.dropFirst(4))
      if !settings.has(key) { settings.put(key, value.content) }
      settings.ignore([value.key])
    }
  }

  private static func batchKey(_ settings: RunSettings) -> String {
    ["total_batch_size", "batch", "batch_size"].first(where: settings.has) ?? "batch_size"
  }

  private static func batch(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    let key = batchKey(settings)
    if let value = settings.value(key), let number = try? value.number(in: .real), number < 1 {
      throw value.invalid(
        .asks(key: key, choices: ["16"], because: "\(key) = \(value.source) lets the program find the batch"))
    }
    settings.ignore(["batch_size", "batch"])
    return try settings.wholeNumber(key, default: 16, upTo: 1e9)
  }

  /// `device: 0,1,2,3` are four processes; nothing is one.
  private static func processes(_ settings: inout RunSettings) throws(ConfigurationError) -> Int {
    if let given = settings.fact(.worldSize) { return given }
    guard let device = settings.value("device") else { return 1 }
    if case .list(let items) = device.content { return Swift.max(1, items.count) }
    return Swift.max(1, device.source.split(separator: ",").count)
  }

  // MARK: Optimizer

  private static func optimizer(
    _ settings: inout RunSettings, _ program: Program, examples: Int, batch: Int, nominal: Int, epochs: Int
  ) throws(ConfigurationError) -> TrainingRun {
    var run = TrainingRun(name: "", optimizer: .sgdm, hyperparameters: [:], steps: 1, decayRule: .req)
    let momentum = try settings.number("momentum", in: .coefficient, default: 0.937)
    var name = "SGD"
    if program == .yolov7 || (program == .yolov5 && settings.has("adam")) {
      if settings.has("adam"), try settings.boolean("adam") { name = "Adam" }
    } else {
      name = try settings.text("optimizer", default: program == .yolov5 ? "SGD" : "auto")
    }
    var rate: Double?
    var beta = momentum
    if name.lowercased() == "auto", case .ultralytics(let release) = program {
      let updates = (Double(examples) / Double(Swift.max(batch, nominal))).rounded(.up) * Double(epochs)
      let isLong = updates > 10_000
      if isLong ? release >= 8_004_020 : (8_004_000..<8_004_020).contains(release) {
        name = "MuSGD"
      } else {
        name = isLong ? "SGD" : "AdamW"
      }
      let reason = "optimizer auto, over \(Int(updates)) iterations, is \(name)"
      if name == "AdamW" {
        if !settings.has("nc"), let name = settings.value("data")?.source,
          let data = try settings.sibling(name)
        {
          if let count = data.member("nc") {
            settings.put("nc", count.content)
          } else if case .list(let names)? = data.member("names")?.content {
            settings.put("nc", .number(Double(names.count)))
          }
          run.notes.append("\(name), which lies beside the file, tells the classes.")
        }
        guard settings.has("nc") else {
          throw settings.invalid(
            .asks(
              key: "nc", choices: ["80"],
              because: "\(reason), whose learning rate depends on the number of classes"),
            "optimizer")
        }
        let classes = try settings.wholeNumber("nc", upTo: 1e9)
        rate = (0.002 * 5 / Double(4 + classes) * 1e6).rounded(.toNearestOrEven) / 1e6
        beta = 0.9
      } else if name == "SGD" {
        rate = 0.01
      }
      run.notes.append("\(reason); lr0 has no influence.")
    }
    switch name.lowercased() {
    case "sgd":
      run.hyperparameters[.momentum] = momentum
      run.nesterov = true
    case "adam", "adamw":
      run.optimizer = name.lowercased() == "adam" ? .adamL2 : .adamW
      (run.hyperparameters[.beta1], run.hyperparameters[.beta2]) = (beta, 0.999)
      if run.optimizer == .adamW { run.hyperparameters[.epsilon] = 1e-8 }
    default:
      throw settings.invalid(
        .unsupportedOptimizer(name, because: "has no prediction", known: ["SGD", "Adam", "AdamW"]),
        "optimizer")
    }
    if let rate {
      run.hyperparameters[.learningRate] = rate
    } else {
      run.hyperparameters[.learningRate] = try settings.number("lr0", in: .positive, default: 0.01)
    }
    return run
  }

  // MARK: Loop

  /// The training loop, as far as it decides when an update is made and at what learning rate.
  private struct Loop {
    let program: Program
    let batch: Double
    let nominal: Double
    let perEpoch: Int
    let epochs: Int
    let final: Double
    let isCosine: Bool
    /// Batches of the warmup; below 0 where there is none.
    let warmup: Int

    init(
      _ settings: inout RunSettings, _ program: Program, batch: Double, nominal: Double, perEpoch: Int,
      epochs: Int
    ) throws(ConfigurationError) {
      (self.program, self.batch, self.nominal) = (program, batch, nominal)
      (self.perEpoch, self.epochs) = (perEpoch, epochs)
      final = try settings.number("lrf", in: .nonNegative, default: 0.01)
      if program == .yolov7 {
        isCosine = try !settings.boolean("linear_lr", default: false)
      } else {
        isCosine = try settings.boolean("cos_lr", default: false)
      }
      let span = Domain(0, includesLower: true, upTo: 100_000, includesUpper: true)
      let length = try settings.number("warmup_epochs", in: span, default: 3)
      func whole(_ epochs: Double) -> Int {
        Int((epochs * Double(perEpoch)).rounded(.toNearestOrEven), clampedTo: 1 << 40)
      }
      switch program {
      case .yolov7: warmup = Swift.max(whole(length), 1000)
      case .yolov5: warmup = Swift.max(whole(length), 100)
      case .ultralytics(let release):
        if release >= 8_004_140 {
          warmup = length > 0 ? whole(Swift.min(length, Swift.max(Double(epochs - 1), 0))) : 0
        } else {
          warmup = length > 0 || release < 8_000_200 ? Swift.max(whole(length), 100) : -1
        }
      }
    }

    /// The factor of an epoch.
    private func decayed(_ epoch: Int) -> Double {
      let e = Double(epoch)
      if isCosine { return (1 - Double.cos(e * .pi / Double(epochs))) / 2 * (final - 1) + 1 }
      if program == .yolov7 { return (1 - e / Double(Swift.max(1, epochs - 1))) * (1 - final) + final }
      return Swift.max(1 - e / Double(epochs), 0) * (1 - final) + final
    }

    /// The factor of every update.
    func factors() -> [Double] {
      var factors: [Double] = []
      var accumulate = Swift.max((nominal / batch).rounded(.toNearestOrEven), 1)
      var isOf84 = false
      if case .ultralytics(let release) = program { isOf84 = release >= 8_004_140 }
      let target = isOf84 ? accumulate : nominal / batch
      if isOf84 { accumulate = Swift.min(accumulate, Double(perEpoch * epochs)) }
      var last = -1
      var factor = decayed(0)
      for epoch in 0..<epochs {
        // Loops that step the scheduler at an epoch's end have begun it anew with the first.
        let current = program.hasScheduleFromEpochStart ? decayed(epoch) : decayed(Swift.max(0, epoch - 1))
        if epoch * perEpoch > warmup { factor = current }
        for index in 0..<perEpoch {
          let number = index + perEpoch * epoch
          if number <= warmup, warmup > 0 {
            let x = Double(number) / Double(warmup)
            accumulate = Swift.max(1, (1 + (target - 1) * x).rounded(.toNearestOrEven))
            factor = decayed(epoch) * x
          } else if index == 0 {
            factor = current
          }
          let isUpdate =
            program == .yolov7 ? number % Int(accumulate) == 0 : Double(number - last) >= accumulate
          if isUpdate {
            factors.append(factor)
            last = number
          }
        }
      }
      return factors
    }
  }
}

extension RunFormat {
  static let ultralytics = RunFormat(
    identifier: "ultralytics", name: "Ultralytics' args.yaml or YOLO's hyp.yaml", tool: "Ultralytics",
    syntaxes: ["YAML"], keys: Ultralytics.keys,
    harmless: [
      "optimize", "close_mosaic", "label_smoothing", "multi_scale", "iou_t", "anchor_t", "fl_gamma",
      "fraction", "resume",
    ],
    unites: true
  ) { (settings) throws(ConfigurationError) in try Ultralytics.read(&settings) }
}
