import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// A training script of PyTorch: the one optimizer that it makes, with literal arguments, names that stand for literals, or
/// defaults of its own flags.
///
/// The script is not executed. What its numbers depend on and cannot be told is asked for by the name of the setting; how
/// long the run is, it does not say.
enum TorchScript {
  static let keys = [
    "optimizer.lr", "optimizer.betas", "optimizer.eps", "optimizer.weight_decay", "optimizer.momentum",
    "optimizer.dampening", "optimizer.nesterov", "interval", "warmup_steps", "epochs", "batch_size",
    "optimizer_line", "scheduler_line", "accumulation_steps",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    settings.ignore(["optimizer_line", "scheduler_line", "scheduler_step_ahead"])
    var warnings: [String] = []
    var notes: [String] = []
    for key in ["optimizer_condition", "exit", "penalty"] where settings.has(key) {
      warnings.append(try settings.text(key))
    }
    let name = try settings.text("optimizer.name")
    var optimizer = try TorchOptimizer(
      &settings, name: name, nameKey: "optimizer.name", prefix: "optimizer.")
    if settings.has("optimizer.groups") {
      warnings.append(
        "\(try settings.text("optimizer.groups")) decides which parameters decay and is not read: the settings are those of"
          + " the optimizer's call.")
    } else if settings.has("optimizer.rest") {
      notes.append("\(try settings.text("optimizer.rest")) without weight decay is left out.")
    }
    let peak = optimizer.hyperparameters[.learningRate] ?? 0
    var run = TrainingRun(
      name: settings.stem, optimizer: optimizer.optimizer, hyperparameters: [:], nesterov: optimizer.nesterov,
      steps: 1, decayRule: settings.has("optimizer.rest") ? .req : .all)
    if settings.has("scheduler_lines") {
      let lines = try settings.text("scheduler_lines").split(separator: " ").map(String.init)
      guard settings.isLeftOut("lr_scheduler") else {
        throw settings.invalid(
          .asks(
            key: "scheduler_line", choices: lines,
            because: lines.count > 1
              ? "\(lines.count) schedulers are made"
              : "whether the condition of the scheduler on line \(lines[0]) holds is not known"),
          "scheduler_lines")
      }
      warnings.append("lr_scheduler is left out, as --ignore asks: the learning rate is taken as constant.")
    }
    if let step = settings.value("scheduler_step"), !settings.isLeftOut("lr_scheduler") {
      throw settings.invalid(
        .unsupportedSchedule(
          step.source,
          because: "follows what it is given; --ignore lr_scheduler takes the learning rate as constant"),
        "scheduler_step")
    }
    if settings.has("lr_scheduler_type"), !settings.isLeftOut("lr_scheduler") {
      try readTransformers(&settings, peak, &run, &notes, &warnings)
    } else {
      let length = try LightningLength(
        &settings, &notes, usual: nil, dropsRest: settings.value("drops_rest") != nil)
      let ahead =
        settings.has("scheduler_step_ahead")
        ? try settings.number("scheduler_step_ahead", in: .real) : 0
      if ahead != 0 {
        notes.append(
          ahead > 0
            ? "The scheduler takes its step before the updates, so its schedule is one step ahead."
            : "The scheduler is given the epoch after its updates, so its schedule is an epoch late.")
      }
      if settings.has("lr_scheduler_type") {
        warnings.append("lr_scheduler is left out, as --ignore asks: the learning rate is taken as constant.")
        settings.ignore(["lr_scheduler_type", "warmup_steps", "num_training_steps"])
      }
      let schedule = try TorchSchedulers(settings, peak: peak, length: length, ahead: Int(ahead))
        .read(&settings, &notes, &warnings)
      optimizer.hyperparameters[.learningRate] = schedule.peak
      (run.steps, run.stepsPerEpoch, run.schedule) = (length.steps, length.stepsPerEpoch, schedule.schedule)
    }
    if settings.has("clipping") {
      warnings.append(RunSettings.clips(try settings.text("clipping")))
    }
    settings.ignore(["epochs", "batch_size", "interval"])
    run.hyperparameters = optimizer.hyperparameters
    run.notes =
      notes + optimizer.notes + ["The script is not executed; its optimizer's arguments are read."]
      + settings.notes
    run.warnings = warnings + optimizer.warnings + settings.warnings
    run.ignored = settings.ignored
    return run
  }

