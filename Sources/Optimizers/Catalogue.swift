import Equilibrium

extension Optimizer {
  /// Every optimizer that the project knows: the command line, the tables and the tests go through this list.
  public static let catalogue: [Optimizer] = [.sgdm, .adamW, .adamL2, .lion]

  /// The optimizer of that name, or nil.
  public static func named(_ identifier: String) -> Optimizer? {
    catalogue.first { $0.identifier == identifier }
  }
}
