import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import RunConfigurations

/// The report on a training run: what its settings do, layer by layer.
public struct RunReport: Sendable {
  /// The run.
  public let run: TrainingRun
  /// The name of the file that it was read from.
  public let source: String
  let layers: [(shape: LayerShape, prediction: Prediction)]
  /// A random walk under the run's optimizer, held against the predictions; nil where none was run.
  public var crossCheck: WalkComparison?

  /// Predicts every layer of a run.
  ///
  /// - Throws: `SettingsError` where the run's values are not valid.
  public init(_ run: TrainingRun, source: String) throws(SettingsError) {
    self.run = run
    self.source = source
    var layers: [(LayerShape, Prediction)] = []
    for shape in run.layers { layers.append((shape, Prediction(try run.settings(for: shape)))) }
    self.layers = layers
  }

  /// A part of the report, by the name that templates use.
  public struct Section: Sendable {
    /// The name in templates.
    public let name: String
    /// The heading in documents without a template.
    public let heading: String
    /// What it says.
    public let blocks: [Block]
  }

  /// The report's title.
  public var title: String { "\(run.name): rotational equilibrium" }

  /// The parts from top to bottom; warnings and notes are left out where there are none.
  public var sections: [Section] {
    [
      Section(name: "summary", heading: "What these settings do", blocks: summary),
      Section(name: "settings", heading: "Settings", blocks: [.table(settingsTable)]),
      Section(name: "layers", heading: "Predictions for each layer", blocks: layerBlocks),
      Section(name: "transient", heading: "Transient", blocks: transientBlocks),
      Section(name: "rotational", heading: "Rotational variant", blocks: rotationalBlocks),
      Section(name: "crosscheck", heading: "Cross-check by a random walk", blocks: crossCheckBlocks),
      Section(name: "formulas", heading: "Formulas", blocks: formulaBlocks),
      Section(name: "assumptions", heading: "Assumptions", blocks: [.list(assumptions)]),
      Section(name: "warnings", heading: "Warnings", blocks: warnings.isEmpty ? [] : [.list(warnings)]),
      Section(
        name: "notes", heading: "Notes on the configuration", blocks: notes.isEmpty ? [] : [.list(notes)]),
    ].filter { !$0.blocks.isEmpty }
  }

  /// The report for the formats without a template, as JSON, and the table of layers.
  public var output: Output {
    let blocks = [Block.heading(1, title)] + sections.flatMap { [.heading(2, $0.heading)] + $0.blocks }
    return Output(document: Document(blocks), json: json, table: layerTable)
  }

  // MARK: What holds for every layer

  /// The settings of the first layer: its hyperparameters hold for all.
  public var settings: Settings? { first?.settings }

  var first: Prediction? { layers.first?.prediction }
  private var values: [Symbol: Double] { first?.settings.values ?? [:] }
  /// Steps over which the weights remember; nil for Adam+ℓ2, where it depends on v.
  var memory: Double? { first?.settings.timescale }
  var rotation: Double? { first?.estimate(.expectedRotation, .leading)?.value }
  var halfLife: Double? { first?.transient.halfLife.value }
  var shareOfRun: Double? { halfLife.map { $0 / Double(run.steps) } }

  private var summary: [Block] {
    guard let settings = first?.settings else { return [.paragraph("The run has no layers.")] }
    var points: [Prose] = []
    if let memory {
      points.append(
        Prose(
          "At the peak learning rate, the weight decay of \(settings.title) makes the weights forget all but about the last \(Numbers.short(memory)) of the run's \(Numbers.short(Double(run.steps))) steps (\(settings.timescaleFormula))."
        ))
    }
    if let rotation {
      points.append(
        Prose(
          "In equilibrium every normalised neuron turns by \(Numbers.short(rotation)) rad (\(Numbers.short(rotation * 180 / .pi, digits: 3))°) a step, whatever its layer."
        ))
    }
    if let halfLife, let shareOfRun {
      let verdict =
        shareOfRun < 0.05
        ? "the run spends most of its time in equilibrium"
        : shareOfRun < 0.25
          ? "the transient is a visible part of the run" : "the run hardly reaches equilibrium, if at all"
      points.append(
        Prose(
          "A norm away from equilibrium halves its deviation in \(Numbers.short(halfLife)) steps, \(Numbers.short(shareOfRun * 100, digits: 3)) % of the run: \(verdict)."
        ))
    }
    if let worst = layers.compactMap({ layer in overRotation(layer).map { (layer.shape.name, $0) } })
      .max(by: { abs($0.1.logarithm) < abs($1.1.logarithm) }), worst.1 != 1
    {
      let (faster, factor) = (worst.1 > 1, worst.1 > 1 ? worst.1 : 1 / worst.1)
      points.append(
        Prose(
          "At the peak learning rate the initial norms make \(worst.0) turn \(Numbers.short(factor, digits: 3)) times \(faster ? "faster" : "slower") than in equilibrium, the farthest of all layers; the transient undoes this."
        ))
    }
    return [.list(points)]
  }

