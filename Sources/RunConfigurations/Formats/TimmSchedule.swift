import Dynamics
import Formulas
import RealModule

/// timm's learning rate schedules, as `timm/scheduler` computes them.
struct TimmSchedule {
  private enum Kind: String, CaseIterable {
    case cosine, tanh, step, multistep, poly, plateau, wsd, rsqrt, constant, none
  }
  private let kind: Kind
  private let peak: Double
  /// Whether the learning rate changes at every update; otherwise once an epoch.
  private let changesOnUpdates: Bool
  /// Lengths in epochs.
  private let initial: Double
  private let warmup: Double
  private let decay: Double
  private let timescale: Double
  private let milestones: [Double]
  private let warmupRate: Double
  private let minimum: Double
  private let decayRate: Double
  private let decayFunction: String
  private let kDecay: Double
  private let cycle: (factor: Double, decay: Double, limit: Double)
  private let countsAfterWarmup: Bool
  /// Epochs of the run.
  let epochs: Int
  /// Updates an epoch.
  var updates = 1
  private(set) var warnings: [String] = []

  init(_ settings: inout RunSettings, peak: Double) throws(ConfigurationError) {
    self.peak = peak
    let name = try settings.text("sched", default: "cosine")
    guard let kind = Kind(rawValue: name) else {
      throw settings.invalid(.unknownName(key: "sched", name, known: Kind.allCases.map(\.rawValue)), "sched")
    }
    self.kind = kind
    changesOnUpdates = try settings.value("sched_on_updates")?.boolean() ?? false
    let most = 100_000.0
    let count = Double(try settings.wholeNumber("epochs", default: 300, upTo: most))
    let span = Domain(0, includesLower: true, upTo: most, includesUpper: true)
    warmup = kind == .none ? 0 : try settings.number("warmup_epochs", in: span, default: 5)
    warmupRate = warmup > 0 ? try settings.number("warmup_lr", in: .nonNegative, default: 1e-5) : 0
    countsAfterWarmup = try settings.value("warmup_prefix")?.boolean() ?? false
    let fits = [Kind.cosine, .tanh, .poly, .wsd, .rsqrt, .plateau].contains(kind)
    minimum = fits ? try settings.number("min_lr", in: .nonNegative, default: 0) : 0
    let hasCycles = [Kind.cosine, .tanh, .poly].contains(kind)
    func optional(
      _ key: String, _ fallback: Double, in domain: Domain = .nonNegative
    ) throws(ConfigurationError) -> Double { try settings.value(key)?.number(in: domain) ?? fallback }
    cycle =
      hasCycles
      ? (
        try optional("lr_cycle_mul", 1), try optional("lr_cycle_decay", 0.5),
        max(1, try optional("lr_cycle_limit", 1))
      ) : (1, 1, 1)
    kDecay = kind == .cosine || kind == .poly ? try optional("lr_k_decay", 1) : 1
    let cooldown =
      hasCycles || kind == .wsd || kind == .rsqrt ? try optional("cooldown_epochs", 0, in: span) : 0
    let decays = [Kind.step, .multistep, .poly].contains(kind)
    decayRate = decays ? try settings.number("decay_rate", in: .nonNegative, default: 0.1) : 1
    milestones =
      kind == .multistep ? try settings.numbers("decay_milestones", in: span) ?? [90, 180, 270] : []
    let fall = kind == .wsd || kind == .rsqrt
    var decay = kind == .step || fall ? try optional("decay_epochs", fall ? 0.2 : 90, in: span) : 0
    initial = fall && !countsAfterWarmup ? count - warmup : count
    if fall, decay > 0, decay < 1 { decay *= initial }
    self.decay = decay
    decayFunction =
      fall && settings.has("lr_decay_fn")
      ? try settings.text("lr_decay_fn") : kind == .rsqrt ? "linear" : "1-sqrt"
    timescale = kind == .rsqrt ? try optional("lr_stable_timescale", warmup, in: span) : 1
    var total = count
    if hasCycles {
      total =
        cycle.factor == 1
        ? count * cycle.limit
        : (-count * (Double.pow(cycle.factor, cycle.limit) - 1) / (1 - cycle.factor)).rounded(.down)
      total += (countsAfterWarmup ? warmup : 0) + cooldown
    } else if fall {
      total = warmup + initial + cooldown
    } else if countsAfterWarmup {
      total += warmup
    }
    guard total >= 1, total <= most, initial >= 1 else {
      throw settings.invalid(
        .outOfRange(key: "epochs", value: total, expected: "1 to 100000 with warmup, cycles and cooldown"),
        "epochs")
    }
    epochs = Int(total)
    if kind == .step || fall, decay <= 0 || (fall && decay > initial) {
      throw settings.invalid(
        .outOfRange(key: "decay_epochs", value: decay, expected: "above 0, within the run"), "decay_epochs")
    }
    if kind == .rsqrt, timescale <= 0 {
      throw settings.invalid(.missingKey("lr_stable_timescale", in: nil), "sched")
    }
    if kind == .plateau {
      warnings.append(
        "sched = plateau lowers the learning rate when the validation metric stalls, which is not followed.")
    }
    settings.ignore([
      "decay_epochs", "decay_milestones", "decay_rate", "min_lr", "cooldown_epochs", "patience_epochs",
      "lr_k_decay",
      "lr_cycle_mul", "lr_cycle_decay", "lr_cycle_limit", "lr_noise_pct", "lr_noise_std", "warmup_lr",
      "warmup_epochs",
      "warmup_prefix", "lr_decay_fn", "lr_stable_timescale",
    ])
  }

