import Dynamics
import Equilibrium
import Formulas
import Optimizers
import OutsideText
import RunConfigurations
import Testing

/// Files that training programs write or read: what each value becomes, and what is said of the rest.
@Suite struct FileFormatTests {
  private func read(
    _ text: String, _ path: String, _ overrides: [String] = [], _ facts: [RunFacts.Fact: Int] = [:]
  )
    throws -> TrainingRun
  {
    try RunConfiguration.read(text: text, path: path, overrides: overrides, facts: RunFacts(facts))
  }

  private static let folder =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/examples/"

  struct Example: Sendable, CustomTestStringConvertible {
    let file: String
    var facts: [RunFacts.Fact: Int] = [:]
    let optimizer: Optimizer
    let values: [Symbol: Double]
    let steps: Int
    var convention = DecayConvention.coupled
    let schedule: String
    let rule: DecayRule
    var testDescription: String { file }
  }

  static let gpt2: [Symbol: Double] = [
    .learningRate: 4.8e-3, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.95, .epsilon: 1e-8,
  ]
  static let examples = [
    Example(
      file: "gpt2-openwebtext-trainer/training_args.json", optimizer: .adamW, values: gpt2, steps: 5000,
      schedule: "cosine:cycles=0.5,warmup=250", rule: .huggingFace),
    Example(
      file: "gpt2-openwebtext-trainer/trainer_state.json", optimizer: .adamW, values: gpt2, steps: 5000,
      schedule: "cosine:cycles=0.5,warmup=250", rule: .huggingFace),
    Example(
      file: "resnet20-cifar10-lightning.yaml", facts: [.datasetSize: 49_920], optimizer: .sgdm,
      values: [.learningRate: 0.5, .weightDecay: 1e-4, .momentum: 0.9, .dampening: 0], steps: 78_000,
      schedule: "cosine:floor=0,hold=390", rule: .all),
    Example(
      file: "resnet20-cifar10-param-groups.json", facts: [.steps: 78_000], optimizer: .adamW,
      values: [.learningRate: 0.05, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8],
      steps: 78_000, schedule: "constant", rule: .req),
    Example(
      file: "mpt-125m-llm-foundry.yaml", optimizer: .adamW,
      values: [.learningRate: 4.8e-3, .weightDecay: 4.8e-4, .beta1: 0.9, .beta2: 0.95, .epsilon: 1e-8],
      steps: 5000, convention: .decoupled, schedule: "cosine:floor=0,warmup=250", rule: .all),
    Example(
      file: "llama3-8b-torchtitan.toml", optimizer: .adamW,
      values: [.learningRate: 3e-4, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.95, .epsilon: 1e-8],
      steps: 100_000,
      schedule: "trapezoid-cosine:decay=20000,floor=0.1,warmup=1999,warmup-from=0.0005", rule: .all),
  ]

  @Test(arguments: examples)
  func example(_ example: Example) throws {
    let run = try RunConfiguration.read(path: Self.folder + example.file, facts: RunFacts(example.facts))
    #expect(run.optimizer == example.optimizer)
    #expect(run.hyperparameters == example.values)
    #expect(run.steps == example.steps)
    #expect(run.decayConvention == example.convention)
    #expect(run.decayRule == example.rule)
    #expect(run.schedule == .named(try ScheduleSpecification(parsing: example.schedule)))
    #expect(run.warnings.allSatisfy { $0.hasPrefix("Gradients are clipped") })
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
    for layer in run.layers { _ = try run.settings(for: layer) }
  }

  /// Table 4's decay, whatever convention the program has.
  @Test func decoupledDecayIsTable4s() throws {
    let run = try RunConfiguration.read(path: Self.folder + "mpt-125m-llm-foundry.yaml")
    #expect(abs(try run.settings().values[.weightDecay, default: 0] - 0.1) < 1e-15)
    #expect(run.name == "mpt-125m-openwebtext")
    #expect(run.layers.map(\.neurons) == [2304, 768, 3072, 768, 50368, 1024])
    #expect(run.layers.map(\.dimension) == [768, 768, 768, 3072, 768, 768])
  }

  // MARK: Lengths

