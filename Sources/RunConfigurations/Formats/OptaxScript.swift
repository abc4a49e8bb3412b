import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// A Python script that makes an optimizer of optax (github.com/google-deepmind/optax) with literal arguments.
///
/// - `adamw` and `lion` decay coupled to the learning rate; `add_decayed_weights` before `sgd` or `adam` is ℓ2.
/// - A schedule counts updates from 0. What else stands in a `chain` is refused but for clipping.
enum OptaxScript {
  private static let optimizers: [String: [String]] = [
    "adamw": ["learning_rate", "b1", "b2", "eps", "eps_root", "mu_dtype", "weight_decay", "mask"],
    "adam": ["learning_rate", "b1", "b2", "eps", "eps_root"],
    "sgd": ["learning_rate", "momentum", "nesterov"],
    "lion": ["learning_rate", "b1", "b2", "mu_dtype", "weight_decay", "mask"],
  ]
  private static let others: Set = [
    "adamaxw", "nadamw", "nadam", "lamb", "lars", "adafactor", "rmsprop", "adagrad", "adabelief", "yogi",
    "novograd",
    "amsgrad", "radam", "sm3", "muon", "fromage", "noisy_sgd", "adan", "rprop", "adadelta", "polyak_sgd",
    "prodigy",
  ]

  static func isWanted(_ name: String) -> Bool {
    let parts = name.split(separator: ".").map(String.init)
    guard let first = parts.first, first == "optax", let last = parts.last, parts.count > 1 else {
      return false
    }
    return optimizers[last] != nil || others.contains(last)
      || ["chain", "MultiSteps", "inject_hyperparams"].contains(last)
  }

  static func isTypical(_ file: ParsedFile) -> Bool {
    let program = PythonProgram(file.statements, fixed: [:], isWanted: isWanted)
    return program.calls.contains { isWanted($0.name) }
  }

  static func read(
    _ statements: [PythonStatement], _ settings: inout RunSettings, _ overrides: [String: PythonValue]
  ) throws(ConfigurationError) -> TrainingRun {
    let program = PythonProgram(statements, fixed: overrides, isWanted: isWanted)
    func last(_ name: String) -> String { name.split(separator: ".").last.map(String.init) ?? name }
    var made = program.calls.filter { optimizers[last($0.name)] != nil || others.contains(last($0.name)) }
    if case .number(let line)? = overrides["optimizer_line"] {
      made = made.filter { Double($0.call.line) == line }
    }
    guard let found = made.first else {
      throw .invalid(.missingKey("an optimizer of optax", in: nil), at: .file(settings.path))
    }
    let place = ConfigurationError.Place.line(found.call.line, of: settings.path)
    guard made.count == 1 else {
      throw .invalid(
        .severalOptimizers(
          made.map { "\(last($0.name)) on line \($0.call.line)" }, lines: made.map(\.call.line)), at: place)
    }
    let name = last(found.name)
    guard let order = optimizers[name] else {
      throw .invalid(.unknownName(key: "optimizer", name, known: optimizers.keys.sorted()), at: place)
    }
    var arguments = CallArguments(
      found.call, order: order, prefix: "optimizer.", fixed: overrides, path: settings.path)
    var run = TrainingRun(
      name: settings.stem, optimizer: .adamW, hyperparameters: [:], steps: 1, decayRule: .all)
    switch name {
    case "sgd":
      run.optimizer = .sgdm
      run.hyperparameters = [
        .momentum: try arguments.number("momentum", 0, in: .coefficient), .weightDecay: 0,
      ]
      run.nesterov = try arguments.boolean("nesterov", false)
    case "lion":
      run.optimizer = .lion
      run.hyperparameters = [
        .beta1: try arguments.number("b1", 0.9, in: .coefficient),
        .beta2: try arguments.number("b2", 0.99, in: .coefficient),
        .weightDecay: try arguments.number("weight_decay", 1e-3),
      ]
    default:
      run.optimizer = name == "adam" ? .adamL2 : .adamW
      run.hyperparameters = [
        .beta1: try arguments.number("b1", 0.9, in: .coefficient),
        .beta2: try arguments.number("b2", 0.999, in: .coefficient),
        .weightDecay: name == "adam" ? 0 : try arguments.number("weight_decay", 1e-4),
      ]
      let epsilon = try arguments.number("eps", 1e-8)
      if name == "adamw" { run.hyperparameters[.epsilon] = epsilon }
    }
    if arguments.value("mask") != nil {
      run.decayRule = .req
      run.notes.append("What mask leaves out does not decay.")
    }
    let schedule = try schedule(&arguments, overrides, settings.path)
    try arguments.checkRest(harmless: ["mu_dtype", "accumulator_dtype"])
    try readChain(program, found, &run, overrides, settings.path)
    run.hyperparameters[.learningRate] = schedule.peak
    run.steps = try steps(&settings, program)
    run.schedule = try .following(
      nil, settings, key: "optimizer.learning_rate", peak: schedule.peak, steps: run.steps,
      breaks: schedule.breaks,
      rate: schedule.rate)
    if !arguments.defaults.isEmpty {
      run.notes.append("Not stated, so optax's default: \(arguments.defaults.joined(separator: ", ")).")
    }
    run.notes.append("The script is not executed; its optimizer's arguments are read.")
    return try settings.finished(run)
  }

