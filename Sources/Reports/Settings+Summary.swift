import Equilibrium
import Formulas

extension ValidityWarning {
  /// The warning as a sentence.
  public var prose: Prose {
    var prose: Prose = "\(assumption.statement) — fails here: "
    if let ratio = assumption.ratio { prose.fragments.append(.formula(ratio)) }
    prose.fragments.append(
      .text(
        " = \(Numbers.short(value, digits: 3)), expected below \(Numbers.short(assumption.limit)); affects "
          + affected.joined(separator: ", ")))
    return prose
  }
}

extension Settings {
  /// AdamW, SGDM (Nesterov).
  public var title: String { optimizer.title + (variant.nesterov ? " (Nesterov)" : "") }

  /// The hyperparameters and what else is known, in one sentence.
  public var summary: Prose { summary(of: Self.measured) }

  /// What layers of different shapes have in common, in one sentence.
  public var sharedSummary: Prose { summary(of: []) }

  private static let measured: [Symbol] = [
    .dimension, .unitGradientPower, .gradientPower, .gradientMass, .radialDecay, .effectiveDecay,
    .dimensionErrorFactor, .activeFraction, .initialNorm,
  ]

  private func summary(of extra: [Symbol]) -> Prose {
    var prose: Prose = ""
    let shown = hyperparameters.filter { $0.value != 0 || $0.symbol == .momentum || $0.symbol == .beta1 }
    let all = shown + extra.compactMap { symbol in values[symbol].map { (symbol, $0) } }
    for (index, (symbol, value)) in all.enumerated() {
      prose.fragments += index == 0 ? [] : [.text(", ")]
      prose.fragments += [
        .text(symbol.meaning + " "), .formula(.symbol(symbol)), .text(" = \(Numbers.short(value))"),
      ]
    }
    prose.fragments.append(
      .text(variant.weight == .scaleInvariant ? "; scale-invariant weight." : "; scale-sensitive weight."))
    return prose
  }

  /// Optimizer, hyperparameters and inputs as JSON members.
  public var jsonMembers: [(String, JSONValue)] {
    let own = Set(hyperparameters.map(\.symbol))
    var settings = hyperparameters.map { ($0.symbol.name, JSONValue.number($0.value)) }
    if variant.nesterov { settings.append(("nesterov", true)) }
    let inputs = values.filter { !own.contains($0.key) && !Symbol.solvedFromSpectrum.contains($0.key) }
      .sorted { $0.key.name < $1.key.name }
    return [
      ("optimizer", .string(optimizer.identifier)), ("hyperparameters", JSONValue(settings)),
      ("weight", .string(variant.weight.rawValue)),
      ("inputs", JSONValue(inputs.map { ($0.key.name, .number($0.value)) })),
    ]
  }
}
