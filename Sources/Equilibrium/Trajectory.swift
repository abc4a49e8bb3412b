import Dynamics
import Formulas
import RealModule

/// Norm and rotation of a weight vector at every step of a run.
///
/// Two predictions side by side: the paper's recurrence (16), (17), and the second moments, which know the momentum,
/// the bias correction and the lag of v. Beside them the equilibrium of each step's hyperparameters: where the weight
/// would settle if nothing changed any more.
public struct Trajectory: Sendable {
  /// The weight vector at the peak learning rate; its initial norm is where the run starts.
  public let settings: Settings
  /// The hyperparameters of every step.
  public internal(set) var plan: RunPlan
  /// The gradient of every step.
  public let gradient: GradientTrace
  var initialNorm: Double
  let reference: QuasiStatic

  /// The longest run that is followed step by step, in a second or two: several times the longest that networks are trained for.
  public static let mostSteps = 4_000_000

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - settings: the weight vector at the peak, with dimension and initial norm.
  ///   - plan: the hyperparameters of every step.
  ///   - gradient: the gradient of every step; nil for the constant one of the settings.
  /// - Throws: ``TrajectoryError``.
  public init(
    _ settings: Settings, _ plan: RunPlan, gradient: GradientTrace? = nil
  ) throws(TrajectoryError) {
    guard 1...Self.mostSteps ~= plan.steps else { throw .steps(plan.steps) }
    guard let initialNorm = settings.values[.initialNorm] else { throw .missing([.initialNorm]) }
    guard gradient?.momentumCosine == nil || settings.optimizer.followsMomentumCosine else {
      throw .noMomentumCosine(settings.optimizer)
    }
    guard settings.optimizer.process(settings, 1) != nil else {
      throw settings.values[.dimension] == nil ? .missing([.dimension]) : .noProcess(settings.optimizer)
    }
    self.settings = settings
    self.plan = plan
    self.initialNorm = initialNorm
    if let gradient {
      self.gradient = gradient
    } else {
      self.gradient = try Trajectory.constantGradient(settings)
    }
    reference = try QuasiStatic(settings)
  }

  /// One step of a run.
  public struct Point: Sendable {
    /// The step, from 1.
    public var step = 0
    /// Learning rate η_t of the step.
    public var learningRate = 0.0
    /// Weight decay λ_t of the step in PyTorch's convention.
    public var weightDecay = 0.0
    /// Gradient power E‖g‖² of the step; of no meaning where it was not given because it cancels.
    public var gradientPower = 0.0
    /// ‖ω_t‖ after the step.
    public var norm = Predicted()
    /// The angle between ω_{t−1} and ω_t, in radians.
    public var rotation = Predicted()
    /// Where the norm would settle under the step's hyperparameters; NaN where the learning rate is 0.
    public var equilibriumNorm = 0.0
    /// Where the rotation would settle; NaN where the learning rate is 0.
    public var equilibriumRotation = 0.0
    /// Rotation of the rotational variant under the step's hyperparameters: Table 1.
    public var rotationalVariant = 0.0

    /// The same at the peak weight decay, whatever that of the step.
    var rotationalVariantAtPeakDecay = 0.0
    /// What a decoupled decay takes away of the weight.
    var shrink = 0.0
    /// Root mean square norm of the gradient as it was given.
    var gradientNorm = 0.0
    /// E‖g̃‖².
    var unitGradientPower = 0.0
    /// λ_e − λ.
    var radialDecay = 0.0
    /// Cosine between gradient and first moment.
    var momentumCosine = 0.0

    /// A step that nothing is known of yet.
    public init() {}
  }

  /// A quantity by either way of predicting it.
  public struct Predicted: Sendable {
    /// By (16), (17) or the optimizer's counterpart.
    public var recurrence = 0.0
    /// By the second moments in time.
    public var moments = 0.0

    /// Zero by either.
    public init() {}
  }

  /// Steps computed between two visits to the formulas.
  private static let block = 512

  /// Follows the run step by step; memory does not depend on its length.
  ///
  /// - Parameter visit: what is done with each step, in order.
  /// - Throws: ``TrajectoryError/diverges(step:product:)`` or ``TrajectoryError/notFinite(step:)``.
  public func forEach(_ visit: (Point) -> Void) throws(TrajectoryError) {
    var run = try begin()
    try forEachBlock(&run) { points, run in
      reference.fill(points, recurrence: &run.recurrence, process: run.process)
      for point in points { visit(point) }
    }
  }

  /// ‖ω‖ after the last step by the second moments alone, without the closed forms of each step.
  public func finalNorm() throws(TrajectoryError) -> Double {
    var run = try begin()
    try forEachBlock(&run) { _, _ in }
    return run.process.normPower.squareRoot()
  }

  /// What is carried from step to step.
  struct Run {
    var process: any MomentProcess
    /// ‖ω‖² by the recurrence.
    var recurrence: Double
  }

  func begin() throws(TrajectoryError) -> Run {
    let start = initialNorm * initialNorm
    guard let process = settings.optimizer.process(settings, start) else {
      throw .noProcess(settings.optimizer)
    }
    return Run(process: process, recurrence: start)
  }

  /// Takes the second moments through the run, a block at a time.
  private func forEachBlock(
    _ run: inout Run, _ visit: (UnsafeMutableBufferPointer<Point>, inout Run) -> Void
  ) throws(TrajectoryError) {
    // One buffer for the whole run: arrays would ask at every write whether they are shared.
    let buffer = UnsafeMutableBufferPointer<Point>.allocate(capacity: min(Trajectory.block, plan.steps))
    buffer.initialize(repeating: Point())
    defer { buffer.deallocate() }
    for taken in stride(from: 0, to: plan.steps, by: Trajectory.block) {
      let points = UnsafeMutableBufferPointer(rebasing: buffer.prefix(plan.steps - taken))
      prepare(points, after: taken)
      try advance(&run.process, points)
      visit(points, &run)
    }
  }

