import Dynamics
import Formulas
import RealModule

/// The schedules of `transformers.get_scheduler`, by `lr_scheduler_type`.
enum HuggingFaceSchedule {
  /// - Parameter end: the step at which the schedule ends, where that is not the end of the run.
  static func read(
    _ settings: inout RunSettings, peak: Double, steps: Int, end: Int? = nil, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let type = try settings.text("lr_scheduler_type", default: "linear")
    try readOptions(&settings)
    let warmup = try warmup(&settings, steps: steps)
    var named: ScheduleSpecification
    switch type {
    case "linear": named = ScheduleSpecification("linear")
    case "cosine":
      named = ScheduleSpecification("cosine")
      named.parameters["cycles"] = try cycles(&settings, default: 0.5)
    case "cosine_with_restarts":
      named = ScheduleSpecification("cosine-restarts")
      named.parameters["cycles"] = try cycles(&settings, default: 1)
    case "polynomial":
      named = ScheduleSpecification("polynomial")
      named.parameters["power"] = [try option(&settings, "power", in: .positive) ?? 1]
      let final = try option(&settings, "lr_end", in: .nonNegative) ?? 1e-7
      named.parameters["floor"] = [try share(final, of: peak, "lr_end", settings)]
    case "constant_with_warmup": named = ScheduleSpecification("constant")
    case "inverse_sqrt":
      named = ScheduleSpecification("inverse-sqrt")
      let timescale = try option(&settings, "timescale", in: .positive)
      named.parameters["timescale"] = [timescale ?? (warmup > 0 ? Double(warmup) : 10_000)]
    case "cosine_with_min_lr":
      named = ScheduleSpecification("cosine")
      named.parameters["cycles"] = try cycles(&settings, default: 0.5)
      named.parameters["floor"] = [try lowest(&settings, peak: peak)]
    case "cosine_warmup_with_min_lr":
      return try cosineFromFirstStep(&settings, peak: peak, warmup: warmup, steps: steps, &warnings)
    case "warmup_stable_decay":
      return try stableDecay(&settings, peak: peak, warmup: warmup, steps: steps, &warnings)
    case "constant":
      if warmup > 0 {
        warnings.append("lr_scheduler_type is constant: there is no warmup, whatever is said of one.")
      }
      return .constant
    case "reduce_lr_on_plateau", "greedy":
      warnings.append(
        "lr_scheduler_type \(type) follows what is measured: the learning rate is taken as constant; a"
          + " trainer_state.json beside the file says what it was.")
      return .constant
    default:
      throw settings.invalid(.unknownName(key: "lr_scheduler_type", type, known: known), "lr_scheduler_type")
    }
    if warmup > 0 { named.warmup = warmup }
    if let end, end != steps, !["constant", "inverse-sqrt"].contains(named.name) { named.end = end }
    return .fitting(named, peak: peak, steps: steps, warnings: &warnings)
  }

  private static let known = [
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
    "inverse_sqrt",
    "reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay",
    "greedy",
  ]

  /// Steps of the warmup: `warmup_steps`, a share where it is below 1, or else `warmup_ratio`, rounded up.
  static func warmup(_ settings: inout RunSettings, steps: Int) throws(ConfigurationError) -> Int {
    let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let given = try settings.number("warmup_steps", in: .nonNegative, default: 0)
    let ratio = settings.has("warmup_ratio") ? try settings.number("warmup_ratio", in: share) : 0
    if given >= 1 { return Int(given, clampedTo: 1 << 40) }
    return Int((Double(steps) * (given > 0 ? given : ratio)).rounded(.up))
  }

  // MARK: lr_scheduler_kwargs

  /// On a command line and in YAML the options may be a text in JSON.
  private static func readOptions(_ settings: inout RunSettings) throws(ConfigurationError) {
    guard let value = settings.value("lr_scheduler_kwargs") else { return }
    let text = try value.text()
    let options = try JSONReader.root(
      of: InputText(text.utf8, path: "\(settings.path): lr_scheduler_kwargs"))
    let named = ConfigurationValue(key: "lr_scheduler_kwargs", content: options.content, place: value.place)
    settings.adopt(ConfigurationValue(key: "", content: .mapping([named]), place: value.place))
  }

  private static func option(
    _ settings: inout RunSettings, _ name: String, in domain: Domain
  ) throws(ConfigurationError) -> Double? {
    let key = "lr_scheduler_kwargs.\(name)"
    return settings.has(key) ? try settings.number(key, in: domain) : nil
  }

  private static func cycles(
    _ settings: inout RunSettings, default fallback: Double
  ) throws(ConfigurationError) -> [Double] {
    [try option(&settings, "num_cycles", in: .positive) ?? fallback]
  }

  /// A learning rate as a factor of the peak.
  private static func share(
    _ rate: Double, of peak: Double, _ name: String, _ settings: RunSettings
  ) throws(ConfigurationError) -> Double {
    guard rate <= peak else {
      throw settings.invalid(
        .outOfRange(key: name, value: rate, expected: "at most the learning rate \(peak)"),
        "lr_scheduler_kwargs.\(name)")
    }
    return rate / peak
  }

