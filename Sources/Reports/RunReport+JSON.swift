import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import RunConfigurations

extension RunReport {
  /// Everything that the report says, as data.
  var json: JSONValue {
    var members: [(String, JSONValue)] = [("name", .string(run.name)), ("source", .string(source))]
    members += settings.jsonMembers.filter { $0.0 != "inputs" && $0.0 != "weight" }
    members.append(("decay_convention", .string(run.decayConvention.rawValue)))
    members.append(("steps", .number(Double(run.steps))))
    members.append(("steps_per_epoch", .optional(run.stepsPerEpoch.map(Double.init))))
    members.append(("schedule", .string(run.schedule.summary)))
    members.append(("summary", texts(summary)))
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
          "decay_per_step": .optional(general.transient.decayPerStep.value),
          "half_life_steps": .optional(halfLife),
          "half_life_share_of_run": .optional(shareOfRun), "timescale_steps": .optional(memory),
        ]
      ))
    members.append(("course", .array(courses.map(\.json))))
    members.append(("not_followed", texts(unfollowed)))
    members.append(("advice", texts(advice)))
    members.append(("conversions", .array(moves.compactMap { move in try? move.outcome.get() }.map(\.json))))
    members.append(
      (
        "rotational",
        [
          "expected_rotation": .optional(rotation), "beta": 0.9,
          "matched_weight_decay_factor": .optional(rotationMatch?.factor),
        ]
      ))
    if let audit { members.append(("checkpoint", audit.json)) }
    if let crossCheck { members.append(("crosscheck", JSONValue(crossCheck.jsonMembers))) }
    members.append(("formulas", .array(formulas)))
    members.append(("assumptions", texts(assumptions)))
    members.append(("warnings", texts(warnings)))
    members.append(("notes", .array(run.notes.map { .string($0) })))
    members.append(("ignored", .array(run.ignored.map { .string($0) })))
    return JSONValue(members)
  }

  /// Every formula with its source, and its value for the first layer.
  private var formulas: [JSONValue] {
    Quantity.allCases.flatMap { quantity in
      Fidelity.allCases.compactMap { fidelity in
        general.estimate(quantity, fidelity).map { estimate in
          [
            "quantity": .string(quantity.rawValue), "fidelity": .string(fidelity.rawValue),
            "formula": .string(PlainText.render(estimate.cited.formula)),
            "latex": .string(LaTeX.render(estimate.cited.formula)), "source": .string(estimate.cited.source),
            "value": .optional(estimate.value),
          ]
        }
      }
    }
  }

  private func texts(_ sentences: [Prose]) -> JSONValue { .array(sentences.map { .string($0.plain) }) }
}

extension RunReport.Course {
  /// The course in numbers, with some hundred steps of it.
  fileprivate var json: JSONValue {
    let summary = layer.summary
    let points = layer.points
    func column(_ value: (Trajectory.Point) -> Double) -> JSONValue {
      .array(points.map { JSONValue.optional(value($0)) })
    }
    return [
      "layers": .array(names.map { .string($0) }),
      "enters_equilibrium": .optional(summary.rotation.enters.map(Double.init)),
      "leaves_equilibrium": .optional(summary.rotation.leaves.map(Double.init)),
      "worst_over_rotation": .optional(summary.overRotation?.factor),
      "share_out_of_equilibrium": .optional(summary.shareOutOfEquilibrium),
      "final_rotation_over_equilibrium": .optional(summary.finalFactor),
      "series": [
        "step": column { Double($0.step) }, "learning_rate": column(\.learningRate),
        "norm": column(\.norm.moments), "equilibrium_norm": column(\.equilibriumNorm),
        "rotation": column(\.rotation.moments), "equilibrium_rotation": column(\.equilibriumRotation),
      ],
    ]
  }
}

extension Conversion {
  /// What the settings become, in PyTorch's decay convention.
  fileprivate var json: JSONValue {
    JSONValue(
      [
        ("optimizer", .string(target.optimizer.identifier)),
        ("match", match.map { .string($0.rawValue) } ?? .null),
      ]
        + target.hyperparameters.map { ($0.symbol.name, .number($0.value)) })
  }
}
