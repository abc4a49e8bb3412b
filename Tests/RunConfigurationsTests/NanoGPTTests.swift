import Dynamics
import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// nanoGPT's configurations: Python that is read and never executed.
@Suite struct NanoGPTTests {
  private func read(_ text: String, _ overrides: String...) throws -> TrainingRun {
    try RunConfiguration.read(text: text, path: "run.py", overrides: overrides, format: "nanogpt")
  }

  struct Expression: CustomTestStringConvertible {
    let text: String
    let value: Double
    var testDescription: String { text }
  }

  @Test(arguments: [
    Expression(text: "5_000", value: 5000), Expression(text: "5 * 8", value: 40),
    Expression(text: "1e3", value: 1000), Expression(text: "7 // 2", value: 3),
    Expression(text: "2 ** 10 + 1", value: 1025), Expression(text: "-2 ** 2 + 5", value: 1),
    Expression(text: "2 ** -1 * 4", value: 2), Expression(text: "2 ** 3 ** 2", value: 512),
    Expression(text: "(1 + 2) * (3 - 1)", value: 6), Expression(text: "10 - 4 - 3", value: 3),
    Expression(text: "-7 // -2", value: 3), Expression(text: "+-+-3", value: 3),
    Expression(text: "(\n  600 # steps\n  * 2\n)", value: 1200),
    Expression(text: "600 * \\\n 2", value: 1200),
    Expression(text: "batch_size * 2", value: 24), Expression(text: "4.; other = 3", value: 4),
    Expression(text: "30 / 3 # comment = 5", value: 10),
  ])
  func arithmetic(_ expression: Expression) throws {
    #expect(try read("max_iters = \(expression.text)").steps == Int(expression.value))
  }

  @Test func laterAssignmentWins() throws {
    #expect(try read("beta1 = 0.8\nbeta1 = 0.7").hyperparameters[.beta1] == 0.7)
  }

  @Test func overridesWin() throws {
    let run = try read(
      "learning_rate = get_lr()\nmax_iters = 10", "--learning_rate=1e-3", "--max_iters=20", "--max_iters=30",
      "--decay_lr=False", "--wandb_run_name=a b")
    #expect(run.hyperparameters[.learningRate] == 1e-3)
    #expect(run.steps == 30)
    #expect(run.schedule == .constant)
    #expect(run.name == "a b")
  }

  @Test func namesAfterTheFile() throws {
    #expect(
      try RunConfiguration.read(text: "beta1 = 0.9\nbeta2 = 0.9", path: "config/train_gpt2.py").name
        == "train_gpt2")
  }

  @Test func defaults() throws {
    let run = try read("out_dir = 'out'")
    #expect(
      run.hyperparameters == [
        .learningRate: 6e-4, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.95, .epsilon: 1e-8,
      ])
    #expect(run.steps == 600_000)
    #expect(
      run.schedule
        == .named(
          try ScheduleSpecification(
            parsing: "cosine:floor=\(6e-5 / 6e-4),warmup=2000,warmup-from=\(1.0 / 2001)")))
  }

  /// A file as nanoGPT's finetune_shakespeare.py: an import, a call, a pretrained model.
  @Test func finetuning() throws {
    let run = try read(
      """
      \"""Finetune.\"""
      import time

      out_dir = 'out-shakespeare'
      wandb_run_name = 'ft-' + str(time.time())
      init_from = "gpt2-xl" # the largest
      batch_size = 1
      max_iters = 20
      learning_rate = 3e-5
      decay_lr = False
      """)
    #expect(run.name == "run")
    #expect(run.schedule == .constant)
    #expect(run.layers.map(\.count) == [48, 48, 48, 48, 1, 1])
    #expect(run.layers.map(\.dimension) == [1600, 1600, 1600, 6400, 1600, 1600])
    #expect(run.layers.map(\.neurons) == [4800, 1600, 6400, 1600, 50257, 1024])
    #expect(run.layers.allSatisfy { $0.initialNorm == nil })
    #expect(
      run.notes == [
        "Read as nanoGPT's config/*.py: --config-format asks for it.",
        "init_from = 'gpt2-xl': the shapes are those of gpt2-xl; the norms at the start are not known.",
        "Matrices and embeddings decay; biases and LayerNorm gains do not and are left out.",
        "No matrix is followed by normalisation, so none is exactly scale-invariant; the paper finds the "
          + "prediction a reasonable approximation for most layers of GPT2-124M (Appendix J, Figure 13).",
        "Not stated, so nanoGPT's default: weight_decay = 0.1, beta1 = 0.9, beta2 = 0.95, block_size = 1024, "
          + "grad_clip = 1, eval_only = false.",
        "Line 2 is not executed: import time",
        "Line 5 is not executed: wandb_run_name = 'ft-' + str(time.time())",
      ])
    #expect(run.warnings == ["Gradients are clipped (grad_clip), which the predictions leave out."])
    #expect(run.ignored == ["out_dir", "batch_size"])
  }

  struct Note: CustomTestStringConvertible {
    let text: String
    let note: String
    var testDescription: String { note }
  }

  @Test(arguments: [
    Note(
      text: "max_iters = 100",
      note: "The warmup takes 2000 of 100 steps: the learning rate stays below its peak."),
    Note(
      text: "lr_decay_iters = 2000",
      note: "lr_decay_iters is not above warmup_iters: after the warmup the learning rate is min_lr."),
    Note(text: "eval_only = True", note: "eval_only is True: this run trains nothing."),
    Note(
      text: "init_from = 'resume'",
      note: "init_from = 'resume': the shapes stated here are used; the norms at the start are not known."),
    Note(
      text: "extra = {\n 'a': f(1),\n 'b': [2],\n}",
      note: "Line 2 is not executed: extra.a = f(1)"),
  ])
  func notes(_ case: Note) throws {
    let run = try read(`case`.text)
    #expect((run.notes + run.warnings).contains(`case`.note))
  }

  /// A name that others are computed from is no stray setting.
  @Test func helpersAreNotReported() throws {
    let run = try read("peak_lr = 1e-3\nlearning_rate = peak_lr")
    #expect(!(run.notes + run.warnings + run.ignored).contains { $0.contains("peak_lr") })
  }
}
