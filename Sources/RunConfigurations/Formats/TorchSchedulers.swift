import Dynamics
import Formulas
import RealModule

/// The classes of `torch.optim.lr_scheduler`, read from a class path and its arguments.
///
/// A scheduler counts its own steps, which are epochs or optimizer steps. Every class is a rule for the factor after so
/// many of them; where a named schedule is the same it is used, otherwise the factors are tabulated.
struct TorchSchedulers {
  /// Where the scheduler stands.
  private let place: String?
  private let peak: Double
  private let length: LightningLength
  /// Steps that the scheduler has taken before the first update.
  private let ahead: Int

  init(_ settings: RunSettings, peak: Double, length: LightningLength, ahead: Int = 0) {
    place = [
      "lr_scheduler", "lr_scheduler.scheduler", "model.init_args.lr_scheduler", "model.init_args.scheduler",
      "model.lr_scheduler", "model.scheduler", "scheduler",
    ].first { settings.has("\($0).class_path") }
    (self.peak, self.length, self.ahead) = (peak, length, ahead)
  }

  /// What a class says of the factor.
  private struct Rule {
    /// The factor after a number of the scheduler's own steps.
    let factor: (Int) -> Double
    /// The same by name for a scheduler step of so many optimizer steps, where there is one.
    var named: ((_ length: Int, _ steps: Int) -> ScheduleSpecification?)?
    /// The peak, where the class sets one of its own.
    var peak: Double?
  }

