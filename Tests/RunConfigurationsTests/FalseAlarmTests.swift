import Equilibrium
import Formulas
import RunConfigurations
import Testing

/// What looks like a stray setting of the optimizer and is none.
@Suite struct FalseAlarmTests {
  /// The Trainer writes Adam's coefficients whatever the optimizer.
  @Test func adamBesideSGD() throws {
    let text = """
      {"optim": "sgd", "learning_rate": 0.1, "weight_decay": 0.1, "max_steps": 10, "adam_beta1": 0.9,
       "adam_beta2": 0.999, "adam_epsilon": 1e-08}
      """
    let run = try RunConfiguration.read(text: text, path: "training_args.json")
    #expect(run.optimizer.identifier == "sgdm")
    #expect(!run.warnings.contains { $0.contains("adam_") })
    #expect(run.ignored.contains("adam_beta1"))
  }

  /// A variable that settings refer to is theirs.
  @Test func variables() throws {
    let text = """
      variables: {lr: 6.0e-4, decay_steps: 7}
      optimizer: {name: decoupled_adamw, lr: "${variables.lr}", weight_decay: 1.0e-5}
      scheduler: {name: constant}
      max_duration: 100ba
      global_train_batch_size: 8
      """
    let run = try RunConfiguration.read(text: text, path: "run.yaml")
    #expect(run.hyperparameters[.learningRate] == 6e-4)
    #expect(!run.warnings.contains { $0.contains("variables.lr") })
    #expect(run.ignored.contains("variables.decay_steps"))
  }
}
