import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule

/// torchtitan's TOML (github.com/pytorch/torchtitan).
///
/// All tensors are in one parameter group, so everything decays. The schedule changed over time:
/// - `min_lr_factor` (2025): the first step has 1/w of the peak, the last 1/D of the fall left.
/// - `lr_min` (early 2025): 1/(w + 1) and 1/(D + 1).
/// - `[training] warmup_steps` (2024): 1/(w + 1), then a straight line from the peak.
enum TorchTitan {
  static let keys = [
    "optimizer.name", "optimizer.lr", "optimizer.beta1", "optimizer.beta2", "optimizer.eps",
    "optimizer.weight_decay", "lr_scheduler.warmup_steps", "lr_scheduler.decay_ratio",
    "lr_scheduler.decay_type", "lr_scheduler.min_lr_factor", "lr_scheduler.lr_min",
    "lr_scheduler.total_steps", "training.steps",
    "training.warmup_steps", "training.max_norm",
  ]

  static func read(_ settings: inout RunSettings) throws(ConfigurationError) -> TrainingRun {
    let name = try settings.text("optimizer.name", default: "AdamW")
    let known: [(String, Optimizer)] = [("AdamW", .adamW), ("Adam", .adamL2)]
    guard let optimizer = known.first(where: { $0.0 == name })?.1 else {
      throw settings.invalid(
        .unknownName(key: "optimizer", name, known: known.map(\.0)), "optimizer.name")
    }
    var values: [Symbol: Double] = [:]
    values[.learningRate] = try settings.number("optimizer.lr", in: .positive, default: 8e-4)
    values[.beta1] = try settings.number("optimizer.beta1", in: .coefficient, default: 0.9)
    values[.beta2] = try settings.number("optimizer.beta2", in: .coefficient, default: 0.95)
    let epsilon = try settings.number("optimizer.eps", in: .nonNegative, default: 1e-8)
    if optimizer == .adamW { values[.epsilon] = epsilon }
    values[.weightDecay] = try settings.number("optimizer.weight_decay", in: .nonNegative, default: 0.1)
    let steps: Int
    if let given = settings.fact(.steps) {
      steps = given
      settings.ignore(["training.steps"])
    } else {
      steps = try settings.wholeNumber("training.steps", default: 10_000)
    }
    var warnings: [String] = []
    let schedule = try TorchTitanSchedule(
      &settings, peak: values[.learningRate] ?? 0, steps: steps, &warnings)
    warnings += try settings.clipping("training.max_norm", default: 1)
    settings.ignore([
      "training.local_batch_size", "training.global_batch_size", "training.batch_size",
      "optimizer.implementation", "optimizer.fused", "optimizer.foreach", "optimizer.early_step_in_backward",
    ])
    let model = [try? settings.text("model.name"), try? settings.text("model.flavor")].compactMap { $0 }
    let title =
      try settings.has("job.description") ? settings.text("job.description") : model.joined(separator: " ")
    return TrainingRun(
      name: title.isEmpty ? settings.stem : title, optimizer: optimizer, hyperparameters: values,
      steps: steps,
      schedule: schedule.schedule, decayRule: .all,
      notes: [schedule.note, "One parameter group: every tensor decays, gains of normalisation included."]
        + settings.notes, warnings: warnings + settings.warnings, ignored: settings.ignored)
  }
}

/// Warmup, stable part and decay, as the release counts them that knows the keys in use.
private struct TorchTitanSchedule {
  let schedule: LearningRateSchedule
  let note: String

  private enum Release {
    case of2024
    case ofLrMin
    case ofMinLrFactor
  }

