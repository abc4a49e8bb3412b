import Equilibrium
import Formulas

extension ScalingReport {
  /// The same content for programs.
  var json: JSONValue {
    let (symbol, old, new) = ends
    var change: [(String, JSONValue)] = [
      ("setting", .string(symbol.name)), ("before", .number(old)), ("after", .number(new)),
    ]
    if case .batchSize(_, _, let noiseShare) = scaling.change {
      change += [
        ("noise_share", .number(noiseShare)), ("gradient_power_factor", .number(scaling.gradientFactor)),
        ("counted_in", .string(unit + "s")),
      ]
    }
    let keepers = scaling.measures.map { measure in
      (
        measure.rawValue,
        JSONValue.array(scaling.rules(keeping: [measure]).map { .string($0.name) })
      )
    }
    return JSONValue(
      scaling.before.settings.jsonMembers + [
        ("change", JSONValue(change)), ("before", json(of: scaling.before)),
        ("rules", .array(scaling.rows.map(json))), ("rules_keeping", JSONValue(keepers)),
        ("notes", .array(notes.map { .string($0.plain) })),
        ("warnings", .array(warnings.map { .string($0.plain) })),
      ])
  }

  private func json(of state: ScalingState?) -> JSONValue {
    guard let state else { return .null }
    var settings = state.settings.hyperparameters.map { ($0.symbol.name, JSONValue.number($0.value)) }
    settings.append(("decay_per_step", .optional(ScalingReport.product(state.settings))))
    var values = ScalingReport.ofWeights(scaling.measures).map { measure in
      (measure.rawValue, JSONValue.optional(value(state, measure)))
    }
    values.append(("half_life_steps", .optional(Transient(state.settings).halfLife.value)))
    return ["settings": JSONValue(settings), "values": JSONValue(values)]
  }

  private func json(of row: ScaledSettings) -> JSONValue {
    let formulas = row.rule.settings.map { ($0.symbol.name, JSONValue.string(PlainText.render($0.formula))) }
    var members: [(String, JSONValue)] = [
      ("name", .string(row.rule.name)), ("formulas", JSONValue(formulas)),
      ("explanation", .string(explanation(row).plain)), ("after", json(of: row.state)),
      (
        "factors",
        row.state == nil
          ? .null : JSONValue(scaling.measures.map { ($0.rawValue, .optional(ratio(row, $0))) })
      ),
      ("keeps", .array(scaling.measures.filter(row.keeps).map { .string($0.rawValue) })),
    ]
    if case .failure(let failure) = row.outcome { members.append(("not_possible", .string(reason(failure)))) }
    return JSONValue(members)
  }
}
