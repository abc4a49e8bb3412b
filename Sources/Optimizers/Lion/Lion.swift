import Equilibrium
import Formulas

extension Optimizer {
  /// Lion (55)–(57): the sign of an interpolated momentum, decoupled weight decay.
  public static let lion = Optimizer(
    identifier: "lion", title: "Lion", equation: 57,
    hyperparameters: [
      Hyperparameter(.learningRate), Hyperparameter(.weightDecay), Hyperparameter(.beta1, default: 0.9),
      Hyperparameter(.beta2, default: 0.99),
    ],
    decouplesDecay: true, answersToKurtosis: true, relaxation: Lion.relaxation, derivation: Lion.derivation,
    rotationOverSteps: Lion.rotation(overSteps:settings:),
    process: { settings, normPower in
      guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2],
        let dimension = settings.activeDimension
      else { return nil }
      // A kurtosis, 0 included, asks for the refined response; without one the process settles at the closed forms.
      let response = settings.values[.gradientKurtosis].map {
        Lion.SignResponse(kurtosis: $0, isTangential: settings.variant.weight == .scaleInvariant)
      }
      return Lion.Moments(
        beta1: β₁, beta2: β₂, dimension: dimension, response: response, normPower: normPower)
    },
    updateRule: Lion.updateRule,
    formulas: Lion.formula)
}

/// The formulas of Lion.
enum Lion {
  static let assumptions: [Assumption] = [
    .randomWalk,
    Assumption("the elements of n (58) are normal, independent and identically distributed (66)"),
  ]

  /// Table 1 treats the momentum as applied at once.
  static let shortMomentum = Assumption(
    "ηλ ≪ 1 − β₂: the momentum forgets faster than the weight decays",
    small: .symbol(.learningRate) * .symbol(.weightDecay) / (1 - .symbol(.beta2)), limit: 0.02)
}
