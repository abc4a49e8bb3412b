import Equilibrium
import Training

extension AdamW {
  /// (9)–(11) at work.
  static func updateRule(_ settings: Settings) -> (any UpdateRule)? {
    guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2] else { return nil }
    return AdamWRule(beta1: β₁, beta2: β₂, epsilon: settings.values[.epsilon] ?? 0)
  }
}
