import Equilibrium
import Formulas

extension Optimizer {
  /// SGD with momentum (44), (45): m ← αm + g + λω, ω ← ω − ηm. Nesterov and dampening as PyTorch has them.
  public static let sgdm = Optimizer(
    identifier: "sgdm", title: "SGDM", equation: 45,
    hyperparameters: [
      Hyperparameter(.learningRate), Hyperparameter(.weightDecay), Hyperparameter(.momentum),
      Hyperparameter(.dampening, default: 0),
    ],
    decouplesDecay: false, followsMomentumCosine: true, relaxation: SGDM.relaxation,
    derivation: SGDM.derivation,
    rotationOverSteps: SGDM.rotation(overSteps:settings:),
    process: { settings, normPower in
      settings.values[.momentum].map {
        SGDM.Moments(
          momentum: $0, nesterov: settings.variant.nesterov, gain: 1 - (settings.values[.dampening] ?? 0),
          normPower: normPower)
      }
    },
    updateRule: SGDM.updateRule,
    formulas: { quantity, fidelity, variant in
      let plain = SGDM.formula(quantity, fidelity, variant)
      guard variant.dampened else { return plain }
      // The gradient and the decay enter the momentum times 1 − d, which is a smaller learning rate.
      let dampened: Formula = .symbol(.learningRate) * (1 - .symbol(.dampening))
      return plain?.with(
        plain?.formula.substituting([.learningRate: dampened]) ?? 0,
        source: "\(plain?.source ?? ""), η → η(1 − d)")
    })
}

/// The formulas of SGDM.
enum SGDM {
  static let assumptions: [Assumption] = [.randomWalk]

  /// (50): the decay's total contribution is small.
  static let smallContribution = Assumption(
    "ηλ ≪ 2(1 − α): the decay's total contribution is small",
    small: .symbol(.learningRate) * .symbol(.weightDecay) / (2 * (1 - .symbol(.momentum))), limit: 0.02)
}