  struct Length: Sendable, CustomTestStringConvertible {
    let file: String
    let text: String
    var overrides: [String] = []
    var facts: [RunFacts.Fact: Int] = [:]
    let steps: Int
    var perEpoch: Int?
    var testDescription: String { "\(file) \(overrides) \(facts.count) \(steps)" }
  }

  static func hf(_ more: String) -> String { "weight_decay: 0.1\nlr_scheduler_type: linear\n" + more }
  static func lit(_ more: String) -> String {
    "seed_everything: 1\noptimizer: {class_path: torch.optim.AdamW}\ndata: {init_args: {batch_size: 16}}\n"
      + more
  }
  static func foundry(_ more: String) -> String {
    "optimizer: {name: decoupled_adamw}\nglobal_train_batch_size: 10\nmax_seq_len: 8\n" + more
  }
  @Test(arguments: [
    // 1000 examples in batches of 8 for 3 processes: 42 batches each, and 11 steps of 4 batches.
    Length(
      file: "hf.yaml", text: hf("num_train_epochs: 2.5\ngradient_accumulation_steps: 4"),
      facts: [.datasetSize: 1000, .worldSize: 3], steps: 28, perEpoch: 11),
    Length(
      file: "hf.yaml", text: hf("num_train_epochs: 2\ndataloader_drop_last: true"),
      facts: [.datasetSize: 1000, .worldSize: 3], steps: 82, perEpoch: 41),
    Length(file: "hf.yaml", text: hf("num_train_epochs: 2\nmax_steps: 7"), steps: 7),
    Length(file: "hf.yaml", text: hf("num_train_epochs: 2\nmax_steps: -1"), facts: [.steps: 9], steps: 9),
    Length(file: "hf.yaml", text: hf("num_train_epochs: 2"), overrides: ["--max_steps=8"], steps: 8),
    Length(
      file: "lit.yaml", text: lit("trainer: {max_epochs: 3, devices: 2, accumulate_grad_batches: 2}"),
      facts: [.datasetSize: 100], steps: 6, perEpoch: 2),
    Length(
      file: "lit.yaml", text: lit("trainer: {max_epochs: 3, max_steps: 5, devices: '2', num_nodes: 2}"),
      facts: [.datasetSize: 100], steps: 5, perEpoch: 2),
    Length(
      file: "lit.yaml", text: lit("trainer: {max_epochs: 3, devices: auto, limit_train_batches: 0.5}"),
      facts: [.datasetSize: 100, .worldSize: 1], steps: 9, perEpoch: 3),
    Length(
      file: "lit.yaml", text: lit("trainer: {max_epochs: -1, max_steps: 50, devices: '0,1'}"), steps: 50),
    Length(file: "mpt.yaml", text: foundry("max_duration: 1_000ba"), steps: 1000),
    Length(file: "mpt.yaml", text: foundry("max_duration: 810tok"), steps: 11),
    Length(file: "mpt.yaml", text: foundry("max_duration: 1e3sp"), steps: 100),
    Length(
      file: "mpt.yaml", text: foundry("max_duration: 2ep"), facts: [.datasetSize: 95], steps: 20, perEpoch: 10
    ),
    Length(
      file: "mpt.yaml", text: foundry("max_duration: 2ep\ntrain_loader: {drop_last: true}"),
      facts: [.datasetSize: 95], steps: 18, perEpoch: 9),
    Length(file: "titan.toml", text: "[optimizer]\nlr = 1e-3\n[training]\nsteps = 1_234\n", steps: 1234),
    Length(
      file: "titan.toml", text: "[optimizer]\nname = 'AdamW'\nlr = 1e-3\n", facts: [.steps: 300], steps: 300),
  ])
  func length(_ test: Length) throws {
    let run = try read(test.text, test.file, test.overrides, test.facts)
    #expect(run.steps == test.steps)
    #expect(run.stepsPerEpoch == test.perEpoch)
  }

  // MARK: Optimizers

