import Dynamics
import Equilibrium
import Formulas
import Parameters
import RealModule
import RunConfigurations

/// What the theory says of the weight vectors of a layer at a step of its run.
struct TensorPrediction {
  private let layer: LayerShape
  private let run: TrainingRun
  private let plan: RunPlan
  private let step: Int
  /// The weight vector at the peak.
  private let settings: Settings
  /// The weight vector under the hyperparameters of the step; nil where the learning rate is 0.
  private let now: Settings?
  private let norm: Double?
  private let rotation: Double?
  private let expected: Double?
  /// The norm of now still depends on an initial norm that is not known.
  private let remembersStart: Bool
  /// The configured weight decay in the run's own convention.
  private let configuredDecay: Double?
  /// Steps by which a run is entered before a checkpoint, in which momentum finds its value.
  private let lead: Int

  init(_ layer: LayerShape, run: TrainingRun, step: Int) throws(AuditError) {
    let (settings, plan): (Settings, RunPlan)
    do throws(SettingsError) { settings = try run.settings(for: layer) } catch { throw .settings(error) }
    do throws(ScheduleError) { plan = try run.plan(for: layer) } catch { throw .schedule(error) }
    (self.layer, self.run, self.plan, self.step, self.settings) = (layer, run, plan, step, settings)
    configuredDecay = settings.values[.weightDecay].flatMap { coupled in
      settings.values[.learningRate].map { run.decayConvention.weightDecay(fromCoupled: coupled, peak: $0) }
    }
    let last = plan.step(after: step - 1)
    now = Self.settings(of: layer, run, last)
    (norm, rotation) = now.map { Self.equilibrium($0, shrink: last.shrink) } ?? (nil, nil)
    // What is left of the first ‖ω‖² is e^{−2Σηλ}.
    let forgotten = (0..<step).reduce(0) { $0 + plan.step(after: $1).shrink }
    remembersStart = settings.values[.initialNorm] == nil && forgotten < Audit.forgetting
    expected = remembersStart ? nil : Self.expectedNorm(settings, plan, step: step)
    let slowest = [Symbol.momentum, .beta1].compactMap { settings.values[$0] }.max() ?? 0
    // Lion's momentum is the average with β₂.
    let own = run.optimizer.identifier == "lion" ? settings.values[.beta2] ?? 0 : 0
    lead = min(Int((10 / (1 - max(slowest, own))).rounded(.up)), 10_000)
  }

  /// The settings at the hyperparameters of a step; nil where there are none.
  private static func settings(of layer: LayerShape, _ run: TrainingRun, _ step: RunPlan.Step) -> Settings? {
    guard step.learningRate > 0, step.weightDecay > 0 else { return nil }
    var (run, layer) = (run, layer)
    run.decayConvention = .coupled
    run.hyperparameters[.learningRate] = step.learningRate
    run.hyperparameters[.weightDecay] = step.weightDecay
    (layer.hyperparameters[.learningRate], layer.hyperparameters[.weightDecay]) = (nil, nil)
    return try? run.settings(for: layer)
  }

  /// Norm and rotation in equilibrium, with the engine's refinements.
  private static func equilibrium(_ settings: Settings, shrink: Double) -> (Double?, Double?) {
    let process = settings.optimizer.process(settings, 1)
    let factors = process?.equilibriumFactors(shrink: shrink) ?? (norm: 1, rotation: 1)
    func value(_ quantity: Quantity) -> Double? {
      for fidelity in [Fidelity.moments, .leading] {
        if let formula = settings.formula(quantity, fidelity)?.formula,
          let value = try? formula.evaluated(settings.values), value.isFinite
        {
          return value
        }
      }
      return nil
    }
    return (
      value(.equilibriumNorm).map { $0 * factors.norm },
      value(.expectedRotation).map { $0 * factors.rotation }
    )
  }

