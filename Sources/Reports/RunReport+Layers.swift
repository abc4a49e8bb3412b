import Equilibrium
import Formulas
import RunConfigurations

// Layer by layer, at the peak learning rate.
extension RunReport {
  var layerTable: Table {
    let columns: [(Prose, String, Bool)] = [
      ("layer", "layer", false), ("neurons", "neurons", true), ("\(Symbol.dimension)", "dimension", true),
      ("\(Symbol.initialNorm)", "initial_norm", true),
      ("\(Quantity.equilibriumNorm.symbol)", "equilibrium_norm", true),
      ("\(Quantity.rmsUpdateSize.symbol)", "rms_update_size", true),
      ("\(Quantity.expectedRotation.symbol) (rad)", "expected_rotation", true),
      ("steps to 5 %", "steps_to_5_percent", true), ("share of run", "share_of_run", true),
    ]
    return Table(
      caption: fidelity == .leading
        ? "Leading order, at the peak learning rate"
        : "Second moments, at the peak learning rate: an assumption of the leading order fails (see the warnings)",
      columns: columns.map { Table.Column($0.0, name: $0.1, isNumeric: $0.2) },
      rows: layers.map { shape, prediction in
        let steps = prediction.transient.stepsTo5Percent.value
        return [
          .prose(Prose([.text(shape.title)])), .number(Double(shape.neurons)),
          .number(Double(shape.dimension)),
          .optional(shape.initialNorm), .optional(value(.equilibriumNorm, of: prediction)),
          .optional(value(.rmsUpdateSize, of: prediction)),
          .optional(value(.expectedRotation, of: prediction)), .optional(steps),
          .optional(steps.map { $0 / Double(run.steps) }),
        ]
      })
  }

  var layerBlocks: [Block] {
    var blocks: [Block] = []
    if !layers.isEmpty {
      blocks.append(.table(layerTable))
      let legend: Prose =
        "\(Symbol.dimension): fan-in; \(Symbol.initialNorm): norm of a neuron's weight vector at the first step; \(Quantity.equilibriumNorm.symbol): in equilibrium; \(Quantity.rmsUpdateSize.symbol): RMS update size; \(Quantity.expectedRotation.symbol): expected rotation a step; steps until the deviation of the norm is within 5 %, from (16) at a constant learning rate."
      blocks.append(.paragraph(legend))
    }
    let notes = layers.compactMap { layer in layer.shape.note.map { Prose("\(layer.shape.name): \($0).") } }
    if !notes.isEmpty { blocks.append(.list(notes)) }
    let missing = Quantity.allCases.compactMap { quantity -> Prose? in
      guard let estimate = general.estimate(quantity, .leading), !estimate.missing.isEmpty else { return nil }
      let names = estimate.missing.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
      return Prose("The \(quantity.symbol.meaning) needs the \(names), which the configuration cannot know.")
    }
    if !missing.isEmpty { blocks.append(.list(missing)) }
    blocks.append(
      .table(
        Table(
          caption: Prose(
            "The three fidelities\(settings.values[.dimension].map { " for C = \(Numbers.short($0))" } ?? "")"
          ),
          columns: [Table.Column("quantity", name: "quantity", isNumeric: false)]
            + Fidelity.allCases.map { Table.Column(Prose($0.rawValue), name: $0.rawValue) },
          rows: Quantity.allCases.map { quantity in
            [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")]
              + Fidelity.allCases.map { .optional(general.estimate(quantity, $0)?.value) }
          })))
    return blocks
  }
}

extension LayerShape {
  /// The name, with how many layers have it.
  var title: String { count > 1 ? "\(name) (×\(count))" : name }
}