  /// The schedule over a run.
  func schedule(_ settings: RunSettings, steps: Int) throws(ConfigurationError) -> LearningRateSchedule {
    let unit = changesOnUpdates ? 1 : updates
    let delay = countsAfterWarmup ? warmup : 0
    let cycles = GrowingCycles(length: initial, factor: cycle.factor)
    guard Double(epochs) - delay <= cycles.end else {
      throw settings.invalid(
        .outOfRange(
          key: "lr_cycle_mul", value: cycle.factor,
          expected: "enough for cycles that last until the end of the run"), "lr_cycle_mul")
    }
    var breaks = [warmup, initial, initial + warmup, initial + warmup - decay].map(self.updates)
    if changesOnUpdates {
      breaks += milestones.map { self.updates($0) - 1 }
      breaks += cycles.starts(before: Double(epochs) - delay).flatMap { start in
        [0, 1].map { self.updates(start + delay) + $0 }
      }
      if kind == .step {
        guard decay * Double(updates) >= 1 else {
          throw settings.invalid(
            .outOfRange(key: "decay_epochs", value: decay, expected: "at least an update"), "decay_epochs")
        }
        breaks += stride(from: 0, to: Double(epochs), by: decay).prefix(LearningRateSchedule.breakLimit + 1)
          .map(self.updates)
      }
    } else {
      breaks += (1..<max(2, epochs)).map { $0 * updates }
    }
    return try .following(
      specification(unit: unit), settings, key: "sched", peak: peak, steps: steps, breaks: breaks
    ) { step in
      rate(changesOnUpdates ? Double(step) : Double(step / updates))
    }
  }

  /// Whole updates in a number of epochs, as many as a run may have at most.
  private func updates(_ epochs: Double) -> Int { Int(epochs * Double(updates), clampedTo: 1 << 53) }

  /// Lengths in the unit in which the schedule counts.
  private var scale: Double { changesOnUpdates ? Double(updates) : 1 }

  /// The learning rate after `t` epochs or updates.
  private func rate(_ t: Double) -> Double {
    let (warmup, initial) = (self.warmup * scale, self.initial * scale)
    if t == 0, warmup == 0 { return peak }
    if t < warmup {
      let top = kind == .tanh && !countsAfterWarmup ? decayed(warmup, initial) : peak
      return warmupRate + t * (top - warmupRate) / warmup
    }
    return decayed(countsAfterWarmup || kind == .wsd || kind == .rsqrt ? t - warmup : t, initial)
  }

