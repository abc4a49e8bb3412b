extension Measurement {
  /// Every quantity of one neuron, or of a layer, over some steps.
  public struct Row: Sendable, Hashable {
    private let values: [Double]
    /// The angle between the weights before the first and after the last step, in radians.
    public let rotationOverWindow: Double

    init(_ value: (NeuronQuantity) -> Double, rotationOverWindow: Double) {
      values = NeuronQuantity.allCases.map(value)
      self.rotationOverWindow = rotationOverWindow
    }

    /// A quantity.
    public subscript(_ quantity: NeuronQuantity) -> Double { values[quantity.index] }
  }

  /// A neuron's row.
  public func row(of neuron: Int, rotationOverWindow: Double) -> Row {
    Row({ self[$0, neuron: neuron] }, rotationOverWindow: rotationOverWindow)
  }

  /// The row of a layer: over all neurons.
  public func layerRow(rotationOverWindow angles: [Double]) -> Row {
    let mean = angles.reduce(0) { $0 + $1 * $1 } / Double(angles.count)
    return Row({ self[$0] }, rotationOverWindow: mean.squareRoot())
  }
}

extension Measurement {
  /// The layer taken as one vector, and its bias, over some steps.
  public struct Whole: Sendable, Hashable {
    /// ‖W‖.
    public let norm: Double
    /// The angle of a step, in radians.
    public let rotation: Double
    /// η_g of the bias.
    public let biasUpdateSize: Double
  }

  /// The layer taken as one vector, and its bias.
  public var whole: Whole { Whole(norm: layerNorm, rotation: layerRotation, biasUpdateSize: biasUpdateSize) }
}

extension NeuronQuantity {
  /// Its place among all.
  fileprivate var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