  /// A schedule of transformers, which takes its step after every update.
  private static func readTransformers(
    _ settings: inout RunSettings, _ peak: Double, _ run: inout TrainingRun, _ notes: inout [String],
    _ warnings: inout [String]
  ) throws(ConfigurationError) {
    var interval = settings.has("interval") ? try settings.text("interval") : nil
    if interval == nil, settings.value("scheduler_unstepped") != nil {
      interval = "step"
      notes.append("The script does not show the scheduler's steps: one is taken for each update.")
    }
    guard interval == "step" else {
      throw settings.invalid(
        interval == nil
          ? .asks(
            key: "interval", choices: ["step"],
            because: "that the scheduler takes its step beside every update does not show")
          : .unsupportedSchedule(
            "a schedule of transformers that takes its step once an epoch",
            because: "is not followed; --ignore lr_scheduler takes the learning rate as constant"),
        "lr_scheduler_type")
    }
    let total = settings.value("num_training_steps")
    var stated: Int?
    if let total, case .number = total.content { stated = try total.wholeNumber(upTo: 0x1p40) }
    if let steps = settings.fact(.steps) {
      run.steps = steps
      if let total, stated == nil {
        notes.append("num_training_steps = \(total.source) is taken for the \(steps) steps of the run.")
      }
    } else if let stated {
      run.steps = stated
    } else {
      run.steps = try settings.required(
        .steps,
        because: "num_training_steps = \(settings.value("num_training_steps")?.source ?? "") is not known")
    }
    run.schedule = try HuggingFaceSchedule.read(
      &settings, peak: peak, steps: run.steps, end: stated, &warnings)
    settings.ignore(["lr_scheduler_kwargs"])
  }

  // MARK: From the script to settings

  /// The arguments of a class or function in their order, after the first.
  private static let orders: [String: [String]] = [
    "SGD": ["lr", "momentum", "dampening", "weight_decay", "nesterov"],
    "Adam": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
    "AdamW": ["lr", "betas", "eps", "weight_decay", "amsgrad"],
    "Lion": ["lr", "betas", "weight_decay"],
    "StepLR": ["step_size", "gamma"], "MultiStepLR": ["milestones", "gamma"], "ExponentialLR": ["gamma"],
    "CosineAnnealingLR": ["T_max", "eta_min"], "CosineAnnealingWarmRestarts": ["T_0", "T_mult", "eta_min"],
    "LinearLR": ["start_factor", "end_factor", "total_iters"], "ConstantLR": ["factor", "total_iters"],
    "PolynomialLR": ["total_iters", "power"], "OneCycleLR": ["max_lr", "total_steps", "epochs"],
    "SequentialLR": ["schedulers", "milestones"],
    "get_linear_schedule_with_warmup": ["num_warmup_steps", "num_training_steps"],
    "get_cosine_schedule_with_warmup": ["num_warmup_steps", "num_training_steps", "num_cycles"],
    "get_cosine_with_hard_restarts_schedule_with_warmup": [
      "num_warmup_steps", "num_training_steps", "num_cycles",
    ],
    "get_polynomial_decay_schedule_with_warmup": [
      "num_warmup_steps", "num_training_steps", "lr_end", "power",
    ],
    "get_constant_schedule_with_warmup": ["num_warmup_steps"],
  ]

  /// The functions of transformers, by what `lr_scheduler_type` calls their schedules.
  private static let transformers: [String: String] = [
    "get_linear_schedule_with_warmup": "linear", "get_cosine_schedule_with_warmup": "cosine",
    "get_cosine_with_hard_restarts_schedule_with_warmup": "cosine_with_restarts",
    "get_polynomial_decay_schedule_with_warmup": "polynomial", "get_constant_schedule": "constant",
    "get_constant_schedule_with_warmup": "constant_with_warmup", "get_scheduler": "",
  ]