  private func decayed(_ t: Double, _ initial: Double) -> Double {
    switch kind {
    case .plateau, .constant, .none: return peak
    case .step: return peak * Double.pow(decayRate, (t / (decay * scale)).rounded(.down))
    case .multistep: return peak * Double.pow(decayRate, milestones.count { $0 * scale <= t + 1 })
    case .wsd, .rsqrt:
      let stable = kind == .rsqrt ? max(peak / (1 + t / (timescale * scale)).squareRoot(), minimum) : peak
      let fall = (decay * scale).rounded(.toNearestOrEven)
      let x = min(max(t - (initial - fall), 0) / fall, 1)
      return x == 0 ? stable : minimum + (stable - minimum) * fallen(x)
    case .cosine, .tanh, .poly:
      let (index, start, length) = GrowingCycles(length: initial, factor: cycle.factor).cycle(at: t)
      guard index < cycle.limit else { return minimum }
      let top = peak * Double.pow(cycle.decay, index)
      let x = (t - start) / length
      let share = Double.pow(max(x, 0), kDecay)
      switch kind {
      case .cosine: return minimum + (top - minimum) * (1 + Double.cos(.pi * share)) / 2
      case .poly: return minimum + (top - minimum) * Double.pow(max(1 - share, 0), decayRate)
      default: return minimum + (top - minimum) * (1 - Double.tanh(-7 * (1 - x) + 3 * x)) / 2
      }
    }
  }

  /// The end of `wsd` and `rsqrt`, from 1 at x = 0 to 0 at x = 1.
  private func fallen(_ x: Double) -> Double {
    switch decayFunction {
    case "linear": 1 - x
    case "cosine": (1 + Double.cos(.pi * x)) / 2
    case "exp": (Double.pow(0.1, x) - 0.1) / 0.9
    default: 1 - x.squareRoot()
    }
  }

  /// The kind of schedule that this should be.
  private func specification(unit: Int) -> ScheduleSpecification? {
    let perEpoch = Double(updates)
    let warmupSteps = Int((warmup * perEpoch).rounded(), clampedTo: 1 << 53)
    var schedule: ScheduleSpecification
    switch kind {
    case .cosine:
      schedule = ScheduleSpecification("cosine")
      schedule.parameters["floor"] = [minimum / peak]
    case .poly:
      schedule = ScheduleSpecification(decayRate == 1 ? "linear" : "polynomial")
      if decayRate != 1 { schedule.parameters["power"] = [decayRate] }
      schedule.parameters["floor"] = [minimum / peak]
    case .step:
      schedule = ScheduleSpecification("step")
      schedule.parameters = ["every": [(decay * perEpoch).rounded()], "gamma": [decayRate]]
    case .multistep:
      schedule = ScheduleSpecification("multistep")
      let offset = countsAfterWarmup ? Double(warmupSteps) : 0
      schedule.parameters["milestones"] = milestones.map { $0 * perEpoch - Double(unit) + offset }
      schedule.parameters["gamma"] = [decayRate]
    case .wsd:
      schedule = ScheduleSpecification("trapezoid")
      let fall =
        changesOnUpdates
        ? (decay * perEpoch).rounded(.toNearestOrEven) : decay.rounded(.toNearestOrEven) * perEpoch
      schedule.parameters = [
        "decay": [fall], "floor": [minimum / peak], "power": [decayFunction == "linear" ? 1 : 0.5],
      ]
    case .plateau, .constant, .none: schedule = ScheduleSpecification("constant")
    case .tanh, .rsqrt: return nil
    }
    if schedule.parameters["floor"] == [0] { schedule.parameters["floor"] = nil }
    let startsAfterWarmup = countsAfterWarmup || kind == .wsd
    if warmupSteps > 0 {
      schedule.warmup = warmupSteps
      if warmupRate > 0 { schedule.warmupFrom = warmupRate / peak }
      if schedule.name == "step" { schedule.warmupPrefix = startsAfterWarmup ? true : nil }
      if ["cosine", "linear", "polynomial"].contains(schedule.name) {
        schedule.warmupPrefix = startsAfterWarmup ? nil : false
      }
    }
    let end = Int((initial * perEpoch).rounded(), clampedTo: 1 << 53) + (startsAfterWarmup ? warmupSteps : 0)
    if ["cosine", "linear", "polynomial", "trapezoid"].contains(schedule.name), end != epochs * updates {
      schedule.end = end
    }
    if unit > 1, schedule.name != "constant" || warmupSteps > 0 { schedule.hold = unit }
    return schedule
  }
}
