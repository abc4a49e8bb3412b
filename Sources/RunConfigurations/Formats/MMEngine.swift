import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// The Python files of mmengine's programs, and those of mmcv 1 (github.com/open-mmlab).
///
/// - A file lies over those that `_base_` names, dictionary by dictionary.
/// - Schedulers act one after another on the learning rate that the others left, after every epoch unless `by_epoch` is off;
///   they are gone through batch by batch. Those of mmcv 1 say what the learning rate is, and the warmup multiplies it.
/// - Every tensor decays unless `paramwise_cfg` says otherwise.
enum MMEngine {
  static let keys = [
    "optim_wrapper.optimizer.type", "optim_wrapper.optimizer.lr", "optim_wrapper.optimizer.weight_decay",
    "optim_wrapper.optimizer.momentum", "optim_wrapper.optimizer.betas", "optim_wrapper.optimizer.eps",
    "optimizer.type", "optimizer.lr", "optimizer.weight_decay", "optimizer.momentum", "optimizer.betas",
    "train_cfg.max_epochs", "train_cfg.max_iters", "train_dataloader.batch_size", "lr_config.policy",
    "param_scheduler", "auto_scale_lr.enable", "optim_wrapper.accumulative_counts", "lr_config.step",
    "lr_config.warmup", "lr_config.gamma", "lr_config.min_lr", "runner.max_epochs", "runner.max_iters",
    "data.samples_per_gpu",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let isNew = settings.hasAny(under: "optim_wrapper") || settings.hasAny(under: "train_cfg")
    if isNew {
      settings.passOver { $0.hasPrefix("optimizer.") || $0.hasPrefix("lr_config.") }
    }
    let place = isNew ? "optim_wrapper.optimizer" : "optimizer"
    // A whole table that would have to be executed: `optim_wrapper.update(…)`.
    for key in ["optim_wrapper", place] {
      if let value = settings.value(key), case .unevaluated(let source) = value.content {
        throw value.invalid(.notEvaluated(key: key, source.excerpt))
      }
    }
    guard settings.has("\(place).type") || settings.has("\(place).lr") else {
      throw .invalid(
        .optimizerInCode(arguments: "--\(place).type=AdamW --\(place).lr=NUMBER"), at: .file(settings.path))
    }
    let nameKey = settings.has("\(place).optimizer_type") ? "\(place).optimizer_type" : "\(place).type"
    settings.ignore(["\(place).type"])
    let name = try settings.text(nameKey)
    let torch = try TorchOptimizer(&settings, name: name, nameKey: nameKey, prefix: "\(place).")
    var run = TrainingRun(
      name: "", optimizer: torch.optimizer, hyperparameters: torch.hyperparameters, nesterov: torch.nesterov,
      steps: 1,
      decayRule: .all)
    (run.notes, run.warnings) = (torch.notes, torch.warnings)
    try readGroups(&settings, isNew ? "optim_wrapper" : "optimizer", &run)
    try readConstructor(&settings, isNew ? "optim_wrapper" : "optimizer", &run)
    let length = try MMEngineLength(&settings, isNew: isNew)
    if let factor = try length.scale(&settings) {
      run.hyperparameters[.learningRate] = (run.hyperparameters[.learningRate] ?? 0) * factor
      run.notes.append("auto_scale_lr multiplies the learning rate by \(factor).")
    }
    (run.steps, run.stepsPerEpoch) = (length.updates, length.updatesPerEpoch)
    let base = run.hyperparameters[.learningRate] ?? 0
    let rates =
      try isNew
      ? MMEngineSchedulers(&settings, length, base: base, &run.warnings).rates()
      : MMCVSchedule(&settings, length, base: base).rates()
    guard rates.count <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "the number of steps", value: Double(rates.count),
          expected: "at most \(LearningRateTable.limit)"), nameKey)
    }
    if let peak = rates.max(), peak > base * (1 + 1e-9) { run.hyperparameters[.learningRate] = peak }
    let isConstant = rates.allSatisfy { abs($0 - base) <= 1e-12 * base }
    let top = run.hyperparameters[.learningRate] ?? base
    run.schedule = isConstant ? .constant : try .following(rates, settings, key: nameKey, peak: top)
    for key in ["optim_wrapper.clip_grad", "optimizer_config.grad_clip"]
    where settings.has(key) || settings.hasAny(under: key) {
      run.warnings.append(RunSettings.clips(key))
    }
    settings.ignore(
      keys + ["momentum_config", "auto_scale_lr.base_batch_size", "total_epochs", "max_epochs", "max_iters"])
    settings.passOver { key in
      !["param_scheduler", "lr_config", "optim_wrapper.optimizer.", "optimizer."].contains {
        key.hasPrefix($0)
      }
        || key.contains("paramwise_cfg") || key.contains("constructor")
    }
    return try settings.finished(run)
  }

  /// What parameters of their own have, as far as names tell.
  private static func readGroups(_ settings: inout RunSettings, _ place: String, _ run: inout TrainingRun)
    throws(ConfigurationError)
  {
    let prefix = "\(place).paramwise_cfg."
    let rules = settings.values.filter { $0.key.hasPrefix(prefix) }
    for rule in rules { _ = settings.value(rule.key) }
    let known = [
      "lr_mult", "decay_mult", "bias_lr_mult", "bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult",
      "dcn_offset_lr_mult", "flat_decay_mult", "bypass_duplicate", "decay_rate", "decay_type", "num_layers",
    ]
    for rule in rules {
      let last = rule.key.split(separator: ".").last.map(String.init) ?? rule.key
      guard !known.contains(last), Spelling.isSlip(last, of: known), !settings.isLeftOut(rule.key) else {
        continue
      }
      throw rule.invalid(
        .undecided(
          [UnreadKey(name: rule.key, nearest: Spelling.nearest(to: last, among: known))], by: "paramwise_cfg")
      )
    }
    let off = rules.filter { $0.key.hasSuffix("decay_mult") && ["0", "0.0"].contains($0.source) }
    if !off.isEmpty {
      // Whether it is vectors that do not decay, or only what is named.
      if off.contains(where: { rule in ["norm", "bias", "flat", "bn"].contains { rule.key.contains($0) } }) {
        run.decayRule = .req
      }
      run.notes.append(
        "paramwise_cfg takes the weight decay from \(off.prefix(8).map { String($0.key.dropFirst(prefix.count)) }.joined(separator: ", "))."
      )
    } else {
      run.notes.append("Every tensor decays, biases and gains of normalisation included.")
    }
    for rule in rules where rule.key.hasSuffix("lr_mult") && !["1", "1.0"].contains(rule.source) {
      let name = rule.key.dropFirst(prefix.count).dropLast(".lr_mult".count)
      let rate = run.hyperparameters[.learningRate] ?? 0
      guard name.hasPrefix("custom_keys."), let factor = try? rule.number(in: .positive) else {
        run.warnings.append(
          "\(rule.key.dropFirst(prefix.count)) = \(rule.source): these parameters have a learning rate of their own, which is"
            + " not predicted.")
        continue
      }
      let key = String(name.dropFirst("custom_keys.".count))
      var own: [Symbol: Double] = [.learningRate: rate * factor]
      let decay = rules.first { $0.key == "\(prefix)custom_keys.\(key).decay_mult" }
      if let decay, let share = try? decay.number(in: .nonNegative) {
        own[.weightDecay] = (run.hyperparameters[.weightDecay] ?? 0) * share
      }
      run.addGroup(key, tensors: ["*\(key)*"], own)
    }
    // The longest key that a name has decides.
    run.groups.sort { $0.name.count > $1.name.count }
    if let value = rules.first(where: { $0.key.hasSuffix("decay_rate") }),
      let rate = try? value.number(in: .positive), rate < 1
    {
      run.setLayerDecay(rate, "paramwise_cfg.decay_rate")
    }
  }

  /// The class that makes the groups of parameters, where it is not mmengine's own.
  private static func readConstructor(
    _ settings: inout RunSettings, _ place: String, _ run: inout TrainingRun
  ) throws(ConfigurationError) {
    let key = "\(place).constructor"
    guard settings.has(key), let value = settings.value(key) else { return }
    let name = try value.text()
    switch name {
    case "DefaultOptimWrapperConstructor", "DefaultOptimizerConstructor",
      "LearningRateDecayOptimWrapperConstructor":
      return
    case "LayerDecayOptimizerConstructor", "LearningRateDecayOptimizerConstructor",
      "LayerDecayOptimWrapperConstructor":
      run.notes.append("\(name) takes the weight decay from vectors, biases, pos_embed and cls_token.")
    case "TSMOptimWrapperConstructor", "TSMOptimizerConstructor":
      run.notes.append(
        "\(name): biases and normalisation do not decay, and biases have twice the learning rate.")
      let rule = "\(place).paramwise_cfg.fc_lr5"
      if settings.has(rule), try settings.boolean(rule) {
        let rate = run.hyperparameters[.learningRate] ?? 0
        run.addGroup("fc_lr5", tensors: ["*fc_cls*", "*cls_head*"], [.learningRate: 5 * rate])
      }
    default:
      guard !settings.isLeftOut(key) else { return }
      throw value.invalid(
        .undecided([UnreadKey(name: key, nearest: nil)], by: "\(name), which makes groups of its own"))
    }
    run.notes.removeAll { $0.hasPrefix("Every tensor decays") }
    run.decayRule = .req
  }

  // MARK: Files

  /// A file with those under it.
  static func settings(of input: InputText) throws(ConfigurationError) -> ParsedFile {
    var count = 0
    return ParsedFile(try load(input, &count, over: []).root)
  }

  /// - Parameter chain: the files that led to this one.
  private static func load(
    _ input: InputText, _ count: inout Int, over chain: [String]
  ) throws(ConfigurationError) -> (root: ConfigurationValue, values: [String: PythonValue]) {
    count += 1
    // What `{{ _base_.name }}` stands for is a value like any other.
    let text = input.text.replacing(#/\{\{\s*(_base_[A-Za-z0-9_.]*)\s*\}\}/#) { String($0.1) }
    let plain = try InputText(text.utf8, path: input.path)
    let statements = try PythonTokenizer.statements(of: plain)
    let first = PythonAssignments(statements, known: [:], updates: true)
    var known: [String: PythonValue] = [:]
    var base = ConfigurationValue(key: "", content: .mapping([]), place: .file(input.path))
    if let base = first.assignments["_base_"], base.value?.isKnown != true {
      throw .invalid(
        .syntax("_base_ = \(base.source.excerpt) names no files that are written out", language: "mmengine"),
        at: .line(base.line, of: input.path))
    }
    if let names = first["_base_"] {
      let paths: [PythonValue] = if case .list(let items) = names { items } else { [names] }
      for case .text(let name) in paths {
        let place = ConfigurationError.Place.file(input.path)
        let last = name.split(separator: "/").last.map(String.init) ?? name
        if !name.contains(".."), ([input.path] + chain).contains(where: { CommandLine.basename($0) == last }),
          !name.contains("/") || name.hasPrefix("./")
        {
          throw .invalid(.syntax("_base_ leads from '\(name)' back to it", language: "mmengine"), at: place)
        }
        guard count < 50, input.isFile, !name.hasPrefix("/"), !name.contains("::") else {
          throw .invalid(.otherFile(name), at: place)
        }
        let file: InputText
        do throws(ConfigurationError) { file = try InputText(path: input.folder + name) } catch {
          if case .missing = error { throw .invalid(.otherFile(name), at: place) }
          throw error
        }
        let loaded = try load(file, &count, over: chain + [input.path])
        base = LayeredFile.merge(loaded.root, over: base)
        for (name, value) in loaded.values { known["_base_.\(name)"] = value }
      }
    }
    let own = known.isEmpty ? first : PythonAssignments(statements, known: flattened(known), updates: true)
    if let stranger = own.stranger {
      throw .invalid(.statement(stranger.source.excerpt), at: .line(stranger.line, of: input.path))
    }
    let values = own.values(in: input.path).filter { $0.key != "_base_" && !own.helpers.contains($0.key) }
    let root = ConfigurationValue(key: "", content: .mapping(values), place: .file(input.path))
    var all: [String: PythonValue] = [:]
    for (name, value) in known { all[String(name.dropFirst("_base_.".count))] = value }
    for name in own.order { if let value = own[name] { all[name] = value } }
    return (LayeredFile.merge(root, over: base), all)
  }

  /// Values by the path that leads to them.
  private static func flattened(_ values: [String: PythonValue]) -> [String: PythonValue] {
    var all = values
    func add(_ value: PythonValue, _ path: String) {
      guard case .mapping(let members) = value, all.count < 10_000 else { return }
      for member in members {
        all["\(path).\(member.key)"] = member.value
        add(member.value, "\(path).\(member.key)")
      }
    }
    for (name, value) in values { add(value, name) }
    return all
  }
}

