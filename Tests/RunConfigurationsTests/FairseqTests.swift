#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

import Dynamics
import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// The traps of fairseq's flags.
@Suite struct FairseqTests {
  private func read(_ flags: String, _ facts: [RunFacts.Fact: Int] = [:]) throws -> TrainingRun {
    try RunConfiguration.read(
      text: "fairseq-train data-bin/x \(flags)", path: "run.sh", facts: RunFacts(facts))
  }

  /// fairseq's adam decays decoupled.
  @Test(arguments: [
    "--optimizer adam --lr 5e-4 --weight-decay 0.01 --adam-betas '(0.9, 0.98)' --adam-eps 1e-9 --max-update 9",
    "--optimizer adam --lr 5e-4 --wd 0.01 --adam-betas \"[0.9,0.98]\" --adam-eps=1e-9 --max-update 9",
    "--learning-rate 0.0005 --optimizer=adam --weight-decay .01 --adam-betas '(.9,.98)' --adam-eps 0.000000001 --max-update 9",
  ])
  func adam(flags: String) throws {
    let run = try read(flags)
    #expect(run.optimizer.identifier == "adamw")
    #expect(
      run.hyperparameters
        == [.learningRate: 5e-4, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.98, .epsilon: 1e-9])
    #expect(run.decayConvention == .coupled)
    #expect(run.decayRule == .all)
    #expect(run.steps == 9)
    #expect(run.notes.contains("fairseq's adam decays decoupled, as AdamW."))
  }

  @Test func sgd() throws {
    let run = try read("--optimizer sgd --momentum 0.9 --lr 0.25 --weight-decay 1e-4 --max-update 9")
    #expect(run.optimizer.identifier == "sgdm")
    #expect(!run.nesterov)
    #expect(run.hyperparameters == [.learningRate: 0.25, .weightDecay: 1e-4, .momentum: 0.9])
    #expect(run.schedule == .constant)
  }

  /// Hydra's names, with or without their groups.
  @Test func hydra() throws {
    let run = try RunConfiguration.read(
      text: """
        fairseq-hydra-train task.data=/data optimization.lr=[0.0005] optimization.max_update=50 optimizer=adam \\
          optimizer.weight_decay=0.01 'optimizer.adam_betas="(0.9, 0.98)"' lr_scheduler._name=inverse_sqrt \\
          +lr_scheduler.warmup_updates=10
        """, path: "run.sh")
    #expect(run.steps == 50)
    #expect(
      run.hyperparameters
        == [.learningRate: 5e-4, .weightDecay: 0.01, .beta1: 0.9, .beta2: 0.98, .epsilon: 1e-8])
    #expect(run.schedule == .named(try .init(parsing: "inverse-sqrt:warmup=10")))
  }

  private static let start = "--optimizer adam --weight-decay 0.1 --lr 0.1"

  @Test(arguments: [
    (
      "\(start) --max-update 9 --clip-norm 1",
      "Gradients are clipped (clip_norm), which the predictions leave out."
    ),
    ("\(start),0.01 --max-update 9", "lr has a value for each epoch; the first is taken throughout."),
    (
      "\(start) --max-update 9 --force-anneal 5",
      "force_anneal lowers the learning rate once an epoch, which is not followed."
    ),
  ])
  func warnings(flags: String, warning: String) throws {
    #expect(try read(flags).warnings == [warning])
  }

  /// Every cycle ends near 0 and the next begins at the peak, however many there are.
  @Test(arguments: [(97, "1"), (499.5, "0.9")])
  func restarts(period: Double, factor: String) throws {
    let run = try read(
      "\(Self.start) --max-update 4000 --lr-scheduler cosine --lr-shrink 1 --lr-period-updates \(period)"
        + " --t-mult \(factor)")
    let schedule = try run.schedule.schedule(peak: 0.1, steps: run.steps)
    var (start, length) = (0.0, period)
    while start < 4000 {
      let first = Int(start.rounded(.up))
      let part = (Double(first) - start) / length
      // Straight lines stay within a millionth of the peak.
      #expect(abs(schedule.factor(after: first) - (1 + cos(.pi * part)) / 2) < 1e-5)
      (start, length) = (start + length, length * (Double(factor) ?? 1))
    }
  }

  @Test func lengths() throws {
    #expect(try read("\(Self.start) --max-update 9 --max-epoch 3").steps == 9)
    #expect(try read("\(Self.start) --max-epoch 3", [.steps: 70]).steps == 70)
    #expect(try read("\(Self.start) --max-update 9", [.steps: 70]).steps == 70)
  }

  @Test(arguments: [
    (
      "--optimizer nag --lr 0.1 --weight-decay 0.1 --max-update 9",
      "run.sh:1: optimizer 'nag' has PyTorch's Nesterov momentum, but decays the weights themselves; its equilibrium is"
        + " nearly that of SGDM with nesterov and weight decay times 1 - momentum, which roteq's own YAML can state;"
        + " known: adam, sgd"
    ),
    (
      "--optimizer adafactor --lr 0.1 --weight-decay 0.1",
      "run.sh:1: optimizer 'adafactor' has no prediction; known: adam, sgd"
    ),
    ("--lr 0.1", "run.sh: missing key 'optimizer'"),
    (
      "\(start) --max-epoch 30 --max-tokens 4096",
      "run.sh: max_epoch = 30 counts epochs, whose updates depend on how the sentences fill a batch; give --steps N"
        + " (optimizer steps of the run)"
    ),
    (
      "\(start)",
      "run.sh: neither max_update nor max_epoch ends the run; give --steps N (optimizer steps of the run)"
    ),
    (
      "\(start) --max-update 9 --lr-scheduler reduce_lr_on_plateau",
      "run.sh:1: schedule 'reduce_lr_on_plateau' depends on the validation loss, which is not read"
    ),
    (
      "\(start) --max-update 9 --lr-scheduler inverse_sqr",
      "run.sh:1: unknown lr_scheduler 'inverse_sqr'; did you mean 'inverse_sqrt'?"
    ),
    (
      "\(start) --max-update 9 --lr-scheduler inverse_sqrt --warmup-updates 0",
      "run.sh:1: warmup_updates is 0.0, expected a finite number of at least 1"
    ),
    (
      "\(start) --max-update 9 --lr-scheduler cosine --warmup-updates 9",
      "run.sh:1: warmup_updates is 9.0, expected less than the run"
    ),
    (
      "\(start) --max-update 1000000000000 --lr-scheduler cosine --lr-shrink 1 --lr-period-updates 97",
      "run.sh:1: schedule 'cosine' changes too often for a table of at most 2000000 rows"
    ),
    (
      "\(start) --max-update 1000000000 --lr-scheduler step --lr-deacy-period 97 --min-lr 0.01",
      "run.sh:1: schedule 'step' changes too often for a table of at most 2000000 rows"
    ),
    (
      "\(start) --max-update 1000 --lr-scheduler cosine --t-mult 0.5 --lr-period-updates 100",
      "run.sh:1: t_mult is 0.5, expected enough for cycles that last until the end of the run"
    ),
    (
      "\(start) --adam-betas '(0.9)' --max-update 9",
      "run.sh:1: adam_betas is a list of 1, expected 2 numbers"
    ),
    (
      "\(start) --adam-betas 'eval(x)' --max-update 9",
      "run.sh:1: adam_betas is 'eval', expected a number of at least 0 and below 1"
    ),
  ])
  func errors(flags: String, message: String) {
    let error = #expect(throws: ConfigurationError.self) { try read(flags) }
    #expect(error?.description == message)
  }
}