  /// What does not depend on the weight: hyperparameters and the gradient's own norm.
  private func prepare(_ points: UnsafeMutableBufferPointer<Point>, after taken: Int) {
    let (plan, gradient) = (plan, gradient)
    let excess = (settings.values[.decayErrorFactor] ?? 1) - 1
    // λ_e − λ at constant λ_u.
    let constant = (settings.values[.radialDecay] ?? 0) - excess * (settings.values[.weightDecay] ?? 0)
    for index in points.indices {
      let hyperparameters = plan.step(after: taken + index)
      points[index].step = taken + index + 1
      points[index].learningRate = hyperparameters.learningRate
      points[index].weightDecay = hyperparameters.weightDecay
      points[index].shrink = hyperparameters.shrink
      points[index].gradientNorm = gradient.norm.factor(after: taken + index)
      points[index].radialDecay = constant
    }
    if let radialDecay = gradient.radialDecay {
      for index in points.indices { points[index].radialDecay = radialDecay.factor(after: taken + index) }
    }
    if let cosine = gradient.momentumCosine {
      for index in points.indices { points[index].momentumCosine = cosine.factor(after: taken + index) }
    }
    if excess != 0 {
      for index in points.indices { points[index].radialDecay += excess * points[index].weightDecay }
    }
  }

  /// The second moments through a block of steps.
  private func advance(
    _ process: inout some MomentProcess, _ points: UnsafeMutableBufferPointer<Point>
  ) throws(TrajectoryError) {
    let reference = gradient.reference
    var A = process.normPower
    for index in points.indices {
      let (shrink, norm) = (points[index].shrink, points[index].gradientNorm)
      guard shrink < 1 else { throw .diverges(step: points[index].step, product: shrink) }
      let G = reference.power(ofNorm: norm, normPower: A)
      points[index].unitGradientPower = reference.unitPower(ofNorm: norm, normPower: A)
      points[index].gradientPower = G
      let angle = process.step(
        StepInput(
          learningRate: points[index].learningRate, weightDecay: points[index].weightDecay, gradientPower: G,
          radialDecay: points[index].radialDecay, momentumCosine: points[index].momentumCosine,
          shrink: shrink))
      A = process.normPower
      // Neither infinite nor NaN.
      guard A > 0, A + angle < .infinity else {
        throw G == 0 ? .noGradient(step: points[index].step) : .notFinite(step: points[index].step)
      }
      points[index].rotation.moments = angle
      points[index].norm.moments = A.squareRoot()
    }
  }

  /// One step with another decay than the point's.
  func step(_ process: inout some MomentProcess, _ point: Point, weightDecay λ: Double) -> Double {
    let G = gradient.reference.power(ofNorm: point.gradientNorm, normPower: process.normPower)
    return process.step(
      StepInput(
        learningRate: point.learningRate, weightDecay: λ, gradientPower: G, radialDecay: point.radialDecay,
        momentumCosine: point.momentumCosine))
  }

  /// The settings' gradient, or any where it cancels.
  private static func constantGradient(_ settings: Settings) throws(TrajectoryError) -> GradientTrace {
    let isInvariant = settings.variant.weight == .scaleInvariant
    let symbol: Symbol = isInvariant ? .unitGradientPower : .gradientPower
    let reference: GradientTrace.Reference = isInvariant ? .unitNorm : .weight
    if let power = settings.values[symbol] {
      return GradientTrace(constant: power.squareRoot(), reference: reference)
    }
    let needed = settings.formula(.equilibriumNorm, .leading)?.formula.symbols ?? []
    guard !needed.contains(.unitGradientPower), !needed.contains(.gradientPower),
      !needed.contains(.gradientMass)
    else { throw .missing([symbol]) }
    return GradientTrace(constant: 1, reference: reference)
  }
}

/// Why a run cannot be followed.
public enum TrajectoryError: Error, CustomStringConvertible {
  /// A run of less than one step, or of more than are followed.
  case steps(Int)
  /// What has to be known and is not.
  case missing([Symbol])
  /// The optimizer's second moments are not known for such weights.
  case noProcess(Optimizer)
  /// The optimizer's second moments do not take in that successive gradients agree.
  case noMomentumCosine(Optimizer)
  /// A decay that takes the whole weight away in one step.
  case diverges(step: Int, product: Double)
  /// A norm that is no longer a number.
  case notFinite(step: Int)
  /// No gradient at a step, from which Adam's v and Lion's sign have no size.
  case noGradient(step: Int)

  /// One line that names the offending value and, where it can, the fix.
  public var description: String {
    switch self {
    case .steps(let steps):
      "the run has \(steps) steps, expected 1 to \(Trajectory.mostSteps); of a longer one the equilibrium is predicted: roteq predict"
    case .missing(let symbols):
      "the trajectory needs the " + symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
    case .noProcess(let optimizer):
      "the second moments of \(optimizer.title) in time are not known for these settings"
    case .noMomentumCosine(let optimizer):
      "the second moments of \(optimizer.title) do not take in the cosine between gradient and first moment; leave momentum_cosine out"
    case .diverges(let step, let product):
      "the run diverges: at step \(step) the decay takes ηλ = \(product) of the weight, expected below 1; lower the learning rate or the weight decay"
    case .notFinite(let step):
      "the run diverges: at step \(step) the norm is no longer a finite number; lower the learning rate, or check the initial norm"
    case .noGradient(let step):
      "at step \(step) the gradient norm is 0, and the update has no size; expected a gradient norm above 0"
    }
  }
}
