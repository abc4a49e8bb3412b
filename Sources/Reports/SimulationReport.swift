import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import RealModule
import Training

/// What `roteq simulate` says: what a random walk measured, next to what is predicted of it.
public struct SimulationReport: Sendable {
  let comparison: WalkComparison
  let curve: WalkCurve?
  let notes: [String]

  /// The report on a walk.
  ///
  /// - Parameters:
  ///   - comparison: what was measured and predicted in equilibrium.
  ///   - curve: the run in time beside the engine; nil where there is no engine for it.
  ///   - notes: what happened on the way, a sentence each.
  public init(_ comparison: WalkComparison, curve: WalkCurve?, notes: [String] = []) {
    (self.comparison, self.curve, self.notes) = (comparison, curve, notes)
  }

  /// Document, JSON and table.
  public var output: Output { Output(document: document, json: json, table: comparison.table()) }

  var walk: Walk { comparison.walk }

  // MARK: Document

  private var document: Document {
    var blocks: [Block] = [
      .heading(1, "\(walk.title): a random walk of \(count(comparison.stepsTaken, "step"))"),
      .paragraph(comparison.predictions[0].typical.sharedSummary), .paragraph(Prose(walk.systemSummary)),
    ]
    // Under a schedule the run in time is what counts.
    let tables = [comparison.table()] + (curveTable.map { [$0] } ?? [])
    blocks += (walk.isScheduled ? tables.reversed() : tables).map { .table($0) }
    if !comparison.runs[0].neurons.isEmpty { blocks.append(.table(neuronTable)) }
    blocks.append(.list(findings))
    blocks.append(
      .figure("Norm, update size and rotation over the run, as in Figure 9", figure, file: "simulation"))
    if !notes.isEmpty { blocks += [.heading(2, "Notes"), .list(notes.map { Prose($0) })] }
    if !warnings.isEmpty { blocks += [.heading(2, "Warnings"), .list(warnings)] }
    return Document(blocks)
  }

  private func count(_ number: Int, _ unit: String) -> String {
    "\(Numbers.count(number)) \(unit)\(number == 1 ? "" : "s")"
  }

  /// How far the predictions in time are off.
  private var curveTable: Table? {
    curve.map { curve in
      Table(
        caption: "The whole run: mean deviation over \(count(curve.steps.count, "window"))",
        columns: [
          Table.Column("prediction in time", name: "prediction", isNumeric: false),
          Table.Column("norm, %", name: "norm_percent"),
          Table.Column("rotation, %", name: "rotation_percent"),
        ],
        rows: [
          ([
            .prose("second moments"), .number(100 * curve.norm.deviation(\.moments)),
            .number(100 * curve.rotation.deviation(\.moments)),
          ]),
          ([
            .prose("recurrence (16)"), .number(100 * curve.norm.deviation(\.recurrence)),
            .number(100 * curve.rotation.deviation(\.recurrence)),
          ]),
        ])
    }
  }

  /// Some neurons of the first run.
  private var neuronTable: Table {
    let best = comparison.sources.last ?? .request
    return Table(
      caption:
        "Some neurons, by the size of their output gain (first seed; predictions: \(Prose(best.name).plain))",
      columns: [
        Table.Column("neuron", name: "neuron"),
        Table.Column("‖ω‖", name: "norm"), Table.Column("predicted", name: "predicted_norm"),
        Table.Column("η_r", name: "rotation"), Table.Column("predicted", name: "predicted_rotation"),
      ],
      rows: comparison.runs[0].neurons.indices.map { position in
        let norm = comparison.neuron(position, .equilibriumNorm)
        let rotation = comparison.neuron(position, .expectedRotation)
        return [
          .number(Double(comparison.runs[0].neurons[position].index)), .optional(norm?.measured),
          .optional(norm?.predicted[best]), .optional(rotation?.measured),
          .optional(rotation?.predicted[best]),
        ]
      })
  }

  /// What else was measured, in sentences: Figures 10 and 11.
  private var findings: [Prose] {
    func mean(_ quantity: NeuronQuantity) -> SampleMean { comparison.mean(quantity) }
    func number(_ sample: SampleMean) -> String {
      Numbers.short(sample.mean, digits: 3)
        + (sample.standardError.map { " ± \(Numbers.short($0, digits: 2))" } ?? "")
    }
    var findings: [Prose] = [
      Prose(
        "Cosine between gradient and weight \(number(mean(.gradientWeightCosine))), between gradient and first moment \(number(mean(.gradientMomentumCosine)))."
      ),
      Prose(
        "Scaled gradient norm \(number(mean(.scaledGradientNorm))) (√C = \(Numbers.short(Double(walk.system.dimension).squareRoot()))); its projection on the weight λᵤ = \(number(mean(.radialDecay)))."
      ),
      Prose(
        "Unit gradient norm √E‖g̃‖² = \(number(mean(.unitGradientNorm)))\(comparison.gradientKurtosis.map { ", excess kurtosis of a coordinate \(Numbers.short($0, digits: 3))" } ?? "")."
      ),
    ]
    let bias = comparison.bias
    if let predicted = bias.predicted {
      findings.append(
        Prose(
          "A bias of \(walk.system.neurons) coordinates: RMS update size \(number(bias.measured)), Table 1 \(Numbers.short(predicted, digits: 3))."
        ))
    }
    if let over = comparison.rotationOverWindow {
      findings.append(
        Prose("Over \(count(walk.window, "step")) a neuron turns by \(Numbers.short(over, digits: 3)) rad."))
    }
    return findings
  }

