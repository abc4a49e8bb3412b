#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import Dynamics
import Equilibrium
import Formulas
import Optimizers
import OutsideText
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

  /// Arguments replace what the file says, or add to it.
  @Test func overrides() throws {
    let text = """
      name: tiny
      optimizer: {name: sgdm, learning_rate: 1e-4, weight_decay: 1, momentum: 0.9}
      steps: 100
      """
    let run = try RunConfiguration.read(
      text: text, path: "run.yaml",
      overrides: [
        "--optimizer.learning_rate=0.5", "--optimizer.nesterov=true", "--decay-rule=timm", "--steps=7",
      ],
      facts: RunFacts([.worldSize: 8]))
    #expect(
      run
        == TrainingRun(
          name: "tiny", optimizer: .sgdm,
          hyperparameters: [.learningRate: 0.5, .weightDecay: 1, .momentum: 0.9],
          nesterov: true, steps: 7, decayRule: .timm,
          warnings: ["--world-size is not needed: run.yaml says it itself."]))
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
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
  }

  /// A log from step 0 on, a warmup that falls, a rise that takes the whole cycle, tokens that make no whole number of batches.
  @Test(arguments: [
    (
      "trainer_state.json",
      """
      {"global_step": 100, "max_steps": 100, "epoch": 1, "weight_decay": 0.1, "optim": "adamw_torch", "log_history": [
        {"learning_rate": 1e-4, "step": 0}, {"learning_rate": 9e-5, "step": 50}, {"learning_rate": 1e-5, "step": 100}]}
      """
    ),
    (
      "trainer_state.json",
      """
      {"global_step": 9, "max_steps": 9, "epoch": 1, "weight_decay": 0.1, "optim": "adamw_torch", "log_history": [
        {"learning_rate": 1, "step": 0}, {"learning_rate": 2, "step": 1}, {"learning_rate": 0.5, "step": 9}]}
      """
    ),
    (
      "args.yaml",
      """
      per_device_train_batch_size: 8
      lr_scheduler_type: cosine_warmup_with_min_lr
      lr_scheduler_kwargs: {min_lr_rate: 0.1, warmup_lr_rate: 1.5}
      weight_decay: 0.1
      warmup_steps: 10
      max_steps: 100
      """
    ),
    (
      "lightning.yaml",
      """
      trainer: {max_steps: 100}
      optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 1e-3}}
      lr_scheduler: {class_path: OneCycleLR, init_args: {max_lr: 0.01, total_steps: 100, pct_start: 1.0}}
      interval: step
      """
    ),
    (
      "mpt.yaml",
      """
      max_duration: 3000000001tok
      global_train_batch_size: 8
      max_seq_len: 2048
      optimizer: {name: decoupled_adamw, lr: 1e-3, weight_decay: 1e-5}
      scheduler: {name: cosine_with_warmup, t_warmup: 1000000001tok, alpha_f: 0.1}
      """
    ),
  ])
  func otherFormatsThereAndBack(path: String, text: String) throws {
    let run = try RunConfiguration.read(text: text, path: path)
    let written = RoteqYAML.encode(run).text
    #expect(written.utf8.count < 1_000_000)
    #expect(try RoteqYAML.decode(written, path: "run.yaml") == run)
  }

  @Test func wholeDocument() throws {
    let run = TrainingRun(
      name: "all fields", optimizer: .sgdm,
      hyperparameters: [.learningRate: 0.5, .weightDecay: 1e-4, .momentum: 0.9], nesterov: true, steps: 100,
      stepsPerEpoch: 10,
      schedule: .named(
        try ScheduleSpecification(parsing: "linear:floor=0.02,warmup=5,warmup-from=2e-6,end=90,hold=10")),
      decayRule: .timm,
      layers: [
        LayerShape(
          name: "a", neurons: 2, dimension: 3, count: 4, initialNorm: 0.1, kind: .scaleInvariant,
          hyperparameters: [.learningRate: 0.25], note: "b")
      ],
      notes: ["one: \"quoted\" & more", "true"], warnings: ["w"], ignored: ["seed"])
    #expect(
      RoteqYAML.encode(run).text == """
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
          name: linear
          floor: 0.02
          warmup: 5
          warmup_from: 2.0e-06
          end: 90
          hold: 10
        decay_rule: timm
        layers:
          - name: a
            neurons: 2
            dimension: 3
            count: 4
            initial_norm: 0.1
            kind: scale_invariant
            learning_rate: 0.25
            note: b
        notes:
          - "one: \\"quoted\\" \\x26 more"
          - "true"
        warnings:
          - w
        ignored:
          - seed

        """)
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
  }

  /// Random runs, with any text that Unicode allows, come back as they were.
  @Test func thereAndBack() throws {
    var random = SplitMix(state: 7)
    for _ in 0..<300 {
      let run = TrainingRun.random(&random)
      let text = RoteqYAML.encode(run).text
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
    return TrainingRun(
      name: .random(&random), optimizer: optimizer, hyperparameters: values,
      nesterov: optimizer == .sgdm && Bool.random(using: &random),
      decayConvention: optimizer.decouplesDecay
        ? DecayConvention.allCases.randomElement(using: &random) ?? .coupled : .coupled,
      steps: Int.random(in: 100..<1_000_000, using: &random),
      stepsPerEpoch: Bool.random(using: &random) ? 9 : nil,
      schedule: .random(&random), decayRule: DecayRule.allCases.randomElement(using: &random) ?? .req,
      layers: (0..<Int.random(in: 0..<3, using: &random)).map { _ in
        LayerShape(
          name: .random(&random), neurons: 3, dimension: Int.random(in: 1..<5000, using: &random),
          count: Int.random(in: 1..<50, using: &random),
          initialNorm: Bool.random(using: &random) ? Double.random(in: 1e-9..<10, using: &random) : nil,
          kind: [nil, WeightKind.scaleInvariant, .scaleSensitive].randomElement(using: &random) ?? nil,
          hyperparameters: Bool.random(using: &random) ? [.weightDecay: 0.25] : [:],
          note: Bool.random(using: &random) ? .random(&random) : nil)
      },
      notes: (0..<Int.random(in: 0..<3, using: &random)).map { _ in .random(&random) },
      warnings: Bool.random(using: &random) ? [.random(&random)] : [], ignored: [.random(&random)])
  }
}

extension LearningRateSchedule {
  static func random(_ random: inout SplitMix) -> LearningRateSchedule {
    let share = { (random: inout SplitMix) in Double.random(in: 0..<1, using: &random) }
    var specification = ScheduleSpecification("constant")
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      return .table(
        LearningRateTable(steps: [1, 5, 90], learningRates: [share(&random), 0, share(&random)]))
    case 1:
      specification.name = "cosine"
      specification.parameters["floor"] = [share(&random)]
    case 2:
      specification.name = "multistep"
      specification.parameters["milestones"] = [7, 50]
    case 3:
      specification.name = "wsd"
      specification.parameters["decay-share"] = [0.25]
    default: break
    }
    if Bool.random(using: &random) {
      (specification.warmup, specification.warmupFrom, specification.warmupPrefix) = (4, share(&random), true)
    }
    if Bool.random(using: &random) { (specification.end, specification.hold) = (80, 3) }
    return .named(specification)
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
