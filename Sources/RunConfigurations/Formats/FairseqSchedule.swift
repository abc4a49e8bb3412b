import Dynamics
import Formulas
import RealModule

/// fairseq's learning rate schedules, as `fairseq/optim/lr_scheduler` computes them.
struct FairseqSchedule {
  private(set) var schedule = LearningRateSchedule.constant
  private(set) var warnings: [String] = []

  private static let kinds = [
    "inverse_sqrt", "cosine", "polynomial_decay", "fixed", "tri_stage", "triangular", "step",
  ]

  init(_ settings: inout RunSettings, rates: [Double], steps: Int) throws(ConfigurationError) {
    let name = try settings.text("lr_scheduler", default: "fixed")
    let peak = rates[0]
    switch name {
    case "inverse_sqrt": schedule = try Self.inverseSquareRoot(&settings, peak, steps)
    case "cosine": schedule = try Self.cosine(&settings, peak, steps)
    case "polynomial_decay": schedule = try Self.polynomial(&settings, peak, steps)
    case "fixed":
      schedule = try Self.fixed(&settings, peak, steps)
      if settings.value("force_anneal") != nil {
        warnings.append("force_anneal lowers the learning rate once an epoch, which is not followed.")
      }
    case "tri_stage": schedule = try Self.threeStages(&settings, peak, steps)
    case "step": schedule = try Self.step(&settings, peak, steps)
    case "triangular", "reduce_lr_on_plateau", "manual", "pass_through":
      let reason =
        switch name {
        case "triangular": "has its peak in max_lr, not in lr"
        case "reduce_lr_on_plateau": "depends on the validation loss"
        default: "is set elsewhere"
        }
      throw settings.invalid(
        .unsupportedSchedule(name, because: "\(reason), which is not read"), "lr_scheduler")
    default:
      throw settings.invalid(.unknownName(key: "lr_scheduler", name, known: Self.kinds), "lr_scheduler")
    }
    if rates.count > 1 {
      warnings.append("lr has a value for each epoch; the first is taken throughout.")
    }
  }

  private static func updates(_ settings: inout RunSettings, _ key: String, _ fallback: Int)
    throws(ConfigurationError) -> Int
  {
    try settings.value(key)?.wholeNumber(from: 0, upTo: 1e12) ?? fallback
  }

  /// `warmup_init_lr`, where a negative number stands for a default.
  private static func start(_ settings: inout RunSettings, _ fallback: Double) throws(ConfigurationError)
    -> Double
  {
    let given = try settings.value("warmup_init_lr")?.number(in: .real) ?? -1
    return given < 0 ? fallback : given
  }

  private static func warmed(_ name: String, _ warmup: Int, _ from: Double) -> ScheduleSpecification {
    var specification = ScheduleSpecification(name)
    if warmup > 0 { specification.warmup = warmup }
    if warmup > 0, from > 0 { specification.warmupFrom = from }
    return specification
  }

  private static func inverseSquareRoot(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let warmup = try settings.wholeNumber("warmup_updates", default: 4000, upTo: 1e12)
    let start = try start(&settings, 0)
    return try .following(
      warmed("inverse-sqrt", warmup, start / peak), settings, key: "lr_scheduler", peak: peak, steps: steps,
      breaks: [warmup]
    ) { step in
      step < warmup
        ? start + Double(step) * (peak - start) / Double(warmup)
        : peak * (Double(warmup) / Double(step)).squareRoot()
    }
  }

  private static func cosine(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let warmup = try updates(&settings, "warmup_updates", 0)
    let minimum = try settings.value("min_lr")?.number(in: .nonNegative) ?? 0
    let start = try start(&settings, minimum)
    guard peak > minimum else {
      throw settings.invalid(
        .outOfRange(key: "min_lr", value: minimum, expected: "below lr \(peak)"), "min_lr")
    }
    let factor = try settings.value("t_mult")?.number(in: .positive) ?? 1
    let shrink = try settings.value("lr_shrink")?.number(in: .nonNegative) ?? 0.1
    var period = try settings.value("lr_period_updates")?.number(in: .real) ?? -1
    if period <= 0 {
      let end = try settings.value("max_update")?.wholeNumber(from: 0, upTo: 1e12) ?? 0
      if end == 0 {
        settings.remark(
          "The cosine is taken over the whole run; fairseq asks for max_update or lr_period_updates.")
      }
      period = Double((end == 0 ? steps : end) - warmup)
    }
    guard period > 0 else {
      throw settings.invalid(
        .outOfRange(key: "warmup_updates", value: Double(warmup), expected: "less than the run"),
        "warmup_updates")
    }
    var specification = warmed("cosine", warmup, start / peak)
    if minimum > 0 { specification.parameters["floor"] = [minimum / peak] }
    if let end = Int(exactly: period + Double(warmup)), end != steps { specification.end = end }
    let cycles = GrowingCycles(length: period, factor: factor)
    guard Double(steps - warmup) <= cycles.end else {
      throw settings.invalid(
        .outOfRange(
          key: "t_mult", value: factor, expected: "enough for cycles that last until the end of the run"),
        "t_mult")
    }
    let restarts = cycles.starts(before: Double(steps - warmup))
    let breaks = [warmup] + restarts.map { warmup + Int($0.rounded(.up)) }
    return try .following(
      specification, settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: breaks
    ) { step in
      if step < warmup { return start + Double(step) * (peak - start) / Double(warmup) }
      let current = Double(step - warmup)
      let (index, begin, length) = cycles.cycle(at: current)
      let scale = Double.pow(shrink, index)
      return scale * (minimum + (peak - minimum) * (1 + Double.cos(.pi * (current - begin) / length)) / 2)
    }
  }