/// How many batches a run has, and how many of them make an update.
struct MMEngineLength {
  /// Batches an epoch, nil where the run counts batches.
  private(set) var perEpoch: Int?
  private(set) var epochs: Int?
  private(set) var iterations: Int
  let accumulated: Int
  private let isNew: Bool

  var updates: Int { max(1, iterations / accumulated + (iterations % accumulated == 0 ? 0 : 1)) }
  var updatesPerEpoch: Int? { accumulated == 1 ? perEpoch : nil }

  init(_ settings: inout RunSettings, isNew: Bool) throws(ConfigurationError) {
    self.isNew = isNew
    let place = isNew ? "train_cfg" : "runner"
    let key = isNew ? "optim_wrapper.accumulative_counts" : "optimizer_config.cumulative_iters"
    accumulated = settings.has(key) ? try settings.wholeNumber(key) : 1
    _ = (settings.value("\(place).type"), settings.value("\(place).by_epoch"))
    settings.ignore(["\(place).val_interval", "\(place).val_begin"])
    for key in ["\(place).max_iters", "total_iters"] where settings.has(key) {
      iterations = try settings.wholeNumber(key, upTo: 1e8)
      if let given = settings.fact(.steps) { iterations = try settings.product(given, accumulated, key) }
      return
    }
    guard let key = ["\(place).max_epochs", "total_epochs"].first(where: settings.has) else {
      iterations = try settings.required(.steps, because: "neither max_epochs nor max_iters is stated")
      return
    }
    let epochs = try settings.wholeNumber(key, upTo: 100_000)
    self.epochs = epochs
    if let given = settings.fact(.steps) {
      let all = try settings.product(given, accumulated, key)
      guard all % epochs == 0 else {
        throw settings.invalid(
          .wrongKind(key: "--steps", found: "\(given)", expected: "a multiple of the \(epochs) epochs"), key)
      }
      (perEpoch, iterations) = (all / epochs, all)
      return
    }
    let sizes = [
      "train_dataloader.batch_size", "data.samples_per_gpu", "data.imgs_per_gpu",
      "data.train_dataloader.samples_per_gpu",
    ]
    guard let sizeKey = sizes.first(where: settings.has) else {
      let key = sizes[isNew ? 0 : 1]
      throw .invalid(
        .asks(
          key: key, choices: ["2"], because: "\(key) is not stated, on which the batches of an epoch depend"),
        at: .file(settings.path))
    }
    let size = try settings.wholeNumber(sizeKey)
    var times = 1
    if let value = settings.value("train_dataloader.dataset.times") ?? settings.value("data.train.times") {
      times = try value.wholeNumber(upTo: 1e6)
      settings.remark("The data set is gone through \(times) times an epoch (RepeatDataset).")
    }
    let drops =
      settings.has("train_dataloader.drop_last") ? try settings.boolean("train_dataloader.drop_last") : false
    let batches = try settings.batches(
      of: size, perProcess: sizes[isNew ? 0 : 1], dropsLast: drops, times: times
    ).batches
    (perEpoch, iterations) = (batches, try settings.product(epochs, batches, key))
    guard iterations <= 100_000_000 else {
      throw settings.invalid(
        .outOfRange(key: key, value: Double(epochs), expected: "at most 100 million batches"), key)
    }
  }

