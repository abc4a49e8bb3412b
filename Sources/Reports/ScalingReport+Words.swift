import Equilibrium
import Formulas

extension ScalingReport {
  /// Name, formulas, origin, and what stays; or why there are no settings.
  func explanation(_ row: ScaledSettings) -> Prose {
    let before = scaling.before
    var formulas: [Prose] = row.rule.settings.filter { before.settings.values[$0.symbol] != 0 }.map {
      "\(Formula.symbol($0.symbol.primed)) = \($0.formula)"
    }
    if let kept = row.rule.kept, let formula = before.formula(kept) {
      formulas.append(heading(kept) + " = \(formula) stays")
    }
    let prose: Prose =
      "\(row.rule.name): " + (formulas.isEmpty ? "" : list(formulas) + ". ") + row.rule.prose
    guard case .failure(let failure) = row.outcome else {
      let kept = scaling.measures.filter(row.keeps)
      return prose + (kept.isEmpty ? " Nothing stays." : " Stays: " + list(kept.map(heading)) + ".")
    }
    return prose + " Not possible here: \(reason(failure))."
  }

  /// Why a rule has no settings; the value is the rule's, so it is written short.
  func reason(_ failure: ScalingFailure) -> String {
    switch failure {
    case .settings(.outOfRange(let symbol, let value)):
      "\(symbol.plain)′ would be \(Numbers.short(value)), expected \(symbol.domain)"
    case .settings(.decayTooLarge(let product)): "ηλ would be \(Numbers.short(product)), expected below 1"
    default: failure.description
    }
  }

  // MARK: Which to use

  /// What the numbers say about the choice.
  var notes: [Prose] {
    let isBatchSize = scaling.measures.contains(.diffusionPerExample)
    let diffusion: ScalingMeasure = isBatchSize ? .diffusionPerExample : .diffusion
    let timescale: ScalingMeasure = isBatchSize ? .timescaleInExamples : .timescale
    let timescaleFormula = 2 / Formula.symbol(Quantity.rotationalDiffusionRate.symbol).squared
    var notes: [Prose] = [
      "The angle of a step, " + heading(.rotation) + ", stays under: " + names(keeping: [.rotation]) + ".",
      "The speed over many steps, " + heading(diffusion) + ", and with it the " + heading(timescale)
        + ", which is \(timescaleFormula) steps, stay under: " + names(keeping: [diffusion]) + ".",
    ]
    notes += conflict(diffusion)
    notes.append(together(diffusion))
    let none = scaling.rows[0]
    if let change = ratio(none, diffusion), change != 1 {
      notes.append(
        "Where every setting stays, " + heading(diffusion) + " is multiplied by \(Numbers.short(change)).")
    }
    return notes + gradientNotes
  }

  /// What is lost where no rule keeps both angle and speed.
  private func conflict(_ diffusion: ScalingMeasure) -> [Prose] {
    guard scaling.rules(keeping: [.rotation, diffusion]).isEmpty else { return [] }
    var notes: [Prose] = []
    let none = scaling.rows[0]
    if case .coefficient = scaling.change, let angle = none.ratios[.rotation],
      let speed = none.ratios[.diffusion]
    {
      notes.append(
        Prose(
          "Successive steps are \(speed > angle ? "more" : "less") alike after the change: at the same angle of a step the speed is multiplied by \(Numbers.short(speed / angle))."
        ))
    }
    func distance(_ row: ScaledSettings) -> Double {
      row.ratios[.rotation].map { max($0, 1 / $0) } ?? .infinity
    }
    let keepers = scaling.rows.filter { $0.keeps(diffusion) }
    guard let least = keepers.map(distance).min() else { return notes }
    let nearest = keepers.filter { distance($0) < least * (1 + 1e-12) }
    let factor = nearest.first?.ratios[.rotation] ?? .nan
    notes.append(
      Prose(
        "No rule keeps both. Of those that keep the speed, the angle of a step changes least under: \(nearest.map(\.rule.name).joined(separator: ", ")) (times \(Numbers.short(factor)))."
      ))
    return notes
  }

