import Equilibrium
import Formulas

extension Optimizer {
  /// AdamW (9)–(11): decoupled weight decay, PyTorch's convention (ηλ a step).
  public static let adamW = Optimizer(
    identifier: "adamw", title: "AdamW", equation: 11,
    hyperparameters: [
      Hyperparameter(.learningRate), Hyperparameter(.weightDecay), Hyperparameter(.beta1, default: 0.9),
      Hyperparameter(.beta2, default: 0.999), Hyperparameter(.epsilon, default: 0),
    ],
    decouplesDecay: true, relaxation: AdamW.relaxation,
    rotationOverSteps: AdamW.rotation(overSteps:settings:),
    formulas: AdamW.formula)
}

/// The formulas of AdamW.
enum AdamW {
  static let assumptions: [Assumption] = [.randomWalk, .longAverage]
}
