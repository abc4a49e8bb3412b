import Dynamics
import Equilibrium
import Formulas

extension TrajectoryReport {
  var json: JSONValue {
    guard let first = layers.first else { return .null }
    let (settings, plan) = (first.trajectory.settings, first.trajectory.plan)
    var members: [(String, JSONValue)] = [
      ("optimizer", .string(settings.optimizer.identifier)),
      (
        "hyperparameters", JSONValue(settings.hyperparameters.map { ($0.symbol.name, .number($0.value)) })
      ),
      ("steps", .number(Double(plan.steps))),
      ("schedule", .string(plan.learningRateSchedule.name)),
      ("decay_schedule", .string(plan.weightDecaySchedule.name)),
      ("decay_convention", .string(plan.convention.rawValue)),
      ("half_life_steps", .optional(halfLife(first))),
      ("ema_timescale_steps", .optional(settings.timescale)),
    ]
    if let stepsPerEpoch { members.append(("steps_per_epoch", .number(stepsPerEpoch))) }
    if layers.count == 1 {
      members += self.members(first)
    } else {
      members.append(
        (
          "layers",
          .array(layers.map { JSONValue([("name", .string($0.name ?? ""))] + self.members($0)) })
        ))
    }
    members.append(("notes", .array(notes.map { .string($0) })))
    members.append(
      ("warnings", .array(Prediction(settings).warnings.map { .string($0.prose.plain) })))
    return JSONValue(members)
  }

  private func members(_ layer: Layer) -> [(String, JSONValue)] {
    let values = layer.trajectory.settings.values
    func series(_ value: (Trajectory.Point) -> Double) -> JSONValue {
      .array(layer.points.map { .number(value($0)) })
    }
    return [
      ("dimension", .optional(values[.dimension])), ("initial_norm", .optional(values[.initialNorm])),
      ("summary", summary(layer.summary, halfLife(layer))),
      ("deviation_from_measured", deviation(layer.deviation)),
      (
        "trajectory",
        [
          "step": series { Double($0.step) },
          "norm": ["recurrence": series(\.norm.recurrence), "moments": series(\.norm.moments)],
          "rotation": ["recurrence": series(\.rotation.recurrence), "moments": series(\.rotation.moments)],
          "equilibrium_norm": series(\.equilibriumNorm),
          "equilibrium_rotation": series(\.equilibriumRotation),
          "learning_rate": series(\.learningRate),
          "weight_decay": series(\.weightDecay),
        ]
      ),
    ]
  }

  private func summary(_ summary: TrajectorySummary, _ halfLife: Double?) -> JSONValue {
    func stay(_ stay: TrajectorySummary.Stay) -> JSONValue {
      [
        "enters_step": .optional(stay.enters.map { Double($0) }),
        "enters_share": .optional(stay.enters.map { share($0, summary) }),
        "leaves_step": .optional(stay.leaves.map { Double($0) }),
        "leaves_share": .optional(stay.leaves.map { share($0, summary) }),
        "steps_inside": .number(Double(stay.stepsInside)),
        "only_passes": .bool(stay.onlyPasses(halfLife: halfLife)),
      ]
    }
    return [
      "tolerance": .number(TrajectorySummary.tolerance),
      "reaches_equilibrium": .bool(summary.reachesEquilibrium),
      "norm": stay(summary.norm), "rotation": stay(summary.rotation),
      "worst_over_rotation": .extreme(summary.overRotation),
      "worst_under_rotation": .extreme(summary.underRotation),
      "share_out_of_equilibrium": .number(summary.shareOutOfEquilibrium),
      "final_rotation_factor": .number(summary.finalFactor),
      "mean_rotation": .number(summary.meanRotation), "rms_rotation": .number(summary.rmsRotation),
    ]
  }

  private func deviation(_ deviation: MeasuredRun.Deviation?) -> JSONValue {
    func pair(_ predicted: Trajectory.Predicted?) -> JSONValue {
      predicted.map { ["recurrence": .number($0.recurrence), "moments": .number($0.moments)] } ?? .null
    }
    return deviation.map { ["norm": pair($0.norm), "rotation": pair($0.rotation)] } ?? .null
  }
}

extension JSONValue {
  /// The step and the factor of an extreme, or null.
  static func extreme(_ extreme: TrajectorySummary.Extreme?) -> JSONValue {
    extreme.map { ["step": .number(Double($0.step)), "factor": .number($0.factor)] } ?? .null
  }
}