  /// What `auto_scale_lr` multiplies the learning rate by, where it is on.
  func scale(_ settings: inout RunSettings) throws(ConfigurationError) -> Double? {
    guard settings.has("auto_scale_lr.enable"), try settings.boolean("auto_scale_lr.enable") else {
      return nil
    }
    let whole = try settings.wholeNumber("auto_scale_lr.base_batch_size", default: 16)
    let size = try settings.wholeNumber(isNew ? "train_dataloader.batch_size" : "data.samples_per_gpu")
    let processes = try settings.required(.worldSize, because: "auto_scale_lr scales with the processes")
    return Double(size * processes) / Double(whole)
  }
}

/// mmengine's schedulers, each of which changes the learning rate that it finds.
private struct MMEngineSchedulers {
  private struct Scheduler {
    let name: String
    let isByEpoch: Bool
    let begin: Int
    let end: Int
    /// Its numbers, by name.
    let values: [String: Double]
    let milestones: [Int]
    /// The lowest learning rate.
    let floor: Double
    var time = 0

    /// The learning rate after a step, given that before it.
    func changed(_ x: Double, base: Double) -> Double {
      guard time >= begin, time < end else { return x }
      let s = Double(time - begin)
      let span = Double(end - begin)
      func value(_ name: String, _ fallback: Double) -> Double { values[name] ?? fallback }
      switch name {
      case "LinearLR":
        let (start, last) = (value("start_factor", 1.0 / 3), value("end_factor", 1))
        if s == 0 { return x * start }
        return x * (1 + (last - start) / ((span - 1) * start + (s - 1) * (last - start)))
      case "ConstantLR":
        let factor = value("factor", 1.0 / 3)
        return s == 0 ? x * factor : s == span - 1 ? x / factor : x
      case "MultiStepLR":
        return x * Double.pow(value("gamma", 0.1), milestones.count { Double($0) == s })
      case "StepLR":
        let every = value("step_size", 1)
        return s > 0 && s.truncatingRemainder(dividingBy: every) == 0 ? x * value("gamma", 0.1) : x
      case "ExponentialLR": return s > 0 ? x * value("gamma", 0.1) : x
      case "CosineAnnealingLR":
        let half = value("T_max", span)
        if s == 0 { return x }
        if (s - 1 - half).truncatingRemainder(dividingBy: 2 * half) == 0 {
          return x + (base - floor) * (1 - Double.cos(.pi / half)) / 2
        }
        return (1 + Double.cos(.pi * s / half)) / (1 + Double.cos(.pi * (s - 1) / half)) * (x - floor) + floor
      case "PolyLR":
        if s == 0 { return x }
        return (x - floor) * Double.pow(1 - 1 / (span - s), value("power", 1)) + floor
      default:  // QuadraticWarmupLR
        return s == 0 ? base / (span * span) : x + base * (2 * s + 1) / (span * span)
      }
    }
  }

