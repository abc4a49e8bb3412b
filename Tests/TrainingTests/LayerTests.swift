import Safetensors
import Testing

@testable import Training

/// The backward pass of a layer.
@Suite struct LayerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let neurons: Int
    let normalisation: SimpleSystem.Normalisation
    let epsilon: String

    /// The name of its results in the file.
    var name: String {
      normalisation == .none ? "\(neurons)/identity" : "\(neurons)/\(normalisation.rawValue)/\(epsilon)"
    }

    var testDescription: String { name }
  }

  static let cases = [5, 18].flatMap { neurons in
    [("batch", "0"), ("batch", "1e-05"), ("layer", "0"), ("layer", "1e-05"), ("none", "0")].map { kind, ε in
      Case(neurons: neurons, normalisation: .init(rawValue: kind) ?? .none, epsilon: ε)
    }
  }

  private static let (dimension, batch) = (7, 6)

  /// A batch, with everything in row-major order: [K × C], [C], [K], [B × C], [B × K].
  struct Batch {
    var weight: [Double]
    var inputGain: [Double]
    var outputGain: [Double]
    var inputs: [Double]
    var outputGradients: [Double]

    init(stored file: [String: Tensor], neurons: Int) throws {
      func values(_ name: String) throws -> [Double] { try #require(file["\(neurons)/\(name)"]).values }
      weight = try values("weight")
      inputGain = try values("gain_in")
      outputGain = try values("gain_out")
      inputs = transposed(try values("x"), rows: dimension)
      outputGradients = transposed(try values("output_gradient"), rows: neurons)
    }
  }

  /// The gradients of weights and bias, and W(γ_in ⊙ X), [K × B].
  struct Result {
    var weight: [Double] = []
    var bias: [Double]
    var outputs: [Double]
  }

  /// What the layer makes of a batch. `filling` is what the neurons hold that fill up the last panel.
  private static func backward(
    _ item: Case, _ batch: Batch, _ arithmetic: Arithmetic, filling: Double = 0.3
  ) throws -> Result {
    let kernels = try #require(arithmetic.set.kernels(arithmetic.precision))
    let system = SimpleSystem(
      dimension: dimension, neurons: item.neurons, batch: Self.batch, normalisation: item.normalisation,
      normalisationEpsilon: try #require(Double(item.epsilon)))
    let layer = Layer(system, RandomNumbers(seed: 1), kernels)
    layer.set(
      inputGain: batch.inputGain, outputGain: batch.outputGain, inputs: batch.inputs,
      outputGradients: batch.outputGradients)
    func panels(_ neurons: Int, _ columns: Int) -> Panels {
      Panels(neurons: neurons, columns: columns, precision: arithmetic.precision)
    }
    let (weight, bias) = (panels(item.neurons, dimension), panels(item.neurons, 1))
    weight.fillUp(with: filling)
    weight.values = batch.weight
    layer.backpropagate(weight: weight, gain: nil, bias: bias)
    var result = Result(bias: bias.values, outputs: layer.outputs.values)
    for panel in 0..<weight.panels {
      let gradient = panels(min(lanes, item.neurons - panel * lanes), dimension)
      layer.gradient(gradient.panel(0), panel: panel, weight: weight.panel(panel))
      result.weight += gradient.values
    }
    return result
  }

  /// PyTorch's gradients, and its output from the layer's own W(γ_in ⊙ X), normalised here.
  @Test(arguments: cases, Arithmetic.available)
  func agreesWithPyTorch(_ item: Case, _ arithmetic: Arithmetic) throws {
    let file = try Stored.tensors("Layers/layers")
    func expected(_ name: String) throws -> [Double] {
      try #require(file["\(item.name)/\(name)"]).values
    }
    let batch = try Batch(stored: file, neurons: item.neurons)
    let found = try Self.backward(item, batch, arithmetic)
    #expect(
      deviation(found.weight, from: try expected("weight_gradient")) <= arithmetic.tolerance, "weight")
    #expect(deviation(found.bias, from: try expected("bias_gradient")) <= arithmetic.tolerance, "bias")
    // Without normalisation the outputs are never needed, and not computed.
    guard item.normalisation != .none else { return }
    let output = Self.normalised(found.outputs, item, gains: batch.outputGain)
    #expect(deviation(output, from: try expected("output")) <= arithmetic.tolerance, "output")
  }

  /// Nothing of the neurons that fill up a panel, not even what is no number, reaches the others.
  @Test(arguments: cases, Arithmetic.available)
  func neuronsThatFillUpAPanelDoNotMatter(_ item: Case, _ arithmetic: Arithmetic) throws {
    let batch = try Batch(stored: Stored.tensors("Layers/layers"), neurons: item.neurons)
    let found = try [0.3, -7, .nan].map { try Self.backward(item, batch, arithmetic, filling: $0) }
    for other in found.dropFirst() {
      #expect(other.weight == found[0].weight)
      #expect(other.bias == found[0].bias)
    }
  }

  /// Central differences of Σ dY ⊙ f(X), f written out here, in double precision.
  ///
  /// With a step h = 1e-5 the error is h² f‴/6 ≈ 1e-10 and 1e-16/h = 1e-11 of rounding for values of order one, and the third
  /// derivative of a normalisation grows with 1/σ³; reached: 2e-9 of the largest gradient.
  @Test(arguments: cases)
  func agreesWithFiniteDifferences(_ item: Case) throws {
    let batch = try Batch(stored: Stored.tensors("Layers/layers"), neurons: item.neurons)
    func loss(_ weight: [Double]) -> Double {
      var y: [Double] = []
      for k in 0..<item.neurons {
        for b in 0..<Self.batch {
          y.append(
            (0..<Self.dimension).reduce(0) { sum, c in
              sum + weight[k * Self.dimension + c] * batch.inputGain[c]
                * batch.inputs[b * Self.dimension + c]
            })
        }
      }
      let output = Self.normalised(y, item, gains: batch.outputGain)
      let gradients = transposed(batch.outputGradients, rows: Self.batch)
      return zip(output, gradients).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let h = 1e-5
    let expected = batch.weight.indices.map { index in
      var (up, down) = (batch.weight, batch.weight)
      up[index] += h
      down[index] -= h
      return (loss(up) - loss(down)) / (2 * h)
    }
    for arithmetic in Arithmetic.available where arithmetic.precision == .double {
      let found = try Self.backward(item, batch, arithmetic)
      #expect(deviation(found.weight, from: expected) < 1e-8, "\(arithmetic.set)")
    }
  }

  /// γ_out ⊙ N(y), y and the result [K × B].
  private static func normalised(_ y: [Double], _ item: Case, gains: [Double]) -> [Double] {
    let (neurons, ε) = (item.neurons, Double(item.epsilon) ?? .nan)
    /// The places that are normalised together.
    let groups: [[Int]] =
      switch item.normalisation {
      case .batch: (0..<neurons).map { k in (0..<batch).map { k * batch + $0 } }
      case .layer: (0..<batch).map { b in (0..<neurons).map { $0 * batch + b } }
      case .none: []
      }
    var result = y
    for group in groups {
      let count = Double(group.count)
      let mean = group.reduce(0) { $0 + y[$1] } / count
      let variance = group.reduce(0) { $0 + (y[$1] - mean) * (y[$1] - mean) } / count
      for place in group { result[place] = (y[place] - mean) / (variance + ε).squareRoot() }
    }
    return result.indices.map { gains[$0 / batch] * result[$0] }
  }
}

/// A matrix in row-major order, transposed.
private func transposed(_ values: [Double], rows: Int) -> [Double] {
  let columns = values.count / rows
  return (0..<values.count).map { values[$0 % rows * columns + $0 / rows] }
}
