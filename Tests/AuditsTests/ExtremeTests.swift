import Audits
import Dynamics
import Equilibrium
import Safetensors
import Testing

/// Numbers at the ends of the range, and tensors whose neurons are not told apart.
@Suite("Extremes of checkpoints")
struct ExtremeTests {
  private static let run = MadeUpTests.run([.learningRate: 1e-2, .weightDecay: 1])

  /// Eight neurons of 16 numbers of a size, each turned a bit.
  private static func tensors(_ size: Double) -> (now: Tensor, before: Tensor) {
    let values = matrix(neurons: 8, dimension: 16).values.map { $0 * size }
    let turned = values.indices.map { values[$0] * ($0 % 5 == 0 ? 1.25 : 1) }
    return (Tensor(turned, shape: [8, 16]), Tensor(values, shape: [8, 16]))
  }

  /// Sizes are powers of 2, so that nothing but the size differs.
  @Test("What turned is measured at any size", arguments: [0x1p-900, 0x1p-600, 0x1p600, 0x1p1000])
  func sizes(size: Double) throws {
    func audited(_ size: Double) throws -> TensorAudit {
      let (now, before) = Self.tensors(size)
      return try audit(Self.run, ["a.weight": now], before: ["a.weight": before], step: 1000).tensors[0]
    }
    let (tensor, usual) = (try audited(size), try audited(1))
    #expect(!tensor.lacksRotation)
    let (change, usualChange) = (try #require(tensor.change), try #require(usual.change))
    // A few roundings of norms, over a difference a tenth of them.
    let tolerance = 1e-14
    #expect(difference(tensor.norm / size, usual.norm) < tolerance)
    #expect(difference(change.normBefore / size, usualChange.normBefore) < tolerance)
    #expect(difference(change.rotation, usualChange.rotation) < tolerance)
    #expect(difference(change.retention, usualChange.retention) < tolerance)
    #expect(difference(change.rotations?.rms, usualChange.rotations?.rms ?? .nan) < tolerance)
  }

  @Test("Where there is no angle, that is said")
  func noAngle() throws {
    let (now, _) = Self.tensors(1)
    let before = Tensor([Double](repeating: 0, count: 128), shape: [8, 16])
    let tensor = try audit(Self.run, ["a.weight": now], before: ["a.weight": before], step: 1000).tensors[0]
    #expect(tensor.change == nil && tensor.lacksRotation)
    #expect(try !audit(Self.run, ["a.weight": now], step: 1000).tensors[0].lacksRotation)
  }

  @Test("Neurons of one number are read as a whole, and that is said")
  func oneNumber() throws {
    let column = Tensor((1...64).map { Float($0) }, shape: [64, 1])
    let audit = try audit(Self.run, ["a.weight": column], step: 1000)
    #expect(audit.tensors[0].norms == nil && audit.neurons.isEmpty)
    let square = (1...64).reduce(0) { $0 + $1 * $1 }
    #expect(difference(audit.tensors[0].norm, (Double(square) / 64).squareRoot()) < 1e-14)
    #expect(
      audit.warnings == ["a.weight is read as a whole: a neuron of one number has no direction to turn in."])
  }

  /// The farthest by sorting all; their norms are all different.
  @Test("The farthest neurons are those that sorting finds")
  func farthest() throws {
    let norms = (0..<200).map { 1 + Double(($0 * 77) % 200) / 100 }
    let values = norms.flatMap { norm -> [Float] in [Float(norm), 0] }
    let audit = try audit(Self.run, ["a.weight": Tensor(values, shape: [200, 2])], step: 1000)
    let rms = try #require(audit.tensors[0].norms?.rms)
    let order = norms.indices.sorted {
      max(norms[$0] / rms, rms / norms[$0]) > max(norms[$1] / rms, rms / norms[$1])
    }
    #expect(audit.neurons.map(\.index) == Array(order.prefix(10)))
  }
}