  private var schedulers: [Scheduler] = []
  private let length: MMEngineLength
  private let base: Double

  private static let known: Set = [
    "LinearLR", "ConstantLR", "MultiStepLR", "StepLR", "ExponentialLR", "CosineAnnealingLR", "PolyLR",
    "QuadraticWarmupLR",
  ]

  init(
    _ settings: inout RunSettings, _ length: MMEngineLength, base: Double, _ warnings: inout [String]
  ) throws(ConfigurationError) {
    (self.length, self.base) = (length, base)
    var items: [ConfigurationValue] = []
    if let value = settings.value("param_scheduler") {
      items = try value.list()
    } else if let one = settings.node(at: "param_scheduler") {
      items = [one]
    }
    for item in items.prefix(100) {
      let place = ClassArguments(item, at: item)
      let type = try place.required("type").text()
      let name = type.split(separator: ".").last.map(String.init) ?? type
      if name.hasSuffix("Momentum") || name.hasSuffix("Param") {
        warnings.append("\(name) changes the momentum, which is not followed.")
        continue
      }
      guard Self.known.contains(name) else {
        throw item.invalid(
          .unsupportedSchedule(
            name, because: "is not followed; known: \(Self.known.sorted().joined(separator: ", "))"))
      }
      try schedulers.append(scheduler(name, place, item))
    }
  }