  /// The rotation at the initial norm over that in equilibrium: the update keeps its size where it does not depend
  /// on the norm (Adam, Lion), so the angle is inversely proportional to the norm.
  private func overRotation(_ layer: (shape: LayerShape, prediction: Prediction)) -> Double? {
    guard layer.prediction.transient.power == 2, let initial = layer.shape.initialNorm,
      let norm = layer.prediction.estimate(.equilibriumNorm, .leading)?.value
    else { return nil }
    return norm / initial
  }

  private var settingsTable: Table {
    var rows: [[Table.Cell]] = [["optimizer", .prose(Prose(first?.settings.title ?? run.optimizer.title))]]
    for (symbol, value) in first?.settings.hyperparameters ?? [] where value != 0 || symbol == .momentum {
      let peak = symbol == .learningRate ? " (peak)" : ""
      rows.append([.prose("\(symbol.meaning) \(symbol)\(peak)"), .number(value)])
    }
    rows.append(["schedule", .prose(Prose(run.schedule.summary))])
    rows.append(["steps", .number(Double(run.steps))])
    if let stepsPerEpoch = run.stepsPerEpoch {
      rows.append(["steps per epoch", .number(Double(stepsPerEpoch))])
    }
    return Table(
      columns: [
        Table.Column("setting", name: "setting", isNumeric: false), Table.Column("value", name: "value"),
      ], rows: rows)
  }

  // MARK: Layers

  private var layerTable: Table {
    let columns: [(Prose, String, Bool)] = [
      ("layer", "layer", false), ("neurons", "neurons", true), ("\(Symbol.dimension)", "dimension", true),
      ("\(Symbol.initialNorm)", "initial_norm", true),
      ("\(Quantity.equilibriumNorm.symbol)", "equilibrium_norm", true),
      ("\(Quantity.rmsUpdateSize.symbol)", "rms_update_size", true),
      ("\(Quantity.expectedRotation.symbol) (rad)", "expected_rotation", true),
      ("steps to 5 %", "steps_to_5_percent", true), ("share of run", "share_of_run", true),
    ]
    return Table(
      caption: "Leading order, at the peak learning rate",
      columns: columns.map { Table.Column($0.0, name: $0.1, isNumeric: $0.2) },
      rows: layers.map { shape, prediction in
        let steps = prediction.transient.stepsTo5Percent.value
        return [
          .prose(Prose(shape.count > 1 ? "\(shape.name) (×\(shape.count))" : shape.name)),
          .number(Double(shape.neurons)), .number(Double(shape.dimension)), .optional(shape.initialNorm),
          .optional(prediction.estimate(.equilibriumNorm, .leading)?.value),
          .optional(prediction.estimate(.rmsUpdateSize, .leading)?.value),
          .optional(prediction.estimate(.expectedRotation, .leading)?.value), .optional(steps),
          .optional(steps.map { $0 / Double(run.steps) }),
        ]
      })
  }