  private static let optimizers: Set = [
    "SGD", "Adam", "AdamW", "Lion", "RMSprop", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD",
    "Adafactor", "LAMB", "Lamb", "LARS", "Lars", "Muon", "Shampoo", "SOAP", "Prodigy", "AdamW8bit",
    "Adam8bit", "Lion8bit", "PagedAdamW", "PagedAdamW8bit", "FusedAdam", "FusedAdamW", "FusedLAMB", "Ranger",
    "SophiaG", "AdaBelief", "DeepSpeedCPUAdam", "DecoupledAdamW", "LBFGS", "SparseAdam", "AdamWScheduleFree",
    "MuonWithAuxAdam",
  ]

  /// What is put around an optimizer and changes its updates.
  private static let wrappers: Set = [
    "Lookahead", "LookAhead", "LARC", "LARS", "SAM", "ASAM", "GSAM", "PCGrad", "SWA", "Gravity", "TrustRatio",
    "GradientNoise", "LARSWrapper", "DPOptimizer", "PrivacyEngine",
  ]

  /// Whether a call is followed: of an optimizer, of a schedule, or of what sets the learning rate otherwise.
  private static func isWanted(_ name: String) -> Bool {
    let last = last(name)
    let isOther =
      [
        "adjust_lr", "adjust_learning", "set_lr", "update_lr", "set_learning_rate", "cosine_scheduler",
        "create_scheduler", "build_scheduler", "clip_grad", "add_param_group",
      ].contains { last.lowercased().contains($0) } || wrappers.contains(last)
    return optimizers.contains(last) || last.hasSuffix("LR") || transformers[last] != nil || isOther
      || ["CosineAnnealingWarmRestarts", "SWALR", "step", "parameters"].contains(last)
      || last.hasSuffix("Scheduler") || last.hasSuffix("WarmupLR")
  }

  private static func last(_ name: String) -> String {
    name.split(separator: ".").last.map(String.init) ?? name
  }

  /// Whether a file makes an optimizer of PyTorch.
  static func isTypical(_ file: ParsedFile) -> Bool {
    guard file.stranger != nil || file.root.keys?.isEmpty == false else { return false }
    let program = PythonProgram(file.statements, fixed: [:], isWanted: isWanted)
    return !optimizers(of: program).isEmpty
  }

  private static func optimizers(of program: PythonProgram) -> [PythonProgram.Found] {
    program.calls.filter { found in
      guard optimizers.contains(last(found.name)), !found.call.positional.isEmpty || !found.call.named.isEmpty
      else { return false }
      let module = found.name.split(separator: ".").first.map(String.init) ?? ""
      return ![
        "tensorflow", "tf", "keras", "optax", "mxnet", "paddle", "chainer", "mindspore", "jax", "flax",
      ]
      .contains(module)
    }
  }

