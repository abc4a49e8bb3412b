import Equilibrium
import Training

extension SGDM {
  /// (44), (45) at work, with the settings' dampening and in the form of their variant.
  static func updateRule(_ settings: Settings) -> (any UpdateRule)? {
    settings.values[.momentum].map {
      SGDMRule(
        momentum: $0, dampening: settings.values[.dampening] ?? 0, nesterov: settings.variant.nesterov)
    }
  }
}
