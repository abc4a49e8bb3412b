import Dynamics
import Formulas
import RealModule

/// The other way round: how a standard optimizer can be made to turn as its rotational variant does (§5.2: "could be
/// replicated by scheduling η or λ appropriately").
public struct RotationControl: Sendable {
  /// The run as it is planned.
  public let trajectory: Trajectory

  /// Control of a planned run.
  public init(_ trajectory: Trajectory) { self.trajectory = trajectory }

  /// A weight decay schedule with what it achieves.
  public struct DecaySchedule: Sendable {
    /// λ_t of each step, in PyTorch's convention.
    public let weightDecay: [Double]
    /// The run under this schedule, compared with the rotational variant.
    public let achieved: Deviation
    /// The run as it was planned.
    public let planned: Deviation
    /// Steps in which no decay of at least 0 and below 1/η_t was enough.
    public let clamped: Int
  }

  /// How far a run's rotation is from that of the rotational variant.
  public struct Deviation: Sendable {
    /// Root mean square of ln(rotation/target) over the steps with a learning rate above 0.
    public fileprivate(set) var rmsLogarithm = 0.0
    /// The largest factor by which the rotation exceeds the target.
    public fileprivate(set) var worstOver = TrajectorySummary.Extreme(step: 0, factor: 0)
    /// The smallest factor.
    public fileprivate(set) var worstUnder = TrajectorySummary.Extreme(step: 0, factor: .infinity)
    private var count = 0

    fileprivate mutating func add(step: Int, factor: Double) {
      guard factor > 0, factor.isFinite else { return }
      let square = Double.log(factor) * Double.log(factor)
      rmsLogarithm = ((rmsLogarithm * rmsLogarithm * Double(count) + square) / Double(count + 1)).squareRoot()
      count += 1
      if factor > worstOver.factor { worstOver = .init(step: step, factor: factor) }
      if factor < worstUnder.factor { worstUnder = .init(step: step, factor: factor) }
    }
  }

  /// The decay of every step that brings the norm to where the next step turns by η̂_r of Table 1.
  ///
  /// A step's decay acts on the norm after it, and so on the rotation of the step that follows. Each λ_t is found by
  /// taking the step of the second moments with a trial decay.
  ///
  /// - Throws: ``TrajectoryError``.
  public func decaySchedule() throws(TrajectoryError) -> DecaySchedule {
    var targets: [Trajectory.Point] = []
    targets.reserveCapacity(trajectory.plan.steps)
    var planned = Deviation()
    try trajectory.forEach { point in
      targets.append(point)
      planned.add(step: point.step, factor: point.rotation.moments / point.rotationalVariant)
    }
    guard
      var process = trajectory.settings.optimizer.process(trajectory.settings, trajectory.startingNormPower)
    else { throw .noProcess(trajectory.settings.optimizer) }
    var (decays, clamped, achieved): ([Double], Int, Deviation) = ([], 0, Deviation())
    decays.reserveCapacity(targets.count)
    for (index, point) in targets.enumerated() {
      let next = targets[min(index + 1, targets.count - 1)]
      /// The rotation of the next step over its target, if this step decays by λ.
      func excess(_ λ: Double) -> Double {
        var trial = process
        _ = step(&trial, point, λ)
        let rotation = step(&trial, next, next.weightDecay)
        return rotation / next.rotationalVariant - 1
      }
      var λ = 0.0
      if point.learningRate > 0, next.learningRate > 0 {
        (λ, clamped) = solve(
          excess, guess: decays.last ?? point.weightDecay, below: 1 / point.learningRate, clamped)
      }
      decays.append(λ)
      achieved.add(step: point.step, factor: step(&process, point, λ) / point.rotationalVariant)
      guard process.normPower.isFinite, process.normPower > 0 else { throw .notFinite(step: point.step) }
    }
    return DecaySchedule(weightDecay: decays, achieved: achieved, planned: planned, clamped: clamped)
  }

