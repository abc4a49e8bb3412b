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
  public let plan: RunPlan
  /// The gradient of every step.
  public let gradient: GradientTrace
  let initialNorm: Double
  let reference: QuasiStatic

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
    guard plan.steps >= 1 else { throw .steps(plan.steps) }
    guard let initialNorm = settings.values[.initialNorm] else { throw .missing([.initialNorm]) }
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
    /// Root mean square gradient norm √E‖g‖² of the step; NaN where it is not known and cancels.
    public var gradientNorm = 0.0
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

    /// A step that nothing is known of yet.
    public init() {}
  }

  /// A quantity by either way of predicting it.
  public struct Predicted: Sendable {
    /// By (16), (17) or the optimizer's counterpart.
    public var recurrence = 0.0
    /// By the second moments in time.
    public var moments = 0.0
  }

  /// Steps computed between two visits to the formulas.
  private static let block = 512

  /// Follows the run step by step; memory does not depend on its length.
  ///
  /// - Parameter visit: what is done with each step, in order.
  /// - Throws: ``TrajectoryError/diverges(step:product:)`` or ``TrajectoryError/notFinite(step:)``.
  public func forEach(_ visit: (Point) -> Void) throws(TrajectoryError) {
    var run = try begin()
    var points = [Point](repeating: Point(), count: min(Trajectory.block, plan.steps))
    while run.stepsTaken < plan.steps {
      let count = min(points.count, plan.steps - run.stepsTaken)
      for index in 0..<count { points[index] = try advance(&run) }
      reference.fill(&points[..<count], run: &run)
      for index in 0..<count { visit(points[index]) }
    }
  }

  /// What is carried from step to step.
  struct Run {
    var stepsTaken = 0
    var process: any MomentProcess
    /// ‖ω‖² by the recurrence.
    var recurrence: Double
    /// E‖g̃‖² and λ_u of each step of the block.
    var unitGradientPower: [Double] = []
    var radialDecay: [Double] = []
    var shrink: [Double] = []
  }

  func begin() throws(TrajectoryError) -> Run {
    guard let process = settings.optimizer.process(settings, initialNorm * initialNorm) else {
      throw .noProcess(settings.optimizer)
    }
    return Run(process: process, recurrence: initialNorm * initialNorm)
  }

  /// One step of the second moments.
  func advance(_ run: inout Run) throws(TrajectoryError) -> Point {
    let (taken, hyperparameters) = (run.stepsTaken, plan.step(after: run.stepsTaken))
    guard hyperparameters.shrink < 1 else {
      throw .diverges(step: taken + 1, product: hyperparameters.shrink)
    }
    let A = run.process.normPower
    let G = gradient.power(after: taken, normPower: A)
    let radial = radialDecay(after: taken, weightDecay: hyperparameters.weightDecay)
    var point = Point()
    point.rotation.moments = run.process.step(
      StepInput(
        learningRate: hyperparameters.learningRate, weightDecay: hyperparameters.weightDecay,
        gradientPower: G, radialDecay: radial, shrink: hyperparameters.shrink))
    let norm = run.process.normPower
    guard norm.isFinite, norm > 0, point.rotation.moments.isFinite else { throw .notFinite(step: taken + 1) }
    point.step = taken + 1
    point.learningRate = hyperparameters.learningRate
    point.weightDecay = hyperparameters.weightDecay
    point.gradientNorm = G.squareRoot()
    point.norm.moments = norm.squareRoot()
    run.unitGradientPower.append(gradient.unitPower(after: taken, normPower: A))
    run.radialDecay.append(radial)
    run.shrink.append(hyperparameters.shrink)
    run.stepsTaken += 1
    return point
  }

  /// λ_e − λ of a step.
  private func radialDecay(after taken: Int, weightDecay: Double) -> Double {
    guard settings.variant.radial || gradient.radialDecay != nil else { return 0 }
    let excess = (settings.values[.decayErrorFactor] ?? 1) - 1
    let peak = settings.values[.weightDecay] ?? 0
    let constant = (settings.values[.radialDecay] ?? 0) - excess * peak
    return (gradient.radialDecay?.factor(after: taken) ?? constant) + excess * weightDecay
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
  /// A run of less than one step.
  case steps(Int)
  /// What has to be known and is not.
  case missing([Symbol])
  /// The optimizer's second moments are not known for such weights.
  case noProcess(Optimizer)
  /// A decay that takes the whole weight away in one step.
  case diverges(step: Int, product: Double)
  /// A norm that is no longer a number.
  case notFinite(step: Int)

  /// One line that names the offending value and, where it can, the fix.
  public var description: String {
    switch self {
    case .steps(let steps): "the run has \(steps) steps, expected at least 1"
    case .missing(let symbols):
      "the trajectory needs the " + symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
    case .noProcess(let optimizer):
      "the second moments of \(optimizer.title) in time are not known for these settings"
    case .diverges(let step, let product):
      "the run diverges: at step \(step) the decay takes ηλ = \(product) of the weight, expected below 1; lower the learning rate or the weight decay"
    case .notFinite(let step):
      "the run diverges: at step \(step) the norm is no longer a finite number; lower the learning rate"
    }
  }
}
