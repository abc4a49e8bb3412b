import CVectorKernels
import RealModule

/// How a simulation is run.
public struct SimulationSettings: Sendable {
  /// The network.
  public var system: SimpleSystem
  /// The optimizer.
  public var rule: any UpdateRule
  /// The rotational wrapper around it, for a rotational variant.
  public var wrapper: RotationalWrapper?
  /// The numbers of the step that follows so many steps taken.
  public var schedule: @Sendable (_ stepsTaken: Int) -> StepSettings
  /// What the random numbers follow from.
  public var seed: UInt64
  /// Steps that a window of the measurement covers, at least 1.
  public var window: Int
  /// The step after which E[g̃ₖ²] of every coordinate is measured, in every tenth step; 0 for the whole run.
  public var settledFrom: Int
  /// The precision of weights, gradients and moments.
  public var precision: Precision
  /// The instructions to compute with.
  public var instructionSet: InstructionSet
  /// Bytes of memory that may be taken.
  public var memoryLimit: Int

  /// Describes a run.
  public init(
    system: SimpleSystem = SimpleSystem(), rule: any UpdateRule, wrapper: RotationalWrapper? = nil,
    seed: UInt64 = 1,
    window: Int = 100, settledFrom: Int = 0, precision: Precision = .single,
    instructionSet: InstructionSet = .best, memoryLimit: Int = 8 << 30,
    schedule: @escaping @Sendable (_ stepsTaken: Int) -> StepSettings
  ) {
    self.system = system
    self.rule = rule
    self.wrapper = wrapper
    self.schedule = schedule
    self.seed = seed
    self.window = window
    self.settledFrom = settledFrom
    self.precision = precision
    self.instructionSet = instructionSet
    self.memoryLimit = memoryLimit
  }
}

/// A random walk: the simple system (95) under an optimizer, measured at every step.
///
/// It knows nothing of the theory, so that it can test it. Memory does not grow with the steps.
public final class Simulation {
  /// How it is run.
  public let settings: SimulationSettings
  /// Steps taken so far.
  public internal(set) var step = 0

  let random: RandomNumbers
  let weight: Parameter
  let bias: Parameter
  private let layer: Layer
  private let recorder: Recorder
  private let gradient: Panels
  /// The weights at the start of the window.
  let windowStart: Panels
  /// Σ g̃ₖ² over every tenth step since the run has settled, in the weights' order.
  let squares: Scratch
  /// Σ g̃ₖ⁴ over the same steps.
  let fourths: Scratch
  var squareCount = 0
  let kernels: Kernels

  /// Prepares a run: draws gains and initial weights.
  ///
  /// - Throws: ``TrainingError`` where sizes do not fit or the processor lacks the instructions.
  public init(_ settings: SimulationSettings) throws(TrainingError) {
    let system = settings.system
    try system.check(
      moments: settings.rule.moments.count, precision: settings.precision, limit: settings.memoryLimit)
    guard settings.window > 0 else { throw .notPositive(name: "window", value: settings.window) }
    if let wrapper = settings.wrapper, wrapper.zeroMean, wrapper.granularity == .neuron, system.dimension == 1
    {
      throw .nothingToTurn
    }
    self.settings = settings
    guard let kernels = settings.instructionSet.kernels(settings.precision) else {
      throw .instructionSetMissing(settings.instructionSet)
    }
    func panels(_ neurons: Int, _ columns: Int) -> Panels {
      Panels(neurons: neurons, columns: columns, precision: settings.precision)
    }
    self.kernels = kernels
    random = RandomNumbers(seed: settings.seed)
    layer = Layer(system, random, kernels)
    gradient = panels(lanes, system.dimension)
    weight = Parameter(
      "weight", layer.initialWeights(), gradient: gradient, rule: settings.rule, isDecayed: true,
      wrapper: settings.wrapper, kernels)
    bias = Parameter(
      "bias", panels(system.neurons, 1), gradient: panels(system.neurons, 1), rule: settings.rule,
      isDecayed: false, kernels)
    recorder = Recorder(neurons: system.neurons, kernels)
    windowStart = panels(system.neurons, system.dimension)
    windowStart.copy(weight.value)
    squares = Scratch(weight.value.panels * weight.value.panelSize)
    fourths = Scratch(squares.count)
  }

