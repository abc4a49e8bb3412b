import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// A Python script that makes an optimizer of Keras (keras.io) with literal arguments.
///
/// - `weight_decay` of every optimizer shrinks the weights by it times the learning rate; of SGD that is no ℓ2 decay.
/// - A schedule counts updates from 0.
enum KerasScript {
  private static let names: Set = [
    "SGD", "Adam", "AdamW", "Lion", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Adafactor",
    "Lamb", "Muon",
  ]

  static func isWanted(_ name: String) -> Bool {
    let parts = name.split(separator: ".").map(String.init)
    guard let last = parts.last else { return false }
    let isKeras = parts.contains("keras") || parts.first == "tensorflow" || parts.first == "tf"
    return (known(last) != nil && isKeras) || last == "fit" || last == "compile"
      || ["LearningRateScheduler", "ReduceLROnPlateau", "set_value", "assign"].contains(last)
      || ["l2", "L2", "l1_l2", "L1L2"].contains(last)
  }

  /// A class's name; older releases have them in lower case too.
  private static func known(_ text: String) -> String? {
    names.contains(text) ? text : names.first { $0.lowercased() == text }
  }

  /// The optimizers that are made, or else that which `compile` names.
  private static func made(_ program: PythonProgram) -> [PythonProgram.Found] {
    let made = program.calls.filter {
      known($0.name.split(separator: ".").last.map(String.init) ?? "") != nil
    }
    guard made.isEmpty, program.imports("keras") || program.imports("tensorflow") else { return made }
    return program.calls.compactMap { found in
      guard found.name.hasSuffix(".compile"),
        case .text(let text)? = found.call.named.last(where: { $0.key == "optimizer" })?.value
          ?? found.call.positional.first, let name = known(text.lowercased())
      else { return nil }
      let call = PythonCall(
        name: "keras.optimizers.\(name)", positional: [], named: [], line: found.call.line, source: text)
      return PythonProgram.Found(call: call, name: call.name, target: nil, headers: found.headers)
    }
  }

  static func isTypical(_ file: ParsedFile) -> Bool {
    !made(PythonProgram(file.statements, fixed: [:], isWanted: isWanted)).isEmpty
  }

