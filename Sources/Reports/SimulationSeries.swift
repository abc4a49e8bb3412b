import CrossChecks
import Formulas
import Safetensors
import Training

/// The measured curves of a walk, for files: every window of every seed, the layer and the neurons that are followed.
public struct SimulationSeries: Sendable {
  private let runs: [WalkRun]

  /// The curves of these runs, those that stopped early among them.
  public init(_ runs: [WalkRun]) { self.runs = runs }

  private static let quantities = NeuronQuantity.allCases

  /// A row for each seed, window, and neuron; `neuron` is empty where the row is the layer's.
  public var table: Table {
    let names =
      ["seed", "step", "neuron"] + Self.quantities.map(\.rawValue) + [
        "rotation_over_window", "layer_norm", "layer_rotation", "bias_rms_update_size",
      ]
    func cells(_ row: Measurement.Row) -> [Table.Cell] {
      Self.quantities.map { .number(row[$0]) } + [.number(row.rotationOverWindow)]
    }
    return Table(
      columns: names.map { Table.Column(Prose($0), name: $0) },
      rows: runs.flatMap { run in
        run.steps.indices.flatMap { index -> [[Table.Cell]] in
          let place: [Table.Cell] = [.number(Double(run.seed)), .number(Double(run.steps[index]))]
          let whole = run.whole[index]
          let layer =
            place + [.empty] + cells(run.layer[index])
            + [.number(whole.norm), .number(whole.rotation), .number(whole.biasUpdateSize)]
          return [layer]
            + run.neurons.map {
              place + [.number(Double($0.index))] + cells($0.rows[index]) + [.empty, .empty, .empty]
            }
        }
      })
  }

  /// `layer` [windows × quantities] and `neuron.N` of the same shape for each seed, with `step`; E[g̃ₖ²] as `coordinate_powers`,
  /// [neurons × dimension]. The quantities are named in the metadata.
  public var tensors: TensorFile {
    var file = TensorFile(
      metadata: ["quantities": Self.quantities.map(\.rawValue).joined(separator: ",")])
    for run in runs {
      func tensor(_ rows: [Measurement.Row]) -> Tensor {
        Tensor(
          rows.flatMap { row in Self.quantities.map { row[$0] } }, shape: [rows.count, Self.quantities.count])
      }
      let name = "seed.\(run.seed)"
      file.tensors["\(name)/step"] = Tensor(run.steps.map { UInt64($0) })
      file.tensors["\(name)/layer"] = tensor(run.layer)
      if let first = run.coordinatePowers.first {
        file.tensors["\(name)/coordinate_powers"] = Tensor(
          run.coordinatePowers.flatMap { $0 }, shape: [run.coordinatePowers.count, first.count])
      }
      for neuron in run.neurons { file.tensors["\(name)/neuron.\(neuron.index)"] = tensor(neuron.rows) }
    }
    return file
  }

  /// The same curves as an object for each seed.
  public var json: JSONValue {
    func curves(_ rows: [Measurement.Row]) -> JSONValue {
      JSONValue(
        Self.quantities.map { quantity in (quantity.rawValue, .array(rows.map { .number($0[quantity]) })) })
    }
    return .array(
      runs.map { run in
        [
          "seed": .number(Double(run.seed)), "step": .array(run.steps.map { .number(Double($0)) }),
          "layer": curves(run.layer),
          "neurons": .array(
            run.neurons.map {
              JSONValue([("neuron", .number(Double($0.index))), ("curves", curves($0.rows))])
            }),
        ]
      })
  }
}
