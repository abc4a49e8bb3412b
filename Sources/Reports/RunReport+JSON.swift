import CrossChecks
import Equilibrium
import Formulas
import RunConfigurations

extension RunReport {
  /// Everything that the report says, as data.
  var json: JSONValue {
    var members: [(String, JSONValue)] = [("name", .string(run.name)), ("source", .string(source))]
    members += (first?.settings.jsonMembers ?? []).filter { $0.0 != "inputs" && $0.0 != "weight" }
    members.append(("steps", .number(Double(run.steps))))
    members.append(("schedule", .string(run.schedule.summary)))
    members.append(
      (
        "layers",
        .array(
          layers.map { shape, prediction in
            let quantities = Quantity.allCases.map { quantity in
              (
                quantity.rawValue,
                JSONValue(
                  Fidelity.allCases.map { ($0.rawValue, .optional(prediction.estimate(quantity, $0)?.value)) }
                )
              )
            }
            return [
              "name": .string(shape.name), "count": .number(Double(shape.count)),
              "neurons": .number(Double(shape.neurons)), "dimension": .number(Double(shape.dimension)),
              "initial_norm": .optional(shape.initialNorm), "quantities": JSONValue(quantities),
              "steps_to_5_percent": .optional(prediction.transient.stepsTo5Percent.value),
              "steps_to_1_percent": .optional(prediction.transient.stepsTo1Percent.value),
              "note": shape.note.map { .string($0) } ?? .null,
            ]
          })
      ))
    members.append(
      (
        "transient",
        [
          "decay_per_step": .optional(first?.transient.decayPerStep.value),
          "half_life_steps": .optional(halfLife),
          "half_life_share_of_run": .optional(shareOfRun), "timescale_steps": .optional(memory),
        ]
      ))
    members.append(("rotational", ["expected_rotation": .optional(rotation), "beta": 0.9]))
    if let crossCheck { members.append(("crosscheck", JSONValue(crossCheck.jsonMembers))) }
    members.append(("warnings", .array(warnings.map { .string($0.plain) })))
    members.append(("notes", .array(run.notes.map { .string($0) })))
    members.append(("ignored", .array(run.ignored.map { .string($0) })))
    return JSONValue(members)
  }
}
