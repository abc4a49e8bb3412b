import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let α = Formula.symbol(.momentum)
private let G = Formula.symbol(.gradientPower)
private let G̃ = Formula.symbol(.unitGradientPower)
private let N = Formula.symbol(Quantity.equilibriumNorm.symbol)

extension SGDM {
  static let derivation = Derivation("SGDM: from total update contributions to Tables 1 and 6", steps)

  private static let steps: [Derivation.Step] = contributions + norm + update + rates

  private static let contributions: [Derivation.Step] = {
    let U = Formula.symbol(.contributionPower)
    let d = Formula.symbol(.decayContribution)
    let sum = Symbol.powerSum(of: .momentum)
    return [
      Derivation.Step(
        """
        A gradient enters the momentum once and leaves it by the factor \(α) a step (44), so its contributions to \
        this update and all later ones are a geometric sum.
        """,
        .limit(sum, ofPowersOf: α, "(46)")),
      Derivation.Step(
        "All of them point the same way: the total update contribution u is the gradient times the sum.",
        .definition(.contributionPower, (η * .symbol(sum)).squared * G, "(46)")),
      Derivation.Step(
        "With the limit put in:", Derivation.Equation(U, .equal, (η / (1 - α)).squared * G, "(46)")),
      .rmsDiffusionRate,
      .entry(.rmsDiffusionRate, .equal, of: SGDM.formula, "This is the entry of Table 6.", "(46), Table 6"),
      Derivation.Step(
        "The decay takes the same way through the momentum; its total contribution d points along −ω.",
        .definition(.decayContribution, η * λ * N * .symbol(sum), "(47)")),
      Derivation.Step(
        "With the limit put in:", Derivation.Equation(d, .equal, η * λ / (1 - α) * N, "(47)")),
    ]
  }()

  private static let norm: [Derivation.Step] =
    [
      Derivation.Step(
        """
        The gradient of a scale-invariant weight stands at a right angle to it (5) and is inversely proportional to \
        its norm (6). A radial part would add to λ; for a scale-sensitive weight \(G) is fixed, and the fourth root \
        below becomes a square root.
        """,
        .definition(.gradientPower, G̃ / N.squared, "(6), (49)"))
    ] + Derivation.Step.geometricModel + [
      .solvedNorm(SGDM.formula, "Solved for \(N), on which both contributions depend:", "(50)"),
      .entry(
        .equilibriumNorm, .approximate(ratio: smallRatio, factor: Rational(1, 2)), of: SGDM.formula,
        "The term \(η * λ.squared) is left out, since the decay's total contribution is small.",
        "(50), Table 1"),
    ]

  private static let update: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .momentum, squared: true)
    return [
      Derivation.Step(
        "In one update the gradients of all steps so far meet, j steps old with the weight αʲ.",
        .limit(sum, ofPowersOf: α.squared, "(53), (54)")),
      Derivation.Step(
        """
        They are orthogonal in expectation, so their squares add. In (52) the factor \(η.squared) belongs to both terms; the \
        bracket is missing.
        """,
        .definition(.updatePower, η.squared * G * .symbol(sum), "(51)–(53)")),
      Derivation.Step(
        "With the limit put in:",
        Derivation.Equation(.symbol(.updatePower), .equal, η.squared * G / (1 - α.squared), "(54)")),
      .rmsUpdateSize,
      .entry(.rmsUpdateSize, .equal, of: SGDM.formula, "This is the entry of Table 1.", "(54), Table 1"),
    ]
  }()

  private static let rates: [Derivation.Step] = [
    .expectedRotation,
    .entry(
      .expectedRotation, .approximate(ratio: smallRatio, factor: 1), of: SGDM.formula,
      "With \(N) from (50) the gradient cancels.", "(50), (54), Table 1"),
    .rotationalDiffusionRate,
    .entry(
      .rotationalDiffusionRate, .approximate(ratio: smallRatio, factor: 1), of: SGDM.formula,
      "Here, too, the gradient cancels.", "(46), (50), Table 6"),
  ]

  /// ηλ/(2(1 − α)), which (50) leaves out.
  private static let smallRatio = η * λ / (2 * (1 - α))
}
