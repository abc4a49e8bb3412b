#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import Equilibrium
import Formulas
import Optimizers
import RunConfigurations
import Testing

/// roteq's own YAML: reading, writing, and there and back.
@Suite struct RoteqYAMLTests {
  @Test func smallest() throws {
    let text = """
      name: tiny
      optimizer: {name: lion, learning_rate: 1e-4, weight_decay: 1}
      steps: 1e3
      layers: [{name: a, neurons: 2, dimension: 3}]
      """
    #expect(
      try RunConfiguration.read(text: text, path: "run.yml")
        == TrainingRun(
          name: "tiny", optimizer: .lion, hyperparameters: [.learningRate: 1e-4, .weightDecay: 1],
          steps: 1000, layers: [LayerShape(name: "a", neurons: 2, dimension: 3)]))
  }

  @Test(arguments: ["4.8e-3", "6e-4", "+1E-3", ".5", "0.1", "1"])
  func numbers(number: String) throws {
    let text = """
      name: tiny
      optimizer: {name: adamw, learning_rate: 1e-4, weight_decay: \(number)}
      steps: 10
      layers: [{name: a, neurons: 2, dimension: 3}]
      """
    let run = try RoteqYAML.decode(text, path: "run.yaml")
    #expect(run.hyperparameters[.weightDecay] == Double(number))
  }

  @Test(arguments: ["gpt2-openwebtext.py", "resnet20-cifar10.yaml"])
  func examplesThereAndBack(file: String) throws {
    let run = try RunConfiguration.read(path: example(file))
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run), path: "run.yaml") == run)
  }

  @Test func wholeDocument() throws {
    let run = TrainingRun(
      name: "all fields", optimizer: .sgdm,
      hyperparameters: [.learningRate: 0.5, .weightDecay: 1e-4, .momentum: 0.9], nesterov: true, steps: 100,
      stepsPerEpoch: 10,
      schedule: LearningRateSchedule(warmup: .init(steps: 5, from: 1e-6), decay: .linear(to: 0.01, end: 90)),
      layers: [
        LayerShape(
          name: "a", neurons: 2, dimension: 3, count: 4, initialNorm: 0.1, kind: .scaleInvariant, note: "b")
      ],
      notes: ["one: \"quoted\" & more", "true"])
    #expect(
      RoteqYAML.encode(run) == """
        name: all fields
        optimizer:
          name: sgdm
          learning_rate: 0.5
          weight_decay: 0.0001
          momentum: 0.9
          nesterov: true
        steps: 100
        steps_per_epoch: 10
        learning_rate_schedule:
          warmup_steps: 5
          warmup_learning_rate: 1e-06
          decay: linear
          final_learning_rate: 0.01
          end_step: 90
        layers:
          - name: a
            neurons: 2
            dimension: 3
            count: 4
            initial_norm: 0.1
            kind: scale_invariant
            note: b
        notes:
          - "one: \\"quoted\\" \\x26 more"
          - "true"

        """)
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run), path: "run.yaml") == run)
  }

  /// Random runs, with any text that Unicode allows, come back as they were.
  @Test func thereAndBack() throws {
    var random = SplitMix(state: 7)
    for _ in 0..<300 {
      let run = TrainingRun.random(&random)
      let text = RoteqYAML.encode(run)
      #expect(try RoteqYAML.decode(text, path: "run.yaml") == run, "\(text)")
    }
  }

  /// The complete example of the documentation is read.
  @Test func documentation() throws {
    let path = example("../docs/configuration.md")
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let block = try #require(text.split(separator: "```yaml\n").dropFirst().first)
    let yaml = String(try #require(block.split(separator: "\n```").first))
    let run = try RunConfiguration.read(text: yaml, path: "run.yaml")
    #expect(run.steps == 78_000)
    #expect(run.layers.count == 2)
  }
}

extension TrainingRun {
  static func random(_ random: inout SplitMix) -> TrainingRun {
    let optimizer = Optimizer.catalogue.randomElement(using: &random) ?? .adamW
    var values: [Symbol: Double] = [:]
    for hyperparameter in optimizer.hyperparameters where hyperparameter.symbol != .dampening {
      if hyperparameter.defaultValue == nil || Bool.random(using: &random) {
        values[hyperparameter.symbol] = Double.random(in: 1e-6..<0.99, using: &random)
      }
    }
    let decays: [LearningRateSchedule.Decay] = [
      .constant, .cosine(to: 0, end: 7), .linear(to: Double.random(in: 0..<1, using: &random), end: 3),
    ]
    return TrainingRun(
      name: .random(&random), optimizer: optimizer, hyperparameters: values,
      nesterov: optimizer == .sgdm && Bool.random(using: &random),
      steps: Int.random(in: 1..<1_000_000, using: &random),
      stepsPerEpoch: Bool.random(using: &random) ? 9 : nil,
      schedule: LearningRateSchedule(
        warmup: Bool.random(using: &random)
          ? .init(steps: 4, from: Double.random(in: 0..<1, using: &random)) : nil,
        decay: decays.randomElement(using: &random) ?? .constant),
      layers: (0...Int.random(in: 0..<3, using: &random)).map { _ in
        LayerShape(
          name: .random(&random), neurons: 3, dimension: Int.random(in: 1..<5000, using: &random),
          count: Int.random(in: 1..<50, using: &random),
          initialNorm: Bool.random(using: &random) ? Double.random(in: 1e-9..<10, using: &random) : nil,
          kind: [nil, WeightKind.scaleInvariant, .scaleSensitive].randomElement(using: &random) ?? nil,
          note: Bool.random(using: &random) ? .random(&random) : nil)
      },
      notes: (0..<Int.random(in: 0..<3, using: &random)).map { _ in .random(&random) })
  }
}

extension String {
  /// Text with what is special in YAML, and characters from all over Unicode; U+FEFF, which Yams drops, is left out.
  static func random(_ random: inout SplitMix) -> String {
    let special = Array(
      "&a*a:# -?[]{},'\"\\|>%@`!~\n\t\u{85}\u{2028}\u{7}é漢🙂 null 1.5".unicodeScalars)
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0..<12, using: &random) {
      if Bool.random(using: &random), let scalar = special.randomElement(using: &random) {
        text.append(scalar)
      } else if let scalar = Unicode.Scalar(UInt32.random(in: 1..<0x11_0000, using: &random)),
        scalar != "\u{FEFF}"
      {
        text.append(scalar)
      }
    }
    return String(text)
  }
}

/// A generator with a fixed seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
