import Equilibrium
import Formulas

private let η = Formula.symbol(.learningRate)
private let λ = Formula.symbol(.weightDecay)
private let β₁ = Formula.symbol(.beta1)
private let β₂ = Formula.symbol(.beta2)
private let C = Formula.symbol(.dimension)
private let G = Formula.symbol(.gradientPower)
private let N = Formula.symbol(Quantity.equilibriumNorm.symbol)
private let signed = Formula.symbol(.signArgumentPower)
private let gain = Formula.symbol(.signGain)

extension Lion {
  static let derivation = Derivation("Lion: from total update contributions to Tables 1 and 6", steps)

  private static let steps: [Derivation.Step] = sign + contributions + norm + rates

  private static let sign: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .beta2, squared: true)
    let overlap = Formula.symbol(.signOverlap)
    return [
      Derivation.Step(
        """
        Lion takes the sign of n, a mixture of the new gradient and the momentum (58). In it the gradient of j + 1 \
        steps ago has the weight β₁(1 − β₂)β₂ʲ. The squares of β₂ʲ are what is summed; (61) and (62) lack the 2 in \
        the exponent, (63) has it.
        """,
        .limit(sum, ofPowersOf: β₂.squared, "(62), (63)")),
      Derivation.Step(
        "The gradients are orthogonal in expectation, so their squares add.",
        .definition(
          .signArgumentPower,
          (1 - β₁).squared * G + β₁.squared * (1 - β₂).squared * G * .symbol(sum), "(59)–(62)")),
      Derivation.Step("With the limit put in:", Derivation.Equation(signed, .equal, power * G, "(63)")),
      Derivation.Step(
        "The elements of n are taken as normal, independent and of one variance.",
        .definition(.signArgumentVariance, signed / C, "(66)")),
      Derivation.Step(
        """
        Then the mean of |nₖ| is \((2 * .symbol(.signArgumentVariance) / .pi).squareRoot), and n and its sign overlap in \
        \(C) such terms.
        """,
        .definition(
          .signOverlap, C * (2 * .symbol(.signArgumentVariance) / .pi).squareRoot, "(66)")),
      Derivation.Step(
        "In terms of the norms, of which that of the sign is \(C.squareRoot) (64):",
        Derivation.Equation(
          overlap, .equal, (2 / .pi).squareRoot * signed.squareRoot * C.squareRoot, "(64), (66)")),
      Derivation.Step(
        """
        Of the sign, only the part along n is kept, sign(n) ≈ \(gain)·n; the rest is taken to cancel on average. \
        That is a model, not a limit: no ratio makes the rest vanish.
        """,
        .definition(.signGain, overlap / signed, "(67)")),
      Derivation.Step(
        "With (63) put in:",
        Derivation.Equation(gain, .equal, (2 * C / (.pi * power * G)).squareRoot, "(65), (67)")),
    ]
  }()

  private static let contributions: [Derivation.Step] = {
    let sum = Symbol.powerSum(of: .beta2)
    return [
      Derivation.Step(
        "A gradient acts once as the new one and then through the momentum, all in one direction.",
        .limit(sum, ofPowersOf: β₂, "(68)")),
      Derivation.Step(
        "Its total contribution u is \(η) times the gain times the sum. (68), (69) and (72) write \(η); (73) needs \(η.squared).",
        .definition(
          .contributionPower,
          η.squared * gain.squared * G * ((1 - β₁) + β₁ * (1 - β₂) * .symbol(sum)).squared, "(68)")),
      Derivation.Step(
        "The weights of one gradient add up to 1, and its size cancels.",
        Derivation.Equation(
          .symbol(.contributionPower), .equal, 2 * η.squared * C / (.pi * power), "(69)")),
      .rmsDiffusionRate,
      .entry(
        .rmsDiffusionRate, .equal, of: Lion.formula,
        "Table 6 stops at SGDM and AdamW; this is its entry for Lion.", "(69), Table 6"),
      Derivation.Step(
        "The decay acts at once, past the sign.",
        .definition(.decayContribution, η * λ * N, "(70), (71)")),
    ]
  }()

  private static let norm: [Derivation.Step] =
    Derivation.Step.geometricModel + [
      Derivation.Step(
        """
        The same with both contributions put in. The sign knows no size, so a scale-sensitive weight gives the \
        same; a radial part of the gradient would add to λ.
        """,
        Derivation.Equation(
          N.squared, .equal,
          (1 - 2 * η * λ + η.squared * λ.squared) * N.squared + 2 * η.squared * C / .pi * power.power(-1),
          "(72)")),
      .solvedNorm(Lion.formula, "Solved for \(N):", "(73)"),
      .entry(
        .equilibriumNorm, .approximate(ratio: η * λ / 2, factor: 1), of: Lion.formula,
        "The term \(η * λ.squared) is left out, since the decay of one step is small.", "(73), Table 1"),
    ]

  private static let rates: [Derivation.Step] = [
    Derivation.Step(
      "One update is the whole sign: every coordinate moves by \(η) (64).",
      .definition(.updatePower, η.squared * C, "(64), (74)")),
    .rmsUpdateSize,
    .entry(.rmsUpdateSize, .equal, of: Lion.formula, "This is the entry of Table 1.", "(74), Table 1"),
    .expectedRotation,
    .entry(
      .expectedRotation, .approximate(ratio: η * λ / 2, factor: 1), of: Lion.formula,
      "With \(N) from (73) the dimension cancels.", "(75), Table 1"),
    .rotationalDiffusionRate,
    .entry(
      .rotationalDiffusionRate, .approximate(ratio: η * λ / 2, factor: 1), of: Lion.formula,
      "The gain of the sign cancels, too: the entry is AdamW's.", "(69), (73), Table 6"),
  ]
}
