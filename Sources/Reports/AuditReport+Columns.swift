import Audits
import Equilibrium
import Formulas
import Parameters

extension AuditReport {
  /// A column of the tables of tensors.
  struct Column: Sendable {
    let heading: Prose
    /// The name in CSV.
    let name: String
    let isNumeric: Bool
    let cell: @Sendable (TensorAudit) -> Table.Cell

    init(
      _ heading: Prose, _ name: String, isNumeric: Bool = true,
      _ cell: @escaping @Sendable (TensorAudit) -> Table.Cell
    ) {
      (self.heading, self.name, self.isNumeric, self.cell) = (heading, name, isNumeric, cell)
    }

    /// All, as CSV has them; the quantiles of the documents are two columns there.
    static var all: [Column] {
      sizes + norms + rotations.filter { $0.isNumeric } + quantiles("norm", of: { $0.norms })
        + changes.filter { $0.isNumeric && $0.name != "norm" }
        + quantiles("turn", of: { $0.change?.rotations })
    }

    private static var sizes: [Column] {
      [
        Column("role", "role", isNumeric: false) { .prose(Prose($0.tensor.role.rawValue)) },
        Column("neurons", "neurons") { .number(Double($0.tensor.neurons)) },
        Column("\(Symbol.dimension)", "dimension") { .number(Double($0.tensor.dimension)) },
      ]
    }

    /// The norm against equilibrium.
    static var norms: [Column] {
      [
        Column("‖ω‖", "norm") { .known($0.norm) },
        Column("\(Quantity.equilibriumNorm.symbol)", "equilibrium_norm") { .known($0.equilibriumNorm) },
        Column("‖ω‖/\(Quantity.equilibriumNorm.symbol)", "norm_over_equilibrium") { .known($0.ratio) },
        Column("standing", "standing", isNumeric: false) { .prose(Prose($0.standing.words)) },
        Column("expected", "expected_norm") { .known($0.expectedNorm) },
        Column("to go", "steps_to_equilibrium") { .known($0.stepsToEquilibrium.map { Double($0) }) },
        Column("implied λ", "implied_decay") { .known($0.restingDecay) },
      ]
    }

    /// The rotation of a step, and how the neurons differ.
    static var rotations: [Column] {
      [
        Column("now (rad)", "rotation") { .known($0.rotation) },
        Column("\(Quantity.expectedRotation.symbol) (rad)", "equilibrium_rotation") {
          .known($0.equilibriumRotation)
        },
        Column("neurons", "neuron_norms", isNumeric: false) { range($0.norms) },
        Column("imbalance", "norm_imbalance") { .known($0.norms?.imbalance) },
        Column("zero", "zero_neurons") { .number(Double($0.zeros)) },
        Column("not finite", "non_finite") { .number(Double($0.nonFinite)) },
      ]
    }

    /// What happened since the earlier checkpoint.
    static var changes: [Column] {
      [
        Column("‖ω‖ before", "norm_before") { .known($0.change?.normBefore) },
        Column("‖ω‖ now", "norm") { .known($0.norm) },
        Column("predicted", "predicted_norm") { .known($0.change?.predictedNorm) },
        Column("turned (rad)", "turned") { .known($0.change?.rotation) },
        Column("rounding (rad)", "turn_rounding") { .known($0.change?.rounding) },
        Column("predicted (rad)", "predicted_turn") { .known($0.change?.predictedRotation) },
        Column("ratio", "turn_ratio") { .known($0.change?.ratio) },
        Column("effective λ", "effective_decay") { .known($0.change?.effectiveDecay?.value) },
        Column("±", "effective_decay_uncertainty") { .known($0.change?.effectiveDecay?.uncertainty) },
        Column("gradient", "gradient_norm") { .known($0.change?.gradientNorm) },
        Column("neurons", "neuron_turns", isNumeric: false) { range($0.change?.rotations) },
        Column("imbalance", "turn_imbalance") { .known($0.change?.rotations?.imbalance) },
      ]
    }

    private static func quantiles(
      _ name: String, of spread: @escaping @Sendable (TensorAudit) -> Spread?
    ) -> [Column] {
      [
        Column("10 %", "neuron_\(name)_lower_tenth") { .known(spread($0)?.lowerTenth) },
        Column("90 %", "neuron_\(name)_upper_tenth") { .known(spread($0)?.upperTenth) },
      ]
    }

    private static func range(_ spread: Spread?) -> Table.Cell {
      guard let spread else { return .empty }
      return .prose(
        Prose(
          "\(Numbers.short(spread.lowerTenth, digits: 3)) to \(Numbers.short(spread.upperTenth, digits: 3))"))
    }
  }
}