  /// The schedule, and the peak learning rate, which a scheduler may set itself.
  func read(
    _ settings: inout RunSettings, _ notes: inout [String], _ warnings: inout [String]
  ) throws(ConfigurationError) -> (schedule: LearningRateSchedule, peak: Double) {
    guard let place else {
      notes.append("No lr_scheduler is stated: the learning rate is constant.")
      return (.constant, peak)
    }
    if settings.isLeftOut(place) {
      _ = settings.node(at: place)
      // How often it takes its step does not matter.
      var unused: [String] = []
      _ = try? unit(&settings, place, &unused)
      warnings.append("\(place) is left out, as --ignore asks: the learning rate is taken as constant.")
      return (.constant, peak)
    }
    if settings.format.readsScripts, !settings.has("interval") { _ = try unit(&settings, place, &notes) }
    var unfollowed: String?
    let node = settings.node(at: place)
    let openTotal =
      settings.format.readsScripts && settings.value("interval")?.source == "step" ? length.steps : nil
    guard var rule = try rule(node, openTotal, &notes, &warnings, &unfollowed) else {
      throw settings.invalid(
        .unsupportedSchedule(
          unfollowed ?? "", because: "is not followed; --ignore \(place) takes the learning rate as constant"),
        "\(place).class_path")
    }
    if ahead != 0 {
      rule = Rule(factor: { [rule, ahead] in rule.factor(max(0, $0 + ahead)) }, peak: rule.peak)
    }
    let unit = try unit(&settings, place, &notes)
    let peak = rule.peak ?? peak
    if var named = rule.named?(unit, length.steps) {
      if unit > 1 { named.hold = unit }
      if let warmup = named.warmup, warmup >= length.steps {
        warnings.append(LearningRateSchedule.endsWithinWarmup(warmup, steps: length.steps))
      } else if LearningRateSchedule.isAllowed(named) {
        return (.named(named), peak)
      }
    }
    guard length.steps / unit <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "the number of steps", value: Double(length.steps),
          expected: "at most \(LearningRateTable.limit) for this schedule"), "\(place).class_path")
    }
    let table =
      unit == 1
      ? LearningRateTable(everyStepOf: length.steps) { peak * rule.factor($0) }
      : LearningRateTable(everyEpochOf: unit, steps: length.steps) { peak * rule.factor($0) }
    return (.table(table), peak)
  }

  /// Optimizer steps for a step of the scheduler.
  private func unit(
    _ settings: inout RunSettings, _ place: String, _ notes: inout [String]
  ) throws(ConfigurationError) -> Int {
    let parent = place.hasSuffix(".scheduler") ? String(place.dropLast(".scheduler".count)) : place
    let key = ["\(parent).interval", "interval", "model.init_args.interval", "lr_scheduler_config.interval"]
      .first(
        where: settings.has)
    let interval = try key.map { (key) throws(ConfigurationError) in try settings.text(key) } ?? "epoch"
    let frequencyKey = "\(parent).frequency"
    let frequency = settings.has(frequencyKey) ? try settings.wholeNumber(frequencyKey) : 1
    if interval == "step" { return frequency }
    guard interval == "epoch" else {
      throw settings.invalid(.unknownName(key: "interval", interval, known: ["epoch", "step"]), key ?? place)
    }
    if key == nil, settings.format.readsScripts {
      throw settings.invalid(
        .asks(
          key: "interval", choices: ["epoch", "step"],
          because: "whether the scheduler takes its step after an epoch or after an update does not show"),
        "\(place).class_path")
    }
    if key == nil {
      notes.append("The lr_scheduler takes its step after an epoch, as Lightning's default is.")
    }
    guard let epoch = length.stepsPerEpoch else {
      throw settings.invalid(
        .needs([.datasetSize], because: "the lr_scheduler takes a step an epoch"), "\(place).class_path")
    }
    return epoch * frequency
  }

  // MARK: Classes

  private static let names: Set = [
    "ConstantLR", "StepLR", "MultiStepLR", "ExponentialLR", "LinearLR", "PolynomialLR", "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts", "OneCycleLR", "SequentialLR",
  ]

  /// Nil where the class is not followed, whose name then is left.
  private func rule(
    _ root: ConfigurationValue?, _ openTotal: Int?, _ notes: inout [String], _ warnings: inout [String],
    _ unfollowed: inout String?
  ) throws(ConfigurationError) -> Rule? {
    guard let root, let path = root.member("class_path") else { return nil }
    let name = try path.text().split(separator: ".").last.map(String.init) ?? ""
    let prefix = root.key.contains("[") ? "" : "\(root.key).init_args."
    let arguments = ClassArguments(root.member("init_args"), at: path, prefix: prefix)
    /// A number of steps; one that a script works out is that of the whole run.
    func span(_ name: String, _ fallback: Int?) throws(ConfigurationError) -> Int {
      if let openTotal, arguments.isOpen(name) {
        notes.append("\(name) = \(arguments.source(name)) is taken for the \(openTotal) steps of the run.")
        return openTotal
      }
      return try arguments.whole(name, fallback)
    }
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    guard Self.names.contains(name) else {
      unfollowed = try path.text()
      return nil
    }
    try arguments.checkSpelling(of: [
      "factor", "total_iters", "step_size", "gamma", "milestones", "start_factor", "end_factor", "power",
      "T_max", "eta_min",
      "T_0", "T_mult", "max_lr", "total_steps", "epochs", "steps_per_epoch", "pct_start", "div_factor",
      "final_div_factor",
      "anneal_strategy", "three_phase", "cycle_momentum", "schedulers",
    ])
    switch name {
    case "ConstantLR":
      let factor = try arguments.number("factor", share, 1.0 / 3)
      let total = try arguments.whole("total_iters", 5)
      return Rule { $0 < total ? factor : 1 }
    case "StepLR":
      let every = try arguments.whole("step_size", nil)
      let gamma = try arguments.number("gamma", .positive, 0.1)
      return Rule(factor: { Double.pow(gamma, $0 / every) }) { unit, steps in
        guard gamma <= 1, let interval = product(every, unit) else { return nil }
        return specification("step", ["every": [Double(interval)], "gamma": [gamma]])
      }
    case "MultiStepLR":
      let milestones = try arguments.wholes("milestones").sorted()
      let gamma = try arguments.number("gamma", .positive, 0.1)
      return Rule(factor: { taken in Double.pow(gamma, milestones.count { $0 <= taken }) }) { unit, steps in
        let ends = milestones.compactMap { product($0, unit) }
        guard gamma <= 1, !ends.isEmpty, Set(ends).count == milestones.count, ends[0] > 0 else { return nil }
        return specification("multistep", ["milestones": ends.map(Double.init), "gamma": [gamma]])
      }
    case "ExponentialLR":
      let gamma = try arguments.number("gamma", .positive, nil)
      return Rule(factor: { Double.pow(gamma, $0) }) { unit, steps in
        guard gamma <= 1, unit == 1 else { return nil }
        return specification("exponential", ["gamma": [gamma]])
      }
    case "LinearLR":
      let start = try arguments.number("start_factor", share, 1.0 / 3)
      let end = try arguments.number("end_factor", share, 1)
      let total = try arguments.whole("total_iters", 5)
      return Rule(factor: { start + (end - start) * min(1, Double($0) / Double(total)) }) { unit, steps in
        guard let length = product(total, unit) else { return nil }
        if end == 1 {
          var named = ScheduleSpecification("constant")
          (named.warmup, named.warmupFrom) = (length, start)
          return named
        }
        guard start == 1 else { return nil }
        return specification("linear", ["floor": [end]], end: length, steps: steps)
      }
    case "PolynomialLR":
      let total = try arguments.whole("total_iters", 5)
      let power = try arguments.number("power", .positive, 1)
      return Rule(factor: { Double.pow(1 - min(1, Double($0) / Double(total)), power) }) { unit, steps in
        product(total, unit).map { specification("polynomial", ["power": [power]], end: $0, steps: steps) }
      }
    case "CosineAnnealingLR":
      let half = try span("T_max", nil)
      let floor = try floor(arguments)
      return Rule(factor: { floor + (1 - floor) * (1 + Double.cos(.pi * Double($0) / Double(half))) / 2 }) {
        unit, steps in
        guard let length = product(half, unit) else { return nil }
        guard length < steps else {
          return specification("cosine", ["floor": [floor]], end: length, steps: steps)
        }
        // It rises again after T_max.
        return specification(
          "cosine", ["floor": [floor], "cycles": [Double(steps) / Double(length) / 2]])
      }
    case "CosineAnnealingWarmRestarts":
      let first = try arguments.whole("T_0", nil)
      let growth = try arguments.whole("T_mult", 1)
      let floor = try floor(arguments)
      return Rule { taken in
        var (start, span) = (0, first)
        if growth == 1 {
          start = taken / first * first
        } else {
          while taken >= start + span { (start, span) = (start + span, span * growth) }
        }
        return floor + (1 - floor) * (1 + Double.cos(.pi * Double(taken - start) / Double(span))) / 2
      }
    case "OneCycleLR":
      let isOpen = ["total_steps", "epochs", "steps_per_epoch"].contains(where: arguments.isOpen)
      if let openTotal, isOpen {
        notes.append("The cycle is taken to last the \(openTotal) steps of the run.")
      }
      return try oneCycle(arguments, path, isOpen ? openTotal : nil, &warnings)
    default: return try sequence(arguments, openTotal, &notes, &warnings, &unfollowed)
    }
  }

  /// One scheduler after another; each begins anew at its milestone.
  private func sequence(
    _ arguments: ClassArguments, _ openTotal: Int?, _ notes: inout [String], _ warnings: inout [String],
    _ unfollowed: inout String?
  ) throws(ConfigurationError) -> Rule? {
    let milestones = try arguments.wholes("milestones")
    var rules: [Rule] = []
    for item in try arguments.required("schedulers").list().prefix(100) {
      if try item.member("class_path")?.text().hasSuffix("SequentialLR") == true {
        unfollowed = "SequentialLR within another"
        return nil
      }
      guard let rule = try rule(item, openTotal, &notes, &warnings, &unfollowed) else { return nil }
      rules.append(rule)
    }
    guard rules.count == milestones.count + 1 else {
      throw arguments.place.invalid(
        .wrongKind(
          key: "schedulers", found: "a list of \(rules.count)", expected: "one more than there are milestones"
        ))
    }
    return Rule(factor: { taken in
      let index = milestones.count { $0 <= taken }
      return rules[index].factor(taken - (index == 0 ? 0 : milestones[index - 1]))
    }) { unit, steps in
      // A rise that the second scheduler follows is a warmup.
      guard rules.count == 2, let length = product(milestones[0], unit), length < steps, length > 0,
        let rise = rules[0].named?(unit, steps), rise.name == "constant", rise.warmup == length,
        var named = rules[1].named?(unit, steps - length), named.warmup == nil,
        !["step", "multistep"].contains(named.name)
      else { return nil }
      (named.warmup, named.warmupFrom) = (length, rise.warmupFrom)
      named.end = named.end.map { $0 + length }
      return named
    }
  }

  private func oneCycle(
    _ arguments: ClassArguments, _ path: ConfigurationValue, _ openTotal: Int?, _ warnings: inout [String]
  ) throws(ConfigurationError) -> Rule {
    let top = try arguments.number("max_lr", .positive, peak)
    let total: Int
    if let openTotal {
      total = openTotal
    } else if arguments.has("total_steps") {
      total = try arguments.whole("total_steps", nil)
    } else {
      let (epochs, steps) = (try arguments.whole("epochs", nil), try arguments.whole("steps_per_epoch", nil))
      guard let number = product(epochs, steps) else {
        throw path.invalid(.outOfRange(key: "epochs", value: Double(epochs), expected: "fewer epochs"))
      }
      total = number
    }
    let rise = try arguments.number(
      "pct_start", Domain(0, includesLower: true, upTo: 1, includesUpper: true), 0.3)
    let first = try arguments.number("div_factor", .positive, 25)
    let last = try arguments.number("final_div_factor", .positive, 1e4)
    let isLinear = try arguments.text("anneal_strategy", "cos") == "linear"
    let hasThreePhases = try arguments.boolean("three_phase", false)
    if try arguments.boolean("cycle_momentum", true) {
      warnings.append(
        "OneCycleLR cycles the momentum as well unless cycle_momentum is false; it is taken as stated.")
    }
    if top != peak {
      warnings.append("OneCycleLR's max_lr \(top) takes the place of the optimizer's lr \(peak).")
    }
    let low = top / first
    let end = low / last
    let up = rise * Double(total) - 1
    // The ends of the phases, each with the learning rates between which it goes.
    let phases =
      hasThreePhases
      ? [(up, low, top), (2 * rise * Double(total) - 2, top, low), (Double(total) - 1, low, end)]
      : [(up, low, top), (Double(total) - 1, top, end)]
    func factor(_ taken: Int) -> Double {
      let t = Double(min(taken, total - 1))
      var start = 0.0
      for (finish, from, to) in phases {
        if t <= finish || finish == phases[phases.count - 1].0 {
          let x = finish > start ? (t - start) / (finish - start) : 1
          let share = isLinear ? 1 - x : (1 + Double.cos(.pi * x)) / 2
          return (to + (from - to) * share) / top
        }
        start = finish
      }
      return end / top
    }
    return Rule(
      factor: factor,
      named: { unit, steps in
        guard unit == 1, total == steps, !isLinear, !hasThreePhases, rise > 0, first >= 1, last >= 1 else {
          return nil
        }
        return specification("one-cycle", ["rise": [rise], "div": [first], "final-div": [last]])
      }, peak: top)
  }

  /// `eta_min` as a factor.
  private func floor(_ arguments: ClassArguments) throws(ConfigurationError) -> Double {
    try arguments.number(
      "eta_min", Domain(0, includesLower: true, upTo: peak, includesUpper: true), 0) / peak
  }
}

private func product(_ a: Int, _ b: Int) -> Int? {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow || product > 1 << 40 ? nil : product
}

/// A named schedule; its end is left out where it is that of the run.
private func specification(
  _ name: String, _ parameters: [String: [Double]], end: Int? = nil, steps: Int = 0
) -> ScheduleSpecification {
  var named = ScheduleSpecification(name)
  named.parameters = parameters
  if let end, end != steps { named.end = end }
  return named
}
