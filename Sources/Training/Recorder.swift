import CVectorKernels
import RealModule

/// Adds up what is measured of the steps of a window.
final class Recorder {
  /// Sums of the layer taken as one vector.
  struct Layer: Hashable {
    var normPower = 0.0
    var rotationPower = 0.0
    var biasUpdatePower = 0.0
    var biasGradientPower = 0.0
  }

  private let neurons: Int
  private let kernels: Kernels
  private let totals: Scratch
  private let biasTotals: Scratch
  private let stepSums = Scratch(4)
  private var layer = Layer()
  private(set) var steps = 0
  private static let rows = total_count

  init(neurons: Int, _ kernels: Kernels) {
    self.neurons = neurons
    self.kernels = kernels
    totals = Scratch(panelCount(neurons) * Self.rows * lanes)
    biasTotals = Scratch(panelCount(neurons) * Self.rows * lanes)
  }

  /// Adds a step; false where a number of it is not finite.
  func add(weight: Parameter, bias: Parameter) -> Bool {
    for index in 0..<stepSums.count { stepSums[index] = 0 }
    add(weight, to: totals)
    let (power, along, step) = (stepSums[0], stepSums[1], stepSums[2])
    add(bias, to: biasTotals)
    steps += 1
    let area = Swift.max(power * step - along * along, 0).squareRoot()
    let rotation = Double.atan2(y: area, x: power + along)
    layer.normPower += power + 2 * along + step
    layer.rotationPower += rotation * rotation
    // The sums of the bias have been added to these, so one look finds what is not finite.
    // A gradient whose square overflows would stop Adam's updates without leaving a trace in the weights.
    return (0..<stepSums.count).allSatisfy { stepSums[$0].isFinite }
  }

  private func add(_ parameter: Parameter, to totals: Scratch) {
    for panel in 0..<panelCount(neurons) {
      kernels.loops.summarise(
        totals.at(panel * Self.rows * lanes), stepSums.at(0), parameter.sums(panel: panel),
        min(lanes, neurons - panel * lanes))
    }
  }

  /// What was measured since the last time; starts anew.
  func take() -> Measurement {
    var layer = layer
    for neuron in 0..<neurons {
      layer.biasUpdatePower += biasTotals[totalPlace(total_update_power, neuron)]
      layer.biasGradientPower += biasTotals[totalPlace(total_gradient_power, neuron)]
    }
    let measurement = Measurement(neurons: neurons, steps: steps, totals: totals, layer: layer)
    reset()
    return measurement
  }

  private func reset() {
    for index in 0..<panelCount(neurons) * Self.rows * lanes {
      totals[index] = 0
      biasTotals[index] = 0
    }
    layer = Layer()
    steps = 0
  }

  /// The first neuron whose sums are not finite.
  var brokenNeuron: Int? {
    (0..<neurons).first { neuron in
      (0..<Self.rows).contains { row in
        let index = totalPlace(row, neuron)
        return !totals[index].isFinite || !biasTotals[index].isFinite
      }
    }
  }
}

/// Where a neuron's total is among those that the loops keep, [panels][totals][16].
func totalPlace(_ row: Int, _ neuron: Int) -> Int {
  (neuron / lanes * total_count + row) * lanes + neuron % lanes
}
