import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let β₁ = Formula.symbol(.beta1)
private let β₂ = Formula.symbol(.beta2)
private let C = Formula.symbol(.dimension)
private let N = Formula.symbol(Quantity.equilibriumNorm.symbol)
private let H = Formula.symbol(.scaledGradientPower)

extension AdamW {
  static let derivation = Derivation("AdamW: from total update contributions to Tables 1 and 6", steps)

  private static let steps: [Derivation.Step] = contributions + norm + update + rates

  private static let contributions: [Derivation.Step] = {
    let U = Formula.symbol(.contributionPower)
    let sum = Symbol.powerSum(of: .beta1)
    return [
      Derivation.Step(
        """
        ε and the bias correction are left out; v averages so many gradients that it hardly changes while one of them \
        acts.
        """),
      Derivation.Step(
        "A gradient enters the first moment with \(1 - β₁) and leaves it by the factor \(β₁) a step (9).",
        .limit(sum, ofPowersOf: β₁, "(12)")),
      Derivation.Step(
        "v is the mean of g² (10), so each coordinate of g/√v has the mean square 1.",
        .definition(.scaledGradientPower, C, "(12)–(15)")),
      Derivation.Step(
        "All contributions of one gradient point the same way: u is the scaled gradient times the sum.",
        .definition(.contributionPower, (η * (1 - β₁) * .symbol(sum)).squared * H, "(12)")),
      Derivation.Step(
        """
        The first moment passes each gradient on in full. After (15) the paper writes E[u] = \(η.squared * C); E[u²] \
        is meant.
        """,
        Derivation.Equation(U, .equal, η.squared * C, "(12), (15)")),
      .rmsDiffusionRate,
      .entry(.rmsDiffusionRate, .equal, of: AdamW.formula, "This is the entry of Table 6.", "(12), Table 6"),
      Derivation.Step(
        "The decay acts at once, past the first moment.",
        .definition(.decayContribution, η * λ * N, "(12)")),
    ]
  }()

  private static let norm: [Derivation.Step] =
    Derivation.Step.geometricModel + [
      Derivation.Step(
        """
        The recurrence of the squared norm stands still there. The gradient's own size has cancelled in \(H), so a \
        scale-sensitive weight gives the same; a radial part of the gradient would add to λ.
        """,
        Derivation.Equation(
          N.squared, .equal, N.squared * (1 - 2 * η * λ + η.squared * λ.squared) + η.squared * C, "(15)")),
      .solvedNorm(AdamW.formula, "Solved for \(N), the limit of (16):", "(18)"),
      .entry(
        .equilibriumNorm, .approximate(ratio: η * λ / 2, factor: 1), of: AdamW.formula,
        "The term \(η * λ.squared) is left out, since the decay of one step is small.", "(18), Table 1"),
    ]

  private static let update: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .beta1, squared: true)
    return [
      Derivation.Step(
        """
        In one update the gradients of all steps so far meet, j steps old with the weight (1 − β₁)β₁ʲ. (19) and (20) \
        give the gradient of k steps ago the power t − k; its power is k.
        """,
        .limit(sum, ofPowersOf: β₁.squared, "(20), (21)")),
      Derivation.Step(
        "They are orthogonal in expectation, so their squares add.",
        .definition(.updatePower, η.squared * (1 - β₁).squared * H * .symbol(sum), "(19), (20)")),
      Derivation.Step(
        "With the limit put in. (21) reads \(1 + β₂) below; (20) and Table 1 give \(1 + β₁).",
        Derivation.Equation(
          .symbol(.updatePower), .equal, η.squared * ((1 - β₁) / (1 + β₁)) * C, "(21)")),
      .rmsUpdateSize,
      .entry(
        .rmsUpdateSize, .equal, of: AdamW.formula,
        "This is the entry of Table 1. After (21) the root stands inside the mean; the root of the mean is meant.",
        "(21), Table 1"),
    ]
  }()

  private static let rates: [Derivation.Step] = [
    .expectedRotation,
    .entry(
      .expectedRotation, .approximate(ratio: η * λ / 2, factor: 1), of: AdamW.formula,
      "With \(N) from (18) the dimension cancels.", "(18), (21), Table 1"),
    .rotationalDiffusionRate,
    .entry(
      .rotationalDiffusionRate, .approximate(ratio: η * λ / 2, factor: 1), of: AdamW.formula,
      "Here the first moment cancels, too.", "(12), (18), Table 6"),
  ]
}
