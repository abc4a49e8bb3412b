import Equilibrium
import Formulas

/// What a conversion to a rotational variant adds where the baseline's rotation was logged.
public struct MeasuredRotationReport: Sendable {
  private let measured: MeasuredRotation
  private let weightDecay: Double

  /// The report on a logged rotation; `weightDecay` is the one that the baseline was given.
  public init(_ measured: MeasuredRotation, weightDecay: Double) {
    (self.measured, self.weightDecay) = (measured, weightDecay)
  }

  /// The blocks for a document.
  public var blocks: [Block] {
    let decays = measured.effectiveDecay
    return [
      .heading(2, "As measured"),
      .paragraph(
        Prose(
          "Use weight decay \(Numbers.short(weightDecay * measured.meanFactor, digits: 3)) for the rotational variant: with it the mean rotation over the \(Numbers.short(Double(measured.count))) logged steps is the measured one, \(Numbers.short(measured.rotation.mean)) rad."
        )),
      .table(
        Table(
          caption: "Weight decay from the measured rotation",
          columns: [
            Table.Column("weight decay", name: "what", isNumeric: false),
            Table.Column("value", name: "value"),
            Table.Column("factor", name: "factor"),
          ],
          rows: [
            ("given", weightDecay), ("λ_RV, same mean rotation", weightDecay * measured.meanFactor),
            ("λ_RV, same RMS rotation", weightDecay * measured.rmsFactor),
            ("λₑ, lower quartile", decays.lower), ("λₑ, median", decays.median),
            ("λₑ, upper quartile", decays.upper),
          ].map { name, value in
            [.prose(Prose([.text(name)])), .number(value), .number(value / weightDecay)]
          })),
      .list([
        "λₑ is the weight decay at which Table 1 gives the rotation of a step. Where its quartiles agree the run is in equilibrium, and λₑ − λ is the radial decay of the weight; a wide spread is a run out of equilibrium."
      ]),
    ]
  }

  /// The member for JSON.
  public var json: JSONValue {
    let decays = measured.effectiveDecay
    return [
      "steps": .number(Double(measured.count)),
      "mean_rotation": .number(measured.rotation.mean), "rms_rotation": .number(measured.rotation.rms),
      "matched_mean": [
        "weight_decay": .number(weightDecay * measured.meanFactor), "factor": .number(measured.meanFactor),
      ],
      "matched_rms": [
        "weight_decay": .number(weightDecay * measured.rmsFactor), "factor": .number(measured.rmsFactor),
      ],
      "effective_weight_decay": [
        "lower_quartile": .number(decays.lower), "median": .number(decays.median),
        "upper_quartile": .number(decays.upper),
      ],
    ]
  }
}