  var warnings: [Prose] {
    var warnings: [Prose] = []
    if walk.isScheduled {
      warnings.append(
        "The hyperparameters change during the run, so what is measured is no equilibrium; the table of the whole run counts."
      )
    } else if comparison.isMoving(), let drift = comparison.drift {
      warnings.append(
        Prose(
          "The norm still moves: it changed by \(Numbers.short(100 * drift.mean, digits: 2)) % between the first and the last third of what was measured. More steps, or a later start of the measurement, would settle it."
        ))
    }
    if walk.wrapper == nil {
      warnings += Prediction(comparison.predictions[0].typical).warnings.map(\.prose)
    }
    return warnings
  }
}

extension WalkComparison {
  /// Measured next to predicted, a row for each quantity and source.
  func table() -> Table {
    let columns = [
      Table.Column("quantity", name: "quantity", isNumeric: false),
      Table.Column("measured", name: "measured"), Table.Column("± s.e.", name: "standard_error"),
      Table.Column("prediction", name: "prediction", isNumeric: false),
      Table.Column("predicted", name: "predicted"), Table.Column("off by, %", name: "deviation_percent"),
      Table.Column("in s.e.", name: "deviation_in_standard_errors"),
    ]
    let rows = Triple.quantities.flatMap { quantity in
      sources.map { source -> [Table.Cell] in
        let measured = measured(quantity)
        let deviation = deviation(quantity, source)
        return [
          .prose("\(quantity.symbol.meaning) \(quantity.symbol)"),
          .number(measured.mean), .optional(measured.standardError),
          .prose(Prose(source.name)), .optional(predicted(quantity, source)),
          .optional(deviation.map { 100 * $0.mean }), .optional(deviation?.inStandardErrors),
        ]
      }
    }
    return Table(
      caption: Prose(
        "\(walk.isScheduled ? "Against the equilibrium of the peak, though the hyperparameters change: measured" : "Equilibrium, measured") over steps \(Numbers.count(walk.settledFrom + 1)) to \(Numbers.count(stepsTaken)), \(runs.count == 1 ? "one seed" : "\(runs.count) seeds")\(walk.concernsLayer ? ", the layer as one vector" : ""); off by: measured over predicted less one"
      ), columns: columns, rows: rows)
  }

  /// A quantity of the layer since the runs had settled.
  func mean(_ quantity: NeuronQuantity) -> SampleMean {
    SampleMean(runs.compactMap { $0.settled?[quantity] })
  }

  /// The angle over a window, a root mean square since the runs had settled.
  var rotationOverWindow: Double? {
    let angles = runs.flatMap { run in
      zip(run.steps, run.layer).filter { $0.0 > walk.settledFrom }.map(\.1.rotationOverWindow)
    }
    guard !angles.isEmpty else { return nil }
    return (angles.reduce(0) { $0 + $1 * $1 } / Double(angles.count)).squareRoot()
  }
}

extension Walk {
  /// AdamW; rotational AdamW.
  var title: String { (wrapper == nil ? "" : "rotational ") + settings.title }

  /// What was run, in one sentence.
  var systemSummary: String {
    let normalisation =
      switch system.normalisation {
      case .batch: "batch normalisation"
      case .layer: "layer normalisation"
      case .none: "no normalisation"
      }
    var parts = [
      "\(system.neurons) neurons of dimension \(system.dimension) under \(normalisation)",
      "batches of \(system.batch)", system.gains == .normal ? "normal gains" : "gains of one",
    ]
    if system.lossScale != 1 { parts.append("loss scale \(Numbers.short(system.lossScale))") }
    if system.radialDecay != 0 { parts.append("radial decay λᵤ = \(Numbers.short(system.radialDecay))") }
    if system.initialScale != 1 {
      parts.append("initial weights times \(Numbers.short(system.initialScale))")
    }
    if isScheduled { parts.append("learning rate schedule \(plan.learningRateSchedule.name)") }
    if plan.convention != .coupled { parts.append("\(plan.convention.rawValue) weight decay") }
    parts.append("\(precision.rawValue) precision (\(instructionSet.rawValue))")
    if let wrapper {
      let angle = Double.atan(rotation)
      parts.append(
        "Algorithm 1 turning \(wrapper.granularity == .layer ? "the layer" : "each neuron") at a rate of \(Numbers.short(rotation)) a step on average\(angle < 0.999 * rotation ? ", an angle of \(Numbers.short(angle)) rad" : ""), β = \(Numbers.short(wrapper.decayFactor)), mean \(wrapper.zeroMean ? "removed" : "kept")\(wrapper.learnsGain ? ", learned gains" : "")"
      )
      let imbalance = wrapper.imbalance
      if imbalance != .none {
        parts.append(
          "\(Numbers.short(100 * imbalance.fasterShare)) % of the neurons \(Numbers.short(imbalance.factor)) times faster and \(Numbers.short(100 * imbalance.slowerShare)) % as much slower"
        )
      }
    }
    return "The simple system (95): " + parts.joined(separator: ", ") + "."
  }
}
