import Dynamics
import Equilibrium
import Formulas
import OutsideText
import Testing

@testable import RunConfigurations

/// Scripts in Python and commands that are read and never executed, and several files that are one run.
@Suite struct ScriptTests {
  private func read(
    _ text: String, _ path: String = "train.py", _ overrides: [String] = [], steps: Int? = 1000
  ) throws(ConfigurationError) -> TrainingRun {
    try RunConfiguration.read(
      text: text, path: path, overrides: overrides, facts: RunFacts(steps.map { [.steps: $0] } ?? [:]))
  }

  private static let start = "import torch.optim as optim\n"

  @Test(
    "An argument has the value that reaches the optimizer",
    arguments: [
      ("lr = 0.2\nopt = optim.SGD(net.parameters(), lr=lr)", 0.2),
      ("opt = optim.SGD(net.parameters(), 0.2)", 0.2),
      (
        "p.add_argument('--lr', type=float, default=0.2)\nargs = p.parse_args()\nopt = optim.SGD(net.parameters(), lr=args.lr)",
        0.2
      ),
      (
        "p.add_argument('--base-lr', default='2e-1', type=float)\nopt = optim.SGD(net.parameters(), lr=a.base_lr * 2)",
        0.4
      ),
      ("cfg = {'lr': 0.2}\nopt = optim.SGD(net.parameters(), lr=cfg['lr'])", 0.2),
      ("class C:\n    lr: float = 0.2\nc = C()\nopt = optim.SGD(net.parameters(), lr=c.lr)", 0.2),
      ("kw = dict(lr=0.2, momentum=0.9)\nopt = optim.SGD(net.parameters(), **kw)", 0.2),
      ("lr = 0.1 * 64 / 32\nopt = optim.SGD([p for p in net.parameters()], lr=lr)", 0.2),
    ])
  func argument(_ text: String, _ rate: Double) throws {
    #expect(try read(Self.start + text).hyperparameters[.learningRate] == rate)
  }

  private static let flag = "p.add_argument('--lr', default=0.1)\n"
  private static let flagged = "opt = optim.SGD(net.parameters(), lr=args.lr)"