  init(
    _ settings: inout RunSettings, peak: Double, steps: Int, _ warnings: inout [String]
  ) throws(ConfigurationError) {
    let release: Release =
      settings.has("training.warmup_steps")
      ? .of2024 : settings.has("lr_scheduler.lr_min") ? .ofLrMin : .ofMinLrFactor
    // The schedule may be made for another length than the run's.
    let total =
      settings.has("lr_scheduler.total_steps") ? try settings.wholeNumber("lr_scheduler.total_steps") : steps
    let given = try settings.wholeNumber(
      release == .of2024 ? "training.warmup_steps" : "lr_scheduler.warmup_steps", from: 0, default: 200)
    let warmup = min(given, total)
    if given > total { warnings.append("The warmup of \(given) steps is cut to \(total).") }
    // The first step has part of the rise; `parts` of it are the whole.
    func rising(_ name: String, parts: Int) -> ScheduleSpecification {
      var named = ScheduleSpecification(name)
      if parts > 1 { (named.warmup, named.warmupFrom) = (parts - 1, 1 / Double(parts)) }
      if total != steps { named.end = total }
      return named
    }
    guard release != .of2024 else {
      note = "The warmup stands under [training], as in releases of 2024: a straight line down follows it."
      schedule = .fitting(rising("linear", parts: warmup + 1), peak: peak, steps: steps, warnings: &warnings)
      return
    }
    let shape = try settings.text("lr_scheduler.decay_type", default: "linear")
    guard ["linear", "sqrt", "cosine"].contains(shape) else {
      throw settings.invalid(
        .unknownName(key: "decay_type", shape, known: ["linear", "sqrt", "cosine"]), "lr_scheduler.decay_type"
      )
    }
    let unit = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
    let floor = try settings.number(
      release == .ofLrMin ? "lr_scheduler.lr_min" : "lr_scheduler.min_lr_factor", in: unit, default: 0)
    var fall = total - warmup
    if settings.has("lr_scheduler.decay_ratio") {
      // Python rounds halves to even numbers.
      let share = try settings.number("lr_scheduler.decay_ratio", in: unit) * Double(total)
      fall = Int(share.rounded(.toNearestOrEven))
      if warmup + fall > total {
        fall = total - warmup
        warnings.append("Warmup and decay take more than there is: the decay is cut to \(fall) steps.")
      }
    }
    let isLate = release == .ofMinLrFactor
    note =
      isLate
      ? "The schedule is that of releases with min_lr_factor: the first step has its part of the rise."
      : "The schedule is that of releases with lr_min: warmup and decay are counted in parts of one step more."
    let (rise, parts) = isLate ? (warmup, fall) : (warmup + 1, fall + 1)
    if fall == 0 {
      schedule = .fitting(rising("constant", parts: rise), peak: peak, steps: steps, warnings: &warnings)
      return
    }
    if total - warmup - fall + (isLate ? 1 : 0) >= 1 {
      var named = rising(shape == "cosine" ? "trapezoid-cosine" : "trapezoid", parts: rise)
      named.parameters = ["decay": [Double(parts)], "floor": [floor]]
      if shape == "sqrt" { named.parameters["power"] = [0.5] }
      schedule = .fitting(named, peak: peak, steps: steps, warnings: &warnings)
      return
    }
    // The fall begins with the step after the warmup, below the peak.
    guard steps <= LearningRateTable.limit else {
      throw settings.invalid(
        .outOfRange(
          key: "training.steps", value: Double(steps), expected: "at most \(LearningRateTable.limit) here"),
        "training.steps")
    }
    schedule = .table(
      LearningRateTable(everyStepOf: steps) { taken in
        guard taken >= warmup else { return peak * Double(taken + 1) / Double(rise) }
        let x = min(1, Double(taken + 1 - warmup) / Double(parts))
        let left =
          shape == "linear" ? 1 - x : shape == "sqrt" ? 1 - x.squareRoot() : (1 + Double.cos(.pi * x)) / 2
        return peak * (floor + (1 - floor) * left)
      })
  }
}

extension RunFormat {
  static let torchTitan = RunFormat(
    identifier: "torchtitan", name: "torchtitan's TOML", tool: "torchtitan", syntaxes: ["TOML"],
    keys: TorchTitan.keys
  ) { (settings) throws(ConfigurationError) in try TorchTitan.read(&settings) }
}