  static func read(
    _ statements: [PythonStatement], _ settings: inout RunSettings, _ overrides: [String: PythonValue]
  ) throws(ConfigurationError) -> TrainingRun {
    let program = PythonProgram(statements, fixed: overrides, isWanted: isWanted)
    func last(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }
    var made = made(program)
    if case .number(let line)? = overrides["optimizer_line"] {
      made = made.filter { Double($0.call.line) == line }
    }
    guard let found = made.first else {
      throw .invalid(.missingKey("an optimizer of Keras", in: nil), at: .file(settings.path))
    }
    let place = ConfigurationError.Place.line(found.call.line, of: settings.path)
    guard made.count == 1 else {
      throw .invalid(
        .severalOptimizers(
          made.map { "\(last($0.name)) on line \($0.call.line)" }, lines: made.map(\.call.line)), at: place)
    }
    if let other = program.calls.first(where: {
      ["LearningRateScheduler", "ReduceLROnPlateau"].contains(last($0.name))
    }) {
      guard settings.isLeftOut(last(other.name)) else {
        throw .invalid(
          .unsupportedSchedule(
            last(other.name),
            because: "is not followed; --ignore \(last(other.name)) takes the learning rate as stated"),
          at: .line(other.call.line, of: settings.path))
      }
      settings.remark("\(last(other.name)) is left out, as --ignore asks.")
    }
    for other in changes(of: program, found.target) where !settings.isLeftOut(other.key) {
      throw .invalid(
        .undecided([UnreadKey(name: other.key, nearest: nil)], by: settings.format.name),
        at: .line(other.line, of: settings.path))
    }
    let name = known(last(found.name)) ?? last(found.name)
    var arguments = CallArguments(
      found.call, order: ["learning_rate"], prefix: "optimizer.", fixed: overrides, path: settings.path)
    var run = TrainingRun(
      name: settings.stem, optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    switch name {
    case "SGD":
      run.optimizer = .sgdm
      run.hyperparameters = [
        .momentum: try arguments.number("momentum", 0, in: .coefficient), .weightDecay: 0,
      ]
      run.nesterov = try arguments.boolean("nesterov", false)
      if try arguments.number("weight_decay", 0) > 0 {
        throw .invalid(
          .unsupportedOptimizer(
            name,
            because:
              "of Keras with weight_decay shrinks the weights themselves, as AdamW does, and has no prediction",
            known: ["SGD without weight_decay", "Adam", "AdamW", "Lion"]), at: place)
      }
    case "Adam", "AdamW":
      run.hyperparameters = [
        .beta1: try arguments.number("beta_1", 0.9, in: .coefficient),
        .beta2: try arguments.number("beta_2", 0.999, in: .coefficient),
        .epsilon: try arguments.number("epsilon", 1e-7),
        .weightDecay: try arguments.number("weight_decay", name == "AdamW" ? 0.004 : 0),
      ]
      if try arguments.boolean("amsgrad", false) {
        run.warnings.append("amsgrad is set, which the predictions leave out.")
      }
    case "Lion":
      run.optimizer = .lion
      run.hyperparameters = [
        .beta1: try arguments.number("beta_1", 0.9, in: .coefficient),
        .beta2: try arguments.number("beta_2", 0.99, in: .coefficient),
        .weightDecay: try arguments.number("weight_decay", 0),
      ]
    default:
      throw .invalid(
        .unknownName(key: "optimizer", name, known: ["SGD", "Adam", "AdamW", "Lion"]), at: place)
    }
    let schedule = try schedule(&arguments, overrides, settings.path)
    if run.optimizer == .sgdm, schedule.isChanging {
      run.notes.append(
        "Keras puts the learning rate into the momentum: while it changes, old gradients keep theirs.")
    }
    for clip in ["clipnorm", "clipvalue", "global_clipnorm"] where arguments.value(clip) != nil {
      run.warnings.append(RunSettings.clips(clip))
    }
    try arguments.checkRest(harmless: [
      "name", "jit_compile", "loss_scale_factor", "use_ema", "ema_momentum", "lr",
    ])
    run.hyperparameters[.learningRate] = schedule.rule.peak
    run.steps = try steps(&settings, program, overrides)
    run.schedule = try .following(
      nil, settings, key: "optimizer.learning_rate", peak: schedule.rule.peak, steps: run.steps,
      breaks: schedule.rule.breaks, rate: schedule.rule.rate)
    if !arguments.defaults.isEmpty {
      run.notes.append("Not stated, so Keras' default: \(arguments.defaults.joined(separator: ", ")).")
    }
    run.notes.append(
      "Every variable decays, and the script is not executed; its optimizer's arguments are read.")
    return try settings.finished(run)
  }

  /// What changes the learning rate or the decay beside the optimizer's arguments.
  private static func changes(of program: PythonProgram, _ target: String?) -> [(key: String, line: Int)] {
    let rates = program.attributes.filter { attribute in
      let parts = attribute.key.split(separator: ".")
      let object = parts.dropLast().joined(separator: ".")
      return ["learning_rate", "lr"].contains(parts.last)
        && (object == target || object.lowercased().contains("opt"))
    }.map { (key: $0.key, line: $0.line) }
    return rates
      + program.calls.compactMap { found in
        let parts = found.name.split(separator: ".").map(String.init)
        let isSet =
          parts.last == "set_value"
          ? found.call.source.contains("lr") || found.call.source.contains("learning_rate")
          : parts.last == "assign" && ["learning_rate", "lr"].contains(parts.dropLast().last)
        guard isSet || ["l2", "L2", "l1_l2", "L1L2"].contains(parts.last) else { return nil }
        return (key: found.name, line: found.call.line)
      }
  }

  /// The steps that are given, or `epochs` times `steps_per_epoch` of the one call of `fit`.
  private static func steps(
    _ settings: inout RunSettings, _ program: PythonProgram, _ fixed: [String: PythonValue]
  ) throws(ConfigurationError) -> Int {
    if let given = settings.fact(.steps) { return given }
    let fits = program.calls.filter { $0.name.hasSuffix(".fit") }
    if fits.count == 1, !fits[0].headers.contains(where: \.isLoop) {
      var arguments = CallArguments(
        fits[0].call, order: [], prefix: "fit.", fixed: fixed, path: settings.path)
      if case .number? = arguments.value("epochs"), case .number? = arguments.value("steps_per_epoch") {
        return try settings.product(
          arguments.whole("epochs", nil), arguments.whole("steps_per_epoch", nil), "fit.epochs")
      }
    }
    return try settings.required(.steps, because: "the script does not show how many updates it makes")
  }

  private static let orders: [String: [String]] = [
    "ExponentialDecay": ["initial_learning_rate", "decay_steps", "decay_rate", "staircase"],
    "CosineDecay": [
      "initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps",
    ],
    "PolynomialDecay": ["initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle"],
    "PiecewiseConstantDecay": ["boundaries", "values"],
    "InverseTimeDecay": ["initial_learning_rate", "decay_steps", "decay_rate", "staircase"],
  ]

  private static func schedule(
    _ optimizer: inout CallArguments, _ fixed: [String: PythonValue], _ path: String
  ) throws(ConfigurationError) -> (rule: ScriptSchedule, isChanging: Bool) {
    let given = optimizer.value("learning_rate") ?? optimizer.value("lr")
    guard case .call(let call)? = given else {
      let isOld = optimizer.value("learning_rate") == nil && optimizer.value("lr") != nil
      let usual = optimizer.call.name.hasSuffix("SGD") ? 0.01 : 1e-3
      let rate = try optimizer.number(isOld ? "lr" : "learning_rate", usual, in: .positive)
      return (ScriptSchedule(rate: { _ in rate }, peak: rate), false)
    }
    let name = call.name.split(separator: ".").last.map(String.init) ?? call.name
    let place = ConfigurationError.Place.line(call.line, of: path)
    guard let order = orders[name] else {
      throw .invalid(
        .unsupportedSchedule(
          name, because: "is not followed; known: \(orders.keys.sorted().joined(separator: ", "))"), at: place
      )
    }
    if let other = call.named.first(where: { !order.contains($0.key) && $0.key != "name" }) {
      throw .invalid(.unknownKey("schedule.\(other.key)", known: order), at: .line(other.line, of: path))
    }
    var arguments = CallArguments(call, order: order, prefix: "schedule.", fixed: fixed, path: path)
    if name == "PiecewiseConstantDecay" {
      guard case .list(let ends)? = arguments.value("boundaries"),
        case .list(let rates)? = arguments.value("values")
      else {
        throw .invalid(.notEvaluated(key: "schedule.boundaries", call.source.excerpt), at: place)
      }
      func numbers(_ values: [PythonValue]) -> [Double] {
        values.compactMap { if case .number(let number) = $0 { number } else { nil } }
      }
      let (boundaries, values) = (numbers(ends), numbers(rates))
      guard values.count == boundaries.count + 1, values.count == rates.count, values.allSatisfy({ $0 >= 0 })
      else {
        throw .invalid(.notEvaluated(key: "schedule.values", call.source.excerpt), at: place)
      }
      let rule = ScriptSchedule(
        rate: { taken in values[boundaries.count { $0 < Double(taken) }] }, peak: values.max() ?? 0,
        breaks: boundaries.map { Int($0, clampedTo: 1 << 40) + 1 })
      return (rule, true)
    }
    let first = try arguments.number("initial_learning_rate", nil)
    let length = try arguments.whole("decay_steps", nil)
    let span = Double(max(1, length))
    switch name {
    case "CosineDecay":
      let floor = try arguments.number("alpha", 0)
      func fall(_ taken: Int) -> Double {
        (1 - floor) * 0.5 * (1 + Double.cos(.pi * Double(min(taken, length)) / span)) + floor
      }
      guard arguments.value("warmup_target") != nil else {
        return (ScriptSchedule(rate: { first * fall($0) }, peak: first, breaks: [length]), true)
      }
      let top = try arguments.number("warmup_target", nil, in: .positive)
      let warmup = try arguments.whole("warmup_steps", 0)
      let rule = ScriptSchedule(
        rate: { taken in
          taken < warmup ? first + (top - first) * Double(taken) / Double(warmup) : top * fall(taken - warmup)
        }, peak: top, breaks: [warmup, warmup + length])
      return (rule, true)
    case "PolynomialDecay":
      let end = try arguments.number("end_learning_rate", 1e-4)
      let power = try arguments.number("power", 1, in: .positive)
      if try arguments.boolean("cycle", false) {
        throw .invalid(
          .unsupportedSchedule("PolynomialDecay with cycle", because: "is not followed"), at: place)
      }
      let rule = ScriptSchedule(
        rate: { (first - end) * Double.pow(1 - Double(min($0, length)) / span, power) + end },
        peak: max(first, end),
        breaks: [length])
      return (rule, true)
    default:
      let rate = try arguments.number("decay_rate", nil)
      let isStaircase = try arguments.boolean("staircase", false)
      let rule = ScriptSchedule(
        rate: { taken in
          let x = isStaircase ? (Double(taken) / span).rounded(.down) : Double(taken) / span
          return name == "ExponentialDecay" ? first * Double.pow(rate, x) : first / (1 + rate * x)
        }, peak: first, breaks: isStaircase ? (1...1000).map { $0 * max(1, length) } : [])
      return (rule, true)
    }
  }
}

extension RunFormat {
  static let keras = RunFormat(
    identifier: "keras", name: "a script of Keras", tool: "Keras", syntaxes: ["Python"],
    keys: ["optimizer.learning_rate", "optimizer.weight_decay", "optimizer_line"],
    isTypical: KerasScript.isTypical,
    prepare: ScriptOverrides.take, readsScripts: true
  ) { (settings) throws(ConfigurationError) in
    try KerasScript.read(settings.statements, &settings, settings.fixed)
  }
}

/// What is given from outside for the names of a script.
enum ScriptOverrides {
  /// The script without settings of its own; a format reads its statements.
  static func take(
    _ file: ParsedFile, _ input: InputText, _ overrides: [String]
  ) throws(ConfigurationError) -> ParsedFile {
    let fixed = TorchScript.fixed(overrides)
    var result = ParsedFile(ConfigurationValue(key: "", content: .mapping([]), place: .file(input.path)))
    (result.statements, result.fixed) = (file.statements, fixed)
    let program = PythonProgram(file.statements, fixed: fixed) { _ in false }
    let isOfCall = { (key: String) in
      ["optimizer.", "schedule.", "fit.", "add_decayed_weights."].contains { key.hasPrefix($0) }
        || key == "optimizer_line"
    }
    result.taken = program.taken.union(fixed.keys.filter(isOfCall))
    return result
  }
}
