import Equilibrium
import Formulas

extension Optimizer {
  /// Adam with ℓ2-regularization (76)–(78): the decay enters both moments.
  public static let adamL2 = Optimizer(
    identifier: "adam-l2", title: "Adam+ℓ2", equation: 78,
    hyperparameters: [
      Hyperparameter(.learningRate), Hyperparameter(.weightDecay), Hyperparameter(.beta1, default: 0.9),
      Hyperparameter(.beta2, default: 0.999),
    ],
    decouplesDecay: false, addsEpsilon: true, relaxation: AdamL2.relaxation, derivation: AdamL2.derivation,
    solveSpectrum: AdamL2.solve(spectrum:values:),
    rotationOverSteps: AdamL2.rotation(overSteps:settings:),
    process: { settings, normPower in
      guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2],
        let dimension = settings.values[.dimension],
        // A measured C_err says nothing of single coordinates.
        settings.values[.dimensionErrorFactor] == nil
      else { return nil }
      return AdamL2.Moments(
        beta1: β₁, beta2: β₂,
        classes: AdamL2.classes(
          spectrum: settings.spectrum, dimension: dimension,
          activeFraction: settings.values[.activeFraction] ?? 1, normPower: normPower,
          distribution: settings.initialDistribution))
    },
    updateRule: AdamL2.updateRule,
    formulas: AdamL2.formula)
}

/// The formulas of Adam+ℓ2.
enum AdamL2 {
  static let assumptions: [Assumption] = [.randomWalk, .longAverage, .noEpsilon]

  /// Assumption 4: λ²E‖ω‖² over E‖g‖² in equilibrium, which for equal coordinates is η²C/4 over (η·Γ/2λ)^⅔.
  static func gradientDominates(_ variant: Variant) -> Assumption {
    let leading = equilibriumNorm(.leading, variant).formula
    let λ = variant.decay
    let ratio: Formula =
      variant.weight == .scaleInvariant
      ? λ.squared * leading.power(4) * .symbol(.dimension) / .power(.symbol(.gradientMass), 2)
      : λ.squared * leading.squared / .symbol(.gradientPower)
    return Assumption(
      "E‖g‖² ≫ λ²E‖ω‖²: v is dominated by the gradient (Assumption 4)", small: ratio, limit: 0.02)
  }

  /// The coordinates share one second moment.
  static let equalCoordinates = Assumption("all coordinates have the same E[g̃ₖ²]")
}
