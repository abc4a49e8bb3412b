import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import Training

extension SimulationReport {
  var json: JSONValue {
    var members = comparison.jsonMembers
    members.append(("trajectory", curve.map(\.json) ?? .null))
    members.append(
      (
        "neurons",
        .array(
          comparison.runs[0].neurons.indices.map { position in
            JSONValue(
              [("neuron", .number(Double(comparison.runs[0].neurons[position].index)))]
                + Triple.quantities.map { quantity in
                  let numbers = comparison.neuron(position, quantity)
                  return (
                    quantity.rawValue,
                    JSONValue(
                      [("measured", .optional(numbers?.measured))]
                        + comparison.sources.map { ($0.name, .optional(numbers?.predicted[$0])) })
                  )
                })
          })
      ))
    members.append(("notes", .array(notes.map { .string($0) })))
    members.append(("warnings", .array(warnings.map { .string($0.plain) })))
    return JSONValue(members)
  }
}

extension WalkComparison {
  /// The walk, what it measured, what was predicted, and the deviations.
  var jsonMembers: [(String, JSONValue)] {
    let system = walk.system
    func quantities(_ value: (Quantity) -> JSONValue) -> JSONValue {
      JSONValue(Triple.quantities.map { ($0.rawValue, value($0)) })
    }
    func bySource(_ value: @escaping (Quantity, Source) -> JSONValue) -> JSONValue {
      JSONValue(sources.map { source in (source.name, quantities { value($0, source) }) })
    }
    return [
      ("optimizer", .string((walk.wrapper == nil ? "" : "rv-") + walk.settings.optimizer.identifier)),
      (
        "hyperparameters",
        JSONValue(walk.settings.hyperparameters.map { ($0.symbol.name, .number($0.value)) })
      ),
      (
        "system",
        [
          "dimension": .number(Double(system.dimension)), "neurons": .number(Double(system.neurons)),
          "batch": .number(Double(system.batch)), "normalisation": .string(system.normalisation.rawValue),
          "normalisation_epsilon": .number(system.normalisationEpsilon),
          "gains": .string(system.gains.rawValue),
          "loss_scale": .number(system.lossScale), "radial_decay": .number(system.radialDecay),
          "initial_scale": .number(system.initialScale),
        ]
      ),
      ("steps", .number(Double(walk.steps))), ("settled_from", .number(Double(walk.settledFrom))),
      ("window", .number(Double(walk.window))),
      ("steps_taken", .number(Double(stepsTaken))),
      ("nesterov", .bool(walk.settings.variant.nesterov)),
      ("schedule", .string(walk.plan.learningRateSchedule.name)),
      ("decay_convention", .string(walk.plan.convention.rawValue)),
      ("rotational_wrapper", walk.wrapper.map(\.json) ?? .null),
      ("precision", .string(walk.precision.rawValue)),
      ("instruction_set", .string(walk.instructionSet.rawValue)),
      ("seeds", .array(runs.map { .number(Double($0.seed)) })),
      ("requested_rotation", walk.wrapper == nil ? .null : .number(walk.rotation)),
      ("measured", quantities { measured($0).json }),
      ("predicted", bySource { .optional(predicted($0, $1)) }),
      (
        "deviation",
        bySource { quantity, source in
          let deviation = deviation(quantity, source)
          return [
            "relative": .optional(deviation?.mean), "standard_error": .optional(deviation?.standardError),
            "in_standard_errors": .optional(deviation?.inStandardErrors),
          ]
        }
      ),
      (
        "further",
        JSONValue(
          NeuronQuantity.allCases.map { ($0.rawValue, mean($0).json) } + [
            ("rotation_over_window", .optional(rotationOverWindow)),
            ("gradient_kurtosis", .optional(gradientKurtosis)),
            ("bias_rms_update_size", bias.measured.json),
            ("predicted_bias_rms_update_size", .optional(bias.predicted)),
            ("drift_of_norm", .optional(drift?.mean)),
          ])
      ),
    ]
  }
}

extension RotationalWrapper {
  fileprivate var json: JSONValue {
    [
      "granularity": .string(granularity.rawValue), "zero_mean": .bool(zeroMean),
      "decay_factor": .number(decayFactor), "epsilon": .number(epsilon), "learns_gain": .bool(learnsGain),
      "imbalance": [
        "faster_share": .number(imbalance.fasterShare), "slower_share": .number(imbalance.slowerShare),
        "factor": .number(imbalance.factor),
      ],
    ]
  }
}

extension SampleMean {
  var json: JSONValue { ["mean": .number(mean), "standard_error": .optional(standardError)] }
}

extension WalkCurve {
  var json: JSONValue {
    func series(_ series: Series) -> JSONValue {
      [
        "measured": .array(series.measured.map { .number($0) }),
        "moments": .array(series.moments.map { .number($0) }),
        "recurrence": .array(series.recurrence.map { .number($0) }),
        "mean_deviation": [
          "moments": .number(series.deviation(\.moments)),
          "recurrence": .number(series.deviation(\.recurrence)),
        ],
      ]
    }
    return [
      "step": .array(steps.map { .number(Double($0)) }), "norm": series(norm), "rotation": series(rotation),
    ]
  }
}
