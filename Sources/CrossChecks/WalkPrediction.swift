import Dynamics
import Equilibrium
import Formulas
import RealModule
import Training

/// The three numbers that Table 1 predicts.
public struct Triple: Sendable, Hashable {
  /// ‖ω̂‖.
  public var norm: Double
  /// η̂_g, the RMS update size.
  public var updateSize: Double
  /// η̂_r, in radians a step.
  public var rotation: Double

  /// The three numbers.
  public init(norm: Double, updateSize: Double, rotation: Double) {
    (self.norm, self.updateSize, self.rotation) = (norm, updateSize, rotation)
  }

  /// One of the three.
  public subscript(_ quantity: Quantity) -> Double {
    switch quantity {
    case .equilibriumNorm: norm
    case .rmsUpdateSize: updateSize
    case .expectedRotation: rotation
    default: .nan
    }
  }

  /// The quantities that it holds.
  public static let quantities: [Quantity] = [.equilibriumNorm, .rmsUpdateSize, .expectedRotation]

  /// Root mean squares.
  init(rootMeanSquareOf all: [Triple]) {
    func root(_ value: KeyPath<Triple, Double>) -> Double {
      (all.reduce(0) { $0 + $1[keyPath: value] * $1[keyPath: value] } / Double(all.count)).squareRoot()
    }
    self.init(norm: root(\.norm), updateSize: root(\.updateSize), rotation: root(\.rotation))
  }
}

/// Where a predicted number comes from.
public enum Source: Sendable, Hashable {
  /// A fidelity of the closed forms.
  case formula(Fidelity)
  /// The second moments with what the engine knows beyond the closed forms: the tails of the gradient, measured, and the
  /// fluctuation of v.
  case refined
  /// What was asked of the rotational variant.
  case request

  /// The name in tables and in JSON.
  public var name: String {
    switch self {
    case .formula(let fidelity): fidelity.rawValue
    case .refined: "refined"
    case .request: "request"
    }
  }
}

/// What is predicted of one run, with what was measured of its gradient put in.
public struct WalkPrediction: Sendable {
  /// The layer: the root mean square over its neurons, or the layer as one vector where that is what rotates.
  public let layer: [Source: Triple]
  /// Each neuron.
  public let neurons: [[Source: Triple]]
  /// η̂_g of a bias, by leading order.
  public let biasUpdateSize: Double?
  /// The settings of the neuron with the median output gain, or of the layer: assumptions are judged by them.
  public let typical: Settings

  /// Predicts from what was measured since the run had settled.
  ///
  /// - Throws: ``WalkError``.
  public init(_ walk: Walk, _ run: WalkRun) throws(WalkError) {
    guard let measured = run.settled else { throw .nothingMeasured }
    let layer = try walk.layerSettings(measured, run)
    let settings: [Settings]
    if walk.concernsLayer {
      settings = []
    } else if walk.dependsOnGradient {
      settings = try (0..<walk.system.neurons).map { (neuron) throws(WalkError) in
        try walk.neuronSettings(neuron, measured, run)
      }
    } else {
      settings = [try walk.neuronSettings(0, measured, run)]
    }
    typical = walk.concernsLayer ? layer : settings[settings.count / 2]
    biasUpdateSize = walk.biasUpdateSize(measured)
    if walk.wrapper != nil {
      let requested = walk.requested(run)
      neurons = requested.neurons.map { [.request: $0] }
      self.layer = [.request: requested.layer]
      return
    }
    let own = settings.map(Self.triples)
    // Where the gradient cancels, all neurons are predicted alike.
    neurons = own.count == 1 ? Array(repeating: own[0], count: walk.system.neurons) : own
    if walk.concernsLayer {
      self.layer = Self.triples(layer)
    } else {
      var all: [Source: Triple] = [:]
      for source in own[0].keys { all[source] = Triple(rootMeanSquareOf: own.compactMap { $0[source] }) }
      self.layer = all
    }
  }

  /// The triple of every fidelity that has all three numbers.
  private static func triples(_ settings: Settings) -> [Source: Triple] {
    var triples: [Source: Triple] = [:]
    for fidelity in Fidelity.allCases {
      let numbers = Triple.quantities.map { quantity in
        settings.formula(quantity, fidelity).flatMap { Estimate($0, at: settings.values).value }
      }
      guard let norm = numbers[0], let updateSize = numbers[1], let rotation = numbers[2] else { continue }
      triples[.formula(fidelity)] = Triple(norm: norm, updateSize: updateSize, rotation: rotation)
    }
    if settings.values[.gradientKurtosis] != nil, let moments = triples[.formula(.moments)],
      let product = settings.values[.learningRate].flatMap({ η in settings.values[.weightDecay].map { η * $0 }
      }),
      let process = settings.optimizer.process(settings, moments.norm * moments.norm)
    {
      let factors = process.equilibriumFactors(shrink: product)
      // The update size is the norm times the rotation.
      triples[.refined] = Triple(
        norm: moments.norm * factors.norm, updateSize: moments.updateSize * factors.norm * factors.rotation,
        rotation: moments.rotation * factors.rotation)
    }
    return triples
  }
}

