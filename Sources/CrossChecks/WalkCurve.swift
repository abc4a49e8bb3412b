import Dynamics
import Equilibrium
import Formulas
import Training

/// Norm and rotation of a layer along the run, measured and as the engine and the recurrence (16) have them: root mean squares
/// over neurons, the steps of a window, and seeds.
public struct WalkCurve: Sendable {
  /// Last step of each window.
  public let steps: [Int]
  /// A quantity along the run.
  public struct Series: Sendable {
    /// Measured.
    public fileprivate(set) var measured: [Double]
    /// By second moments in time.
    public fileprivate(set) var moments: [Double]
    /// By (16).
    public fileprivate(set) var recurrence: [Double]

    /// Mean of |predicted/measured − 1| over the windows.
    public func deviation(_ predicted: KeyPath<Series, [Double]>) -> Double {
      let ratios = zip(self[keyPath: predicted], measured).filter { $1 > 0 }.map { abs($0 / $1 - 1) }
      return ratios.reduce(0, +) / Double(ratios.count)
    }
  }
  /// ‖ω‖.
  public let norm: Series
  /// η_r.
  public let rotation: Series

  /// Neurons that one run of the engine stands for: those of like gradient.
  private static let groups = 16

  /// Follows the engine beside the runs, one after another.
  ///
  /// - Returns: nil where the engine does not apply: rotational variants, and weights whose moments in time are not known.
  public init?(_ walk: Walk, _ runs: [WalkRun], isCancelled: () -> Bool = { false }) {
    let count = runs.map(\.steps.count).min() ?? 0
    guard walk.wrapper == nil, count > 0 else { return nil }
    let zeros = Array(repeating: 0.0, count: count)
    var (norm, rotation) = (
      Series(measured: zeros, moments: zeros, recurrence: zeros),
      Series(measured: zeros, moments: zeros, recurrence: zeros)
    )
    for run in runs where run.settled != nil {
      for index in 0..<count {
        let (own, turn) =
          walk.concernsLayer
          ? (run.whole[index].norm, run.whole[index].rotation)
          : (run.layer[index][.norm], run.layer[index][.rotation])
        norm.measured[index] += own * own
        rotation.measured[index] += turn * turn
      }
      guard !isCancelled(),
        let done = try? Self.follow(walk, run, windows: count, norm: &norm, rotation: &rotation), done
      else { return nil }
    }
    steps = Array(runs[0].steps.prefix(count))
    func rooted(_ series: Series) -> Series {
      func root(_ powers: [Double]) -> [Double] { powers.map { ($0 / Double(runs.count)).squareRoot() } }
      return Series(
        measured: root(series.measured), moments: root(series.moments), recurrence: root(series.recurrence))
    }
    self.norm = rooted(norm)
    self.rotation = rooted(rotation)
  }

  /// Adds the squares that are predicted for one run.
  private static func follow(
    _ walk: Walk, _ run: WalkRun, windows: Int, norm: inout Series, rotation: inout Series
  ) throws -> Bool {
    guard let measured = run.settled else { return false }
    let vectors = try walk.weightVectors(run, measured, groups: groups)
    var plan = walk.plan
    plan.steps = windows * walk.window
    let total = vectors.reduce(0) { $0 + $1.share }
    for vector in vectors {
      let weight = vector.share / total / Double(walk.window)
      try Trajectory(vector.settings, plan).forEach { point in
        let index = (point.step - 1) / walk.window
        norm.moments[index] += weight * point.norm.moments * point.norm.moments
        norm.recurrence[index] += weight * point.norm.recurrence * point.norm.recurrence
        rotation.moments[index] += weight * point.rotation.moments * point.rotation.moments
        rotation.recurrence[index] += weight * point.rotation.recurrence * point.rotation.recurrence
      }
    }
    return true
  }
}

extension Walk {
  /// The weight vectors that stand for a layer: groups of neurons of like gradient, or the layer as one.
  fileprivate func weightVectors(
    _ run: WalkRun, _ measured: Measurement, groups: Int
  ) throws(WalkError) -> [(settings: Settings, share: Double)] {
    func start(_ norm: Double) -> Start { Start(norm: norm, kurtosis: run.gradientKurtosis ?? 0) }
    if concernsLayer { return [(try layerSettings(measured, start: start(run.initialLayerNorm)), 1)] }
    let order = (0..<system.neurons).sorted {
      measured[.unitGradientNorm, neuron: $0] < measured[.unitGradientNorm, neuron: $1]
    }
    let groups = dependsOnGradient ? min(groups, order.count) : 1
    return try (0..<groups).map { (group) throws(WalkError) in
      let members = order[group * order.count / groups..<(group + 1) * order.count / groups]
      let count = Double(members.count)
      func mean(_ value: (Int) -> Double) -> Double { members.reduce(0) { $0 + value($1) } / count }
      func power(_ quantity: NeuronQuantity) -> Double {
        mean { measured[quantity, neuron: $0] * measured[quantity, neuron: $0] }
      }
      let spectrum =
        system.normalisation == .none || run.coordinatePowers.isEmpty
        ? nil : (0..<system.dimension).map { place in mean { run.coordinatePowers[$0][place] } }
      let norm = mean { run.initialNorms[$0] * run.initialNorms[$0] }.squareRoot()
      let settings = try settings(
        dimension: Double(system.dimension), unitPower: power(.unitGradientNorm), power: power(.gradientNorm),
        spectrum: spectrum, start: start(norm))
      return (settings, count)
    }
  }
}
