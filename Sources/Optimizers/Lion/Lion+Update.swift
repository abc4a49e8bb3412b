import Equilibrium
import Training

extension Lion {
  /// (55)–(57) at work.
  static func updateRule(_ settings: Settings) -> (any UpdateRule)? {
    guard let β₁ = settings.values[.beta1], let β₂ = settings.values[.beta2] else { return nil }
    return LionRule(beta1: β₁, beta2: β₂)
  }
}