  private func scheduler(
    _ name: String, _ arguments: ClassArguments, _ item: ConfigurationValue
  ) throws(ConfigurationError) -> Scheduler {
    try arguments.checkSpelling(of: [
      "type", "by_epoch", "convert_to_iter_based", "begin", "end", "start_factor", "end_factor", "factor",
      "gamma", "power",
      "T_max", "step_size", "eta_min", "eta_min_ratio", "milestones", "verbose",
    ])
    let isByEpoch = try arguments.boolean("by_epoch", true)
    let converts = try arguments.boolean("convert_to_iter_based", false)
    guard !isByEpoch || length.perEpoch != nil || !converts else {
      throw item.invalid(.needs([.datasetSize], because: "\(name) counts epochs"))
    }
    let unit = converts ? length.perEpoch ?? 1 : 1
    func time(_ key: String, _ fallback: Int) throws(ConfigurationError) -> Int {
      guard arguments.has(key) else { return fallback }
      let number = try arguments.number(key, .nonNegative, nil)
      return Int(number * Double(unit), clampedTo: 1 << 40)
    }
    let last = isByEpoch && !converts ? length.epochs ?? 1 : length.iterations
    let begin = try time("begin", 0)
    let end = try time("end", last)
    guard end > begin else {
      throw item.invalid(.outOfRange(key: "end", value: Double(end), expected: "more than begin"))
    }
    var values: [String: Double] = [:]
    for key in ["start_factor", "end_factor", "factor", "gamma", "power"] where arguments.has(key) {
      values[key] = try arguments.number(key, .nonNegative, nil)
    }
    for key in ["T_max", "step_size"] where arguments.has(key) {
      values[key] = Double(Swift.max(1, try time(key, 1)))
    }
    var floor = 0.0
    if arguments.has("eta_min_ratio") {
      floor = base * (try arguments.number("eta_min_ratio", .nonNegative, nil))
    } else if arguments.has("eta_min") {
      floor = try arguments.number("eta_min", .nonNegative, nil)
    }
    let milestones = name == "MultiStepLR" ? try arguments.wholes("milestones").map { $0 * unit } : []
    if name == "LinearLR" || name == "ConstantLR", values[name == "LinearLR" ? "start_factor" : "factor"] == 0
    {
      throw item.invalid(.outOfRange(key: "start_factor", value: 0, expected: "above 0"))
    }
    return Scheduler(
      name: name, isByEpoch: isByEpoch && !converts, begin: begin, end: end, values: values,
      milestones: milestones,
      floor: floor)
  }

