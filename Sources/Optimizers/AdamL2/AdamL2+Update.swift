import Equilibrium
import Training

extension AdamL2 {
  /// (76)–(78) at work. No formula knows ε; it is 0 where a run has not added it to its settings.
  static func updateRule(_ settings: Settings) -> (any UpdateRule)? {
    guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2] else { return nil }
    return AdamL2Rule(beta1: β₁, beta2: β₂, epsilon: settings.values[.epsilon] ?? 0)
  }
}
