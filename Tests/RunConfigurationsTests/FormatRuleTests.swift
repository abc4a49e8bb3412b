import Dynamics
import Equilibrium
import Optimizers
import RunConfigurations
import Testing

/// What single programs make of single settings.
struct FormatRuleTests {
  struct Rule: CustomTestStringConvertible {
    let path: String
    let text: String
    var facts: [RunFacts.Fact: Int] = [:]
    let steps: Int
    var testDescription: String { "\(path): \(text)" }
  }

  private static let trainer =
    "stage: sft\ntemplate: a\nfinetuning_type: full\nper_device_train_batch_size: 10\nnum_train_epochs: 1\n"
  private static let axolotl =
    "base_model: a\nmicro_batch_size: 10\nsequence_len: 8\nlearning_rate: 1e-4\noptimizer: adamw_torch\n"
  private static let olmo =
    "optimizer:\n  name: adamw\n  learning_rate: 1e-3\nscheduler:\n  name: linear_with_warmup\n  t_warmup: 10\n"
  private static let data: [RunFacts.Fact: Int] = [.datasetSize: 1000, .worldSize: 1]

  @Test(
    "The examples that a file lets train, and where it stops",
    arguments: [
      Rule(path: "a.yaml", text: trainer, facts: data, steps: 100),
      Rule(path: "a.yaml", text: trainer + "max_samples: 200", facts: data, steps: 20),
      Rule(path: "a.yaml", text: trainer + "max_samples: 200\ndataset: a,b", facts: data, steps: 40),
      Rule(path: "a.yaml", text: trainer + "val_size: 0.1", facts: data, steps: 90),
      Rule(path: "a.yaml", text: trainer + "val_size: 300", facts: data, steps: 70),
      Rule(path: "a.yaml", text: axolotl + "val_set_size: 0.05", facts: data, steps: 95),
      Rule(
        path: "a.sh",
        text: "python a.py --output_dir o --num_train_epochs 1 --per_device_train_batch_size 10"
          + " --max_train_samples 50", facts: data, steps: 5),
      Rule(path: "a.yaml", text: olmo + "max_duration: 1000\nstop_at: 400", steps: 400),
      Rule(path: "a.yaml", text: olmo + "max_duration: 1000\nstop_at: 4000", steps: 1000),
    ])
  func lengths(_ rule: Rule) throws {
    let run = try RunConfiguration.read(text: rule.text, path: rule.path, facts: RunFacts(rule.facts))
    #expect(run.steps == rule.steps)
  }

  @Test("A schedule goes on to the end that it was made for") func stopsEarly() throws {
    let run = try RunConfiguration.read(
      text: Self.olmo + "max_duration: 1000\nstop_at: 505", path: "a.yaml")
    let rate = try run.schedule.schedule(peak: 1e-3, steps: run.steps).factor(after: 504)
    // Linear from 1 after 10 steps to the tenth that OLMo leaves after 1000.
    #expect(abs(rate - (1 - 0.9 * 495 / 990)) < 1e-6)
  }

  @Test(
    "What would be misread is refused",
    arguments: [
      ("a.yaml", trainer + "packing: true", "examples are packed"),
      ("a.yaml", trainer.replacing("sft", with: "pt"), "examples are packed"),
      (
        "a.yaml", "SOLVER:\n  BASE_LR: 1\n  STEPS: (80, 60)\n  MAX_ITER: 90",
        "rising and below SOLVER.MAX_ITER"
      ),
      ("a.yaml", "SOLVER:\n  BASE_LR: 1\n  STEPS: (90,)\n  MAX_ITER: 90", "rising and below SOLVER.MAX_ITER"),
      (
        "a.yaml", "SOLVER:\n  BASE_LR: 1\n  BACKBONE_MULTIPLIER: 0.1",
        "'SOLVER.BACKBONE_MULTIPLIER' may decide"
      ),
      ("a.yaml", "policy_model:\n  _component_: a\noptimizer:\n  _component_: torch.optim.AdamW", "'ppo'"),
      ("a.py", "_base_ = BASES\noptim_wrapper = dict(type='OptimWrapper')", "_base_ = BASES names no files"),
      ("a.py", "_base_ = ['./a.py']\noptim_wrapper = dict(type='OptimWrapper')", "back to it"),
      (
        "a.py",
        "_base_ = []\noptim_wrapper = dict(optimizer=dict(type='SGD', lr=1))\noptim_wrapper.update(x)",
        "optim_wrapper is 'optim_wrapper.update(x)'"
      ),
      (
        "a.py",
        "optim_wrapper = dict(optimizer=dict(type='SGD', lr=1), constructor='MyConstructor')\n"
          + "train_cfg = dict(max_iters=9)", "'optim_wrapper.constructor' may decide the run"
      ),
      ("a.py", "import keras\no = keras.optimizers.rmsprop(lr=1)", "unknown optimizer 'RMSprop'"),
      ("a.py", "import keras\no = keras.optimizers.Adam(1)\no.learning_rate = 2", "'o.learning_rate' may"),
      (
        "a.py",
        "import keras\no = keras.optimizers.Adam(1)\nl = Dense(kernel_regularizer=keras.regularizers.l2(1))",
        "'keras.regularizers.l2' may decide"
      ),
      (
        "a.sh", "python train.py --model r --opt sgd --lr 1 --sched step --wd 0.1",
        "is no flag of timm's train.py"
      ),
    ])
  func refused(_ path: String, _ text: String, _ message: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try RunConfiguration.read(
        text: text, path: path, overrides: path == "a.sh" ? ["--weight_decay=0"] : [],
        facts: RunFacts([.datasetSize: 1000, .worldSize: 1]))
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test("An optimizer of Keras by its name alone") func kerasName() throws {
    let text = "import keras\nm.compile(optimizer='adamw')\nm.fit(x, epochs=3, steps_per_epoch=10)"
    let run = try RunConfiguration.read(text: text, path: "a.py")
    #expect(run.optimizer == .adamW && run.hyperparameters[.weightDecay] == 0.004 && run.steps == 30)
  }

  @Test("A class with its arguments in a list") func pair() throws {
    let text = "trainer:\n  max_steps: 9\nseed_everything: 1\noptimizer: [Adam, {lr: 0.1}]"
    let run = try RunConfiguration.read(text: text, path: "a.yaml", format: "lightning")
    #expect(run.optimizer == .adamL2 && run.hyperparameters[.learningRate] == 0.1 && run.steps == 9)
  }

  @Test("--config-format reads a command of a script that nobody knows") func asked() throws {
    let text = "python a.py --output_dir o --max_steps 7"
    #expect(try RunConfiguration.read(text: text, path: "a.sh", format: "huggingface").steps == 7)
  }
}
