import Equilibrium
import Formulas

/// What `roteq scale` says.
public struct ScalingReport: Sendable {
  let scaling: Scaling
  /// What batches are counted in: an epoch or an example.
  let unit: String

  /// The report on a change of scale.
  ///
  /// - Parameters:
  ///   - scaling: the change, and each rule.
  ///   - countsEpochs: whether the batch sizes were divided by the size of the data set.
  public init(_ scaling: Scaling, countsEpochs: Bool) {
    self.scaling = scaling
    unit = countsEpochs ? "epoch" : "example"
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = [.heading(1, "\(scaling.before.settings.title): \(title)")]
    blocks.append(.paragraph(scaling.before.settings.summary))
    blocks += [.table(settingsTable), .table(ratioTable)]
    if !valued.isEmpty { blocks.append(.table(valueTable)) }
    if let missing { blocks.append(.paragraph(missing)) }
    blocks += [.heading(2, "Rules"), .list(scaling.rows.map(explanation))]
    blocks += [.heading(2, "Which to use"), .list(notes)]
    if !warnings.isEmpty { blocks += [.heading(2, "Warnings"), .list(warnings)] }
    return Output(document: Document(blocks), json: json, table: wideTable)
  }

  private var title: String {
    let (symbol, old, new) = ends
    return "\(symbol.meaning) \(Numbers.short(old)) → \(Numbers.short(new))"
  }

  /// What changes, from what, to what.
  var ends: (Symbol, Double, Double) {
    let values = scaling.before.settings.values
    return switch scaling.change {
    case .batchSize(let from, let to, _): (.batchSize, from, to)
    case .coefficient(let symbol, let to): (symbol, values[symbol] ?? .nan, to)
    case .dimension(let to): (.dimension, values[.dimension] ?? .nan, to)
    }
  }

  // MARK: Tables

  private static let ruleColumn = Table.Column("rule", name: "rule", isNumeric: false)

  /// Before the change, then rule by rule.
  var states: [(name: String, state: ScalingState?)] {
    [("(before)", scaling.before)] + scaling.rows.map { ($0.rule.name, $0.state) }
  }

  /// η, λ and what else some rule or the change itself sets.
  var symbols: [Symbol] {
    let values = scaling.before.settings.values
    let set = Set(scaling.rows.flatMap { $0.rule.settings.map(\.symbol) } + [ends.0])
    return scaling.before.settings.hyperparameters.map(\.symbol).filter {
      $0 == .learningRate || $0 == .weightDecay || set.contains($0) && values[$0] != 0
    }
  }

  static func product(_ settings: Settings) -> Double? {
    try? (Formula.symbol(.learningRate) * .symbol(.weightDecay)).evaluated(settings.values)
  }

  private var settingsColumns: [Table.Column] {
    symbols.map { Table.Column("\($0)", name: $0.name) } + [
      Table.Column("\(Formula.symbol(.learningRate) * .symbol(.weightDecay))", name: "decay_per_step")
    ]
  }

  private func settingsCells(_ state: ScalingState?) -> [Table.Cell] {
    symbols.map { .optional(state?.settings.values[$0]) }
      + [.optional(state.flatMap { Self.product($0.settings) })]
  }

  private var settingsTable: Table {
    Table(
      caption: "Settings", columns: [Self.ruleColumn] + settingsColumns,
      rows: states.map { [.prose(Prose($0.name))] + settingsCells($0.state) })
  }

  /// The factors in print; that of a timescale in steps follows from the one in examples.
  private var compared: [ScalingMeasure] {
    scaling.measures.contains(.timescaleInExamples)
      ? scaling.measures.filter { $0 != .timescale } : scaling.measures
  }

  private var ratioTable: Table {
    Table(
      caption: "Factors, after over before",
      columns: [Self.ruleColumn] + compared.map { Table.Column(heading($0), name: $0.rawValue) },
      rows: scaling.rows.map { row in
        [.prose(Prose(row.rule.name))] + compared.map { .optional(ratio(row, $0)) }
      })
  }

  /// A factor; exactly 1 where nothing but rounding differs.
  func ratio(_ row: ScaledSettings, _ measure: ScalingMeasure) -> Double? {
    row.keeps(measure) ? 1 : row.ratios[measure]
  }

  /// The measures that have a value; that of biases and gains would be another for each parameter.
  private var valued: [ScalingMeasure] {
    Self.ofWeights(scaling.measures).filter { value(scaling.before, $0) != nil }
  }

  static func ofWeights(_ measures: [ScalingMeasure]) -> [ScalingMeasure] {
    measures.filter { $0 != .freeDiffusion && $0 != .freeDiffusionPerExample }
  }

  func value(_ state: ScalingState?, _ measure: ScalingMeasure) -> Double? {
    try? state?.estimate(measure)?.get()
  }

  private func valueColumns(_ measures: [ScalingMeasure]) -> [Table.Column] {
    measures.map { Table.Column(heading($0), name: $0.rawValue) } + [
      Table.Column("half-life (steps)", name: "half_life_steps")
    ]
  }

  private func valueCells(_ state: ScalingState?, _ measures: [ScalingMeasure]) -> [Table.Cell] {
    measures.map { .optional(value(state, $0)) } + [
      .optional(state.flatMap { Transient($0.settings).halfLife.value })
    ]
  }

  private var valueTable: Table {
    Table(
      caption: "Predictions at leading order", columns: [Self.ruleColumn] + valueColumns(valued),
      rows: states.map { [.prose(Prose($0.name))] + valueCells($0.state, valued) })
  }

  /// Everything side by side, for CSV.
  private var wideTable: Table {
    let factors = scaling.measures.map {
      Table.Column("factor: \(heading($0).plain)", name: "factor_" + $0.rawValue)
    }
    let blank = [Table.Cell](repeating: .empty, count: factors.count)
    let all = Self.ofWeights(scaling.measures)
    return Table(
      columns: [Self.ruleColumn] + settingsColumns + valueColumns(all) + factors,
      rows: states.enumerated().map { index, entry in
        let own = index == 0 ? blank : scaling.measures.map { .optional(ratio(scaling.rows[index - 1], $0)) }
        return [.prose(Prose(entry.name))] + settingsCells(entry.state) + valueCells(entry.state, all) + own
      })
  }

  func heading(_ measure: ScalingMeasure) -> Prose {
    let (rotation, diffusion) = (Quantity.expectedRotation.symbol, Quantity.rotationalDiffusionRate.symbol)
    let (norm, free) = (Quantity.equilibriumNorm.symbol, Quantity.rmsDiffusionRate.symbol)
    return switch measure {
    case .rotation: "\(rotation)"
    case .diffusion: "\(diffusion) per √step"
    case .diffusionPerExample: "\(diffusion) per √\(unit)"
    case .freeDiffusion: "\(free) of biases per √step"
    case .freeDiffusionPerExample: "\(free) of biases per √\(unit)"
    case .timescale: "timescale (steps)"
    case .timescaleInExamples: "timescale (\(unit)s)"
    case .norm: "\(norm)"
    case .rmsWeight: "\(Formula.symbol(norm) / Formula.symbol(.dimension).squareRoot)"
    }
  }
}

extension Symbol {
  /// The new value of a symbol, η′.
  var primed: Symbol {
    Symbol(
      name + "_after", plain: plain + "′", latex: latex + "'", sympy: sympy + "_after",
      meaning: meaning + " after the change", unit: unit, domain: domain)
  }
}