  /// The steps that are given, or those of the one loop over a known range.
  private static func steps(_ settings: inout RunSettings, _ program: PythonProgram)
    throws(ConfigurationError) -> Int
  {
    if let given = settings.fact(.steps) { return given }
    if program.ranges.count == 1, let steps = program.ranges.first, steps >= 1 {
      settings.remark("The one loop over a range has \(steps) rounds, which are taken for the steps.")
      return steps
    }
    return try settings.required(.steps, because: "the script does not show how many updates it makes")
  }

  /// What stands beside the optimizer in a chain.
  private static func readChain(
    _ program: PythonProgram, _ optimizer: PythonProgram.Found, _ run: inout TrainingRun,
    _ fixed: [String: PythonValue], _ path: String
  ) throws(ConfigurationError) {
    for wrapper in program.calls
    where ["chain", "MultiSteps"].contains(wrapper.name.split(separator: ".").last ?? "") {
      var isBefore = true
      for item in wrapper.call.positional {
        let call: PythonCall
        switch item {
        case .call(let inner): call = inner
        case .unknown(let source):
          throw .invalid(
            .undecided([UnreadKey(name: source.excerpt, nearest: nil)], by: "optax.chain"),
            at: .line(wrapper.call.line, of: path))
        default: continue
        }
        let name = call.name.split(separator: ".").last.map(String.init) ?? call.name
        let place = ConfigurationError.Place.line(call.line, of: path)
        switch name {
        case _ where call == optimizer.call: isBefore = false
        case "clip_by_global_norm", "clip", "adaptive_grad_clip": run.warnings.append(RunSettings.clips(name))
        case "add_decayed_weights":
          var arguments = CallArguments(
            call, order: ["weight_decay", "mask"], prefix: "add_decayed_weights.", fixed: fixed, path: path)
          let decay = try arguments.number("weight_decay", 0)
          guard isBefore, run.optimizer == .sgdm || run.optimizer == .adamL2 else {
            throw .invalid(
              .unsupportedOptimizer(
                name,
                because: isBefore
                  ? "beside a decay of the optimizer's own is not followed"
                  : "after the optimizer adds to the weights",
                known: ["add_decayed_weights before sgd or adam"]), at: place)
          }
          run.hyperparameters[.weightDecay] = decay
          if arguments.value("mask") != nil { run.decayRule = .req }
        case "identity", "zero_nans", "apply_if_finite": break
        default:
          throw .invalid(
            .unsupportedOptimizer(
              name, because: "in a chain is not followed",
              known: ["clip_by_global_norm", "add_decayed_weights"]),
            at: place)
        }
      }
    }
  }

  // MARK: Schedules

  private static func schedule(
    _ arguments: inout CallArguments, _ fixed: [String: PythonValue], _ path: String
  ) throws(ConfigurationError) -> ScriptSchedule {
    guard case .call(let call)? = arguments.value("learning_rate") else {
      if fixed["optimizer.learning_rate"] != nil,
        case .call(let call)? = CallArguments(
          arguments.call, order: ["learning_rate"], prefix: "", fixed: [:], path: path
        ).given("learning_rate")
      {
        throw .invalid(
          .unsupportedSchedule(
            call.name,
            because: "would be replaced by --optimizer.learning_rate; give the numbers of the schedule"),
          at: arguments.place)
      }
      let rate = try arguments.number("learning_rate", nil, in: .positive)
      return ScriptSchedule(rate: { _ in rate }, peak: rate)
    }
    return try schedule(call, fixed, path)
  }

  private static let orders: [String: [String]] = [
    "constant_schedule": ["value"],
    "linear_schedule": ["init_value", "end_value", "transition_steps", "transition_begin"],
    "polynomial_schedule": ["init_value", "end_value", "power", "transition_steps", "transition_begin"],
    "cosine_decay_schedule": ["init_value", "decay_steps", "alpha", "exponent"],
    "exponential_decay": [
      "init_value", "transition_steps", "decay_rate", "transition_begin", "staircase", "end_value",
    ],
    "warmup_cosine_decay_schedule": [
      "init_value", "peak_value", "warmup_steps", "decay_steps", "end_value", "exponent",
    ],
    "join_schedules": ["schedules", "boundaries"],
  ]