  struct Choice: Sendable, CustomTestStringConvertible {
    let file: String
    let text: String
    var overrides: [String] = []
    let optimizer: Optimizer
    let values: [Symbol: Double]
    var nesterov = false
    var convention = DecayConvention.coupled
    var testDescription: String { "\(text.prefix(90)) \(overrides)" }
  }
  static func trainer(_ optim: String, _ more: String = "") -> String {
    "{\"optim\": \"\(optim)\", \"lr_scheduler_type\": \"linear\", \"weight_decay\": 0.1, \"max_steps\": 9\(more)}"
  }
  static func torch(_ name: String, _ arguments: String) -> String {
    "trainer: {max_steps: 9}\nmodel: {}\noptimizer:\n  class_path: \(name)\n  init_args: {\(arguments)}\n"
  }
  static func group(_ keys: String) -> String {
    "[{\"lr\": 0.1, \"weight_decay\": 0.01, \(keys), \"params\": [0, 1]}]"
  }
  static let adamKeys = "\"betas\": [0.9, 0.95], \"eps\": 1e-08, \"amsgrad\": false"
  static let adam: [Symbol: Double] = [.learningRate: 5e-5, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.999]
  static let fromGroup: [Symbol: Double] = [
    .learningRate: 0.1, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.95,
  ]

  @Test(arguments: [
    Choice(
      file: "a.json", text: trainer("adamw_torch_fused"), optimizer: .adamW,
      values: adam.merging([.epsilon: 1e-8]) { $1 }),
    Choice(
      file: "a.json", text: trainer("paged_adamw_8bit"), optimizer: .adamW,
      values: adam.merging([.epsilon: 1e-8]) { $1 }),
    Choice(file: "a.json", text: trainer("lion_32bit"), optimizer: .lion, values: adam),
    Choice(
      file: "a.json", text: trainer("sgd"), optimizer: .sgdm,
      values: [.learningRate: 5e-5, .weightDecay: 0.1, .momentum: 0, .dampening: 0]),
    Choice(
      file: "a.json", text: trainer("sgd", ", \"optim_args\": \"momentum=0.9, nesterov=True\""),
      optimizer: .sgdm,
      values: [.learningRate: 5e-5, .weightDecay: 0.1, .momentum: 0.9, .dampening: 0], nesterov: true),
    Choice(
      file: "a.yaml", text: torch("torch.optim.AdamW", ""), optimizer: .adamW,
      values: [.learningRate: 1e-3, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    // Adam's decay goes through the gradient.
    Choice(
      file: "a.yaml", text: torch("torch.optim.Adam", "weight_decay: 1e-4, betas: [0.8, 0.9]"),
      optimizer: .adamL2,
      values: [.learningRate: 1e-3, .weightDecay: 1e-4, .beta1: 0.8, .beta2: 0.9]),
    Choice(
      file: "a.yaml", text: torch("torch.optim.Adam", "weight_decay: 1e-4, decoupled_weight_decay: true"),
      optimizer: .adamW,
      values: [.learningRate: 1e-3, .weightDecay: 1e-4, .beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    Choice(
      file: "a.yaml", text: torch("lion_pytorch.Lion", "weight_decay: 1.0"), optimizer: .lion,
      values: [.learningRate: 1e-4, .weightDecay: 1, .beta1: 0.9, .beta2: 0.99]),
    Choice(
      file: "a.yaml", text: torch("torch.optim.SGD", "lr: 0.1, momentum: 0.9, nesterov: true"),
      overrides: ["--optimizer.init_args.weight_decay=5e-4"], optimizer: .sgdm,
      values: [.learningRate: 0.1, .weightDecay: 5e-4, .momentum: 0.9], nesterov: true),
    Choice(
      file: "a.yaml", text: "optimizer: {name: decoupled_lionw, weight_decay: 1e-4}\nmax_duration: 9ba",
      optimizer: .lion, values: [.learningRate: 1e-4, .weightDecay: 1e-4, .beta1: 0.9, .beta2: 0.99],
      convention: .decoupled),
    // λ = λ′(1 − α)/η.
    Choice(
      file: "a.yaml",
      text:
        "optimizer: {name: decoupled_sgdw, lr: 0.5, momentum: 0.75, weight_decay: 1e-4}\nmax_duration: 9ba",
      optimizer: .sgdm, values: [.learningRate: 0.5, .weightDecay: 5e-5, .momentum: 0.75]),
    Choice(
      file: "a.json", text: group(adamKeys + ", \"decoupled_weight_decay\": true"), optimizer: .adamW,
      values: fromGroup.merging([.epsilon: 1e-8]) { $1 }),
    Choice(
      file: "a.json", text: group(adamKeys + ", \"decoupled_weight_decay\": false"), optimizer: .adamL2,
      values: fromGroup),
    Choice(
      file: "a.json", text: group(adamKeys), overrides: ["--optimizer=adam"], optimizer: .adamL2,
      values: fromGroup),
    Choice(
      file: "a.json", text: group(adamKeys), overrides: ["--optimizer=decoupled_adamw"], optimizer: .adamW,
      values: fromGroup.merging([.epsilon: 1e-8]) { $1 }, convention: .decoupled),
    Choice(file: "a.json", text: group("\"betas\": [0.9, 0.95]"), optimizer: .lion, values: fromGroup),
    Choice(
      file: "a.json",
      text:
        "{\"state\": {}, \"param_groups\": \(group("\"momentum\": 0.9, \"dampening\": 0, \"nesterov\": true"))}",
      optimizer: .sgdm, values: [.learningRate: 0.1, .weightDecay: 0.01, .momentum: 0.9, .dampening: 0],
      nesterov: true),
  ])
  func optimizer(_ test: Choice) throws {
    let run = try read(test.text, test.file, test.overrides, test.text.contains("params") ? [.steps: 9] : [:])
    #expect(run.optimizer == test.optimizer)
    #expect(run.hyperparameters == test.values)
    #expect(run.nesterov == test.nesterov)
    #expect(run.decayConvention == test.convention)
  }

  // MARK: Parameter groups

  @Test func theDecayingGroupIsTheRuns() throws {
    let text = """
      [{"lr": 0.0, "initial_lr": 0.1, "weight_decay": 0.0, "momentum": 0.9, "nesterov": false, "params": [0, 1, 2, 3]},
       {"lr": 0.0, "initial_lr": 0.2, "weight_decay": 0.01, "momentum": 0.9, "nesterov": false, "params": [4, 5]},
       {"lr": 0.0, "initial_lr": 0.3, "weight_decay": 0.02, "momentum": 0.9, "nesterov": false, "params": [6]}]
      """
    let run = try read(text, "groups.json", [], [.steps: 10])
    #expect(run.hyperparameters == [.learningRate: 0.2, .weightDecay: 0.01, .momentum: 0.9])
    #expect(run.notes.contains("Group 2 of 3 is read; 1 without weight decay has no equilibrium."))
    #expect(
      run.warnings.contains { $0.hasPrefix("Group 3 has a learning rate of 0.3 and a weight decay of 0.02") })
  }