  /// The learning rate of every update.
  func rates() -> [Double] {
    var (schedulers, x, rates) = (schedulers, base, [Double]())
    for index in schedulers.indices { x = schedulers[index].changed(x, base: base) }
    rates.reserveCapacity(Swift.min(length.updates, LearningRateTable.limit))
    for iteration in 0..<length.iterations {
      if (iteration + 1) % length.accumulated == 0 || iteration == length.iterations - 1 { rates.append(x) }
      if rates.count > LearningRateTable.limit { break }
      let isEpochEnd = length.perEpoch.map { (iteration + 1) % $0 == 0 } ?? false
      for index in schedulers.indices where !schedulers[index].isByEpoch || isEpochEnd {
        schedulers[index].time += 1
        x = schedulers[index].changed(x, base: base)
      }
    }
    return rates
  }
}

/// The schedules of mmcv 1: what the learning rate of an epoch or batch is, and a warmup that multiplies it.
private struct MMCVSchedule {
  private let length: MMEngineLength
  private let base: Double
  private let policy: String
  private let isByEpoch: Bool
  private let lowest: Double
  private let steps: [Int]
  /// Epochs or batches between steps, where they are no list.
  private let every: Int?
  private let gamma: Double
  private let power: Double
  private let warmup: (kind: String, iterations: Int, ratio: Double)

