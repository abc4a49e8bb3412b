import Audits
import Equilibrium
import Formulas
import RunConfigurations
import Parameters

extension AuditReport {
  /// Everything that the report says, as data; it holds all tensors.
  public var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(audit.run.name)), ("checkpoint", .string(audit.path)),
      ("step", .number(Double(audit.step))), ("steps", .number(Double(audit.run.steps))),
      ("steps_between", .optional(audit.stepsBetween.map { Double($0) })),
      ("tolerance", .number(Audit.tolerance)), ("findings", .array(findings.map { .string($0.plain) })),
      ("tensors", .array(audit.tensors.map(json))),
    ]
    members.append(
      (
        "neurons",
        .array(
          audit.neurons.map { neuron in
            [
              "tensor": .string(neuron.tensor), "neuron": .number(Double(neuron.index)),
              "norm": .number(neuron.norm), "norm_over_equilibrium": .optional(neuron.ratio),
              "rotation": .optional(neuron.rotation), "turned": .optional(neuron.turned),
              "relative": .number(neuron.relative),
            ]
          })
      ))
    members.append(("notes", .array(notes.map { .string($0) })))
    members.append(("warnings", .array(warnings.map { .string($0) })))
    return JSONValue(members)
  }

  private func json(_ tensor: TensorAudit) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("name", .string(tensor.tensor.name)), ("role", .string(tensor.tensor.role.rawValue)),
      ("kind", tensor.tensor.kind.map { .string($0.rawValue) } ?? .null),
      ("neurons", .number(Double(tensor.tensor.neurons))),
      ("dimension", .number(Double(tensor.tensor.dimension))),
      ("norm", .number(tensor.norm)), ("equilibrium_norm", .optional(tensor.equilibriumNorm)),
      ("standing", .string(tensor.standing.rawValue)), ("expected_norm", .optional(tensor.expectedNorm)),
      ("update_size", .optional(tensor.updateSize)), ("rotation", .optional(tensor.rotation)),
      ("equilibrium_rotation", .optional(tensor.equilibriumRotation)),
      ("steps_to_equilibrium", .optional(tensor.stepsToEquilibrium.map { Double($0) })),
      ("implied_decay", .optional(tensor.restingDecay)),
      ("missing", .array(tensor.missing.map { .string($0.name) })),
      ("neuron_norms", Self.json(tensor.norms)), ("zero_neurons", .number(Double(tensor.zeros))),
      ("non_finite", .number(Double(tensor.nonFinite))),
      ("tied_to", tensor.twin.map { .string($0) } ?? .null),
      ("notes", .array(tensor.tensor.notes.map { .string($0) })),
    ]
    if let change = tensor.change {
      members.append(
        (
          "change",
          [
            "norm_before": .number(change.normBefore), "predicted_norm": .optional(change.predictedNorm),
            "rotation": .number(change.rotation), "predicted_rotation": .optional(change.predictedRotation),
            "rounding": .number(change.rounding),
            "ratio": .optional(change.ratio), "retention": .number(change.retention),
            "effective_decay": .optional(change.effectiveDecay?.value),
            "effective_decay_uncertainty": .optional(change.effectiveDecay?.uncertainty),
            "gradient_norm": .optional(change.gradientNorm), "neuron_rotations": Self.json(change.rotations),
          ]
        ))
    }
    return JSONValue(members)
  }

  /// A spread, its quantiles over the root mean square.
  private static func json(_ spread: Spread?) -> JSONValue {
    guard let spread else { return .null }
    return [
      "rms": .number(spread.rms), "imbalance": .number(spread.imbalance), "least": .number(spread.least),
      "lower_tenth": .number(spread.lowerTenth), "median": .number(spread.median),
      "upper_tenth": .number(spread.upperTenth), "greatest": .number(spread.greatest),
    ]
  }
}
