import Parameters
import RunConfigurations
import Safetensors
import Training

extension FuzzTarget {
  private static let words = [
    "\"F64\"", "\"F32\"", "\"BF16\"", "\"F16\"", "\"U64\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"",
    "[0, 0]",
    "[18446744073709551616]", "[4294967296, 4294967296]", "{", "}", "[", "]", ":", ",", "\\u0000", "\\ud800",
    "\"__metadata__\"",
  ]

  /// A safetensors file with its header, the network that its tensors make, and the index of several files.
  static let safetensors = FuzzTarget(name: "safetensors", corpus: ["safetensors"], words: words) {
    bytes throws(Finding) in
    _ = try? ShardIndex(bytes)
    let file: TensorFile
    do throws(TensorFileError) { file = try TensorFile(bytes) } catch {
      try check(error.description)
      return false
    }
    for tensor in file.tensors.values where tensor.values.count != tensor.count {
      throw Finding("a tensor with \(tensor.count) numbers gives \(tensor.values.count)")
    }
    let shapes = file.tensors.map { TensorShape($0.key, $0.value.shape) }
    _ = ParameterList(shapes, ParameterRules(.req)).layers()
    return true
  }

  /// A saved simulation: one that is accepted goes on for some steps.
  static let state = FuzzTarget(name: "state", corpus: [], words: words) { bytes throws(Finding) in
    let settings = SimulationSettings(
      system: SimpleSystem(dimension: 5, neurons: 3, batch: 4),
      rule: AdamWRule(beta1: 0.9, beta2: 0.999, epsilon: 0), seed: 7, window: 3
    ) { _ in StepSettings(learningRate: 0.01, weightDecay: 0.1, shrink: 0.001, rotation: 0) }
    do throws(TrainingError) {
      let simulation = try Simulation(settings)
      // Without an input of its own it saves one, which the bytes then change.
      try simulation.take(steps: 3)
      var saved = simulation.state.encoded()
      for (index, byte) in bytes.prefix(64).enumerated() where index % 3 == 0 {
        let place = bytes.prefix(index + 3).reduce(0) { ($0 &* 257 &+ Int($1)) & 0xFFFFFF } % saved.count
        saved[place] = byte
      }
      guard let file = try? TensorFile(saved) else { return false }
      try simulation.resume(from: file)
      try simulation.take(steps: 2)
      _ = simulation.endWindow()
      return true
    } catch {
      try check(error.description)
      return false
    }
  }
}
