import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import Training

// What replay is asked for by the flags.
extension ReplayCommand {
  struct Request {
    /// The optimizer in print: RV-AdamW.
    let title: String
    let rule: any UpdateRule
    let wrapper: RotationalWrapper?
    let plan: RunPlan
    /// The angle of every step; empty without a rotational variant.
    let angles: [Double]
    /// All settings, for people and files.
    let description: [ReplayReport.Setting]

    /// The settings of the step that follows `taken` others.
    func settings(after taken: Int) -> StepSettings {
      let now = plan.step(after: taken)
      return StepSettings(
        learningRate: now.learningRate, weightDecay: now.weightDecay, shrink: now.shrink,
        rotation: angles.isEmpty ? 0 : angles[taken])
    }
  }

  /// PyTorch's ε of Adam and AdamW.
  private static let defaultEpsilon = 1e-8

  func request(_ recording: Recording) throws -> Request {
    let target = try ConversionTarget(optimizer, as: "optimizer")
    if !target.isRotational { try rotational.refuse(for: target.optimizer) }
    try refuseIdle(target)
    let convention = try target.optimizer.decayConvention(decayConvention)
    let (settings, weightDecay) = try settings(target.optimizer, convention)
    guard let rule = target.optimizer.updateRule(settings) else {
      throw Failure("\(target.optimizer.title) has no update rule for these settings", .usage)
    }
    let plan = try runPlan(settings, weightDecay, convention, recorded: recording.steps)
    let wrapper = target.isRotational ? try rotational.wrapper() : nil
    if target.isRotational, weightDecay == 0, rotational.rotation == nil {
      throw Failure(
        "missing --rotation: without weight decay there is no equilibrium to take it from", .usage)
    }
    let angles = target.isRotational ? try rotational.angles(settings, plan) : []
    return Request(
      title: (target.isRotational ? "RV-" : "") + settings.title, rule: rule, wrapper: wrapper, plan: plan,
      angles: angles, description: description(target, settings, plan, wrapper, angles))
  }

  /// The settings, and the weight decay as its convention writes it.
  private func settings(
    _ optimizer: Optimizer, _ convention: DecayConvention
  ) throws -> (Settings, weightDecay: Double) {
    var values = values
    let decays = values.weightDecay.flatMap(Double.init) != 0
    if !decays { values.weightDecay = nil }
    var known = try values.values()
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    let given = known[.weightDecay] ?? 0
    if let peak = known[.learningRate] {
      // Settings are those of an equilibrium, and without decay there is none. The rule is the same whatever the decay.
      known[.weightDecay] =
        decays
        ? known[.weightDecay].map { convention.coupled(fromWeightDecay: $0, peak: peak) } : 0.5 / peak
    }
    let epsilon = optimizer.addsEpsilon ? known.removeValue(forKey: .epsilon) ?? Self.defaultEpsilon : nil
    let settings = try weight.settings(optimizer, known)
    return (epsilon.map { settings.adding([.epsilon: $0]) } ?? settings, given)
  }

  /// A run as long as what was recorded, or as --steps says.
  private func runPlan(
    _ settings: Settings, _ weightDecay: Double, _ convention: DecayConvention, recorded: Int
  ) throws -> RunPlan {
    var plan = plan
    guard plan.stepsPerEpoch == nil else {
      throw Failure("--steps-per-epoch does not apply to recorded steps", .usage)
    }
    if plan.steps == nil { plan.steps = String(recorded) }
    let steps = try plan.requiredSteps()
    guard steps <= recorded else {
      throw Failure(
        "--steps: \(steps) is not allowed, expected at most \(recorded), the steps in \(gradients)", .usage)
    }
    guard weightDecay > 0 || plan.decaySchedule == nil else {
      throw Failure("--decay-schedule does not go with --weight-decay 0", .usage)
    }
    return try plan.plan(
      learningRate: settings.values[.learningRate] ?? .nan, weightDecay: weightDecay, convention: convention)
  }

  /// Every setting that the result depends on.
  private func description(
    _ target: ConversionTarget, _ settings: Settings, _ plan: RunPlan, _ wrapper: RotationalWrapper?,
    _ angles: [Double]
  ) -> [ReplayReport.Setting] {
    typealias Setting = ReplayReport.Setting
    var rows = [
      Setting(
        "optimizer", name: "optimizer",
        .word((target.isRotational ? "rv-" : "") + target.optimizer.identifier)),
      Setting(
        "learning rate \(Symbol.learningRate), peak", name: "learning_rate", .number(plan.learningRate)),
      Setting("its schedule", name: "schedule", .word(plan.learningRateSchedule.name)),
      Setting("weight decay \(Symbol.weightDecay), peak", name: "weight_decay", .number(plan.weightDecay)),
      Setting("its schedule", name: "decay_schedule", .word(plan.weightDecaySchedule.name)),
    ]
    if target.optimizer.decouplesDecay {
      rows.append(Setting("its convention", name: "decay_convention", .word(plan.convention.rawValue)))
    }
    for symbol in [Symbol.momentum, .dampening, .beta1, .beta2, .epsilon] {
      guard let value = settings.values[symbol] else { continue }
      rows.append(Setting("\(symbol.meaning) \(symbol)", name: symbol.name, .number(value)))
    }
    if settings.variant.nesterov { rows.append(Setting("form", name: "form", .word("nesterov"))) }
    guard let wrapper else { return rows }
    rows += [
      Setting("rotation, from", name: "rotation", .word(rotational.rotation ?? "Table 1")),
      Setting(
        "rotation, mean over the steps (rad)", name: "mean_rotation",
        .number(angles.reduce(0, +) / Double(angles.count))),
      Setting("turns as one", name: "granularity", .word(wrapper.granularity.rawValue)),
      Setting("mean", name: "mean", .word(wrapper.zeroMean ? "removed" : "kept")),
      Setting("update RMS tracker β", name: "rv_beta", .number(wrapper.decayFactor)),
      Setting("its ε", name: "rv_epsilon", .number(wrapper.epsilon)),
    ]
    if wrapper.learnsGain { rows.append(Setting("gains", name: "gains", .word("learned"))) }
    if let imbalance = rotational.imbalance {
      rows.append(Setting("imbalance", name: "imbalance", .word(imbalance)))
    }
    return rows
  }
}