  /// `min_lr_rate`, or `min_lr` as a factor.
  private static func lowest(_ settings: inout RunSettings, peak: Double) throws(ConfigurationError) -> Double
  {
    let unit = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    if let rate = try option(&settings, "min_lr_rate", in: unit) { return rate }
    guard let rate = try option(&settings, "min_lr", in: .nonNegative) else {
      throw settings.invalid(.missingKey("min_lr_rate", in: "lr_scheduler_kwargs"), "lr_scheduler_type")
    }
    return try share(rate, of: peak, "min_lr", settings)
  }

  // MARK: Schedules with rules of their own

  /// `cosine_warmup_with_min_lr` counts from 1: the first step has part of the rise, the last the lowest value.
  private static func cosineFromFirstStep(
    _ settings: inout RunSettings, peak: Double, warmup: Int, steps: Int, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let cycles = try cycles(&settings, default: 0.5)[0]
    let floor = try lowest(&settings, peak: peak)
    let first = try option(&settings, "warmup_lr_rate", in: .nonNegative)
    if warmup > 1, warmup < steps {
      var named = ScheduleSpecification("cosine")
      named.parameters = ["cycles": [cycles], "floor": [floor]]
      (named.warmup, named.warmupFrom, named.end) = (warmup - 1, first ?? 1 / Double(warmup), steps - 1)
      return .fitting(named, peak: peak, steps: steps, warnings: &warnings)
    }
    return try table(settings, steps: steps) { taken in
      if taken < warmup {
        guard let first else { return peak * Double(taken + 1) / Double(warmup) }
        return peak * (first + (1 - first) * Double(taken) / Double(max(1, warmup - 1)))
      }
      let x = Double(taken - warmup + 1) / Double(max(1, steps - warmup))
      return peak * (floor + (1 - floor) * (1 + Double.cos(2 * .pi * cycles * x)) / 2)
    }
  }

  /// `warmup_stable_decay`.
  private static func stableDecay(
    _ settings: inout RunSettings, peak: Double, warmup: Int, steps: Int, _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let prefix = "lr_scheduler_kwargs."
    let fall = try settings.wholeNumber(prefix + "num_decay_steps", from: 0)
    let stable =
      settings.has(prefix + "num_stable_steps")
      ? try settings.wholeNumber(prefix + "num_stable_steps", from: 0) : steps - warmup - fall
    let shapes = ["linear", "cosine", "1-sqrt"]
    func shape(_ name: String, _ fallback: String) throws(ConfigurationError) -> String {
      guard let value = settings.value(prefix + name) else { return fallback }
      return try value.choice(of: shapes)
    }
    let rise = try shape("warmup_type", "linear")
    let descent = try shape("decay_type", "cosine")
    let unit = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let floor = try option(&settings, "min_lr_ratio", in: unit) ?? 0
    let cycles = try cycles(&settings, default: 0.5)[0]
    if rise == "linear" || warmup == 0, descent != "cosine" || cycles == 0.5, fall > 0, stable >= 0 {
      var named = ScheduleSpecification(descent == "cosine" ? "trapezoid-cosine" : "trapezoid")
      named.parameters = ["decay": [Double(fall)], "floor": [floor]]
      if descent == "1-sqrt" { named.parameters["power"] = [0.5] }
      if warmup > 0 { named.warmup = warmup }
      if warmup > 0, floor > 0 { named.warmupFrom = floor }
      if warmup + stable + fall != steps { named.end = warmup + stable + fall }
      return .fitting(named, peak: peak, steps: steps, warnings: &warnings)
    }
    return try table(settings, steps: steps) { taken in
      func factor(_ name: String, _ x: Double) -> Double {
        switch name {
        case "linear": x
        case "cosine": (1 - Double.cos(.pi * x)) / 2
        default: 1 - (1 - x).squareRoot()
        }
      }
      if taken < warmup {
        return peak * (floor + (1 - floor) * factor(rise, Double(taken) / Double(warmup)))
      }
      let over = taken - warmup - stable
      guard over >= 0, fall > 0, over < fall else { return over < 0 ? peak : peak * floor }
      let x = Double(over) / Double(fall)
      let left =
        descent == "cosine"
        ? (1 + Double.cos(2 * .pi * cycles * x)) / 2 : descent == "linear" ? 1 - x : 1 - x.squareRoot()
      return peak * (floor + (1 - floor) * left)
    }
  }

  private static func table(
    _ settings: RunSettings, steps: Int, _ rate: (_ taken: Int) -> Double
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard steps <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "the number of steps", value: Double(steps),
          expected: "at most \(LearningRateTable.limit) for this schedule"), "max_steps")
    }
    return .table(LearningRateTable(everyStepOf: steps, rate))
  }
}