extension Walk {
  /// Whether a formula has what the gradient is like among its inputs, so that neurons differ.
  var dependsOnGradient: Bool {
    let symbols = settings.formula(.equilibriumNorm, .leading)?.formula.symbols ?? []
    return symbols.contains(.unitGradientPower) || symbols.contains(.gradientPower)
      || symbols.contains(.gradientMass)
  }

  private var weightKind: WeightKind {
    system.normalisation == .none ? .scaleSensitive : .scaleInvariant
  }

  /// The settings of one weight vector; in equilibrium, or from its start.
  func settings(
    dimension: Double, unitPower: Double, power: Double, spectrum: [Double]? = nil,
    initialNorm: Double? = nil, kurtosis: Double?
  ) throws(WalkError) -> Settings {
    var values = settings.values.filter { $0.key != .effectiveDecay }
    values[.dimension] = dimension
    values[.initialNorm] = initialNorm
    // Beyond its range the tails are too heavy for the expansion in them.
    if settings.optimizer.answersToKurtosis, let kurtosis, Symbol.gradientKurtosis.domain.contains(kurtosis) {
      values[.gradientKurtosis] = kurtosis
    }
    guard unitPower > 0 || spectrum != nil else { throw .gradientUnderflows(precision) }
    if system.radialDecay != 0 { values[.radialDecay] = system.radialDecay }
    // A spectrum brings its own power.
    if weightKind == .scaleSensitive {
      values[.gradientPower] = power
    } else if spectrum == nil {
      values[.unitGradientPower] = unitPower
    }
    do {
      return try Settings(
        settings.optimizer, values, weight: weightKind, nesterov: settings.variant.nesterov,
        spectrum: spectrum)
    } catch { throw .settings(error) }
  }

  func neuronSettings(_ neuron: Int, _ measured: Measurement, _ run: WalkRun) throws(WalkError) -> Settings {
    let (unit, norm) = (
      measured[.unitGradientNorm, neuron: neuron], measured[.gradientNorm, neuron: neuron]
    )
    let usesSpectrum =
      weightKind == .scaleInvariant && settings.optimizer.solveSpectrum != nil
      && !run.coordinatePowers.isEmpty
    return try settings(
      dimension: Double(system.dimension), unitPower: unit * unit, power: norm * norm,
      spectrum: usesSpectrum ? run.coordinatePowers[neuron] : nil, kurtosis: run.gradientKurtosis)
  }

  /// The layer as one vector of all its coordinates.
  func layerSettings(_ measured: Measurement, _ run: WalkRun) throws(WalkError) -> Settings {
    let power = measured[.gradientNorm] * measured[.gradientNorm] * Double(system.neurons)
    return try settings(
      dimension: Double(system.dimension * system.neurons),
      unitPower: power * measured.layerNorm * measured.layerNorm, power: power,
      initialNorm: run.initialLayerNorm, kurtosis: run.gradientKurtosis)
  }

  /// η̂_g of a bias of K coordinates.
  func biasUpdateSize(_ measured: Measurement) -> Double? {
    var values = settings.values
    values[.dimension] = Double(system.neurons)
    values[.gradientPower] = measured.biasGradientNorm * measured.biasGradientNorm
    return settings.optimizer.formula(.rmsUpdateSize, .leading, settings.variant).flatMap {
      Estimate($0, at: values).value
    }
  }

  /// What a rotational variant has to do: keep its norms, and turn by what was asked.
  func requested(_ run: WalkRun) -> (layer: Triple, neurons: [Triple]) {
    let taken = run.steps.last ?? steps
    let first = min(settledFrom, taken - 1)
    let power = (first..<taken).reduce(0.0) { sum, step in
      let rotation = self.step(after: step).rotation
      return sum + rotation * rotation
    }
    let root = (power / Double(taken - first)).squareRoot()
    // The step is along the tangent, so the angle is the arc tangent of the rate.
    func triple(_ norm: Double, _ factor: Double) -> Triple {
      Triple(norm: norm, updateSize: factor * root * norm, rotation: Double.atan(factor * root))
    }
    if wrapper?.granularity == .layer { return (triple(run.initialLayerNorm, 1), []) }
    let factors = wrapper?.imbalance.factors(neurons: system.neurons) ?? []
    let neurons = zip(run.initialNorms, factors).map { triple($0, $1) }
    return (Triple(rootMeanSquareOf: neurons), neurons)
  }
}
