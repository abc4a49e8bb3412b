import CVectorKernels

/// What was measured over some steps of a run: every ``NeuronQuantity`` of every neuron, the layer taken as one vector, and the
/// update size of a bias.
public struct Measurement: Sendable, Hashable {
  /// K, the number of neurons.
  public let neurons: Int
  /// How many steps it covers.
  public private(set) var steps = 0
  /// Sums over the steps, [quantities][neurons].
  private var totals: [[Double]]
  /// Sums over the steps for the layer as one vector: ‖W‖², the angle's square.
  private var layerNormPower = 0.0
  private var layerRotationPower = 0.0
  /// Σ‖Δ_g b‖² of the bias, taken as one vector of K coordinates.
  private var biasUpdatePower = 0.0
  /// Σ‖g_b‖² of the bias.
  private var biasGradientPower = 0.0

  /// Nothing measured yet.
  init(neurons: Int) {
    self.neurons = neurons
    totals = Array(repeating: Array(repeating: 0, count: neurons), count: total_count)
  }

  /// A quantity of a neuron over the steps covered, at least one: a root mean square or a mean, as ``NeuronQuantity`` says.
  public subscript(_ quantity: NeuronQuantity, neuron neuron: Int) -> Double {
    let mean = totals[quantity.total][neuron] / Double(steps)
    return quantity.isRootMeanSquare ? mean.squareRoot() : mean
  }

  /// The same over all neurons too: what the paper's figures show of a layer.
  public subscript(_ quantity: NeuronQuantity) -> Double {
    let mean = totals[quantity.total].reduce(0, +) / Double(steps * neurons)
    return quantity.isRootMeanSquare ? mean.squareRoot() : mean
  }

  /// The norm of the layer taken as one vector, ‖W‖ (root mean square).
  public var layerNorm: Double { (layerNormPower / Double(steps)).squareRoot() }
  /// The angle by which the layer, taken as one vector, turned in a step, in radians (root mean square).
  public var layerRotation: Double { (layerRotationPower / Double(steps)).squareRoot() }
  /// η_g (root mean square) of a bias behind the normalisation, a parameter of K coordinates without decay.
  public var biasUpdateSize: Double { (biasUpdatePower / Double(steps)).squareRoot() }
  /// √E‖g_b‖² of that bias (31).
  public var biasGradientNorm: Double { (biasGradientPower / Double(steps)).squareRoot() }

  /// Takes in further steps.
  public static func += (sum: inout Measurement, further: Measurement) {
    sum.steps += further.steps
    for row in sum.totals.indices {
      for neuron in 0..<sum.neurons { sum.totals[row][neuron] += further.totals[row][neuron] }
    }
    sum.layerNormPower += further.layerNormPower
    sum.layerRotationPower += further.layerRotationPower
    sum.biasUpdatePower += further.biasUpdatePower
    sum.biasGradientPower += further.biasGradientPower
  }
}

extension Measurement {
  /// From the sums of a window as the loops keep them, [panels][quantities][16], and of the layer.
  init(neurons: Int, steps: Int, totals raw: Scratch, layer: Recorder.Layer) {
    self.init(neurons: neurons)
    self.steps = steps
    for row in totals.indices {
      for neuron in 0..<neurons { totals[row][neuron] = raw[totalPlace(row, neuron)] }
    }
    layerNormPower = layer.normPower
    layerRotationPower = layer.rotationPower
    biasUpdatePower = layer.biasUpdatePower
    biasGradientPower = layer.biasGradientPower
  }
}