  private var layerBlocks: [Block] {
    var blocks: [Block] = [.table(layerTable)]
    guard let first else { return blocks }
    let legend: Prose =
      "\(Symbol.dimension): fan-in; \(Symbol.initialNorm): norm of a neuron's weight vector at the first step; \(Quantity.equilibriumNorm.symbol): in equilibrium; \(Quantity.rmsUpdateSize.symbol): RMS update size; \(Quantity.expectedRotation.symbol): expected rotation a step; steps until the deviation of the norm is within 5 %."
    blocks.append(.paragraph(legend))
    let notes = layers.compactMap { layer in layer.shape.note.map { Prose("\(layer.shape.name): \($0).") } }
    if !notes.isEmpty { blocks.append(.list(notes)) }
    let missing = Quantity.allCases.compactMap { quantity -> Prose? in
      guard let estimate = first.estimate(quantity, .leading), !estimate.missing.isEmpty else { return nil }
      let names = estimate.missing.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
      return Prose("The \(quantity.symbol.meaning) needs the \(names), which the configuration cannot know.")
    }
    if !missing.isEmpty { blocks.append(.list(missing)) }
    blocks.append(
      .table(
        Table(
          caption: "The three fidelities, for the first layer",
          columns: [Table.Column("quantity", name: "quantity", isNumeric: false)]
            + Fidelity.allCases.map { Table.Column(Prose($0.rawValue), name: $0.rawValue) },
          rows: Quantity.allCases.map { quantity in
            [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")]
              + Fidelity.allCases.map { .optional(first.estimate(quantity, $0)?.value) }
          })))
    return blocks
  }

  // MARK: Transient, rotational variant, formulas

  private var transientBlocks: [Block] {
    guard let first else { return [] }
    let steps = Double(run.steps)
    var rows: [[Table.Cell]] = [
      ["decay per step a", .optional(first.transient.decayPerStep.value), .empty],
      ["half-life (steps)", .optional(halfLife), .optional(shareOfRun)],
      ["memory of the weights (steps)", .optional(memory), .optional(memory.map { $0 / steps })],
    ]
    if let stepsPerEpoch = run.stepsPerEpoch, let halfLife {
      rows.append(["half-life in epochs", .number(halfLife / Double(stepsPerEpoch)), .empty])
    }
    return [
      .table(
        Table(
          columns: [
            Table.Column("", name: "quantity", isNumeric: false), Table.Column("value", name: "value"),
            Table.Column("share of the run", name: "share_of_run"),
          ], rows: rows)),
      .paragraph(
        Prose(
          "From (16), for a constant learning rate at its peak; relative deviation of \(first.transient.power == 2 ? "‖ω‖²" : "‖ω‖⁴"). A decaying schedule lowers the equilibrium norm faster than the weights can follow towards its end."
        )),
    ]
  }

  private var rotationalBlocks: [Block] {
    guard let first, let rotation else { return [.paragraph("The expected rotation is not known.")] }
    let tracker = first.transient.decayPerStep.value.map { Numbers.short($0.squareRoot(), digits: 7) } ?? "—"
    let zeroShot =
      (shareOfRun ?? 1) < 0.25
      ? "Zero-shot: the same learning rate, weight decay and coefficients."
      : "Zero-shot settings are not advised: the baseline hardly reaches equilibrium in this run, the variant would turn at the equilibrium rate from the first step. Tune the weight decay."
    return [
      .list([
        Prose(zeroShot),
        "Rotate each neuron by \(Quantity.expectedRotation.symbol) = \(Numbers.short(rotation)) rad a step at the peak learning rate; as the schedule moves \(Symbol.learningRate), Table 1 moves it as \(scaling).",
        Prose("Update RMS tracker β = 0.9 (default), or √a = \(tracker) to move as slowly as the norm does."),
        "Rotate weight vectors of neurons; leave biases, gains and embeddings to the inner optimizer. Remove the mean of each rotated vector. Add a learnable gain where no normalisation follows.",
      ])
    ]
  }

  /// How the expected rotation follows the learning rate.
  private var scaling: Formula {
    let exponent = first?.estimate(.expectedRotation, .leading)?.cited.formula.exponent(of: .learningRate)
    let η = Formula.symbol(.learningRate)
    return exponent == Rational(1, 2) ? η.squareRoot : η.power(exponent ?? 1)
  }

  private var formulaBlocks: [Block] {
    guard let first else { return [] }
    return Quantity.allCases.flatMap { quantity -> [Block] in
      guard let leading = first.estimate(quantity, .leading) else { return [] }
      var blocks: [Block] = [
        .paragraph(Prose(quantity.symbol.meaning)),
        .equation(
          Equation(.symbol(quantity.symbol), "=", leading.cited.formula, tag: leading.cited.source)),
      ]
      if let moments = first.estimate(quantity, .moments), moments.cited.formula != leading.cited.formula {
        blocks.append(
          .equation(Equation(.symbol(quantity.symbol), "=", moments.cited.formula, tag: moments.cited.source))
        )
        blocks += moments.cited.formula.whereBlocks
      }
      return blocks
    }
  }

  private var assumptions: [Prose] {
    guard let first else { return [] }
    var seen: Set<Assumption> = []
    return Quantity.allCases.flatMap { first.estimate($0, .leading)?.cited.assumptions ?? [] }
      .filter { seen.insert($0).inserted }.map { Prose($0.statement) }
  }

  var warnings: [Prose] {
    var seen: Set<ValidityWarning> = []
    return run.warnings.map { Prose($0) }
      + layers.flatMap { $0.prediction.warnings }.filter { seen.insert($0).inserted }.map(\.prose)
  }

  private var notes: [Prose] {
    run.notes.map { Prose($0) }
      + (run.ignored.isEmpty
        ? [] : [Prose("Without influence on the predictions: \(run.ignored.joined(separator: ", ")).")])
  }
}

extension LearningRateSchedule {
  /// The schedule in words.
  var summary: String {
    switch self {
    case .named(let specification): specification.summary
    case .table(let table):
      "a table of \(table.steps.count) learning rates, steps \(table.steps.first ?? 0) to \(table.steps.last ?? 0)"
    }
  }
}

extension ScheduleSpecification {
  /// The schedule in words: `linear warmup over 250 steps, then cosine to 0.1 of the peak at step 5000`.
  fileprivate var summary: String {
    var words: [String] = []
    if let warmup {
      let start = warmupFrom.map { $0 > 0 ? " from \(Numbers.short($0)) of the peak" : "" } ?? ""
      words.append("linear warmup over \(warmup) steps\(start), then ")
    }
    words.append(name)
    if let floor = parameters["floor"]?.first {
      words.append(" to \(floor == 0 ? "0" : "\(Numbers.short(floor)) of the peak")")
    }
    let others = parameters.filter { $0.key != "floor" }.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value.map { Numbers.short($0) }.joined(separator: ", "))" }
    if !others.isEmpty { words.append(" (\(others.joined(separator: "; ")))") }
    if let end { words.append(" at step \(end)") }
    if let hold { words.append(", changed every \(hold) steps") }
    return words.joined()
  }
}

extension Double {
  /// ln of the value, near enough to compare distances from 1.
  fileprivate var logarithm: Double { self > 1 ? self - 1 : 1 - 1 / self }
}
