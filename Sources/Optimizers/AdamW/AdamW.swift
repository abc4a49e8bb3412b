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
    decouplesDecay: true, addsEpsilon: true, answersToKurtosis: true, followsMomentumCosine: true,
    relaxation: AdamW.relaxation, derivation: AdamW.derivation,
    rotationOverSteps: AdamW.rotation(overSteps:settings:),
    process: { settings, normPower in
      guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2],
        let dimension = settings.activeDimension
      else { return nil }
      let ε = settings.variant.epsilon ? settings.values[.epsilon] ?? 0 : 0
      // A kurtosis, 0 included, asks for what v does around its mean.
      let fluctuation = settings.values[.gradientKurtosis].map {
        AdamW.Fluctuation(beta1: β₁, beta2: β₂, kurtosis: $0)
      }
      return AdamW.Moments(
        beta1: β₁, beta2: β₂, epsilon: ε, activeDimension: dimension, fluctuation: fluctuation ?? .none,
        normPower: normPower)
    },
    updateRule: AdamW.updateRule,
    formulas: AdamW.formula)
}

/// The formulas of AdamW.
enum AdamW {
  static let assumptions: [Assumption] = [.randomWalk, .longAverage]
}