  private static func polynomial(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let warmup = try updates(&settings, "warmup_updates", 0)
    let final = try settings.value("end_learning_rate")?.number(in: .nonNegative) ?? 0
    let power = try settings.value("power")?.number(in: .positive) ?? 1
    let end = try settings.value("total_num_update")?.wholeNumber(upTo: 1e12) ?? steps
    if !settings.has("total_num_update") {
      settings.remark("total_num_update is not stated, so the decay ends with the run.")
    }
    guard end > warmup else {
      throw settings.invalid(
        .outOfRange(key: "total_num_update", value: Double(end), expected: "above warmup_updates \(warmup)"),
        "total_num_update")
    }
    var specification = warmed(power == 1 ? "linear" : "polynomial", warmup, 0)
    if power != 1 { specification.parameters["power"] = [power] }
    if final > 0 { specification.parameters["floor"] = [final / peak] }
    if end != steps { specification.end = end }
    return try .following(
      specification, settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: [warmup, end]
    ) { step in
      if step < warmup { return peak * Double(step) / Double(warmup) }
      if step >= end { return final }
      let rest = 1 - Double(step - warmup) / Double(end - warmup)
      return final + (peak - final) * Double.pow(rest, power)
    }
  }

  private static func fixed(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let warmup = try updates(&settings, "warmup_updates", 0)
    // The first update has a share of the peak already.
    let specification = warmed("constant", warmup - 1, 1 / Double(max(warmup, 1)))
    return try .following(
      specification, settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: [warmup]
    ) { step in
      step < warmup ? peak * Double(step + 1) / Double(warmup) : peak
    }
  }

  private static func step(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let warmup = try updates(&settings, "warmup_updates", 0)
    let minimum = try settings.value("min_lr")?.number(in: .nonNegative) ?? 0
    let start = try start(&settings, minimum)
    // The flag is spelt like this.
    let period = try settings.wholeNumber("lr_deacy_period", default: 25_000, upTo: 1e12)
    let decay = try settings.number("lr_decay", in: .nonNegative, default: 0.5)
    var specification = warmed("step", warmup, start / peak)
    specification.parameters = ["every": [Double(period)], "gamma": [decay]]
    if warmup > 0 { specification.warmupPrefix = true }
    let count = min(steps / period + 1, LearningRateSchedule.breakLimit + 1)
    let breaks = (0...count).map { warmup + $0 * period }
    return try .following(
      specification, settings, key: "lr_scheduler", peak: peak, steps: steps, breaks: breaks
    ) { step in
      if step < warmup { return start + Double(step) * (peak - start) / Double(warmup) }
      return max(peak * Double.pow(decay, (step - warmup) / period), minimum)
    }
  }

  private static func threeStages(
    _ settings: inout RunSettings, _ peak: Double, _ steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    var stages = [
      try updates(&settings, "warmup_steps", 0), try updates(&settings, "hold_steps", 0),
      try updates(&settings, "decay_steps", 0),
    ]
    if let ratios = try settings.numbers("phase_ratio", in: .nonNegative) {
      guard ratios.count == 3, ratios.reduce(0, +) <= 1.000001 else {
        throw settings.invalid(
          .outOfRange(
            key: "phase_ratio", value: ratios.reduce(0, +), expected: "three shares that add up to 1"),
          "phase_ratio")
      }
      stages = ratios.map { Int(Double(steps) * $0) }
    }
    let (warmup, hold, decay) = (stages[0], stages[1], stages[2])
    guard decay > 0 else {
      throw settings.invalid(.outOfRange(key: "decay_steps", value: 0, expected: "at least 1"), "decay_steps")
    }
    let start = peak * (try settings.number("init_lr_scale", in: .nonNegative, default: 0.01))
    let share = try settings.number("final_lr_scale", in: .positive, default: 0.01)
    return try .following(
      nil, settings, key: "lr_scheduler", peak: peak, steps: steps,
      breaks: [warmup, warmup + hold, warmup + hold + decay]
    ) { step in
      if step < warmup { return start + (peak - start) * Double(step) / Double(warmup) }
      if step < warmup + hold { return peak }
      return peak * Double.pow(share, min(1, Double(step - warmup - hold) / Double(decay)))
    }
  }
}