  /// Where the run leads to from the initial norm; where this is not known but forgotten, from equilibrium at the peak.
  private static func expectedNorm(_ settings: Settings, _ plan: RunPlan, step: Int) -> Double? {
    let peak = (settings.values[.learningRate] ?? .nan) * (settings.values[.weightDecay] ?? .nan)
    guard let start = settings.values[.initialNorm] ?? equilibrium(settings, shrink: peak).0 else {
      return nil
    }
    var plan = plan
    plan.steps = step
    guard let trajectory = try? trajectory(settings, plan, from: start) else { return nil }
    return try? trajectory.finalNorm()
  }

  private static func trajectory(
    _ settings: Settings, _ plan: RunPlan, from norm: Double, gradientNorm: Double? = nil
  ) throws -> Trajectory {
    var values = settings.values
    values[.initialNorm] = norm
    let isInvariant = settings.variant.weight == .scaleInvariant
    if let gradientNorm {
      values[isInvariant ? .unitGradientPower : .gradientPower] = gradientNorm * gradientNorm
    }
    for derived in settings.derived { values[derived.symbol] = nil }
    let started = try Settings(
      settings.optimizer, values, weight: settings.variant.weight, nesterov: settings.variant.nesterov)
    return try Trajectory(started, plan)
  }

  // MARK: Of one checkpoint

  /// Fills in what is predicted at the norm that was measured.
  func predict(_ tensor: inout TensorAudit) {
    tensor.isAtRest = plan.step(after: step - 1).learningRate == 0
    guard let now else { return }
    fill(&tensor, now, norm, rotation)
    tensor.expectedNorm = expected
    tensor.remembersStart = remembersStart && norm != nil
    if tensor.equilibriumNorm == nil {
      tensor.missing =
        now.formula(.equilibriumNorm, .leading)?.formula.symbols
        .filter { now.values[$0] == nil }.sorted { $0.name < $1.name } ?? []
    }
    guard let ratio = tensor.ratio, tensor.norm > 0 else { return }
    tensor.stepsToEquilibrium = stepsToEquilibrium(from: tensor, ratio, gradientNorm: nil)
  }

  private func fill(_ tensor: inout TensorAudit, _ settings: Settings, _ norm: Double?, _ rotation: Double?) {
    tensor.equilibriumNorm = norm
    tensor.equilibriumRotation = rotation
    tensor.updateSize = updateSize(settings, at: tensor.norm)
    let leading = settings.formula(.equilibriumNorm, .leading)?.formula
    if let norm, tensor.norm > 0, let λ = configuredDecay,
      let power = leading?.exponent(of: .weightDecay)?.value
    {
      tensor.restingDecay = λ * Double.pow(tensor.norm / norm, 1 / power)
    }
  }

  /// η_g at a norm: where the update follows the gradient, that of a scale-invariant weight is ‖g̃‖/‖ω‖ (6).
  private func updateSize(_ settings: Settings, at norm: Double) -> Double? {
    var values = settings.values
    if let power = values[.unitGradientPower], settings.variant.weight == .scaleInvariant, norm > 0 {
      values[.gradientPower] = power / (norm * norm)
    }
    let formula = settings.optimizer.formula(.rmsUpdateSize, .leading, settings.variant)?.formula
    return try? formula?.evaluated(values)
  }

  private func stepsToEquilibrium(from tensor: TensorAudit, _ ratio: Double, gradientNorm: Double?) -> Int? {
    if abs(ratio - 1) <= Audit.tolerance { return 0 }
    guard let trajectory = try? Self.trajectory(settings, plan, from: tensor.norm, gradientNorm: gradientNorm)
    else {
      return nil
    }
    return try? trajectory.stepsToEquilibrium(
      after: step, from: tensor.norm, lead: lead, within: Audit.tolerance)
  }

  // MARK: Of two

