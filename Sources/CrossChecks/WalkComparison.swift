import Equilibrium
import Training

/// A mean over seeds, with its standard error where there are two or more.
public struct SampleMean: Sendable, Hashable {
  /// The mean.
  public let mean: Double
  /// Its standard error, s/√n; nil for a single value.
  public let standardError: Double?

  /// The mean of some values.
  public init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    standardError = values.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
  }
}

/// What a walk measured over its seeds, next to what was predicted.
public struct WalkComparison: Sendable {
  /// The walk.
  public let walk: Walk
  /// Its runs that had settled, one a seed.
  public let runs: [WalkRun]
  /// The predictions for each run.
  public let predictions: [WalkPrediction]

  /// Compares the runs that had settled.
  ///
  /// - Throws: ``WalkError/nothingMeasured`` where none had, or what a run failed with.
  public init(_ walk: Walk, _ runs: [WalkRun]) throws(WalkError) {
    let settled = runs.filter { $0.settled != nil && $0.failure == nil }
    guard !settled.isEmpty else {
      if let failure = runs.compactMap(\.failure).first { throw .training(failure) }
      throw .nothingMeasured
    }
    self.walk = walk
    self.runs = settled
    var predictions: [WalkPrediction] = []
    for run in settled { predictions.append(try WalkPrediction(walk, run)) }
    self.predictions = predictions
  }

  /// Where predictions come from, in order.
  public var sources: [Source] {
    let known = predictions[0].layer
    return ([.request] + Fidelity.allCases.map { .formula($0) } + [.refined]).filter { known[$0] != nil }
  }

  /// What was measured of the layer.
  public func measured(_ quantity: Quantity) -> SampleMean {
    SampleMean(runs.map { Self.measured(quantity, $0, concernsLayer: walk.concernsLayer) })
  }

  /// What was predicted for the layer, a mean over the seeds.
  public func predicted(_ quantity: Quantity, _ source: Source) -> Double? {
    mean(predictions.map { $0.layer[source]?[quantity] })
  }

  /// Measured over predicted less one, run by run.
  public func deviation(_ quantity: Quantity, _ source: Source) -> SampleMean? {
    let ratios = zip(runs, predictions).compactMap { run, prediction in
      prediction.layer[source].map {
        Self.measured(quantity, run, concernsLayer: walk.concernsLayer) / $0[quantity] - 1
      }
    }
    return ratios.count == runs.count ? SampleMean(ratios) : nil
  }

  /// η_g of the bias, measured and predicted.
  public var bias: (measured: SampleMean, predicted: Double?) {
    (
      SampleMean(runs.compactMap { $0.settled?.biasUpdateSize }), mean(predictions.map(\.biasUpdateSize))
    )
  }

  /// What was measured of a neuron that is followed, and what was predicted for it, in the first run.
  public func neuron(_ position: Int, _ quantity: Quantity) -> (
    measured: Double, predicted: [Source: Double]
  )? {
    guard let run = runs.first, run.neurons.indices.contains(position), let settled = run.settled else {
      return nil
    }
    let index = run.neurons[position].index
    let measured = Self.value(quantity) { settled[$0, neuron: index] }
    let predicted = predictions[0].neurons.indices.contains(index) ? predictions[0].neurons[index] : [:]
    return (measured, predicted.mapValues { $0[quantity] })
  }

  /// Measured over predicted norm less one, for the eighth of the neurons with the smallest or the largest gradient: those that
  /// settle first and last.
  public func deviationOfNorm(ofSmallest isSmallest: Bool, _ source: Source) -> SampleMean? {
    let ratios = zip(runs, predictions).compactMap { run, prediction -> Double? in
      guard let settled = run.settled, prediction.neurons.count == settled.neurons else { return nil }
      let order = (0..<settled.neurons).sorted {
        settled[.unitGradientNorm, neuron: $0] < settled[.unitGradientNorm, neuron: $1]
      }
      let count = max(1, order.count / 8)
      let members = isSmallest ? order.prefix(count) : order.suffix(count)
      let sum = members.reduce(0.0) { sum, neuron in
        sum + settled[.norm, neuron: neuron] / (prediction.neurons[neuron][source]?.norm ?? .nan)
      }
      return sum / Double(count) - 1
    }
    return ratios.count == runs.count ? SampleMean(ratios) : nil
  }

  /// The largest standard error that a deviation may be excused by.
  public static let largestError = 0.01

  /// Whether a deviation is within what the model leaves out, or within three standard errors that are small themselves.
  public func agrees(_ quantity: Quantity, _ source: Source, modelError: Double) -> Bool? {
    deviation(quantity, source).map {
      abs($0.mean) <= max(modelError, 3 * min($0.standardError ?? 0, Self.largestError))
    }
  }

  /// Steps that every run has taken.
  public var stepsTaken: Int { runs.compactMap(\.steps.last).min() ?? 0 }

  /// Excess kurtosis of a coordinate of the gradient, a mean over the seeds.
  public var gradientKurtosis: Double? { mean(runs.map(\.gradientKurtosis)) }

  private func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.count == values.count ? known.reduce(0, +) / Double(known.count) : nil
  }

  private static func measured(_ quantity: Quantity, _ run: WalkRun, concernsLayer: Bool) -> Double {
    guard let settled = run.settled else { return .nan }
    guard concernsLayer else { return value(quantity) { settled[$0] } }
    switch quantity {
    case .equilibriumNorm: return settled.layerNorm
    case .expectedRotation: return settled.layerRotation
    default: return settled[.updateSize] * Double(settled.neurons).squareRoot()
    }
  }

  private static func value(_ quantity: Quantity, _ value: (NeuronQuantity) -> Double) -> Double {
    switch quantity {
    case .equilibriumNorm: value(.norm)
    case .expectedRotation: value(.rotation)
    default: value(.updateSize)
    }
  }
}

extension SampleMean {
  /// How many standard errors the mean is away from zero; nil for a single value and for what is rounding.
  public var inStandardErrors: Double? {
    standardError.flatMap { $0 > 0 && abs(mean) > Self.rounding ? mean / $0 : nil }
  }

  /// Deviations below this are those of single precision.
  private static let rounding = 1e-6
}

extension WalkComparison {
  /// By which fraction the norm changed between the first and the last third of the windows since the runs had settled.
  public var drift: SampleMean? {
    let changes = runs.compactMap { run -> Double? in
      let norms = zip(run.steps, run.layer).filter { $0.0 > walk.settledFrom }.map { $0.1[.norm] }
      let third = norms.count / 3
      guard third >= 2 else { return nil }
      return norms.suffix(third).reduce(0, +) / norms.prefix(third).reduce(0, +) - 1
    }
    return changes.count == runs.count ? SampleMean(changes) : nil
  }

  /// Whether the norm changes, while it is measured, by more than `tolerance` and by more than chance.
  public func isMoving(tolerance: Double = 0.005) -> Bool {
    drift.map { abs($0.mean) > max(tolerance, 3 * ($0.standardError ?? tolerance)) } ?? false
  }
}