  private static func schedule(
    _ call: PythonCall, _ fixed: [String: PythonValue], _ path: String
  ) throws(ConfigurationError) -> ScriptSchedule {
    let known = orders[call.name.split(separator: ".").last.map(String.init) ?? ""]
    if let known, let other = call.named.first(where: { !known.contains($0.key) }) {
      throw .invalid(.unknownKey("schedule.\(other.key)", known: known), at: .line(other.line, of: path))
    }
    let name = call.name.split(separator: ".").last.map(String.init) ?? call.name
    let place = ConfigurationError.Place.line(call.line, of: path)
    guard let order = orders[name] else {
      throw .invalid(
        .unsupportedSchedule(
          name, because: "is not followed; known: \(orders.keys.sorted().joined(separator: ", "))"), at: place
      )
    }
    var arguments = CallArguments(call, order: order, prefix: "schedule.", fixed: fixed, path: path)
    func cosine(_ top: Double, _ length: Int, _ floor: Double, _ exponent: Double) -> (Int) -> Double {
      { taken in
        let x = Double(min(taken, length)) / Double(max(1, length))
        return top * ((1 - floor) * Double.pow((1 + Double.cos(.pi * x)) / 2, exponent) + floor)
      }
    }
    switch name {
    case "constant_schedule":
      let rate = try arguments.number("value", nil, in: .positive)
      return ScriptSchedule(rate: { _ in rate }, peak: rate)
    case "linear_schedule", "polynomial_schedule":
      let (first, last) = (try arguments.number("init_value", nil), try arguments.number("end_value", nil))
      let power = name == "linear_schedule" ? 1 : try arguments.number("power", nil, in: .positive)
      let length = try arguments.whole("transition_steps", nil)
      let begin = try arguments.whole("transition_begin", 0)
      return ScriptSchedule(
        rate: { taken in
          guard length > 0 else { return first }
          let x = Double(min(max(taken - begin, 0), length)) / Double(length)
          return (first - last) * Double.pow(1 - x, power) + last
        }, peak: max(first, last), breaks: [begin, begin + length])
    case "cosine_decay_schedule":
      let top = try arguments.number("init_value", nil, in: .positive)
      let length = try arguments.whole("decay_steps", nil)
      let rule = cosine(
        top, length, try arguments.number("alpha", 0), try arguments.number("exponent", 1, in: .positive))
      return ScriptSchedule(rate: rule, peak: top, breaks: [length])
    case "exponential_decay":
      let top = try arguments.number("init_value", nil, in: .positive)
      let length = try arguments.whole("transition_steps", nil)
      let rate = try arguments.number("decay_rate", nil, in: .positive)
      let begin = try arguments.whole("transition_begin", 0)
      let isStaircase = try arguments.boolean("staircase", false)
      let end: Double? = arguments.value("end_value") == nil ? nil : try arguments.number("end_value", nil)
      return ScriptSchedule(
        rate: { taken in
          guard taken > begin, length > 0 else { return top }
          let x = Double(taken - begin) / Double(length)
          let value = top * Double.pow(rate, isStaircase ? x.rounded(.down) : x)
          return end.map { rate < 1 ? max(value, $0) : min(value, $0) } ?? value
        }, peak: top,
        breaks: isStaircase && length > 0 ? (1...1000).map { begin + $0 * length } : [begin])
    case "warmup_cosine_decay_schedule":
      let (first, top) = (
        try arguments.number("init_value", nil), try arguments.number("peak_value", nil, in: .positive)
      )
      let (warmup, length) = (
        try arguments.whole("warmup_steps", nil), try arguments.whole("decay_steps", nil)
      )
      let end = try arguments.number("end_value", 0)
      let fall = cosine(top, length - warmup, end / top, try arguments.number("exponent", 1, in: .positive))
      return ScriptSchedule(
        rate: { taken in
          taken < warmup ? first + (top - first) * Double(taken) / Double(warmup) : fall(taken - warmup)
        }, peak: top, breaks: [warmup, length])
    default:
      guard case .list(let items)? = arguments.value("schedules"),
        case .list(let ends)? = arguments.value("boundaries")
      else { throw .invalid(.notEvaluated(key: "schedule.schedules", call.source.excerpt), at: place) }
      var parts: [ScriptSchedule] = []
      for item in items {
        guard case .call(let inner) = item else {
          throw .invalid(.notEvaluated(key: "schedule.schedules", call.source.excerpt), at: place)
        }
        parts.append(try schedule(inner, fixed, path))
      }
      let boundaries = ends.compactMap {
        if case .number(let number) = $0 { Int(number, clampedTo: 1 << 40) } else { nil }
      }
      guard boundaries.count == ends.count, parts.count == ends.count + 1 else {
        throw .invalid(.notEvaluated(key: "schedule.boundaries", call.source.excerpt), at: place)
      }
      let (joined, starts) = (parts, [0] + boundaries)
      return ScriptSchedule(
        rate: { taken in
          let index = boundaries.count { $0 <= taken }
          return joined[index].rate(taken - starts[index])
        }, peak: parts.map(\.peak).max() ?? 0,
        breaks: boundaries + zip(parts, starts).flatMap { part, start in part.breaks.map { $0 + start } })
    }
  }
}

extension RunFormat {
  static let optax = RunFormat(
    identifier: "optax", name: "a script of optax", tool: "optax", syntaxes: ["Python"],
    keys: ["optimizer.learning_rate", "optimizer.weight_decay", "optimizer_line"],
    isTypical: OptaxScript.isTypical,
    prepare: ScriptOverrides.take, readsScripts: true
  ) { (settings) throws(ConfigurationError) in
    try OptaxScript.read(settings.statements, &settings, settings.fixed)
  }
}
