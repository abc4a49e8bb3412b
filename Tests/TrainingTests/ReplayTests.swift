import Safetensors
import Testing

@testable import Training

/// Recorded gradients, replayed, against PyTorch and a transcription of Algorithm 1 (`ReferenceData/Replay`).
@Suite struct ReplayTests {
  /// A file of expected parameters and the wrapper it was made with.
  enum File: String, CaseIterable {
    case standard, rotational, imbalanced, gain
  }

  private static let kept = [1, 2, 10, 100, 240]

  /// The weights, their gradients and the schedule, read once.
  private static let recorded = Result {
    (
      try Stored.tensors("Replay/weights"), try Stored.tensors("Replay/gradients"),
      try Stored.tensors("Replay/schedule")
    )
  }

  @Test(arguments: File.allCases, Arithmetic.available)
  func agreesWithTheReference(_ file: File, _ arithmetic: Arithmetic) throws {
    let expected = try Stored.tensors("Replay/\(file.rawValue)")
    var compared = 0
    for run in Set(expected.keys.map { $0.split(separator: "/").dropLast(2).joined(separator: "/") }) {
      let found = try Self.replay(run, file, arithmetic)
      for (name, tensor) in expected where name.hasPrefix(run + "/") {
        let name = String(name.dropFirst(run.count + 1))
        let error = deviation(found[name]?.values ?? [], from: tensor.values)
        #expect(error <= arithmetic.tolerance, "\(run)/\(name)")
        compared += 1
      }
    }
    #expect(compared == expected.count)
  }

  /// The parameters after the steps that are kept, by their names in the files.
  private static func replay(
    _ run: String, _ file: File, _ arithmetic: Arithmetic
  ) throws -> [String: Tensor] {
    let (weights, gradients, schedule) = try recorded.get()
    let words = run.split(separator: "/").map(String.init)
    let replay = try Replay(
      weights, rule: try #require(recordedRules[words[0]]), wrapper: try wrapper(file, words),
      precision: arithmetic.precision, instructionSet: arithmetic.set)
    let rates = try #require(schedule["learning_rate"]).values
    let rotations = try #require(schedule["rotation"]).values
    var found: [String: Tensor] = [:]
    for step in 0..<rates.count {
      try replay.advance(
        StepSettings(learningRate: rates[step], weightDecay: 0.1, rotation: rotations[step])
      ) { gradients[$0] }
      guard kept.contains(step + 1) else { continue }
      for (name, tensor) in replay.tensors() {
        found["\(name == "weight_gain" ? "gain" : name)/after.\(step + 1)"] = tensor
      }
    }
    return found
  }

  private static func wrapper(_ file: File, _ words: [String]) throws -> RotationalWrapper? {
    switch file {
    case .standard: nil
    case .rotational:
      RotationalWrapper(
        granularity: try #require(RotationalWrapper.Granularity(rawValue: words[1])),
        zeroMean: words[2] == "centred", decayFactor: try #require(Double(words[3])))
    case .imbalanced:
      RotationalWrapper(imbalance: Imbalance(fasterShare: 2 / 6, slowerShare: 1 / 6, factor: 3))
    case .gain: RotationalWrapper(learnsGain: true)
    }
  }

  /// Weights and gradients alone, in each of the shorter types.
  @Test(arguments: ["F32", "BF16", "F16"], Arithmetic.available)
  func readsShorterTypes(_ type: String, _ arithmetic: Arithmetic) throws {
    let weights = try Stored.tensors("Replay/single/weight-\(type)")
    let gradients = try Stored.tensors("Replay/single/gradients-\(type)")
    let expected = try Stored.tensors("Replay/single/expected")
    for (name, wrapper) in [("adamw", nil), ("rv-adamw", RotationalWrapper())] {
      let replay = try Replay(
        weights, rule: try #require(recordedRules["adamw"]), wrapper: wrapper,
        precision: arithmetic.precision, instructionSet: arithmetic.set)
      for _ in 0..<5 {
        try replay.advance(StepSettings(learningRate: 0.02, weightDecay: 0.1, rotation: 0.05)) {
          gradients[$0]
        }
      }
      let error = deviation(
        try #require(replay.tensors()["weight"]).values,
        from: try #require(expected["\(name)/\(type)/weight/after.5"]).values)
      #expect(error <= arithmetic.tolerance, "\(name)")
    }
  }
}