  @Test(
    "What is not known is asked for and not taken for a default",
    arguments: [
      ("if big:\n    lr = 0.2\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is 'lr'"),
      ("lr = 0.2\nlr = 0.1\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is 'lr'"),
      ("lr = 0.2\nlr *= 2\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is 'lr'"),
      ("for lr in [1, 2]:\n    opt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is 'lr'"),
      ("def f(lr=0.2):\n    return optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is 'lr'"),
      (
        "p.add_argument('--lr', type=float)\nopt = optim.SGD(net.parameters(), lr=args.lr)",
        "optimizer.lr is 'args.lr'"
      ),
      ("opt = optim.SGD(net.parameters(), lr=0.1, **more)", "'optimizer.**'"),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nopt.param_groups[0]['lr'] = 0.2",
        "'group.lr' may decide the run"
      ),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nadjust_learning_rate(opt, 3)",
        "'adjust_learning_rate' may decide the run"
      ),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nsched = optim.lr_scheduler.LambdaLR(opt, f)",
        "whether the scheduler takes its step after an epoch or after an update does not show"
      ),
      (
        "a = optim.SGD(x.parameters(), 0.1)\nb = optim.Adam(y.parameters(), 0.1)",
        "2 optimizers are made: SGD on line 2, Adam on line 3"
      ),
      (
        "c = dict(lr=0.1)\nc.update(lr=0.3)\nopt = optim.SGD(net.parameters(), lr=c['lr'])", "optimizer.lr is"
      ),
      ("c = dict(lr=0.1)\nc['lr'] = 0.3\nopt = optim.SGD(net.parameters(), **c)", "optimizer.lr is"),
      ("\(flag)args.lr *= 4\n\(flagged)", "optimizer.lr is"),
      ("\(flag)p.set_defaults(lr=4)\n\(flagged)", "optimizer.lr is"),
      ("\(flag)args = p.parse_args(['--lr', '4'])\n\(flagged)", "optimizer.lr is"),
      ("\(flag)setattr(args, 'lr', 4)\n\(flagged)", "optimizer.lr is"),
      ("\(flag)for k, v in c: setattr(args, k, v)\n\(flagged)", "optimizer.lr is"),
      ("\(flag)vars(args).update(c)\n\(flagged)", "optimizer.lr is"),
      ("class C:\n    lr: float = 0.1\nargs = C(lr=0.7)\n\(flagged)", "optimizer.lr is"),
      ("class C:\n    lr: float = 0.1\nargs = C(0.7)\n\(flagged)", "optimizer.lr is"),
      ("make = lambda lr: optim.SGD(net.parameters(), lr=lr)\nlr = 0.1", "optimizer.lr is"),
      ("lr = 0.1\nx = [optim.SGD(net.parameters(), lr=lr) for lr in (1, 2)]", "optimizer.lr is"),
      ("lr = 0.1\nif (lr := 0.3): pass\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is"),
      ("lr = 0.1\nfrom x import lr\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is"),
      ("lr = 0.1\nfrom x import *\nopt = optim.SGD(net.parameters(), lr=lr)", "optimizer.lr is"),
      (
        "lr = 0.1\ndef f():\n    base = lr * 2\n    opt = optim.SGD(net.parameters(), lr=base)\nlr = 0.3",
        "optimizer.lr is"
      ),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nfor g in opt.param_groups:\n    g.update(lr=0.2)",
        "'group.lr' may decide the run"
      ),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nopt.add_param_group({'params': x, 'lr': 1})",
        "add_param_group"
      ),
      ("opt = optim.SGD(net.parameters(), 0.1)\nopt = Lookahead(opt)", "'optimizer.Lookahead'"),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\ns = optim.lr_scheduler.StepLR(opt, 5)\n"
          + "for e in range(9):\n    for b in x:\n        opt.step()\n        s.step(e + b / 9)",
        "follows what it is given"
      ),
      (
        "opt = optim.SGD(net.parameters(), 0.1)\nif a: s = optim.lr_scheduler.StepLR(opt, 5)",
        "whether the condition of the scheduler on line"
      ),
      ("class SGD:\n    pass\nopt = SGD(net.parameters(), 0.1)", "is a class of the file itself"),
      ("opt = optim.RMSprop(net.parameters(), 0.1)", "unknown optimizer"),
    ])
  func asked(_ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) { try read(Self.start + text) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func argumentsCanBeGiven() throws {
    let text =
      Self.start + "p.add_argument('--lr', type=float)\nopt = optim.SGD(net.parameters(), lr=args.lr)"
    #expect(try read(text, "a.py", ["--lr=0.3"]).hyperparameters[.learningRate] == 0.3)
    #expect(try read(text, "a.py", ["--optimizer.lr=0.4"]).hyperparameters[.learningRate] == 0.4)
    let two = Self.start + "a = optim.SGD(x.parameters(), 0.1)\nb = optim.Adam(y.parameters(), 0.2)"
    #expect(try read(two, "a.py", ["--optimizer_line=3"]).hyperparameters[.learningRate] == 0.2)
  }

  @Test("Where a scheduler takes its step shows in the loops") func interval() throws {
    func script(_ inner: String, _ outer: String) -> String {
      Self.start
        + """
        epochs = 10
        opt = optim.SGD(net.parameters(), 0.1)
        sched = optim.lr_scheduler.StepLR(opt, step_size=5)
        for epoch in range(epochs):
            for x in loader:
                opt.step()
                \(inner)
            \(outer)
        """
    }
    let each = try read(script("sched.step()", "pass"))
    #expect(each.schedule == .named(try ScheduleSpecification(parsing: "step:every=5,gamma=0.1")))
    let epoch = try read(script("pass", "sched.step()"))
    #expect(epoch.schedule == .named(try ScheduleSpecification(parsing: "step:every=500,gamma=0.1,hold=100")))
  }

  @Test(
    "A branch whose condition is known is taken or passed over",
    arguments: [
      ("if args.lr == 0.1:\n    lr = 1\nelse:\n    lr = 2", 1.0),
      ("if args.lr != 0.1: lr = 1\nelse: lr = 2", 2),
      ("if not args.lr: lr = 1\nelif args.lr in [0.1]: lr = 2\nelse: lr = 3", 2),
      ("if args.lr > 1 or x: lr = 1\nelse: lr = 2", nil), ("if args.lr > 1 and x: lr = 1\nelse: lr = 2", 2),
      ("lr = 2\nif x: lr = 2\nelif args.lr: lr = 2\nelse: lr = 3", 2),
      ("lr = 2\nfor i in x: pass\nelse: lr = 3", nil), ("if __name__ == '__main__':\n    lr = 1", 1),
    ] as [(String, Double?)])
  func branches(_ text: String, _ rate: Double?) {
    let script = Self.start + Self.flag + text + "\nopt = optim.SGD(net.parameters(), lr=lr)"
    #expect((try? read(script))?.hyperparameters[.learningRate] == rate)
  }

  @Test(
    "Updates after several batches, from the loop",
    arguments: [
      ("if (i + 1) % 4 == 0:", 25), ("if i % args.n == 0 or i == last:", 34), ("if True:", 100),
    ])
  func accumulation(_ condition: String, _ steps: Int) throws {
    let text =
      Self.start + "p.add_argument('--n', default=3)\nopt = optim.SGD(net.parameters(), 0.1)\n"
      + "batch_size = 1\nfor epoch in range(5, 6):\n    for i, x in enumerate(loader):\n        \(condition)\n            opt.step()"
    let run = try RunConfiguration.read(
      text: text, path: "a.py", facts: RunFacts([.datasetSize: 100, .worldSize: 1]))
    #expect(run.steps == steps)
  }

  @Test("A scheduler that takes its step before the updates, or is given the epoch") func stepsAhead() throws
  {
    func run(_ before: String, _ after: String) throws -> TrainingRun {
      let text =
        Self.start
        + "opt = optim.SGD(net.parameters(), 0.1)\ns = optim.lr_scheduler.StepLR(opt, step_size=2)\n"
        + "def train():\n    for x in loader:\n        opt.step()\n"
        + "for epoch in range(6):\n    \(before)\n    train()\n    \(after)"
      return try RunConfiguration.read(text: text, path: "a.py", facts: RunFacts([.steps: 60]))
    }
    func rates(_ run: TrainingRun) throws -> [Double] {
      let schedule = try run.schedule.schedule(
        peak: run.hyperparameters[.learningRate] ?? 0, steps: run.steps)
      return stride(from: 0, to: 60, by: 10).map {
        (run.hyperparameters[.learningRate] ?? 0) * schedule.factor(after: $0)
      }
    }
    for (before, after, expected) in [
      ("pass", "s.step()", [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]),
      ("s.step()", "pass", [0.1, 0.01, 0.01, 0.001, 0.001, 0.0001]),
      ("s.step(epoch)", "pass", [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]),
      ("pass", "s.step(epoch)", [0.1, 0.1, 0.1, 0.01, 0.01, 0.001]),
    ] {
      for (rate, value) in zip(try rates(run(before, after)), expected) {
        #expect(abs(rate - value) < 1e-12 * value + 1e-15, "\(before) \(after)")
      }
    }
  }

  @Test("A setting of the Trainer in a script, and a Trainer that has its own optimizer") func trainer()
    throws
  {
    let text =
      "from transformers import TrainingArguments, Trainer\nargs = TrainingArguments('out', learning_rate=1e-4, max_steps=50, weight_decay=0.1)\n"
    let run = try read(text, steps: nil)
    #expect(run.steps == 50 && run.hyperparameters[.learningRate] == 1e-4)
    let error = #expect(throws: ConfigurationError.self) {
      try read(text + "t = Trainer(model, args, optimizers=(a, b))", steps: nil)
    }
    #expect(error?.description.contains("'optimizers' may decide the run") == true)
  }

  @Test(
    "A command that reads a file needs it",
    arguments: [
      "python train_net.py --config-file none.yaml", "tune run full --config none.yaml",
      "axolotl train none.yml",
      "llamafactory-cli train none.yaml", "fairseq-hydra-train --config-dir c --config-name none",
    ])
  func missing(_ command: String) {
    let error = #expect(throws: ConfigurationError.self) { try read(command, "run.sh", steps: nil) }
    #expect(
      error?.description.contains("which is not beside this file") == true, "\(error?.description ?? "")")
  }

  /// The name of an argument is no reference to a setting of that name.
  @Test func argumentNames() throws {
    let run = try read(
      """
      model = dict(train_cfg=dict(a=1), optim_wrapper=2)
      train_cfg = dict(type='IterBasedTrainLoop', max_iters=500)
      optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, weight_decay=1e-4))
      param_scheduler = [dict(type='PolyLR', power=0.9, begin=0, end=500, by_epoch=False)]
      """, "a.py", steps: nil)
    #expect(run.steps == 500 && run.schedule != .constant)
  }

  @Test func maxTextHasDefaults() throws {
    let run = try read(
      "python3 -m MaxText.train MaxText/configs/base.yml run_name=a steps=100 learning_rate=1e-3", "run.sh",
      steps: nil)
    #expect(
      run.steps == 100 && run.hyperparameters[.learningRate] == 1e-3
        && run.hyperparameters[.weightDecay] == 0.1)
  }

  @Test func growingDecay() throws {
    let run = try read(
      "torchrun pretrain_gpt.py --train-iters 100 --micro-batch-size 1 --global-batch-size 8 --lr 1e-3 --min-lr 1e-4"
        + " --lr-decay-style cosine --start-weight-decay 0.04 --end-weight-decay 0.4 --weight-decay-incr-style cosine",
      "run.sh", steps: nil)
    let plan = try run.plan()
    #expect(
      abs(plan.step(after: 0).weightDecay - 0.04) < 1e-15
        && abs(plan.step(after: 50).weightDecay - 0.22) < 1e-12)
    // Written and read again it is the same run.
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "a.yaml") == run)
    #expect(throws: ScheduleError.self) { try ScheduleSpecification(parsing: "cosine:floor=10") }
  }

  @Test func groupsAreWritten() throws {
    let run = try read(
      "deepspeed llava/train/train_mem.py --per_device_train_batch_size 4 --num_train_epochs 1 --max_steps 9"
        + " --learning_rate 1e-4 --weight_decay 0.1 --mm_projector_lr 2e-5 --lr_scheduler_type constant",
      "run.sh", steps: nil)
    #expect(
      run.groups == [
        ParameterGroup(
          name: "mm_projector_lr", tensors: ["*mm_projector*"], hyperparameters: [.learningRate: 2e-5])
      ])
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "a.yaml") == run)
  }
}