  /// Fills in what is predicted of the way from the earlier checkpoint.
  func predictChange(_ tensor: inout TensorAudit, over count: Int) {
    guard var change = tensor.change, change.normBefore > 0, tensor.norm > 0 else { return }
    if change.isFrozen {
      // Neither the gradient nor the decay that the predictions have.
      tensor.stepsToEquilibrium = nil
      return
    }
    defer { tensor.change = change }
    var passage = passage(from: change.normBefore, over: count, gradientNorm: nil)
    if passage == nil, tensor.equilibriumNorm == nil,
      let found = gradientNorm(change, to: tensor.norm, over: count)
    {
      change.gradientNorm = found
      passage = self.passage(from: change.normBefore, over: count, gradientNorm: found)
      // What is not known without a gradient follows from the one that was found.
      let isInvariant = settings.variant.weight == .scaleInvariant
      var run = run
      run.hyperparameters[isInvariant ? .unitGradientPower : .gradientPower] = found * found
      let last = plan.step(after: step - 1)
      if let found = Self.settings(of: layer, run, last) {
        let (norm, rotation) = Self.equilibrium(found, shrink: last.shrink)
        fill(&tensor, found, norm, rotation)
        if let ratio = tensor.ratio {
          tensor.stepsToEquilibrium = stepsToEquilibrium(
            from: tensor, ratio, gradientNorm: change.gradientNorm)
        }
      }
    }
    change.predictedNorm = passage?.normAfter
    change.predictedRotation = passage?.rotation ?? equilibriumRotation(over: count)
    if change.isContradicted { tensor.stepsToEquilibrium = nil }
    guard let kept = passage?.retention, kept > 0, kept < 1, let λ = configuredDecay else { return }
    // −ln of what is left is proportional to the decay; the momentum is in both.
    let loss = -Double.log(kept)
    let chance =
      Double.tan(change.rotation) * change.retention
      / Double(tensor.tensor.neurons * layer.dimension).squareRoot()
    if change.retention > 0 {
      change.effectiveDecay = (
        λ * -Double.log(change.retention) / loss, λ * chance / change.retention / loss
      )
    }
  }

  private func passage(from norm: Double, over count: Int, gradientNorm: Double?) -> Passage? {
    guard let trajectory = try? Self.trajectory(settings, plan, from: norm, gradientNorm: gradientNorm) else {
      return nil
    }
    return try? trajectory.passage(after: step - count, steps: count, from: norm, lead: lead)
  }

  /// The angle in equilibrium under the hyperparameters of the middle step, where the engine has none.
  private func equilibriumRotation(over count: Int) -> Double? {
    guard let middle = Self.settings(of: layer, run, plan.step(after: step - 1 - count / 2)),
      let rotation = try? settings.optimizer.rotationOverSteps?(count, middle), rotation.isFinite
    else { return nil }
    return rotation
  }

  /// The gradient norm with which the earlier norm leads to the later one; nil where none does.
  private func gradientNorm(_ change: TensorAudit.Change, to norm: Double, over count: Int) -> Double? {
    // The squared norm is nearly linear in the gradient power.
    func miss(_ power: Double) -> Double? {
      passage(from: change.normBefore, over: count, gradientNorm: power.squareRoot()).map {
        ($0.normAfter * $0.normAfter) / (norm * norm) - 1
      }
    }
    guard let η = now?.values[.learningRate] ?? settings.values[.learningRate] else { return nil }
    // What turns the weight as far as it was turned, without momentum, is a first guess.
    let turned = Double.tan(min(change.rotation, 1.5)) * change.normBefore
    let isInvariant = settings.variant.weight == .scaleInvariant
    let own = turned * (1 - (settings.values[.momentum] ?? 0)) / (η * Double(count).squareRoot())
    var low = (own * (isInvariant ? change.normBefore : 1)) * (own * (isInvariant ? change.normBefore : 1))
    guard low > 0, low.isFinite, var lowMiss = miss(low) else { return nil }
    var high = low * (lowMiss > 0 ? 0.5 : 2)
    for _ in 0..<60 {
      guard let highMiss = miss(high) else { return nil }
      if abs(highMiss) < 1e-10 { return high.squareRoot() }
      let slope = (highMiss - lowMiss) / (high - low)
      guard slope > 0 else { return nil }
      (low, lowMiss) = (high, highMiss)
      let next = high - highMiss / slope
      // Less than none: the norm fell faster than the decay alone lets it.
      guard next > 0 else { return nil }
      high = min(max(next, low / 10), low * 10)
      if abs(high / low - 1) < 1e-13 { return high.squareRoot() }
    }
    return nil
  }
}
