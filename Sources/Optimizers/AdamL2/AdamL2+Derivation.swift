import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let β₁ = Formula.symbol(.beta1)
private let β₂ = Formula.symbol(.beta2)
private let C = Formula.symbol(.dimension)
private let Γ = Formula.symbol(.gradientMass)
private let N = Formula.symbol(Quantity.equilibriumNorm.symbol)
private let x = Formula.symbol(.coordinatePower)
private let g² = Formula.symbol(.coordinateGradientPower)
private let g̃² = Formula.symbol(.coordinateUnitGradientPower)
private let v = Formula.symbol(.coordinateSecondMoment)
private let u² = Formula.symbol(.coordinateContributionPower)

extension AdamL2 {
  static let derivation = Derivation("Adam+ℓ2: from total update contributions to Tables 1 and 6", steps)

  private static let steps: [Derivation.Step] =
    contributions + coordinate + exactNorm + leadingNorm + diffusion + update + rates

  private static let contributions: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .beta1)
    let d² = Formula.symbol(.coordinateDecayPower)
    return [
      Derivation.Step(
        """
        The decay passes through v, which differs from coordinate to coordinate, so each coordinate k is treated on \
        its own. ε and the bias correction are left out, and v hardly changes while one gradient acts.
        """),
      Derivation.Step(
        "Gradient and decay enter the first moment with \(1 - β₁) and leave it by the factor \(β₁) a step (76).",
        .limit(sum, ofPowersOf: β₁, "(81)")),
      Derivation.Step(
        "All contributions of one gradient point the same way.",
        .definition(
          .coordinateContributionPower, (η * (1 - β₁) * .symbol(sum)).squared * g² / v, "(81)")),
      Derivation.Step(
        "The first moment passes each gradient on in full.",
        Derivation.Equation(u², .equal, η.squared * g² / v, "(81)")),
      Derivation.Step(
        "So it does with the decay.",
        .definition(
          .coordinateDecayPower, (η * (1 - β₁) * λ * .symbol(sum)).squared * x / v, "(82)")),
      Derivation.Step(
        "In equilibrium the two balance, which is (8) for one coordinate.",
        Derivation.Equation(
          x, .equal, (x.squareRoot - d².squareRoot).squared + u², "(8), (83)")),
      Derivation.Step(
        "With both contributions put in:",
        Derivation.Equation(
          x, .equal, (1 - η * λ / v.squareRoot).squared * x + η.squared * g² / v, "(84)")),
    ]
  }()

  private static let coordinate: [Derivation.Step] = [
    Derivation.Step(
      "v averages the squares of what enters it (77), and in a random walk g and ω are uncorrelated.",
      .definition(.coordinateSecondMoment, g² + λ.squared * x, "(85), (88)")),
    Derivation.Step(
      "The gradient's share of v is what the decay's leaves:",
      Derivation.Equation(u², .equal, η.squared * (1 - λ.squared * x / v), "(85)")),
    Derivation.Step(
      "In (84) multiplied out, the terms \(η.squared * λ.squared * x / v) cancel.",
      Derivation.Equation(x, .equal, (1 - 2 * η * λ / v.squareRoot) * x + η.squared, "(86)")),
    Derivation.Step(
      "Solved for the coordinate:", Derivation.Equation(x, .equal, η * v.squareRoot / (2 * λ), "(86)")),
    Derivation.Step(
      """
      The gradient of a scale-invariant weight is inversely proportional to its norm (6). A radial part would add to \
      λ; for a scale-sensitive weight \(g²) is fixed, and the cube root below becomes a square root.
      """,
      .definition(.coordinateGradientPower, g̃² / N.squared, "(87)")),
  ]

  private static let exactNorm: [Derivation.Step] = [
    Derivation.Step(
      """
      Before Assumption 4, \(v) still contains the weight. The equation this leaves has a simple form where all \
      coordinates are alike; for the numbers of this derivation they are.
      """,
      .definition(.coordinateUnitGradientPower, Γ.squared / C.squared, "(91)")),
    Derivation.Step(
      "Each coordinate then has an equal share of the norm.",
      .definition(.coordinatePower, N.squared / C, "(90)")),
    Derivation.Step(
      "(86) squared is a cubic in \(N.squared), which Assumption 4 is there to avoid.",
      Derivation.Equation(
        4 * λ.squared * N.power(6), .equal, η.squared * λ.squared * C * N.power(4) + η.squared * Γ.squared,
        "(86)–(88)")),
    .solvedNorm(
      AdamL2.formula, "It has one positive root z = \(N.squared), which the program finds numerically.",
      "(86)–(88)"),
  ]

  private static let leadingNorm: [Derivation.Step] = [
    Derivation.Step(
      "Assumption 4: the gradient dominates v, since small rotations need E‖u‖ ≫ E‖d‖ (79), (80).",
      Derivation.Equation(
        v, .approximate(ratio: decayShare, factor: 1), g̃² / N.squared, "(88)")),
    Derivation.Step(
      "With this v in (86); here the coordinates may differ again.",
      Derivation.Equation(
        x, .approximate(ratio: decayShare, factor: Rational(1, 2)),
        η / (2 * λ) * (g̃².squareRoot / N), "(89)")),
    Derivation.Step(
      "Summed over the coordinates:",
      Derivation.Equation(
        N.squared, .approximate(ratio: decayShare, factor: Rational(1, 2)), η / (2 * λ) * (Γ / N), "(90)")),
    .entry(
      .equilibriumNorm, .approximate(ratio: decayShare, factor: Rational(1, 6)), of: AdamL2.formula,
      "Solved for \(N):", "(91), Table 1"),
  ]

  private static let diffusion: [Derivation.Step] = [
    Derivation.Step(
      "The total update contribution of the whole gradient:",
      .definition(.contributionPower, C * u², "(81)")),
    .rmsDiffusionRate,
    .entry(
      .rmsDiffusionRate, .approximate(ratio: decayShare, factor: Rational(1, 2)), of: AdamL2.formula,
      """
      Where the gradient dominates v, each coordinate of g/√v has the mean square 1. Table 6 stops at SGDM and AdamW; \
      this is its entry for Adam+ℓ2.
      """, "(81), (88), Table 6"),
  ]

  private static let update: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .beta1, squared: true)
    let H = Formula.symbol(.scaledGradientPower)
    let halfShare = Derivation.Relation.approximate(ratio: decayShare, factor: Rational(1, 2))
    return [
      Derivation.Step(
        "The update divides by √v; (92) reads g/v.",
        .definition(.scaledGradientPower, C * g² / v, "(92)")),
      Derivation.Step(
        "By Assumption 4 each coordinate has the mean square 1, as for AdamW.",
        Derivation.Equation(H, .approximate(ratio: decayShare, factor: 1), C, "(88), (93)")),
      Derivation.Step(
        "In one update the gradients of all steps so far meet, j steps old with the weight (1 − β₁)β₁ʲ.",
        .limit(sum, ofPowersOf: β₁.squared, "(92), (93)")),
      Derivation.Step(
        "They are orthogonal in expectation, so their squares add.",
        .definition(.updatePower, η.squared * (1 - β₁).squared * H * .symbol(sum), "(92)")),
      Derivation.Step(
        "With the limit put in. (93) reads \(1 + β₂) below; (92) and Table 1 give \(1 + β₁).",
        Derivation.Equation(
          .symbol(.updatePower), .approximate(ratio: decayShare, factor: 1),
          η.squared * ((1 - β₁) / (1 + β₁)) * C, "(93)")),
      .rmsUpdateSize,
      .entry(.rmsUpdateSize, halfShare, of: AdamL2.formula, "This is the entry of Table 1.", "(93), Table 1"),
    ]
  }()

  private static let rates: [Derivation.Step] = {
    let twoThirds = Derivation.Relation.approximate(ratio: decayShare, factor: Rational(2, 3))
    return [
      .expectedRotation,
      .entry(
        .expectedRotation, twoThirds, of: AdamL2.formula,
        "With \(N) from (91) the gradient does not cancel: rotation differs from neuron to neuron.",
        "(94), Table 1"),
      .rotationalDiffusionRate,
      .entry(
        .rotationalDiffusionRate, twoThirds, of: AdamL2.formula, "The same without the first moment.",
        "(81), (91), Table 6"),
    ]
  }()

  /// The decay's part of v over the gradient's, which Assumption 4 leaves out.
  private static let decayShare = λ.squared * x / g²
}
