/// What a run's trajectory says in a few numbers: when it is in equilibrium, and how far off it is before.
public struct TrajectorySummary: Sendable {
  /// The relative deviation within which a quantity counts as in equilibrium.
  public static let tolerance = 0.05

  /// The longest time without a break that a quantity spends within 5 % of the equilibrium of its steps.
  public struct Stay: Sendable, Equatable {
    /// First step inside; nil where no step is.
    public private(set) var enters: Int?
    /// First step outside again; nil where it stays to the end or never enters.
    public private(set) var leaves: Int?
    /// Steps inside, those of shorter stays included.
    public private(set) var stepsInside = 0

    private var start: Int?
    private var longest = 0

    /// Whether it leaves within a half-life of deviations: the equilibrium moves past.
    public func onlyPasses(halfLife: Double?) -> Bool {
      guard let enters, let leaves, let halfLife else { return false }
      return Double(leaves - enters) < halfLife
    }

    /// Takes in a step; returns whether the stay that it belongs to is the longest so far.
    mutating func add(step: Int, isInside: Bool) -> Bool {
      guard isInside else {
        if start != nil, enters == start { leaves = step }
        start = nil
        return false
      }
      stepsInside += 1
      let first = start ?? step
      start = first
      guard step - first + 1 > longest else { return false }
      longest = step - first + 1
      (enters, leaves) = (first, nil)
      return true
    }
  }

  /// A step at which the rotation is furthest from its equilibrium.
  public struct Extreme: Sendable, Equatable {
    /// The step.
    public var step: Int
    /// Rotation over equilibrium rotation.
    public var factor: Double

    /// An extreme at a step.
    public init(step: Int, factor: Double) { (self.step, self.factor) = (step, factor) }
  }

  /// The norm by the second moments.
  public private(set) var norm = Stay()
  /// The rotation by the second moments.
  public private(set) var rotation = Stay()
  /// Steps of the run.
  public private(set) var steps = 0
  /// Steps with a learning rate above 0, in which there is an equilibrium.
  public private(set) var movingSteps = 0
  /// Worst over-rotation before the rotation falls out of equilibrium, or of the run where it never is in; nil where
  /// it never exceeds its equilibrium.
  public private(set) var overRotation: Extreme?
  /// Worst under-rotation before the rotation falls out of equilibrium; nil where it never stays below.
  public private(set) var underRotation: Extreme?
  /// Rotation over equilibrium rotation at the last step that moves; NaN where none does.
  public private(set) var finalFactor = Double.nan
  /// Mean rotation of the run, in radians a step.
  public var meanRotation: Double { rotationSum / Double(movingSteps) }
  /// Root mean square rotation of the run, in radians a step.
  public var rmsRotation: Double { (rotationSquares / Double(movingSteps)).squareRoot() }
  /// Mean and root mean square rotation of the rotational variant at the same hyperparameters.
  public var rotationalVariant: (mean: Double, rms: Double) {
    (variantSum / Double(movingSteps), (variantSquares / Double(movingSteps)).squareRoot())
  }
  /// Share of the moving steps in which the rotation is not within 5 % of its equilibrium, in [0, 1].
  public var shareOutOfEquilibrium: Double {
    movingSteps == 0 ? .nan : 1 - Double(rotation.stepsInside) / Double(movingSteps)
  }
  /// Whether the rotation is within 5 % of its equilibrium for at least a twentieth of the run.
  ///
  /// A falling equilibrium passes any norm once; such a crossing is not counted.
  public var reachesEquilibrium: Bool { rotation.stepsInside * 20 >= max(movingSteps, 1) }

  private var runningOver: Extreme?
  private var runningUnder: Extreme?
  private var (rotationSum, rotationSquares) = (0.0, 0.0)
  private var (variantSum, variantSquares) = (0.0, 0.0)

  /// The summary of no step.
  public init() {}

  /// Takes in the next step.
  public mutating func add(_ point: Trajectory.Point) {
    steps += 1
    guard point.learningRate > 0, point.equilibriumRotation > 0 else {
      _ = norm.add(step: point.step, isInside: false)
      _ = rotation.add(step: point.step, isInside: false)
      return
    }
    movingSteps += 1
    rotationSum += point.rotation.moments
    rotationSquares += point.rotation.moments * point.rotation.moments
    variantSum += point.rotationalVariant
    variantSquares += point.rotationalVariant * point.rotationalVariant
    let factor = point.rotation.moments / point.equilibriumRotation
    finalFactor = factor
    if factor > max(1, runningOver?.factor ?? 1) { runningOver = Extreme(step: point.step, factor: factor) }
    if factor < min(1, runningUnder?.factor ?? 1) { runningUnder = Extreme(step: point.step, factor: factor) }
    _ = norm.add(step: point.step, isInside: Self.isNear(point.norm.moments, point.equilibriumNorm))
    let isInside = Self.isNear(point.rotation.moments, point.equilibriumRotation)
    let isLongest = rotation.add(step: point.step, isInside: isInside)
    // Until the longest stay is over, whatever came before counts; without one, the whole run.
    if isLongest || rotation.enters == nil { (overRotation, underRotation) = (runningOver, runningUnder) }
  }

  private static func isNear(_ value: Double, _ equilibrium: Double) -> Bool {
    abs(value / equilibrium - 1) <= tolerance
  }
}

extension Trajectory {
  /// Follows the run to its end.
  public func summary() throws(TrajectoryError) -> TrajectorySummary {
    var summary = TrajectorySummary()
    try forEach { summary.add($0) }
    return summary
  }
}
