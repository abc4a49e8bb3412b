import Dynamics
import Equilibrium
import Formulas
import RunConfigurations

/// What is said of a run without weight decay: how its norms grow, and how its rotation falls with that.
public struct GrowthReport: Sendable {
  private let run: TrainingRun
  private let title: String
  /// Whether the steps of the run are known, so that it can be followed.
  private let isRun: Bool
  private let layers: [Layer]

  private struct Layer {
    let shape: LayerShape
    let growth: Growth
    var points: [Growth.Point] = []
    /// Why it was not followed.
    var failure: String?
  }

  /// Steps of a run that are shown.
  private static let shown = 12

  /// The report on a run whose weight decay is 0.
  ///
  /// - Parameters:
  ///   - run: the run; its layers tell the dimensions.
  ///   - title: what stands above it.
  ///   - isRun: whether its steps mean something, so that it is followed.
  ///   - plan: the hyperparameters of every step, where they are not those of the run.
  /// - Throws: `SettingsError`, or `ScheduleError` where the schedule does not fit.
  public init(_ run: TrainingRun, title: String? = nil, isRun: Bool = true, plan: RunPlan? = nil) throws {
    self.run = run
    self.title = title ?? "\(run.name): growth without weight decay"
    self.isRun = isRun
    layers = try run.layers.map { shape in
      var layer = Layer(
        shape: shape,
        growth: try Growth(
          run.optimizer, Self.values(of: shape, run), weight: shape.kind ?? .scaleInvariant,
          nesterov: run.nesterov,
          plan: plan ?? run.plan(for: shape)))
      guard isRun else { return layer }
      let marks = Self.marks(run.steps)
      do throws(TrajectoryError) {
        var points: [Growth.Point] = []
        try layer.growth.forEach { if marks.contains($0.step) { points.append($0) } }
        layer.points = points
      } catch { layer.failure = "\(error)" }
      return layer
    }
  }

  private static func values(of shape: LayerShape, _ run: TrainingRun) -> [Symbol: Double] {
    var values = run.hyperparameters(of: shape)
    values[.dimension] = Double(shape.dimension)
    if let norm = shape.initialNorm { values[.initialNorm] = norm }
    return values
  }

  /// The first step, some between, and the last.
  private static func marks(_ steps: Int) -> Set<Int> {
    Set((0...(shown - 1)).map { 1 + Int(Double(steps - 1) * Double($0) / Double(shown - 1)) })
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = [
      .heading(1, title),
      .paragraph(
        "Without weight decay nothing pulls the weights back: the norm grows with every update, the rotation falls as it does, and there is no equilibrium to predict."
      ),
    ]
    if !run.warnings.isEmpty { blocks += [.heading(2, "Warnings"), .list(run.warnings.map { Prose($0) })] }
    if !layers.isEmpty { blocks += [.table(table), .list(laws)] }
    for layer in layers where !layer.points.isEmpty { blocks.append(.table(course(of: layer))) }
    let failures = layers.compactMap { layer in
      layer.failure.map { Prose("\(layer.shape.name) is not followed: \($0).") }
    }
    if !failures.isEmpty { blocks.append(.list(failures)) }
    if run.layers.isEmpty {
      blocks.append(
        .paragraph(
          "The configuration states no layers; --checkpoint or --shapes gives them, or --dimension a single one."
        ))
    }
    if !run.notes.isEmpty {
      blocks += [.heading(2, "Notes on the configuration"), .list(run.notes.map { Prose($0) })]
    }
    return Output(document: Document(blocks), json: json, table: table)
  }

  private var laws: [Prose] {
    var seen: Set<String> = []
    var laws: [Prose] = []
    for layer in layers where seen.insert(layer.growth.growthFormula).inserted {
      laws.append(Prose("Closed form, t steps at the peak learning rate: \(layer.growth.growthFormula)."))
      if layer.growth.growthPerStep == nil {
        laws.append(
          layer.growth.power == 4
            ? "It needs the gradient norm at unit weight norm: --unit-gradient-norm."
            : "It needs the gradient norm: --gradient-norm.")
      }
    }
    laws.append(
      "Growth is that of ‖ω‖², or of ‖ω‖⁴ for SGDM on a scale-invariant weight; steps and rotation (rad) are those of the run."
    )
    if isRun {
      laws.append("Under the schedule t is the sum of the squared factors of the learning rate.")
      laws.append("A rotational variant that is to turn as this run does needs these rotations step by step.")
    }
    return laws
  }

  private var table: Table {
    Table(
      caption: "Layers",
      columns: [
        Table.Column("layer", name: "layer", isNumeric: false), Table.Column("C", name: "dimension"),
        Table.Column("norm ‖ω₀‖", name: "initial_norm"),
        Table.Column("growth a step", name: "growth_per_step"),
        Table.Column("doubles in", name: "steps_to_double"),
        Table.Column("‖ω‖ at the end", name: "final_norm_closed_form"),
        Table.Column("moments", name: "final_norm"),
        Table.Column("η_r at the end", name: "final_rotation"),
      ],
      rows: layers.map { layer in
        [
          .prose(Prose(layer.shape.name)), .number(Double(layer.shape.dimension)),
          .optional(layer.shape.initialNorm),
          .optional(layer.growth.growthPerStep), .optional(layer.growth.stepsToDouble),
          .optional(layer.points.last?.closedNorm), .optional(layer.points.last?.norm),
          .optional(layer.points.last?.rotation),
        ]
      })
  }

  private func course(of layer: Layer) -> Table {
    Table(
      caption: Prose("\(layer.shape.name) over the run"),
      columns: [
        Table.Column("step", name: "step"), Table.Column("learning rate", name: "learning_rate"),
        Table.Column("norm, closed form", name: "norm_closed_form"),
        Table.Column("by second moments", name: "norm"),
        Table.Column("rotation (rad)", name: "rotation"),
      ],
      rows: layer.points.map { point in
        [
          .number(Double(point.step)), .number(point.learningRate), .optional(point.closedNorm),
          .number(point.norm),
          .number(point.rotation),
        ]
      })
  }

  private var json: JSONValue {
    [
      "name": .string(run.name), "optimizer": .string(run.optimizer.identifier), "weight_decay": .number(0),
      "equilibrium": .null,
      "hyperparameters": JSONValue(
        run.hyperparameters.sorted { $0.key.name < $1.key.name }.map { ($0.key.name, .number($0.value)) }),
      "steps": isRun ? .number(Double(run.steps)) : .null,
      "layers": .array(
        layers.map { layer in
          [
            "name": .string(layer.shape.name), "dimension": .number(Double(layer.shape.dimension)),
            "initial_norm": .optional(layer.shape.initialNorm), "power": .number(Double(layer.growth.power)),
            "growth_per_step": .optional(layer.growth.growthPerStep),
            "steps_to_double": .optional(layer.growth.stepsToDouble),
            "course": .array(
              layer.points.map { point in
                [
                  "step": .number(Double(point.step)), "learning_rate": .number(point.learningRate),
                  "norm_closed_form": .optional(point.closedNorm), "norm": .number(point.norm),
                  "rotation": .number(point.rotation),
                ]
              }),
            "not_followed": layer.failure.map { .string($0) } ?? .null,
          ]
        }),
      "warnings": .array(run.warnings.map { .string($0) }), "notes": .array(run.notes.map { .string($0) }),
    ]
  }
}
