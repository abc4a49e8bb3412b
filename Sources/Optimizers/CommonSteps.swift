import Equilibrium
import Formulas

// The steps that the optimizers share.
extension Derivation.Step {
  /// (8) and what is left of it when ‖ω̂‖² is taken from both sides.
  static let geometricModel: [Derivation.Step] = {
    let (d, U) = (Formula.symbol(.decayContribution), Formula.symbol(.contributionPower))
    return [
      Derivation.Step(
        """
        In equilibrium the decay shortens the weight along itself by as much as the gradient, at a right angle to \
        it, makes up for: Pythagoras' theorem gives \(norm). (8) writes E[‖u⊥‖]²; the mean square \(U) is meant.
        """,
        Derivation.Equation((norm - d).squared + U, .equal, norm.squared, "(8)")),
      Derivation.Step(
        "Multiplied out, \(norm.squared) drops out: per gradient, what the decay takes is what the gradient adds.",
        Derivation.Equation(2 * norm * d, .equal, d.squared + U, "(8)")),
    ]
  }()

  /// η̂_g, as Table 6 defines it.
  static let rmsUpdateSize = Derivation.Step(
    "The RMS update size is the root of this mean square.",
    .definition(Quantity.rmsUpdateSize.symbol, update, "(2), Table 6"))
  /// η̂_r, as Table 6 defines it.
  static let expectedRotation = Derivation.Step(
    "For small updates the angle is the relative update size; the parameter p is ω now.",
    .definition(Quantity.expectedRotation.symbol, update / norm, "(3), Table 6"))
  /// τ̂_g, as Table 6 defines it.
  static let rmsDiffusionRate = Derivation.Step(
    "The RMS diffusion rate is the root of this mean square (Appendix L).",
    .definition(Quantity.rmsDiffusionRate.symbol, contribution, "Table 6"))
  /// τ̂_r, as Table 6 defines it.
  static let rotationalDiffusionRate = Derivation.Step(
    "With the total contribution in place of one update, this is the long-run rate (Appendix L).",
    .definition(Quantity.rotationalDiffusionRate.symbol, contribution / norm, "Table 6"))

  private static let norm = Formula.symbol(Quantity.equilibriumNorm.symbol)
  private static let update = Formula.symbol(.updatePower).squareRoot
  private static let contribution = Formula.symbol(.contributionPower).squareRoot

  /// ‖ω̂‖ as the formula of the geometric fidelity, which solves (8).
  static func solvedNorm(
    _ formulas: (Quantity, Fidelity, Variant) -> CitedFormula?, _ prose: Prose, _ tag: String
  ) -> Derivation.Step {
    Derivation.Step(
      prose,
      formulas(.equilibriumNorm, .geometric, Variant()).map {
        .definition(Quantity.equilibriumNorm.symbol, $0.formula, tag)
      })
  }

  /// The step that ends at a table's entry: the very formula that the table prints.
  static func entry(
    _ quantity: Quantity, _ relation: Derivation.Relation,
    of formulas: (Quantity, Fidelity, Variant) -> CitedFormula?, _ prose: Prose, _ tag: String
  ) -> Derivation.Step {
    Derivation.Step(
      prose,
      formulas(quantity, .leading, Variant()).map {
        Derivation.Equation(.symbol(quantity.symbol), relation, $0.formula, tag)
      })
  }
}
