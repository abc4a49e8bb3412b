import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule
import Training

/// A random walk to be run and held against the predictions: the simple system (95) under an optimizer, or under its rotational
/// variant.
public struct Walk: Sendable {
  /// The optimizer with its hyperparameters at the peak; what the gradient is like is measured, not given.
  public let settings: Settings
  /// The hyperparameters of every step.
  public let plan: RunPlan
  /// The network.
  public let system: SimpleSystem
  /// The wrapper, for a rotational variant.
  public let wrapper: RotationalWrapper?
  /// η̂_r at the peak, by which a rotational variant turns, in radians; 0 for others.
  public let rotation: Double
  /// The angle of every step, where it was given.
  private let rotations: [Double]?
  /// Steps after which the weights are taken to be in equilibrium.
  public let settledFrom: Int
  /// Steps that a point of the curves is a root mean square of.
  public let window: Int
  /// The precision of the training.
  public let precision: Precision
  /// The instructions to compute with.
  public let instructionSet: InstructionSet
  /// Bytes of memory that one run may take.
  public let memoryLimit: Int
  /// Whether the engine follows each run in time; it takes longer than the run where neurons differ.
  public var followsEngine = true

  let rule: any UpdateRule
  /// The exponents of η̂_r ∝ ηᵃλᵇ.
  private let exponents: (learningRate: Double, weightDecay: Double)

  /// Describes a walk.
  ///
  /// - Parameters:
  ///   - settings: hyperparameters at the peak; ε, where it has to be other than 0, among its values.
  ///   - plan: the hyperparameters of every step.
  ///   - system: the network; Figure 9's unless said otherwise.
  ///   - wrapper: for a rotational variant.
  ///   - rotations: the angle of every step for a rotational variant that is not to turn by Table 1's, in radians.
  ///   - settledFrom: half of the run unless said otherwise.
  ///   - window: a 150th of the run unless said otherwise, as in the paper's figures.
  ///   - precision: that of the training.
  ///   - instructionSet: what to compute with.
  ///   - memoryLimit: bytes that one run may take.
  /// - Throws: ``WalkError``.
  public init(
    _ settings: Settings, plan: RunPlan, system: SimpleSystem = SimpleSystem(),
    wrapper: RotationalWrapper? = nil,
    rotations: [Double]? = nil, settledFrom: Int? = nil, window: Int? = nil, precision: Precision = .single,
    instructionSet: InstructionSet = .best, memoryLimit: Int = 8 << 30
  ) throws(WalkError) {
    self.settings = settings
    self.plan = plan
    self.system = system
    self.wrapper = wrapper
    let window = window ?? max(1, plan.steps / 150)
    self.window = window
    // Measured are whole windows.
    self.settledFrom = (settledFrom ?? plan.steps / 2) / window * window
    self.precision = precision
    self.instructionSet = instructionSet
    self.memoryLimit = memoryLimit
    guard self.settledFrom < plan.steps else {
      throw .settlesTooLate(settledFrom ?? self.settledFrom, steps: plan.steps)
    }
    // Of every window the run keeps E‖g̃‖² of all neurons, and some rows.
    let windows = plan.steps / window + 1
    guard windows < 10_000 || Double(windows) * Double(system.neurons + 100) * 8 < Double(memoryLimit) else {
      throw .tooManyWindows(windows)
    }
    guard let rule = settings.optimizer.updateRule(settings) else { throw .noUpdateRule(settings.optimizer) }
    self.rule = rule
    let formula = settings.rotationalVariant
    exponents = (
      formula?.exponent(of: .learningRate)?.value ?? 0, formula?.exponent(of: .weightDecay)?.value ?? 0
    )
    self.rotations = rotations
    if wrapper == nil {
      rotation = 0
    } else if let given = rotations?.max() ?? (try? formula?.evaluated(settings.values)) {
      rotation = given
    } else {
      throw .noRotation(settings.optimizer)
    }
  }

  /// The numbers of the step that follows `taken` others.
  func step(after taken: Int) -> StepSettings {
    let step = plan.step(after: taken)
    var rotation = 0.0
    if let rotations {
      rotation = rotations[min(taken, rotations.count - 1)]
    } else if wrapper != nil, step.learningRate > 0 {
      let peakDecay = settings.values[.weightDecay] ?? .nan
      rotation =
        self.rotation * Double.pow(step.learningRate / plan.learningRate, exponents.learningRate)
        * Double.pow(step.weightDecay / peakDecay, exponents.weightDecay)
    }
    return StepSettings(
      learningRate: step.learningRate, weightDecay: step.weightDecay.isFinite ? step.weightDecay : 0,
      shrink: step.shrink, rotation: rotation)
  }

  /// Steps of the run.
  public var steps: Int { plan.steps }

  /// Whether the learning rate or the decay changes, so that there is no equilibrium to be measured.
  public var isScheduled: Bool {
    !(plan.learningRateSchedule.name == "constant" && plan.weightDecaySchedule.name == "constant")
  }

  /// Whether the layer as a whole is the weight vector that the predictions are for, and not each neuron.
  public var concernsLayer: Bool {
    wrapper.map { $0.granularity == .layer } ?? (system.normalisation == .layer)
  }
}