  /// The rules under which everything that sets the course of training stays.
  private func together(_ diffusion: ScalingMeasure) -> Prose {
    switch scaling.change {
    case .dimension:
      let scale: Prose = "the scale of pre-activations for inputs of fixed, independent coordinates"
      return "Angle, speed and norm " + heading(.norm) + ", " + scale + ", stay together under: "
        + names(keeping: [.rotation, .diffusion, .norm]) + ". With the RMS of a coordinate "
        + heading(.rmsWeight) + " in place of the norm: "
        + names(keeping: [.rotation, .diffusion, .rmsWeight])
        + "."
    case .batchSize, .coefficient:
      let free: ScalingMeasure = diffusion.isPerExample ? .freeDiffusionPerExample : .freeDiffusion
      return "The speed of weights, that of biases and gains, " + heading(free) + ", and the norm "
        + heading(.norm) + " stay together under: " + names(keeping: [diffusion, free, .norm]) + "."
    }
  }

  /// What is assumed of the gradient, and where it counts.
  private var gradientNotes: [Prose] {
    let entered = scaling.measures.filter { $0.dependsOnGradient(scaling.before.settings) }
    let effect: Prose =
      entered.isEmpty ? "It cancels from every number." : "It enters: " + list(entered.map(heading)) + "."
    switch scaling.change {
    case .coefficient: return []
    case .batchSize(_, _, let noiseShare):
      let assumption: Prose =
        "At the same weights, \(.gradientPower) is taken to be multiplied by \(ScalingChange.gradientFactor) = \(Numbers.short(scaling.gradientFactor)), with the noise share \(.noiseShare) = \(Numbers.short(noiseShare)) before. "
      return noiseShare == 1
        ? [assumption + effect]
        : [assumption + effect + " The walk counts all of the gradient as noise."]
    case .dimension:
      return [
        "A coordinate's gradient is taken not to depend on the width: at the same norm \(.gradientPower) ∝ \(.dimension). "
          + effect
      ]
    }
  }

  private func names(keeping measures: [ScalingMeasure]) -> Prose {
    let rules = scaling.rules(keeping: measures)
    return Prose(rules.isEmpty ? "no rule" : rules.map(\.name).joined(separator: ", "))
  }

  private func list(_ items: [Prose]) -> Prose {
    items.dropFirst().reduce(items.first ?? "") { $0 + ", " + $1 }
  }

  // MARK: Warnings

  /// The assumptions of the numbers above that fail, each once, with the rules under which they do.
  var warnings: [Prose] {
    var order: [Assumption] = []
    var failing: [Assumption: [String]] = [:]
    for (name, state) in states {
      for warning in state.map({ Prediction($0.settings).warnings }) ?? []
      where warning.affected.contains(where: { $0.contains(Fidelity.leading.rawValue) || $0 == "transient" })
      {
        if failing[warning.assumption] == nil { order.append(warning.assumption) }
        failing[warning.assumption, default: []].append(
          "\(name) (\(Numbers.short(warning.value, digits: 3)))")
      }
    }
    return order.map { assumption in
      var prose: Prose = "\(assumption.statement) — fails under: "
      prose += Prose(failing[assumption]?.joined(separator: ", ") ?? "")
      if let ratio = assumption.ratio {
        prose += "; \(ratio) is expected below \(Numbers.short(assumption.limit))"
      }
      return prose
    }
  }

  /// Values that lack an input, in one sentence; nil where none does.
  var missing: Prose? {
    var lacking: [Symbol] = []
    let affected = ScalingReport.ofWeights(scaling.measures).filter { measure in
      guard case .failure(.missing(let symbols)) = scaling.before.estimate(measure) else { return false }
      lacking += symbols.filter { !lacking.contains($0) }
      return true
    }
    guard !affected.isEmpty else { return nil }
    return "Without " + list(lacking.map { "\($0.meaning) \($0)" }) + " there are factors only of: "
      + list(affected.map(heading)) + "."
  }
}

extension Prose {
  static func + (left: Prose, right: Prose) -> Prose { Prose(left.fragments + right.fragments) }
  static func += (left: inout Prose, right: Prose) { left.fragments += right.fragments }
}
