import Dynamics
import Equilibrium
import Formulas
import Safetensors
import Training

/// What was measured of a walk with one seed.
public struct WalkRun: Sendable {
  /// What the random numbers followed from.
  public let seed: UInt64
  /// Last step of each window.
  public private(set) var steps: [Int] = []
  /// The layer in each window, over its neurons.
  public private(set) var layer: [Measurement.Row] = []
  /// The layer in each window, as one vector, and its bias.
  public private(set) var whole: [Measurement.Whole] = []
  /// Some neurons in each window, from small to large output gain.
  public private(set) var neurons: [Neuron]
  /// Everything since the run had settled; nil where it never came so far.
  public private(set) var settled: Measurement?
  /// Why the run stopped before its end.
  public private(set) var failure: TrainingError?
  /// Whether the user stopped it.
  public private(set) var isInterrupted = false

  /// The run in time beside the engine; nil where there is no engine for it.
  public private(set) var curve: WalkCurve?
  /// All that the rest of the run would follow from.
  public private(set) var state: TensorFile?

  /// E[g̃ₖ²] since the run had settled, [neurons][dimension]; empty where neither the optimizer's predictions need it nor it was
  /// asked for.
  public private(set) var coordinatePowers: [[Double]] = []
  /// Excess kurtosis of a coordinate of the gradient.
  public private(set) var gradientKurtosis: Double?
  /// √E‖g̃‖² in each window, of every neuron.
  private(set) var unitGradientNorms: [[Double]] = []
  /// ‖ω₀‖ of every neuron.
  let initialNorms: [Double]
  /// ‖W₀‖ of the layer.
  let initialLayerNorm: Double

  /// A neuron's curves.
  public struct Neuron: Sendable {
    /// Its place in the layer.
    public let index: Int
    /// It in each window.
    public fileprivate(set) var rows: [Measurement.Row] = []
  }

  /// Runs a walk.
  ///
  /// - Parameters:
  ///   - walk: what is run.
  ///   - seed: what the random numbers follow from.
  ///   - shown: how many neurons are followed.
  ///   - state: where to go on from, as ``state`` had it; measured is what follows.
  ///   - keepsState: whether ``state`` and ``coordinatePowers`` are wanted.
  ///   - progress: told how many steps were taken.
  ///   - isCancelled: asked every 200 steps.
  /// - Throws: ``WalkError/training(_:)`` where nothing was run at all.
  public init(
    _ walk: Walk, seed: UInt64, shown: Int = 4, resuming state: TensorFile? = nil, keepsState: Bool = false,
    progress: (Int) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws(WalkError) {
    let simulation: Simulation
    do throws(TrainingError) {
      simulation = try Simulation(walk.simulation(seed: seed))
      if let state { try simulation.resume(from: state) }
    } catch { throw .training(error) }
    guard simulation.step < walk.steps else { throw .nothingLeft(simulation.step, steps: walk.steps) }
    self.seed = seed
    let dimension = walk.system.dimension
    let weights = simulation.weights
    let norms = (0..<walk.system.neurons).map { neuron in
      weights[neuron * dimension..<(neuron + 1) * dimension].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    initialNorms = norms
    initialLayerNorm = norms.reduce(0) { $0 + $1 * $1 }.squareRoot()
    neurons = Self.spread(simulation.outputGains, count: shown).map { Neuron(index: $0) }
    do throws(TrainingError) {
      while simulation.step < walk.steps, !isInterrupted {
        let end = min(simulation.step + walk.window, walk.steps)
        while simulation.step < end, !isInterrupted {
          // Often enough for whoever waits.
          let count = min(200, end - simulation.step)
          try simulation.take(steps: count)
          progress(count)
          isInterrupted = isCancelled()
        }
        // A window that was cut short is left out.
        if simulation.step == end { add(simulation.endWindow(), walk) }
      }
      isInterrupted = simulation.step < walk.steps
    } catch { failure = error }
    if keepsState { self.state = simulation.state }
    gradientKurtosis = simulation.gradientKurtosis
    if keepsState || walk.settings.optimizer.solveSpectrum != nil {
      coordinatePowers = (0..<walk.system.neurons).compactMap { simulation.coordinatePowers(neuron: $0) }
    }
    curve = WalkCurve(walk, self)
  }

  private mutating func add(_ window: Simulation.Window, _ walk: Walk) {
    steps.append(window.lastStep)
    whole.append(window.measurement.whole)
    layer.append(window.measurement.layerRow(rotationOverWindow: window.rotationOverWindow))
    for index in neurons.indices {
      let neuron = neurons[index].index
      neurons[index].rows.append(
        window.measurement.row(of: neuron, rotationOverWindow: window.rotationOverWindow[neuron]))
    }
    unitGradientNorms.append(
      (0..<walk.system.neurons).map { window.measurement[.unitGradientNorm, neuron: $0] })
    guard window.lastStep > walk.settledFrom else { return }
    if settled == nil { settled = window.measurement } else { settled? += window.measurement }
  }

  /// Neurons spread evenly over the sizes of their output gains.
  private static func spread(_ gains: [Double], count: Int) -> [Int] {
    let order = gains.indices.sorted { (abs(gains[$0]), $0) < (abs(gains[$1]), $1) }
    let count = min(count, order.count)
    return (0..<count).map { order[(2 * $0 + 1) * order.count / (2 * count)] }
  }
}

extension Walk {
  func simulation(seed: UInt64) -> SimulationSettings {
    SimulationSettings(
      system: system, rule: rule, wrapper: wrapper, seed: seed, window: window, settledFrom: settledFrom,
      precision: precision, instructionSet: instructionSet, memoryLimit: memoryLimit,
      schedule: { step(after: $0) })
  }
}
