import CVectorKernels

/// The buffers of a ``SimpleSystem``: it draws a batch, and takes the gradients of one panel of neurons after another.
final class Layer {
  let system: SimpleSystem
  private let kernels: Kernels
  private let random: RandomNumbers
  /// X, [batch × dimension].
  private let inputs: Panels
  /// γ_in, [dimension].
  private let inputGain: Panels
  /// γ_out, [neurons].
  let outputGain: Panels
  /// W(γ_in ⊙ X), [panels][batch][16].
  let outputs: Panels
  /// The gradients of f(X), later of ``outputs``.
  private let outputGradients: Panels

  init(_ system: SimpleSystem, _ random: RandomNumbers, _ kernels: Kernels) {
    self.system = system
    self.random = random
    self.kernels = kernels
    let precision = kernels.precision
    // As panels: one row of numbers, filled up to what the generator writes at a time.
    func row(_ count: Int) -> Panels {
      Panels(neurons: lanes, columns: (count + 2 * lanes - 1) / (2 * lanes) * 2, precision: precision)
    }
    inputs = row(system.batch * system.dimension)
    inputGain = row(system.dimension)
    outputs = Panels(neurons: system.neurons, columns: system.batch, precision: precision)
    // An even number of rows, for the generator.
    let evenPanels = outputs.panels + outputs.panels * system.batch % 2
    outputGradients = Panels(neurons: evenPanels * lanes, columns: system.batch, precision: precision)
    outputGain = row(outputs.panels * lanes)
    for gain in [inputGain, outputGain] {
      switch system.gains {
      case .ones: gain.raw = Array(repeating: 1, count: gain.raw.count)
      case .normal: fill(gain, scale: 1)
      }
    }
  }

  /// PyTorch's default for a linear layer: uniform on ±1/√C.
  func initialWeights() -> Panels {
    let weights = Panels(neurons: system.neurons, columns: system.dimension, precision: kernels.precision)
    let bound = system.initialScale / Double(system.dimension).squareRoot()
    let own = (0..<system.neurons * system.dimension).map { _ in bound * random.symmetric() }
    // The neurons that fill up the last panel are drawn last, so that the others do not depend on them.
    weights.raw = weights.raw.map { _ in bound * random.symmetric() }
    weights.values = own
    return weights
  }

  /// Draws inputs and output gradients.
  func draw() {
    fill(inputs, scale: 1)
    fill(outputGradients, scale: system.lossScale / Double(system.neurons * system.batch))
    // The inputs last, so that they are at hand for the forward pass.
    kernels.loops.scale_columns(inputs.panel(0), inputGain.panel(0), system.batch, system.dimension)
  }

  /// Forward through all neurons, and back to the outputs of the linear layer.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - gain: a factor for each neuron, [neurons × 1], where there is one: the network sees gain · W.
  ///   - bias: receives the gradient of a bias behind the normalisation, Σ over the batch (31).
  func backpropagate(weight: Panels, gain: Panels?, bias: Panels) {
    let loops = kernels.loops
    for panel in 0..<outputs.panels where system.normalisation != .none {
      loops.forward(
        outputs.panel(panel), inputs.panel(0), weight.panel(panel), system.batch, system.dimension)
      if let gain {
        loops.no_norm(outputs.panel(panel), gain.panel(panel), bias.panel(panel), system.batch)
      }
    }
    switch system.normalisation {
    case .layer:
      loops.layer_norm(
        outputs.panel(0), outputGradients.panel(0), outputGain.panel(0), bias.panel(0), system.batch,
        system.neurons, system.normalisationEpsilon)
    case .batch:
      for panel in 0..<outputs.panels {
        loops.batch_norm(
          outputs.panel(panel), outputGradients.panel(panel), outputGain.row(panel), bias.panel(panel),
          system.batch, system.normalisationEpsilon)
      }
    case .none:
      for panel in 0..<outputs.panels {
        loops.no_norm(outputGradients.panel(panel), outputGain.row(panel), bias.panel(panel), system.batch)
      }
    }
  }

  /// The gradient of the weights of a panel, [dimension × 16].
  func gradient(_ gradient: UnsafeMutableRawPointer, panel: Int, weight: UnsafeMutableRawPointer) {
    kernels.loops.gradient(
      gradient, inputs.panel(0), outputGradients.panel(panel), system.batch, system.dimension)
    if system.radialDecay != 0 {
      kernels.loops.add_radial(gradient, weight, system.dimension * lanes, system.radialDecay)
    }
  }

  private func fill(_ numbers: Panels, scale: Double) {
    random.fill(numbers.panel(0), count: numbers.panels * numbers.panelSize, scale: scale, kernels)
  }

  // For tests: the batch as it is, in row-major order.

  /// Sets γ_in, γ_out, X and the gradient of f(X), each in row-major order: [C], [K], [B × C], [B × K].
  func set(inputGain: [Double], outputGain: [Double], inputs: [Double], outputGradients: [Double]) {
    func pad(_ row: Panels, _ values: [Double]) {
      row.raw = values + Array(repeating: 0, count: row.raw.count - values.count)
    }
    let (batch, dimension, neurons) = (system.batch, system.dimension, system.neurons)
    pad(self.inputGain, inputGain)
    pad(self.outputGain, outputGain)
    pad(
      self.inputs,
      inputs.enumerated().map { index, value in value * inputGain[index % dimension] })
    var gradients = self.outputGradients.raw
    for b in 0..<batch {
      for k in 0..<neurons {
        gradients[(k / lanes * batch + b) * lanes + k % lanes] = outputGradients[b * neurons + k]
      }
    }
    self.outputGradients.raw = gradients
  }
}

extension Panels {
  /// Sixteen numbers of a row of numbers that is not a layer.
  func row(_ index: Int) -> UnsafeMutableRawPointer { panel(0) + index * lanes * precision.bytes }
}