  /// More decay makes a smaller norm and a faster rotation: the root is bracketed between no decay and the limit.
  private func solve(
    _ excess: (Double) -> Double, guess: Double, below limit: Double, _ clamped: Int
  ) -> (Double, Int) {
    let atZero = excess(0)
    // Too fast without any decay: only a growing norm slows it.
    guard atZero < 0 else { return (0, clamped + (atZero > 1e-9 ? 1 : 0)) }
    var (low, lowValue) = (0.0, atZero)
    var high = min(max(guess, 1e-12) * 2, limit * 0.5)
    var highValue = excess(high)
    while highValue < 0, high < limit * 0.5 {
      (low, lowValue) = (high, highValue)
      high = min(high * 4, limit * 0.5)
      highValue = excess(high)
    }
    guard highValue >= 0 else { return (high, clamped + 1) }
    // The Illinois method: a secant that keeps the bracket.
    for _ in 0..<60 {
      let middle = (low * highValue - high * lowValue) / (highValue - lowValue)
      let value = excess(middle)
      if abs(value) < 1e-10 || high - low < 1e-14 * high { return (middle, clamped) }
      if value < 0 {
        (low, lowValue) = (middle, value)
        highValue /= 2
      } else {
        (high, highValue) = (middle, value)
        lowValue /= 2
      }
    }
    return ((low + high) / 2, clamped)
  }

  private func step(_ process: inout any MomentProcess, _ point: Trajectory.Point, _ λ: Double) -> Double {
    trajectory.step(&process, point, weightDecay: λ)
  }

  /// The smallest initial norm from which the rotation never exceeds `factor` times its equilibrium.
  ///
  /// - Parameter factor: the over-rotation allowed, above 1.
  /// - Returns: the norm, and the over-rotation from it; nil where no norm up to 1000 times the equilibrium's does.
  public func initialNorm(
    keepingBelow factor: Double
  ) throws(TrajectoryError) -> (norm: Double, over: TrajectorySummary.Extreme?)? {
    let scale = trajectory.startingNormPower.squareRoot()
    func over(_ logarithm: Double) throws(TrajectoryError) -> TrajectorySummary.Extreme? {
      try trajectory.starting(at: scale * Double.exp(logarithm)).worstOverRotation()
    }
    var (low, high) = (-12.0, 12.0)
    guard try over(high)?.factor ?? 0 <= factor else { return nil }
    for _ in 0..<40 where high - low > 1e-6 {
      let middle = (low + high) / 2
      if try over(middle)?.factor ?? 0 <= factor { high = middle } else { low = middle }
    }
    return (scale * Double.exp(high), try over(high))
  }

  /// The shortest linear warmup that keeps the rotation below `factor` times its equilibrium.
  ///
  /// - Parameters:
  ///   - factor: the over-rotation allowed, above 1.
  ///   - plan: the plan for a number of warmup steps.
  /// - Returns: the number of steps, and the over-rotation with it; nil where no warmup shorter than the run does.
  public func warmup(
    keepingBelow factor: Double, _ plan: (Int) -> RunPlan
  ) throws(TrajectoryError) -> (steps: Int, over: TrajectorySummary.Extreme?)? {
    func over(_ steps: Int) throws(TrajectoryError) -> TrajectorySummary.Extreme? {
      try trajectory.following(plan(steps)).worstOverRotation()
    }
    var (low, high) = (0, trajectory.plan.steps - 1)
    guard high >= 0, try over(high)?.factor ?? 0 <= factor else { return nil }
    if try over(0)?.factor ?? 0 <= factor { return (0, try over(0)) }
    while high - low > 1 {
      let middle = (low + high) / 2
      if try over(middle)?.factor ?? 0 <= factor { high = middle } else { low = middle }
    }
    return (high, try over(high))
  }
}

extension Trajectory {
  /// E‖ω‖² before the first step.
  var startingNormPower: Double { initialNorm * initialNorm }

  /// The same run from another norm.
  public func starting(at norm: Double) throws(TrajectoryError) -> Trajectory {
    var copy = self
    copy.initialNorm = norm
    return copy
  }

  /// The same weight under another plan.
  public func following(_ plan: RunPlan) throws(TrajectoryError) -> Trajectory {
    guard plan.steps >= 1 else { throw .steps(plan.steps) }
    var copy = self
    copy.plan = plan
    return copy
  }

  /// The largest rotation over equilibrium rotation of the whole run, nil where it never exceeds it.
  public func worstOverRotation() throws(TrajectoryError) -> TrajectorySummary.Extreme? {
    var worst: TrajectorySummary.Extreme?
    try forEach { point in
      let factor = point.rotation.moments / point.equilibriumRotation
      if factor > worst?.factor ?? 1 { worst = .init(step: point.step, factor: factor) }
    }
    return worst
  }
}