  /// A window of the measurement.
  public struct Window: Sendable {
    /// The last step it covers.
    public let lastStep: Int
    /// What was measured.
    public let measurement: Measurement
    /// The angle between the weights before its first and after its last step, for every neuron, in radians.
    public let rotationOverWindow: [Double]
  }

  /// Takes the steps of one window.
  ///
  /// - Throws: ``TrainingError/notFinite(what:neuron:step:)``.
  public func advance() throws(TrainingError) -> Window {
    try advance(steps: settings.window)
  }

  /// Takes some steps, at least one, and ends a window with them.
  ///
  /// - Throws: ``TrainingError/notFinite(what:neuron:step:)``.
  public func advance(steps: Int) throws(TrainingError) -> Window {
    try take(steps: steps)
    return endWindow()
  }

  /// Takes some steps of a window.
  ///
  /// - Throws: ``TrainingError/notFinite(what:neuron:step:)``.
  public func take(steps: Int) throws(TrainingError) {
    for _ in 0..<steps { try takeStep() }
  }

  /// What was measured since the last window ended.
  public func endWindow() -> Window {
    let window = Window(
      lastStep: step, measurement: recorder.take(),
      rotationOverWindow: angles(from: windowStart, to: weight.value))
    windowStart.copy(weight.value)
    return window
  }

  private func takeStep() throws(TrainingError) {
    let numbers = settings.schedule(step)
    step += 1
    layer.draw()
    layer.backpropagate(weight: weight.value, gain: weight.gain?.value, bias: bias.gradient)
    let measuresSquares = step > settings.settledFrom && step % 10 == 0
    for panel in 0..<weight.value.panels {
      layer.gradient(gradient.panel(0), panel: panel, weight: weight.value.panel(panel))
      weight.advance(panel: panel, step: step, numbers)
      bias.advance(panel: panel, step: step, numbers)
      if measuresSquares {
        let at = panel * weight.value.panelSize
        kernels.loops.add_powers(
          squares.at(at), fourths.at(at), gradient.panel(0), weight.sums(panel: panel),
          settings.system.dimension)
      }
    }
    weight.finish(step: step, numbers)
    if measuresSquares { squareCount += 1 }
    guard recorder.add(weight: weight, bias: bias) else {
      throw .notFinite(what: "a weight or its gradient", neuron: recorder.brokenNeuron, step: step)
    }
  }

  /// E[g̃ₖ²] of the coordinates of a neuron since the run has settled; nil where it was not measured.
  public func coordinatePowers(neuron: Int) -> [Double]? {
    guard squareCount > 0 else { return nil }
    return places(neuron).map { squares[$0] / Double(squareCount) }
  }

  /// The excess kurtosis of a coordinate of g̃ since the run has settled, a mean over all; nil where it was not measured.
  public var gradientKurtosis: Double? {
    guard squareCount > 1 else { return nil }
    let neurons = settings.system.neurons
    let sum = (0..<neurons).reduce(0) { sum, neuron in
      places(neuron).reduce(sum) { $0 + (squares[$1] > 0 ? fourths[$1] / (squares[$1] * squares[$1]) : 0) }
    }
    return Double(squareCount) * sum / Double(neurons * settings.system.dimension) - 3
  }

  /// Where the coordinates of a neuron are among ``squares``.
  private func places(_ neuron: Int) -> StrideTo<Int> {
    let start = neuron / lanes * weight.value.panelSize + neuron % lanes
    return stride(from: start, to: start + weight.value.panelSize, by: lanes)
  }

  /// The weights, [neurons × dimension], row by row.
  public var weights: [Double] { weight.value.values }

  /// γ_out of every neuron.
  public var outputGains: [Double] { Array(layer.outputGain.raw.prefix(settings.system.neurons)) }

  private func angles(from start: Panels, to end: Panels) -> [Double] {
    let products = Scratch(3 * lanes)
    var angles: [Double] = []
    for panel in 0..<start.panels {
      kernels.loops.products(start.panel(panel), end.panel(panel), start.panelSize, products.at(0))
      for lane in 0..<min(lanes, start.neurons - lanes * panel) {
        let cosine = products[lanes + lane] / (products[lane] * products[2 * lanes + lane]).squareRoot()
        angles.append(Double.acos(min(1, max(-1, cosine))))
      }
    }
    return angles
  }
}
