import Dynamics
import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// The traps of timm's arguments.
@Suite struct TimmTests {
  /// One epoch of 30 updates of one process, unless said otherwise.
  private func read(_ flags: String, _ facts: [RunFacts.Fact: Int] = [.datasetSize: 300]) throws
    -> TrainingRun
  {
    try RunConfiguration.read(
      text: "python train.py --warmup-epochs 0 --epochs 1 --batch-size 10 --weight-decay 0.01 \(flags)",
      path: "run.sh",
      facts: RunFacts(facts))
  }

  struct Choice: CustomTestStringConvertible {
    let flags: String
    let optimizer: String
    var nesterov = false
    var convention = DecayConvention.coupled
    let values: [Symbol: Double]
    var testDescription: String { flags }
  }

  @Test(arguments: [
    Choice(flags: "--opt sgd", optimizer: "sgdm", nesterov: true, values: [.momentum: 0.9]),
    Choice(
      flags: "--opt Nesterov --momentum 0.8", optimizer: "sgdm", nesterov: true, values: [.momentum: 0.8]),
    Choice(flags: "--opt momentum", optimizer: "sgdm", values: [.momentum: 0.9]),
    Choice(flags: "--opt sgd --opt-kwargs nesterov=False", optimizer: "sgdm", values: [.momentum: 0.9]),
    Choice(flags: "--opt fusedsgd", optimizer: "sgdm", nesterov: true, values: [.momentum: 0.9]),
    Choice(flags: "--opt fusedmomentum", optimizer: "sgdm", values: [.momentum: 0.9]),
    Choice(flags: "--opt adam", optimizer: "adam-l2", values: [.beta1: 0.9, .beta2: 0.999]),
    Choice(flags: "--opt fusedadam", optimizer: "adam-l2", values: [.beta1: 0.9, .beta2: 0.999]),
    Choice(flags: "--opt adamw", optimizer: "adamw", values: [.beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    Choice(
      flags: "--opt adamw --opt-betas 0.8 0.95 --opt-eps 1e-6", optimizer: "adamw",
      values: [.beta1: 0.8, .beta2: 0.95, .epsilon: 1e-6]),
    Choice(
      flags: "--opt bnbadamw8bit", optimizer: "adamw", values: [.beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    Choice(
      flags: "--opt adamc", optimizer: "adamw", convention: .corrected,
      values: [.beta1: 0.9, .beta2: 0.999, .epsilon: 1e-8]),
    Choice(flags: "--opt lion", optimizer: "lion", values: [.beta1: 0.9, .beta2: 0.99]),
    Choice(
      flags: "--opt lion --opt-betas 0.95 0.98", optimizer: "lion", values: [.beta1: 0.95, .beta2: 0.98]),
    Choice(
      flags: "--opt lionc", optimizer: "lion", convention: .corrected, values: [.beta1: 0.9, .beta2: 0.99]),
  ])
  func optimizers(_ item: Choice) throws {
    let run = try read("\(item.flags) --lr 0.25")
    #expect(run.optimizer.identifier == item.optimizer)
    #expect(run.nesterov == item.nesterov)
    #expect(run.decayConvention == item.convention)
    #expect(run.decayRule == .timm)
    #expect(
      run.hyperparameters
        == item.values.merging([.learningRate: 0.25, .weightDecay: 0.01]) { first, _ in first })
  }

  private static let known =
    "known: sgd, nesterov, fusedsgd, momentum, fusedmomentum, adam, fusedadam, adamw, adamwlegacy, fusedadamw, bnbadamw,"
    + " bnbadamw8bit, adamc, lion, bnblion, bnblion8bit, lionc"

  @Test(arguments: [
    ("lamb", "has no prediction"), ("nadamw", "has no prediction"), ("adamp", "has no prediction"),
    ("cadamw", "has no prediction"), ("bnbadam", "is not known to decay as its name says"),
    ("lookahead_adamw", "steps between slow and fast weights, for which there is no prediction"),
    (
      "sgdw",
      "decays the weights themselves; its equilibrium is nearly that of sgd with weight decay times 1 - momentum,"
        + " which roteq's own YAML can state"
    ),
  ])
  func refusedOptimizers(name: String, reason: String) {
    let error = #expect(throws: ConfigurationError.self) { try read("--opt \(name) --lr 0.1") }
    #expect(error?.description == "run.sh:1: optimizer '\(name)' \(reason); \(Self.known)")
  }

  struct Rate: CustomTestStringConvertible {
    let flags: String
    var processes = 1
    let rate: Double
    var testDescription: String { flags }
  }

  @Test(arguments: [
    Rate(flags: "--opt sgd --lr 0.5 --lr-base 3", rate: 0.5), Rate(flags: "--opt sgd", rate: 0.1 * 10 / 256),
    Rate(flags: "--opt sgd --lr 0", rate: 0.1 * 10 / 256),
    Rate(flags: "--opt sgd --lr-base 0.4 --lr-base-size 40 --grad-accum-steps 2", processes: 2, rate: 0.4),
    Rate(flags: "--opt adamw --lr-base 1e-3 --lr-base-size 40", rate: 0.5e-3),
    Rate(flags: "--opt adamw --lr-base 1e-3 --lr-base-size 40 --lr-base-scale linear", rate: 0.25e-3),
    Rate(flags: "--opt lion --lr-base 1e-3 --lr-base-size 40", rate: 0.25e-3),
    Rate(flags: "--opt sgd --lr-base 1 --lr-base-size 40 --lr-base-scale sqrt", rate: 0.5),
    Rate(flags: "--opt sgd --lr-base 1 --lr-base-size 40 --lr-base-scale ''", rate: 0.25),
  ])
  func learningRate(_ item: Rate) throws {
    let rate = try read(item.flags, [.datasetSize: 300, .worldSize: item.processes]).hyperparameters[
      .learningRate]
    #expect(rate == item.rate)
  }

  struct Length: CustomTestStringConvertible {
    let flags: String
    let facts: [RunFacts.Fact: Int]
    let steps: Int
    let perEpoch: Int
    var testDescription: String { "\(flags) \(facts)" }
  }

  @Test(arguments: [
    Length(flags: "", facts: [.datasetSize: 309], steps: 30, perEpoch: 30),
    Length(flags: "--epochs 4 --grad-accum-steps 4", facts: [.datasetSize: 309], steps: 32, perEpoch: 8),
    Length(flags: "", facts: [.datasetSize: 301, .worldSize: 2], steps: 15, perEpoch: 15),
    Length(flags: "", facts: [.datasetSize: 319, .worldSize: 2], steps: 16, perEpoch: 16),
    Length(flags: "--aug-repeats 3", facts: [.datasetSize: 319, .worldSize: 2], steps: 12, perEpoch: 12),
    Length(flags: "--epochs 4", facts: [.steps: 400], steps: 400, perEpoch: 100),
    Length(flags: "--dataset torch/cifar10", facts: [:], steps: 5000, perEpoch: 5000),
    Length(flags: "--dataset torch/cifar10", facts: [.datasetSize: 100], steps: 10, perEpoch: 10),
    Length(flags: "--dataset tfds/x --epoch-repeats 3", facts: [.datasetSize: 100], steps: 30, perEpoch: 30),
    Length(flags: "--epoch-repeats 3", facts: [.datasetSize: 100], steps: 10, perEpoch: 10),
    Length(flags: "--epochs 4 --cooldown-epochs 2", facts: [.datasetSize: 100], steps: 60, perEpoch: 10),
    Length(
      flags: "--epochs 4 --warmup-epochs 3 --warmup-prefix", facts: [.datasetSize: 100], steps: 70,
      perEpoch: 10),
    Length(flags: "--epochs 4 --lr-cycle-limit 3", facts: [.datasetSize: 100], steps: 120, perEpoch: 10),
  ])
  func length(_ item: Length) throws {
    let run = try read("--opt sgd --lr 0.1 \(item.flags)", item.facts)
    #expect(run.steps == item.steps)
    #expect(run.stepsPerEpoch == item.perEpoch)
  }

  @Test(arguments: [
    (
      "--opt sgd --lr 0.1 --clip-grad 1",
      "Gradients are clipped (clip_grad), which the predictions leave out."
    ),
    (
      "--opt sgd --lr 0.1 --lr-noise 0.4 0.9",
      "lr_noise = [0.4, 0.9]: the noise on the learning rate is not followed."
    ),
    (
      "--opt sgd --lr 0.1 --layer-decay 0.7",
      "layer_decay 0.7 lowers the learning rate of each block below another; layers have it where --checkpoint or"
        + " --shapes gives them, and other predictions are those of the last."
    ),
    ("--opt sgd --lr 0.1 --resume x.pth", "The run is resumed; it is taken from its first epoch."),
    (
      "--opt sgd --lr 0.1 --sched plateau",
      "sched = plateau lowers the learning rate when the validation metric stalls, which is not followed."
    ),
    ("--opt adamw --lr 0.1 --opt-kwargs amsgrad=True", "opt_kwargs.amsgrad = True is not followed."),
  ])
  func warnings(flags: String, warning: String) throws {
    #expect(try read(flags).warnings == [warning])
  }

  private static let upTo100000 = "a number of at least 0 and at most 100000"

  @Test(
    arguments: [
      (
        "--lr 0.1", [:],
        "run.sh: the run counts 1 epochs of a data set whose size is not stated; give --dataset-size N"
          + " (examples in the training set)"
      ),
      (
        "--data-dir /data/ImageNet --lr 0.1", [:],
        "run.sh: the run counts 1 epochs of a data set whose size is not stated (ImageNet-1k has 1281167 training images);"
          + " give --dataset-size N (examples in the training set)"
      ),
      (
        "--lr 0.1", [.datasetSize: 9], "run.sh:1: --dataset-size is 9.0, expected enough for one global batch"
      ),
      ("--lr 0.1 --epochs 3", [.steps: 10], "run.sh:1: --steps is 10, expected a multiple of the 3 epochs"),
      (
        "--lr 0.1 --sched cosin", [.datasetSize: 99],
        "run.sh:1: unknown sched 'cosin'; did you mean 'cosine'?"
      ),
      (
        "--lr 0.1 --opt adamw --opt-betas 0.9", [.datasetSize: 99],
        "run.sh:1: opt_betas is a list of 1, expected 2 numbers"
      ),
      (
        "--lr 0.1 --epochs 1000000000", [.datasetSize: 99],
        "run.sh:1: epochs is 1000000000.0, expected a whole number of at"
          + " least 1"
      ),
      (
        "--lr 0.1 --sched wsd --decay-epochs 9", [.datasetSize: 99],
        "run.sh:1: decay_epochs is 9.0, expected above 0, within"
          + " the run"
      ),
      (
        "--lr 0.1 --warmup-epochs 1e300", [.datasetSize: 99],
        "run.sh:1: warmup_epochs is 1e+300, expected \(upTo100000)"
      ),
      (
        "--lr 0.1 --sched step --decay-epochs 1e300", [.datasetSize: 99],
        "run.sh:1: decay_epochs is 1e+300, expected \(upTo100000)"
      ),
      (
        "--lr 0.1 --sched multistep --decay-milestones 1 1e300", [.datasetSize: 99],
        "run.sh:1: decay_milestones is 1e+300, expected \(upTo100000)"
      ),
      (
        "--lr 0.1 --sched step --decay-epochs 1e-9 --sched-on-updates", [.datasetSize: 99],
        "run.sh:1: decay_epochs is 1e-09, expected at least an update"
      ),
      (
        "--lr 0.1 --dataset tfds/x --epoch-repeats 1e30", [.datasetSize: 99],
        "run.sh:1: epoch_repeats is 1e+30, expected \(upTo100000)"
      ),
      (
        "--lr 0.1 --epochs 100000", [.datasetSize: 1 << 53],
        "run.sh:1: --dataset-size is 9007199254740992.0, expected enough for one global batch"
      ),
      (
        "--lr 0.1 --epochs 10 --lr-cycle-mul 0.5 --lr-cycle-limit 3 --cooldown-epochs 9", [.datasetSize: 99],
        "run.sh:1: lr_cycle_mul is 0.5, expected enough for cycles that last until the end of the run"
      ),
      (
        "-c defaults.yaml --lr 0.1", [.datasetSize: 99],
        "run.sh:1: the command reads 'defaults.yaml', which is not beside"
          + " this file; put it there, or give that file itself"
      ),
    ] as [(String, [RunFacts.Fact: Int], String)])
  func errors(flags: String, facts: [RunFacts.Fact: Int], message: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try read("--opt sgd --weight-decay 1e-4 --sched cosine \(flags)", facts)
    }
    #expect(error?.description == message)
  }

  /// Without `--sched-on-updates` the learning rate changes once an epoch.
  @Test func epochs() throws {
    let run = try read("--opt sgd --lr 0.5 --epochs 4 --warmup-epochs 1 --warmup-lr 0.125 --min-lr 0.0625")
    #expect(
      run.schedule
        == .named(
          try ScheduleSpecification(
            parsing: "cosine:floor=0.125,warmup=30,warmup-from=0.25,warmup-prefix=0,hold=30")))
    let updates = try read(
      "--opt sgd --lr 0.5 --epochs 4 --warmup-epochs 1 --warmup-lr 0.125 --sched-on-updates --warmup-prefix")
    #expect(
      updates.schedule == .named(try ScheduleSpecification(parsing: "cosine:warmup=30,warmup-from=0.25")))
  }
}