  static func settings(
    of file: ParsedFile, _ input: InputText, _ overrides: [String]
  ) throws(ConfigurationError) -> ParsedFile {
    let fixed = Self.fixed(overrides)
    let program = PythonProgram(file.statements, fixed: fixed, isWanted: isWanted)
    let optimizer = try optimizer(of: program, input, fixed["optimizer_line"])
    var values = settings(of: optimizer, program, input)
    values += schedule(of: program, optimizer: optimizer, input, fixed["scheduler_line"])
    func value(_ key: String, _ content: ConfigurationValue.Content, _ line: Int) {
      values.append(ConfigurationValue(key: key, content: content, place: .line(line, of: input.path)))
    }
    for hazard in program.hazards.prefix(1) {
      value(hazard.key, .unevaluated(hazard.source), hazard.line)
    }
    let loop = TorchLoop(program)
    if optimizer.headers.contains(where: { ["if", "elif", "else"].contains($0.keyword) && $0.holds == nil }) {
      value(
        "optimizer_condition",
        .text(
          "The optimizer on line \(optimizer.call.line) is made under a condition that is not known; it is taken to hold."
        ), optimizer.call.line)
    }
    if let line = loop.exit {
      value("exit", .text("Line \(line) may end the loop before its end, which is not followed."), line)
    }
    if let line = program.penalties.first {
      value(
        "penalty",
        .text("Line \(line) may add a penalty on the weights to the loss, which is not followed."), line)
    }
    for found in program.calls {
      let name = last(found.name).lowercased()
      if wrappers.contains(last(found.name)) || name == "add_param_group" {
        value("optimizer.\(last(found.name))", .unevaluated(found.call.source), found.call.line)
      } else if name.contains("clip_grad") {
        if !values.contains(where: { $0.key == "clipping" }) {
          value("clipping", .text(last(found.name)), found.call.line)
        }
      } else if ["adjust_l", "set_l", "update_lr", "cosine_scheduler", "create_sched", "build_sched"]
        .contains(
          where: name.contains), !values.contains(where: { $0.key == last(found.name) })
      {
        value(last(found.name), .unevaluated(found.call.source), found.call.line)
      }
    }
    // What counts epochs and batches, as far as the script states it.
    for (key, names) in [
      (
        "accumulation_steps",
        ["accumulation_steps", "gradient_accumulation_steps", "accum_iter", "grad_accum", "accum_steps"]
      ),
      ("epochs", ["epochs", "num_epochs", "n_epochs", "max_epochs", "num_train_epochs"]),
      ("batch_size", ["batch_size", "train_batch_size", "bs", "batch"]),
    ] where fixed[key] == nil || program.taken.contains(key) {
      let spelled = names + names.map { $0.uppercased() }
      let found = Set(
        spelled.flatMap { name in [program.arguments[name] ?? nil, program.values[name] ?? nil] }
          .compactMap { value -> Double? in if case .number(let number)? = value { number } else { nil } })
      if key == "accumulation_steps", let shown = loop.accumulation {
        value(key, shown.batches.map { .number($0) } ?? .unevaluated(shown.source), shown.line)
        if !shown.includesRest { value("drops_rest", .word("true"), shown.line) }
      } else if key == "epochs", let shown = loop.epochs {
        value(key, .number(shown), 1)
      } else if found.count == 1, let number = found.first {
        value(key, .number(number), 1)
      }
    }
    var result = ParsedFile(
      ConfigurationValue(key: "", content: .mapping(values), place: .file(input.path)))
    result.taken = program.taken.union(["optimizer_line", "scheduler_line"].filter { fixed[$0] != nil })
    return result
  }

  /// The values of `--key=value` arguments, by key.
  static func fixed(_ overrides: [String]) -> [String: PythonValue] {
    var fixed: [String: PythonValue] = [:]
    for argument in overrides where argument.hasPrefix("--") {
      guard let equals = argument.firstIndex(of: "=") else { continue }
      let text = String(argument[equals...].dropFirst())
      let value: PythonValue =
        ["true": .boolean(true), "false": .boolean(false)][text.lowercased()]
        ?? Double(text).map { .number($0) } ?? .text(text)
      fixed[String(argument[..<equals].dropFirst(2).map { $0 == "-" ? "_" : $0 })] = value
    }
    return fixed
  }

  /// The optimizer that is made; where there are several, the one on the line that was asked for.
  private static func optimizer(
    of program: PythonProgram, _ input: InputText, _ line: PythonValue?
  ) throws(ConfigurationError) -> PythonProgram.Found {
    var found = optimizers(of: program)
    if case .number(let number)? = line { found = found.filter { Double($0.call.line) == number } }
    guard let first = found.first else {
      throw .invalid(.missingKey("an optimizer of PyTorch", in: nil), at: .file(input.path))
    }
    guard found.count == 1 else {
      throw .invalid(
        .severalOptimizers(
          found.map { "\(last($0.name)) on line \($0.call.line)" }, lines: found.map(\.call.line)),
        at: .line(first.call.line, of: input.path))
    }
    guard !program.classes.contains(first.call.name) else {
      throw .invalid(
        .unsupportedOptimizer(
          first.call.name, because: "is a class of the file itself, which is not executed",
          known: TorchOptimizer.known), at: .line(first.call.line, of: input.path))
    }
    return first
  }