  init(_ settings: inout RunSettings, _ length: MMEngineLength, base: Double) throws(ConfigurationError) {
    (self.length, self.base) = (length, base)
    policy = try settings.text("lr_config.policy", default: "fixed").lowercased()
    guard ["fixed", "step", "poly", "cosineannealing", "exp"].contains(policy) else {
      throw settings.invalid(
        .unsupportedSchedule(
          policy, because: "is not followed; known: fixed, step, poly, CosineAnnealing, exp"),
        "lr_config.policy")
    }
    isByEpoch =
      settings.has("lr_config.by_epoch") ? try settings.boolean("lr_config.by_epoch") : length.perEpoch != nil
    guard !isByEpoch || length.perEpoch != nil else {
      throw settings.invalid(.needs([.datasetSize], because: "lr_config counts epochs"), "lr_config.policy")
    }
    if settings.has("lr_config.min_lr_ratio") {
      lowest = base * (try settings.number("lr_config.min_lr_ratio", in: .nonNegative))
    } else {
      lowest =
        settings.has("lr_config.min_lr") ? try settings.number("lr_config.min_lr", in: .nonNegative) : 0
    }
    let whole = Domain(0, includesLower: true, upTo: 0x1p40, includesUpper: true)
    var milestones: [Int] = []
    var every: Int?
    if policy == "step", let value = settings.value("lr_config.step") {
      if case .number = value.content {
        every = try value.wholeNumber()
      } else {
        milestones = try value.numbers(in: whole).map { Int($0) }
      }
    }
    (steps, self.every) = (milestones, every)
    gamma =
      ["step", "exp"].contains(policy)
      ? try settings.number("lr_config.gamma", in: .positive, default: 0.1) : 1
    power = policy == "poly" ? try settings.number("lr_config.power", in: .positive, default: 1) : 1
    var kind = settings.has("lr_config.warmup") ? try settings.text("lr_config.warmup") : "none"
    if kind == "None" { kind = "none" }
    guard ["none", "constant", "linear", "exp"].contains(kind) else {
      throw settings.invalid(
        .unknownName(key: "lr_config.warmup", kind, known: ["constant", "linear", "exp"]), "lr_config.warmup")
    }
    var iterations = 0
    var ratio = 1.0
    if kind != "none" {
      iterations = try settings.wholeNumber("lr_config.warmup_iters", from: 0, default: 0)
      ratio = try settings.number("lr_config.warmup_ratio", in: .positive, default: 0.1)
      if settings.has("lr_config.warmup_by_epoch"), try settings.boolean("lr_config.warmup_by_epoch") {
        iterations *= length.perEpoch ?? 1
      }
    }
    warmup = (kind, iterations, ratio)
    settings.ignore([
      "lr_config.warmup_iters", "lr_config.warmup_ratio", "lr_config.warmup_by_epoch", "lr_config.min_lr",
    ])
  }

  private func regular(_ iteration: Int) -> Double {
    let p = Double(isByEpoch ? iteration / (length.perEpoch ?? 1) : iteration)
    let whole = Double(isByEpoch ? length.epochs ?? 1 : length.iterations)
    switch policy {
    case "step":
      let count = every.map { (p / Double($0)).rounded(.down) } ?? Double(steps.count { Double($0) <= p })
      return Swift.max(base * Double.pow(gamma, count), lowest)
    case "exp": return base * Double.pow(gamma, p)
    case "poly": return (base - lowest) * Double.pow(1 - p / whole, power) + lowest
    case "cosineannealing": return lowest + (base - lowest) * (1 + Double.cos(.pi * p / whole)) / 2
    default: return base
    }
  }

  /// The learning rate of every update.
  func rates() -> [Double] {
    var rates: [Double] = []
    for update in 0..<Swift.min(length.updates, LearningRateTable.limit + 1) {
      let iteration = Swift.min((update + 1) * length.accumulated, length.iterations) - 1
      var rate = regular(iteration)
      if iteration < warmup.iterations {
        let left = 1 - Double(iteration) / Double(warmup.iterations)
        switch warmup.kind {
        case "constant": rate *= warmup.ratio
        case "linear": rate *= 1 - left * (1 - warmup.ratio)
        default: rate *= Double.pow(warmup.ratio, left)
        }
      }
      rates.append(rate)
    }
    return rates
  }
}

extension RunFormat {
  static let mmEngine = RunFormat(
    identifier: "mmengine", name: "mmengine's configs/*.py", tool: "PyTorch", syntaxes: ["Python"],
    keys: MMEngine.keys,
    prepare: { (_, input, _) throws(ConfigurationError) in try MMEngine.settings(of: input) },
    readsScripts: true
  ) { (settings) throws(ConfigurationError) in try MMEngine.read(&settings) }
}
