import CrossChecks
import Equilibrium
import Formulas
import RunConfigurations

/// The report on a training run: what its settings do, layer by layer and over time, and what could be changed.
public struct RunReport: Sendable {
  /// The run.
  public let run: TrainingRun
  /// The name of the file that it was read from.
  public let source: String
  /// What is predicted of each layer at the peak learning rate.
  public let layers: [(shape: LayerShape, prediction: Prediction)]
  /// The layers over the run, those that start alike together; empty until ``follow()``.
  public internal(set) var courses: [Course] = []
  /// Why layers could not be followed, a sentence each.
  var unfollowed: [Prose] = []
  /// A checkpoint of the run, held against the predictions; nil where none was given.
  public var audit: AuditReport?
  /// A random walk under the run's optimizer, held against the predictions; nil where none was run.
  public var crossCheck: WalkComparison?
  /// What is predicted of the run's own hyperparameters: that of the first layer that has no others.
  let general: Prediction

  /// Predicts every layer of a run.
  ///
  /// - Throws: `SettingsError` where the run's values are not valid.
  public init(_ run: TrainingRun, source: String) throws(SettingsError) {
    let run = run.atReachedPeak()
    self.run = run
    self.source = source
    var layers: [(LayerShape, Prediction)] = []
    // Most layers of a network are like some other.
    var known: [LayerShape: Prediction] = [:]
    for shape in run.layers {
      let key = shape.withoutName
      let prediction: Prediction
      if let like = known[key] {
        prediction = like
      } else {
        prediction = Prediction(try run.settings(for: shape))
      }
      known[key] = prediction
      layers.append((shape, prediction))
    }
    self.layers = layers
    let plain = layers.first { $0.0.hyperparameters.isEmpty && $0.0.kind != .scaleSensitive }
    general = if let plain { plain.1 } else { Prediction(try run.settings()) }
  }

  /// A part of the report, by the name that templates use.
  public struct Section: Sendable {
    /// The name in templates.
    public let name: String
    /// The heading.
    public let heading: String
    /// What it says.
    public let blocks: [Block]
  }

  /// The report's title.
  public var title: String { "\(run.name): rotational equilibrium" }

  /// The parts from top to bottom; those that have nothing to say are left out.
  public var sections: [Section] {
    [
      Section(name: "warnings", heading: "Warnings", blocks: warnings.isEmpty ? [] : [.list(warnings)]),
      Section(name: "summary", heading: "What these settings do", blocks: [.list(summary)]),
      Section(name: "settings", heading: "Settings", blocks: [.table(settingsTable)]),
      Section(name: "layers", heading: "Predictions for each layer", blocks: layerBlocks),
      Section(name: "course", heading: "The run over time", blocks: courseBlocks),
      Section(name: "checkpoint", heading: "The checkpoint", blocks: auditBlocks),
      Section(name: "advice", heading: "What to change", blocks: advice.isEmpty ? [] : [.list(advice)]),
      Section(name: "conversions", heading: "Other optimizers", blocks: conversionBlocks),
      Section(name: "rotational", heading: "Rotational variant", blocks: rotationalBlocks),
      Section(name: "crosscheck", heading: "Cross-check by a random walk", blocks: crossCheckBlocks),
      Section(name: "formulas", heading: "Formulas", blocks: formulaBlocks),
      Section(name: "assumptions", heading: "Assumptions", blocks: [.list(assumptions)]),
      Section(
        name: "notes", heading: "Notes on the configuration", blocks: notes.isEmpty ? [] : [.list(notes)]),
    ].filter { !$0.blocks.isEmpty }
  }

  /// The report for the formats without a template, as JSON, and the table of layers.
  public var output: Output { output(of: sections) }

  /// What `roteq predict` says of a run: settings and predictions at the peak alone.
  public var predictions: Output {
    output(of: sections.filter { ["settings", "layers", "warnings", "notes"].contains($0.name) })
  }

  private func output(of sections: [Section]) -> Output {
    let blocks = [Block.heading(1, title)] + sections.flatMap { [.heading(2, $0.heading)] + $0.blocks }
    return Output(document: Document(blocks), json: json, table: layerTable)
  }

  // MARK: What holds for every layer

  /// The run's own settings.
  public var settings: Settings { general.settings }

  /// What the headline numbers are: leading order, or the second moments where an assumption of that fails.
  var fidelity: Fidelity { general.warnings.isEmpty ? .leading : .moments }

  /// A headline number of a prediction.
  func value(_ quantity: Quantity, of prediction: Prediction) -> Double? {
    prediction.estimate(quantity, fidelity)?.value ?? prediction.estimate(quantity, .leading)?.value
  }

  /// Steps over which the weights remember; nil for Adam+ℓ2, where it depends on v.
  var memory: Double? { settings.timescale }
  var rotation: Double? { value(.expectedRotation, of: general) }
  var halfLife: Double? { general.transient.halfLife.value }
  var shareOfRun: Double? { halfLife.map { $0 / Double(run.steps) } }

  var warnings: [Prose] {
    var seen: Set<ValidityWarning> = []
    return run.warnings.map { Prose($0) }
      + ([general] + layers.map(\.prediction)).flatMap(\.warnings).filter { seen.insert($0).inserted }
      .map(\.prose)
  }

  private var notes: [Prose] {
    run.notes.map { Prose($0) }
      + (run.ignored.isEmpty
        ? [] : [Prose("Without influence on the predictions: \(run.ignored.joined(separator: ", ")).")])
  }

  var assumptions: [Prose] {
    var seen: Set<Assumption> = []
    return Quantity.allCases.flatMap { general.estimate($0, .leading)?.cited.assumptions ?? [] }
      .filter { seen.insert($0).inserted }.map { Prose($0.statement) }
  }

  private var formulaBlocks: [Block] {
    Quantity.allCases.flatMap { quantity -> [Block] in
      guard let leading = general.estimate(quantity, .leading) else { return [] }
      var blocks: [Block] = [
        .paragraph(Prose(quantity.symbol.meaning)),
        .equation(
          Equation(.symbol(quantity.symbol), "=", leading.cited.formula, tag: leading.cited.source)),
      ]
      if let moments = general.estimate(quantity, .moments), moments.cited.formula != leading.cited.formula {
        blocks.append(
          .equation(Equation(.symbol(quantity.symbol), "=", moments.cited.formula, tag: moments.cited.source))
        )
        blocks += moments.cited.formula.whereBlocks
      }
      return blocks
    }
  }
}

extension Prose {
  /// A number of steps with its share of the run: `1234 steps (5 % of the run)`.
  static func steps(_ steps: Double, of run: TrainingRun) -> String {
    "\(Numbers.short(steps < 10 ? steps : steps.rounded())) steps (\(percent(steps / Double(run.steps))) of the run)"
  }

  /// A share in percent.
  static func percent(_ share: Double) -> String {
    Numbers.short(share * 100, digits: share < 0.1 ? 2 : 3) + " %"
  }
}