  /// The optimizer's settings.
  private static func settings(
    of found: PythonProgram.Found, _ program: PythonProgram, _ input: InputText
  ) -> [ConfigurationValue] {
    let call = found.call
    let isTransformers = found.name.hasPrefix("transformers.")
    let name = isTransformers ? "transformers.\(last(found.name))" : found.name
    func place(_ line: Int) -> ConfigurationError.Place { .line(line, of: input.path) }
    var values = [ConfigurationValue(key: "name", content: .text(name), place: place(call.line))]
    let members = members(of: call, skipping: 1)
    for member in members where member.key != "params" {
      values.append(
        ConfigurationValue(
          key: member.key, content: member.value.content(member.key, in: input.path, isNested: true),
          place: place(member.line)))
    }
    let parameters = call.positional.first ?? call.named.first { $0.key == "params" }?.value
    var decay = members.last { $0.key == "weight_decay" }?.value
    switch parameters {
    case .list(let items)? where items.contains { $0.member("params") != nil }:
      // The group that decays most stands for the run, where the groups say all of it.
      let own = items.map { $0.member("weight_decay") ?? decay ?? .nothing }
      let numbers = own.compactMap { value -> Double? in
        if case .number(let number) = value { number } else { nil }
      }
      let rates = items.compactMap { $0.member("lr") }
      if numbers.count == own.count, rates.isEmpty, let highest = numbers.max(),
        Set(numbers).subtracting([0]).count <= 1
      {
        decay = .number(highest)
        values.removeAll { $0.key == "weight_decay" }
        values.append(
          ConfigurationValue(key: "weight_decay", content: .number(highest), place: place(call.line)))
        if numbers.contains(0), highest > 0 {
          values.append(
            ConfigurationValue(
              key: "rest", content: .text("a group of parameters"), place: place(call.line)))
        }
      } else {
        values.append(
          ConfigurationValue(key: "groups", content: .text("the list of groups"), place: place(call.line)))
      }
    case .call(let inner)? where last(inner.name) == "parameters" || inner.name == "filter": break
    case .unknown(let source)?:
      if !source.contains("parameters()") {
        values.append(
          ConfigurationValue(key: "groups", content: .text(source), place: place(call.line)))
      }
    case .call(let inner)?:
      values.append(
        ConfigurationValue(key: "groups", content: .text(inner.source), place: place(call.line)))
    default: break
    }
    return [ConfigurationValue(key: "optimizer", content: .mapping(values), place: place(call.line))]
  }

  /// The arguments of a call by name.
  private static func members(of call: PythonCall, skipping first: Int) -> [PythonMember] {
    let order = orders[last(call.name)] ?? []
    let positional = zip(order, call.positional.dropFirst(first)).map {
      PythonMember(key: $0, value: $1, line: call.line)
    }
    let rest = call.positional.count - first - positional.count
    let unnamed = rest > 0 ? [PythonMember(key: "*", value: .unknown(call.source), line: call.line)] : []
    return PythonExpression.lasting(positional + call.named + unnamed)
  }

