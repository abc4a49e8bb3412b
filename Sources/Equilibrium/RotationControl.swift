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
    /// Steps in which the rotation stays too fast without any decay: a norm cannot grow faster than the updates let it.
    public let withoutDecay: Int
    /// Steps in which no decay is strong enough; they keep that of the step before.
    public let unreached: Int
    /// Whether the schedule brings the rotation nearer to the variant's at all.
    public var helps: Bool { achieved.rmsLogarithm < planned.rmsLogarithm }
  }

  /// Below this share of the peak learning rate the decay stays what it is: the weight hardly turns any more, and only a
  /// decay without limit could change it.
  public static let smallestShare = 1e-3

  /// How far a run's rotation is from that of the rotational variant.
  public struct Deviation: Sendable {
    /// Root mean square of ln(rotation/target) over the steps with a learning rate above 0.
    public var rmsLogarithm: Double { count == 0 ? 0 : (squares / Double(count)).squareRoot() }
    /// The largest factor by which the rotation exceeds the target.
    public fileprivate(set) var worstOver = TrajectorySummary.Extreme(step: 0, factor: 0)
    /// The smallest factor.
    public fileprivate(set) var worstUnder = TrajectorySummary.Extreme(step: 0, factor: .infinity)
    private var (squares, count) = (0.0, 0)

    fileprivate mutating func add(step: Int, factor: Double) {
      guard factor > 0, factor.isFinite else { return }
      let logarithm = Double.log(factor)
      squares += logarithm * logarithm
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
    return try decaySchedule(trajectory.begin().process, targets, planned)
  }

  private func decaySchedule(
    _ start: some MomentProcess, _ targets: [Trajectory.Point], _ planned: Deviation
  ) throws(TrajectoryError) -> DecaySchedule {
    var process = start
    var (decays, achieved): ([Double], Deviation) = ([], Deviation())
    var (withoutDecay, unreached) = (0, 0)
    decays.reserveCapacity(targets.count)
    let smallest = trajectory.plan.learningRate * Self.smallestShare
    var hasStarted = false
    for (index, point) in targets.enumerated() {
      let next = targets[min(index + 1, targets.count - 1)]
      /// The rotation of the next step over its target, if this step decays by λ.
      func excess(_ λ: Double) -> Double {
        var trial = process
        _ = step(&trial, point, λ)
        // The decay of the next step is not known yet, but near this one's.
        return step(&trial, next, λ) / next.rotationalVariant - 1
      }
      hasStarted = hasStarted || point.learningRate >= smallest
      var λ = decays.last ?? 0
      if point.learningRate > 0, next.learningRate > 0, !hasStarted || next.learningRate >= smallest {
        switch solve(excess, guess: max(λ, point.weightDecay), below: 0.5 / point.learningRate) {
        case .found(let decay): λ = decay
        case .tooFast: (λ, withoutDecay) = (0, withoutDecay + 1)
        case .tooSlow: unreached += 1
        }
      }
      decays.append(λ)
      achieved.add(step: point.step, factor: step(&process, point, λ) / point.rotationalVariant)
      guard process.normPower.isFinite, process.normPower > 0 else { throw .notFinite(step: point.step) }
    }
    return DecaySchedule(
      weightDecay: decays, achieved: achieved, planned: planned, withoutDecay: withoutDecay,
      unreached: unreached)
  }

  private enum Root {
    case found(Double)
    case tooFast
    case tooSlow
  }

  /// More decay makes a smaller norm and a faster rotation: the root is bracketed between no decay and the limit.
  private func solve(_ excess: (Double) -> Double, guess: Double, below limit: Double) -> Root {
    // From one step to the next it hardly changes, so that a narrow bracket mostly holds it.
    var (high, width) = (min(max(guess, 1e-12), limit), 1e-3)
    var highValue = excess(high)
    var (low, lowValue) = (high, highValue)
    while highValue < 0, high < limit {
      (low, lowValue) = (high, highValue)
      high = min(high * (1 + width), limit)
      highValue = excess(high)
      width *= 16
    }
    guard highValue >= 0 else { return .tooSlow }
    while lowValue >= 0 {
      if lowValue == 0 { return .found(low) }
      guard low > 0 else { return lowValue < 1e-9 ? .found(0) : .tooFast }
      (high, highValue) = (low, lowValue)
      low = width < 1 ? low * (1 - width) : 0
      lowValue = excess(low)
      width *= 16
    }
    // The Illinois method: a secant that keeps the bracket.
    for _ in 0..<60 {
      let middle = (low * highValue - high * lowValue) / (highValue - lowValue)
      let value = excess(middle)
      if abs(value) < 1e-10 || high - low < 1e-14 * high { return .found(middle) }
      if value < 0 {
        (low, lowValue) = (middle, value)
        highValue /= 2
      } else {
        (high, highValue) = (middle, value)
        lowValue /= 2
      }
    }
    return .found((low + high) / 2)
  }

  private func step(_ process: inout some MomentProcess, _ point: Trajectory.Point, _ λ: Double) -> Double {
    trajectory.step(&process, point, weightDecay: λ)
  }

  /// Steps at the start that over-rotation is not judged by: the first updates of Adam and Lion have full size whatever
  /// the norm, until the first moment averages.
  public var burnIn: Int {
    let values = trajectory.settings.values
    return Int((2 / (1 - (values[.beta1] ?? values[.momentum] ?? 0))).rounded())
  }

  /// A run that keeps its over-rotation below a factor.
  public struct Held: Sendable {
    /// Its summary.
    public let summary: TrajectorySummary
    /// Its worst over-rotation behind the first steps; nil where there is none.
    public let over: TrajectorySummary.Extreme?
    /// Its worst under-rotation behind the first steps; nil where there is none.
    public let under: TrajectorySummary.Extreme?
  }

  /// A run's extremes behind the first steps.
  public func extremes(_ trajectory: Trajectory) throws(TrajectoryError) -> Held {
    var summary = TrajectorySummary()
    var (over, under): (TrajectorySummary.Extreme?, TrajectorySummary.Extreme?)
    let burnIn = burnIn
    try trajectory.forEach { point in
      summary.add(point)
      let factor = point.rotation.moments / point.equilibriumRotation
      guard point.step > burnIn, factor.isFinite else { return }
      if factor > over?.factor ?? 1 { over = .init(step: point.step, factor: factor) }
      if factor < under?.factor ?? 1 { under = .init(step: point.step, factor: factor) }
    }
    return Held(summary: summary, over: over, under: under)
  }

  /// The initial norm nearest to the planned one from which the rotation never exceeds `factor` times its equilibrium.
  ///
  /// Norms from a thousandth to a thousand times the planned one are tried, since over-rotation need not fall with the
  /// norm: the gradient of a scale-invariant weight grows as the norm falls, and that of SGDM moves the norm with it.
  ///
  /// - Parameter factor: the over-rotation allowed, above 1.
  /// - Returns: the norm and the run from it; nil where none of them does.
  public func initialNorm(
    keepingBelow factor: Double
  ) throws(TrajectoryError) -> (norm: Double, run: Held)? {
    let scale = trajectory.initialNorm
    func run(_ logarithm: Double) throws(TrajectoryError) -> Held {
      try extremes(trajectory.starting(at: scale * Double.exp(logarithm)))
    }
    func holds(_ held: Held) -> Bool { held.over?.factor ?? 0 <= factor }
    let planned = try run(0)
    if holds(planned) { return (scale, planned) }
    let spacing = Double.log(10) / 10
    for distance in 1...30 {
      for side in [1.0, -1.0] {
        let outer = side * spacing * Double(distance)
        guard holds(try run(outer)) else { continue }
        var (bad, good) = (outer - side * spacing, outer)
        for _ in 0..<20 {
          let middle = (bad + good) / 2
          if holds(try run(middle)) { good = middle } else { bad = middle }
        }
        return (scale * Double.exp(good), try run(good))
      }
    }
    return nil
  }

  /// The shortest linear warmup that keeps the rotation below `factor` times its equilibrium, among lengths that double
  /// and the steps between the last that fails and the first that holds.
  ///
  /// - Parameters:
  ///   - factor: the over-rotation allowed, above 1.
  ///   - plan: the plan for a number of warmup steps.
  /// - Returns: the number of steps and the run with it; nil where no warmup shorter than the run does.
  public func warmup(
    keepingBelow factor: Double, _ plan: (Int) -> RunPlan
  ) throws(TrajectoryError) -> (steps: Int, run: Held)? {
    func run(_ steps: Int) throws(TrajectoryError) -> Held { try extremes(trajectory.following(plan(steps))) }
    func holds(_ held: Held) -> Bool { held.over?.factor ?? 0 <= factor }
    let without = try run(0)
    if holds(without) { return (0, without) }
    let most = trajectory.plan.steps - 1
    var (low, high) = (0, 1)
    while high <= most, !holds(try run(high)) {
      (low, high) = (high, high < most ? min(2 * high, most) : most + 1)
    }
    guard high <= most else { return nil }
    while high - low > 1 {
      let middle = (low + high) / 2
      if holds(try run(middle)) { high = middle } else { low = middle }
    }
    return (high, try run(high))
  }
}

extension Trajectory {
  /// The same run from another norm.
  public func starting(at norm: Double) -> Trajectory {
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
}
