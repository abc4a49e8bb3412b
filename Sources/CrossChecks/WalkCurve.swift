import Dynamics
import Equilibrium
import Formulas
import Training

/// Norm and rotation of a layer along the run, measured and as the engine and the recurrence (16) have them with the measured
/// gradient: root mean squares over neurons, the steps of a window, and seeds.
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
  public private(set) var norm: Series
  /// η_r.
  public private(set) var rotation: Series

  /// Neurons that are followed one by one; of more, those of like gradient share one.
  private static let groups = 128

  /// Follows the engine beside one run.
  ///
  /// - Returns: nil where the engine does not apply: rotational variants, and weights whose moments in time are not known.
  init?(_ walk: Walk, _ run: WalkRun) {
    guard walk.followsEngine, walk.wrapper == nil, run.settled != nil else { return nil }
    let zeros = Array(repeating: 0.0, count: run.steps.count)
    norm = Series(
      measured: walk.concernsLayer ? run.whole.map(\.norm) : run.layer.map { $0[.norm] }, moments: zeros,
      recurrence: zeros)
    rotation = Series(
      measured: walk.concernsLayer ? run.whole.map(\.rotation) : run.layer.map { $0[.rotation] },
      moments: zeros, recurrence: zeros)
    steps = run.steps
    guard (try? follow(walk, run)) == true else { return nil }
  }

  /// The root mean square of the curves of several runs of a walk.
  public init?(_ runs: [WalkRun]) {
    let curves = runs.compactMap(\.curve)
    guard let first = curves.first, curves.count == runs.count else { return nil }
    let count = curves.map(\.steps.count).min() ?? 0
    func mean(_ series: KeyPath<WalkCurve, Series>) -> Series {
      func root(_ values: KeyPath<Series, [Double]>) -> [Double] {
        (0..<count).map { index in
          let power = curves.reduce(0) { sum, curve in
            let value = curve[keyPath: series][keyPath: values][index]
            return sum + value * value
          }
          return (power / Double(curves.count)).squareRoot()
        }
      }
      return Series(measured: root(\.measured), moments: root(\.moments), recurrence: root(\.recurrence))
    }
    steps = Array(first.steps.prefix(count))
    norm = mean(\.norm)
    rotation = mean(\.rotation)
  }

  /// Follows the weight vectors of a run through its windows.
  private mutating func follow(_ walk: Walk, _ run: WalkRun) throws -> Bool {
    guard let measured = run.settled else { return false }
    let vectors = try walk.weightVectors(run, measured, groups: Self.groups)
    var plan = walk.plan
    plan.steps = steps.last ?? 0
    // A run that went on from a saved state lacks its beginning.
    guard steps.first ?? 0 <= walk.window else { return false }
    // The last window may be shorter.
    let sizes = zip(steps, [0] + steps).map { Double($0 - $1) }
    let total = vectors.reduce(0) { $0 + $1.members.count }
    for vector in vectors {
      let share = Double(vector.members.count) / Double(total)
      let gradient = try walk.gradient(of: vector, run)
      try Trajectory(vector.settings, plan, gradient: gradient).forEach { point in
        let index = (point.step - 1) / walk.window
        let weight = share / sizes[index]
        norm.moments[index] += weight * point.norm.moments * point.norm.moments
        norm.recurrence[index] += weight * point.norm.recurrence * point.norm.recurrence
        rotation.moments[index] += weight * point.rotation.moments * point.rotation.moments
        rotation.recurrence[index] += weight * point.rotation.recurrence * point.rotation.recurrence
      }
    }
    func root(_ series: inout Series) {
      series.moments = series.moments.map { $0.squareRoot() }
      series.recurrence = series.recurrence.map { $0.squareRoot() }
    }
    root(&norm)
    root(&rotation)
    return true
  }
}

extension Walk {
  /// g̃ over the run: where the inputs have unequal gains it falls while the weights adapt to them, so its course is put in,
  /// as a log of a real run would be.
  fileprivate func gradient(of vector: Vector, _ run: WalkRun) throws -> GradientTrace? {
    guard system.normalisation != .none else { return nil }
    let middles = zip(run.steps, [0] + run.steps).map { Double($0 + $1 + 1) / 2 }
    let norms = run.unitGradientNorms.map { norms in
      let power = vector.members.reduce(0) { $0 + norms[$1] * norms[$1] }
      return (concernsLayer ? power * Double(system.neurons) : power / Double(vector.members.count))
        .squareRoot()
    }
    return GradientTrace(norm: try Schedule.table(steps: middles, values: norms), reference: .unitNorm)
  }

  /// A weight vector that stands for some neurons, or for the layer.
  fileprivate struct Vector {
    let settings: Settings
    let members: [Int]
  }

  /// The weight vectors that stand for a layer: groups of neurons of like gradient, or the layer as one.
  fileprivate func weightVectors(
    _ run: WalkRun, _ measured: Measurement, groups: Int
  ) throws(WalkError) -> [Vector] {
    if concernsLayer {
      let settings = try layerSettings(measured, run)
      return [Vector(settings: settings, members: Array(0..<system.neurons))]
    }
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
        system.normalisation == .none || self.settings.optimizer.solveSpectrum == nil
          || run.coordinatePowers.count < system.neurons
        ? nil : (0..<system.dimension).map { place in mean { run.coordinatePowers[$0][place] } }
      let norm = mean { run.initialNorms[$0] * run.initialNorms[$0] }.squareRoot()
      let settings = try settings(
        dimension: Double(system.dimension), unitPower: power(.unitGradientNorm), power: power(.gradientNorm),
        spectrum: spectrum, initialNorm: norm, kurtosis: run.gradientKurtosis)
      return Vector(settings: settings, members: Array(members))
    }
  }
}