  /// The settings of the schedule, and how often it takes its step.
  private static func schedule(
    of program: PythonProgram, optimizer: PythonProgram.Found, _ input: InputText, _ line: PythonValue?
  ) -> [ConfigurationValue] {
    let all = program.calls.filter { found in
      let name = last(found.name)
      return name.hasSuffix("LR") || name.hasSuffix("Scheduler") || name == "CosineAnnealingWarmRestarts"
        || transformers[name] != nil
    }.filter { found in
      // Another optimizer's schedule is none of this one.
      guard case .unknown(let first)? = found.call.positional.first, let target = optimizer.target else {
        return true
      }
      return first == target || last(first) == last(target)
        || !program.calls.contains { $0.target == first && optimizers.contains(last($0.name)) }
    }
    // One that another takes up is part of it.
    let inner = Set(all.flatMap { Self.innerSources($0.call) })
    var outer = all.filter { !inner.contains($0.call.source) }
    // Where the optimizer is made anew, its schedule follows it.
    let makers = program.calls.filter { optimizers.contains(last($0.name)) }.map(\.call.line)
    if makers.count > 1, outer.count > 1 {
      let line = optimizer.call.line
      let next = makers.filter { $0 > line }.min() ?? .max
      outer.removeAll { $0.call.line < line || $0.call.line > next }
    }
    if case .number(let line)? = line { outer.removeAll { Double($0.call.line) != line } }
    guard let found = outer.last else { return [] }
    func value(_ key: String, _ content: ConfigurationValue.Content, _ line: Int) -> ConfigurationValue {
      ConfigurationValue(key: key, content: content, place: .line(line, of: input.path))
    }
    let isOpen = found.headers.contains {
      ["if", "elif", "else"].contains($0.keyword) && $0.holds == nil && !optimizer.headers.contains($0)
    }
    guard outer.count == 1, line != nil || !isOpen else {
      let lines = outer.map { "\($0.call.line)" }.joined(separator: " ")
      return [value("scheduler_lines", .text(lines), outer[0].call.line)]
    }
    let line = found.call.line
    guard program.classes.isDisjoint(with: [found.call.name]) else {
      return [value("lr_scheduler", .unevaluated(found.call.source), line)]
    }
    let pace = TorchLoop(program).pace(of: found)
    var paces: [ConfigurationValue] = []
    if let interval = pace.interval { paces.append(value("interval", .word(interval), line)) }
    if pace.isUnshown, !program.functions.contains("configure_optimizers") {
      paces.append(value("scheduler_unstepped", .word("true"), line))
    }
    if pace.ahead != 0 { paces.append(value("scheduler_step_ahead", .number(Double(pace.ahead)), line)) }
    if let call = pace.unfollowed {
      paces.append(value("scheduler_step", .unevaluated(call.source), call.line))
    }
    let name = last(found.name)
    if let type = transformers[name] {
      var members = members(of: found.call, skipping: 1)
      var kind: PythonValue? = .text(type)
      if type.isEmpty {
        members = found.call.named
        kind = members.first { $0.key == "name" }?.value ?? found.call.positional.first
      }
      var values = [
        value("lr_scheduler_type", kind?.content("name", in: input.path) ?? .unevaluated(""), line)
      ]
      for member in members where !["name", "optimizer", "last_epoch"].contains(member.key) {
        let key =
          ["num_warmup_steps": "warmup_steps", "num_training_steps": "num_training_steps"][member.key]
          ?? "lr_scheduler_kwargs.\(member.key)"
        values.append(value(key, member.value.content(key, in: input.path), member.line))
      }
      return values + paces
    }
    return [node(.call(found.call), "lr_scheduler", program, input)] + paces
  }

  /// A schedule as LightningCLI writes it: its class, and its arguments by name.
  private static func node(
    _ value: PythonValue, _ key: String, _ program: PythonProgram, _ input: InputText
  ) -> ConfigurationValue {
    let place = ConfigurationError.Place.file(input.path)
    switch value {
    case .call(let call) where isWanted(program.fullName(call.name)):
      let place = ConfigurationError.Place.line(call.line, of: input.path)
      let arguments = members(of: call, skipping: 1).filter {
        !["optimizer", "last_epoch", "verbose"].contains($0.key)
      }
      return ConfigurationValue(
        key: key,
        content: .mapping([
          ConfigurationValue(key: "class_path", content: .text(program.fullName(call.name)), place: place),
          ConfigurationValue(
            key: "init_args",
            content: .mapping(arguments.map { node($0.value, $0.key, program, input) }), place: place),
        ]), place: place)
    case .list(let items):
      return ConfigurationValue(
        key: key, content: .list(items.map { node($0, key, program, input) }), place: place)
    default:
      return ConfigurationValue(
        key: key, content: value.content(key, in: input.path, isNested: true), place: place)
    }
  }

  /// The sources of the calls within a call's arguments.
  private static func innerSources(_ call: PythonCall) -> [String] {
    func sources(_ value: PythonValue) -> [String] {
      switch value {
      case .call(let call): [call.source] + innerSources(call)
      case .list(let items): items.flatMap(sources)
      default: []
      }
    }
    return (call.positional + call.named.map(\.value)).flatMap(sources)
  }
}

extension RunFormat {
  static let torchScript = RunFormat(
    identifier: "pytorch", name: "a training script of PyTorch", tool: "PyTorch", syntaxes: ["Python"],
    keys: TorchScript.keys,
    spellings: [
      "trainer.max_epochs": "epochs", "data.init_args.batch_size": "batch_size",
      "trainer.accumulate_grad_batches": "accumulation_steps",
      "trainer.devices": "the script", "trainer.num_nodes": "the number of nodes",
    ],
    isTypical: TorchScript.isTypical,
    prepare: { (file, input, overrides) throws(ConfigurationError) in
      try TorchScript.settings(of: file, input, overrides)
    }, readsScripts: true
  ) { (settings) throws(ConfigurationError) in try TorchScript.read(&settings) }
}