  /// However short the run is, an epoch is a possible number of steps.
  @Test(arguments: [("1e-300ep", 1 << 50), ("0.5ep", 2000), ("4ep", 250)])
  func epochsOfComposer(duration: String, stepsPerEpoch: Int) throws {
    let run = try RunConfiguration.read(
      text: "max_duration: \(duration)\noptimizer: {name: decoupled_adamw, lr: 1e-3}", path: "a.yaml",
      facts: RunFacts([.steps: 1000]))
    #expect(run.steps == 1000)
    #expect(run.stepsPerEpoch == stepsPerEpoch)
  }

  @Test func nestedSequence() throws {
    let text = """
      trainer: {max_steps: 1000}
      optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 1e-3}}
      lr_scheduler:
        interval: step
        scheduler:
          class_path: torch.optim.lr_scheduler.SequentialLR
          init_args:
            milestones: [100]
            schedulers:
              - class_path: torch.optim.lr_scheduler\(String(repeating: ".lr_scheduler", count: 20)).SequentialLR
                init_args: {milestones: [10], schedulers: []}
              - {class_path: CosineAnnealingLR, init_args: {T_max: 900}}
      """
    let error = #expect(throws: ConfigurationError.self) { try read(text, "a.yaml") }
    #expect(
      error?.description.contains("'SequentialLR within another' is not followed; --ignore lr_scheduler")
        == true)
    let run = try RunConfiguration.read(text: text, path: "a.yaml", ignoring: ["lr_scheduler.scheduler"])
    #expect(run.schedule == .constant)
    #expect(
      run.warnings == [
        "lr_scheduler.scheduler is left out, as --ignore asks: the learning rate is taken as constant."
      ])
  }

  /// A pair of numbers in a text, as some write it.
  @Test(arguments: ["[0.8, 0.9]", "\"(0.8, 0.9)\"", "'[0.8,0.9]'", "0.8,0.9"])
  func pairs(betas: String) throws {
    let run = try RunConfiguration.read(
      text: "max_duration: 9ba\noptimizer: {name: decoupled_adamw, lr: 1e-3}", path: "a.yaml",
      overrides: ["--optimizer.betas=\(betas)"])
    #expect(run.hyperparameters[.beta1] == 0.8)
    #expect(run.hyperparameters[.beta2] == 0.9)
  }

  // MARK: The Trainer's log

  /// A log with the learning rate of its own step, or of the next one as before release 4.51.
  private func log(ahead: Int, every: Int, steps: Int = 100, _ rate: (Int) -> Double) -> String {
    let rows = stride(from: every, through: steps, by: every).map {
      "{\"learning_rate\": \(rate($0 - 1 + ahead)), \"step\": \($0)}"
    }
    return "{\"epoch\": 2.0, \"global_step\": \(steps), \"max_steps\": \(steps), \"log_history\": ["
      + rows.joined(separator: ",") + ", {\"eval_loss\": NaN, \"step\": \(steps)}]}"
  }

  @Test(arguments: [0, 1], [1, 5])
  func logAlone(ahead: Int, every: Int) throws {
    // 20 steps up, 80 down.
    func rate(_ taken: Int) -> Double {
      taken < 20 ? 0.01 * Double(taken) / 20 : 0.01 * Double(100 - taken) / 80
    }
    let run = try read(
      log(ahead: ahead, every: every, rate), "trainer_state.json",
      ["--weight_decay=0.1", "--optim=adamw_torch"])
    #expect(run.steps == 100)
    #expect(run.stepsPerEpoch == 50)
    let plan = try run.plan()
    // Between the rows that are logged, lines are exact but around the peak.
    for taken in [5, 10, 15, 30, 50, 95] {
      #expect(abs(plan.step(after: taken).learningRate - rate(taken)) < 1e-7, "after \(taken)")
    }
  }

  @Test func logThatDisagrees() throws {
    let arguments =
      "\"lr_scheduler_type\": \"cosine\", \"per_device_train_batch_size\": 8, \"weight_decay\": 0.1, \"learning_rate\": 0.01,"
    let text = log(ahead: 0, every: 5) { 0.01 * Double(100 - $0) / 100 }
    let run = try read(text.replacing("{\"epoch\"", with: "{\(arguments) \"epoch\""), "trainer_state.json")
    #expect(
      run.warnings.contains(
        "The learning rates in log_history are not those of the stated schedule; the log is followed."))
    #expect(abs(try run.plan().step(after: 50).learningRate - 0.005) < 1e-8)
  }
}

/// What changes the run and is not followed is said.
@Suite struct FileWarningTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let text: String
    let warning: String
    var testDescription: String { warning }
  }

  static let arguments = "optim: adamw_torch\nweight_decay: 0.1\nmax_steps: 9\nmax_grad_norm: 0\n"
  static let foundry = "max_duration: 9ba\nscheduler: {name: constant}\noptimizer:\n  name: decoupled_adamw\n"

  @Test(arguments: [
    Case(
      file: "a.yaml", text: arguments + "lr_scheduler_type: linear\noptim_args: a=1",
      warning: "optim_args is not read for adamw_torch."),
    Case(
      file: "a.yaml", text: arguments + "lr_scheduler_type: constant\nwarmup_ratio: 0.5",
      warning: "lr_scheduler_type is constant: there is no warmup, whatever is said of one."),
    Case(
      file: "a.yaml", text: arguments + "lr_scheduler_type: linear\nwarmup_ratio: 1",
      warning: "The warmup takes 9 of 9 steps: the learning rate stays below its peak."),
  ])
  func warned(_ test: Case) throws {
    let run = try RunConfiguration.read(text: test.text, path: test.file)
    #expect(run.warnings == [test.warning])
  }
}
