import Dynamics
import Equilibrium
import Formulas

/// What `roteq trajectory` says.
public struct TrajectoryReport: Sendable {
  /// The steps of all layers together that are followed: some ten seconds.
  public static let mostSteps = 100_000_000

  /// A layer's run, followed to its end.
  public struct Layer: Sendable {
    /// The layer's name; nil where there is only one.
    public private(set) var name: String?
    /// What was followed.
    public let trajectory: Trajectory
    /// The run in a few numbers.
    public let summary: TrajectorySummary
    /// Every `every`-th step from the first.
    public let points: [Trajectory.Point]
    /// The last step, kept or not.
    public let last: Trajectory.Point
    /// What was logged of the layer; nil where nothing was.
    public let measured: MeasuredRun?
    /// How far the predictions are from it.
    public let deviation: MeasuredRun.Deviation?

    /// Follows a run, keeping every `every`-th step.
    ///
    /// - Parameters:
    ///   - trajectory: the run.
    ///   - name: the layer's name.
    ///   - every: which steps are kept, at least 1.
    ///   - measured: what was logged of the layer.
    ///   - progress: told after every 65,536 steps how many they were.
    /// - Throws: `TrajectoryError` where it diverges.
    public init(
      _ trajectory: Trajectory, name: String? = nil, every: Int, measured: MeasuredRun? = nil,
      progress: (Int) -> Void = { _ in }
    ) throws(TrajectoryError) {
      var summary = TrajectorySummary()
      var (points, last): ([Trajectory.Point], Trajectory.Point) = ([], Trajectory.Point())
      var comparison = measured.map { MeasuredRun.Comparison($0) }
      points.reserveCapacity(trajectory.plan.steps / every + 1)
      try trajectory.forEach { point in
        summary.add(point)
        last = point
        comparison?.add(point)
        if point.step & 0xFFFF == 0 { progress(0x10000) }
        if (point.step - 1) % every == 0 { points.append(point) }
      }
      (self.name, self.trajectory, self.summary) = (name, trajectory, summary)
      (self.points, self.last) = (points, last)
      (self.measured, self.deviation) = (measured, comparison?.deviation)
    }

    /// The same run under the name of another layer.
    public func named(_ name: String?) -> Layer {
      var layer = self
      layer.name = name
      return layer
    }
  }

  let layers: [Layer]
  let stepsPerEpoch: Double?
  let notes: [String]

  /// The report on the runs of one or several layers.
  ///
  /// - Parameters:
  ///   - layers: at least one, all under the same plan.
  ///   - stepsPerEpoch: where known, epochs are printed beside steps.
  ///   - notes: what was assumed, a sentence each.
  public init(_ layers: [Layer], stepsPerEpoch: Double? = nil, notes: [String] = []) {
    (self.layers, self.stepsPerEpoch, self.notes) = (layers, stepsPerEpoch, notes)
  }

  /// Document, JSON and table.
  public var output: Output {
    Output(document: document, json: json, table: series)
  }

  // MARK: Document

  private var document: Document {
    guard let first = layers.first else { return Document([]) }
    let plan = first.trajectory.plan
    var blocks: [Block] = [
      .heading(1, "\(first.trajectory.settings.title): \(count(plan.steps, "step")) from initialisation"),
      .paragraph(
        layers.count == 1 ? first.trajectory.settings.summary : first.trajectory.settings.sharedSummary),
      .paragraph(schedules(plan)),
    ]
    if layers.count > 1 {
      blocks.append(.table(comparison))
      blocks.append(.list(runAnswers(first)))
    }
    if layers.count == 1 {
      blocks.append(.list(answers(first) + runAnswers(first)))
      blocks.append(.table(sample(first)))
    }
    blocks += comparisons
    blocks.append(.figure("Norm and rotation over the run", figure, file: "trajectory"))
    if !notes.isEmpty { blocks += [.heading(2, "Notes"), .list(notes.map { Prose($0) })] }
    let warnings = Prediction(first.trajectory.settings).warnings.map(\.prose)
    if !warnings.isEmpty { blocks += [.heading(2, "Warnings at the peak"), .list(warnings)] }
    return Document(blocks)
  }

  private func schedules(_ plan: RunPlan) -> Prose {
    let decay =
      plan.weightDecaySchedule.name == "constant"
      ? "" : ", weight decay \(plan.weightDecaySchedule.name) beside it"
    return Prose(
      "Learning rate schedule \(plan.learningRateSchedule.name)\(decay); a step's decay takes away \(plan.convention.shrink) (\(plan.convention.rawValue))."
    )
  }

  /// What was found out about one layer, a sentence each.
  private func answers(_ layer: Layer) -> [Prose] {
    let summary = layer.summary
    var answers = [
      Prose(stay("norm", summary.norm, summary, halfLife(layer))),
      Prose(stay("rotation", summary.rotation, summary, halfLife(layer))),
    ]
    if let over = summary.overRotation {
      answers.append(
        Prose(
          "Worst over-rotation\(until(summary)): \(Numbers.short(over.factor)) times the equilibrium rotation, at step \(at(over.step, summary))."
        ))
    }
    if let under = summary.underRotation {
      answers.append(
        Prose(
          "Worst under-rotation\(until(summary)): \(Numbers.short(under.factor)) times the equilibrium rotation, at step \(at(under.step, summary))."
        ))
    }
    if summary.finalFactor.isFinite {
      answers.append(
        Prose(
          "Out of equilibrium (rotation off by more than 5 %): \(percent(summary.shareOutOfEquilibrium)) of the run. The last step turns by \(Numbers.short(summary.finalFactor)) times the equilibrium rotation."
        ))
    }
    return answers
  }

  /// How far the predictions are from what was logged.
  private var comparisons: [Block] {
    let rows: [[Table.Cell]] = layers.compactMap { layer in
      layer.deviation.map { deviation in
        [.prose(Prose([.text(layer.name ?? "weight")]))]
          + [
            deviation.norm?.moments, deviation.rotation?.moments, deviation.norm?.recurrence,
            deviation.rotation?.recurrence,
          ].map { .optional($0.map { $0 * 100 }) }
      }
    }
    guard !rows.isEmpty else { return [] }
    return [
      .table(
        Table(
          caption: "Mean deviation from what was measured, in percent",
          columns: [
            Table.Column("layer", name: "layer", isNumeric: false),
            Table.Column("norm", name: "norm_moments"), Table.Column("rotation", name: "rotation_moments"),
            Table.Column("norm by (16)", name: "norm_recurrence"),
            Table.Column("rotation by (16)", name: "rotation_recurrence"),
          ], rows: rows))
    ]
  }

  /// What holds for every layer.
  private func runAnswers(_ layer: Layer) -> [Prose] {
    var answers: [Prose] = []
    if let halfLife = halfLife(layer) {
      answers.append(Prose("Half-life of a deviation at the peak, from (16): \(duration(halfLife))."))
    }
    if let timescale = layer.trajectory.settings.timescale {
      answers.append(
        Prose(
          "EMA timescale at the peak, \(layer.trajectory.settings.timescaleFormula): \(duration(timescale)).")
      )
    }
    return answers
  }

  private func stay(
    _ quantity: String, _ stay: TrajectorySummary.Stay, _ summary: TrajectorySummary, _ halfLife: Double?
  ) -> String {
    guard let enters = stay.enters else {
      return "The \(quantity) never comes within 5 % of its equilibrium."
    }
    let entry =
      enters == 1
      ? "The \(quantity) is within 5 % of its equilibrium from the first step"
      : "The \(quantity) comes within 5 % of its equilibrium at step \(at(enters, summary))"
    guard let leaves = stay.leaves else { return entry + ", and stays there to the end." }
    if stay.onlyPasses(halfLife: halfLife) {
      return
        "The \(quantity) only passes its equilibrium, from step \(at(enters, summary)) to \(at(leaves, summary))."
    }
    return entry + ", and falls out of it at step \(at(leaves, summary))."
  }

  private func until(_ summary: TrajectorySummary) -> String {
    summary.rotation.leaves != nil ? " before that" : ""
  }

  func halfLife(_ layer: Layer) -> Double? {
    Transient(layer.trajectory.settings).halfLife.value
  }

  /// "1 234 (25 % of the run)".
  private func at(_ step: Int, _ summary: TrajectorySummary) -> String {
    let epochs = stepsPerEpoch.map { ", epoch \(Numbers.short(Double(step) / $0, digits: 3))" } ?? ""
    return "\(Numbers.short(Double(step))) (\(percent(share(step, summary))) of the run\(epochs))"
  }

  func share(_ step: Int, _ summary: TrajectorySummary) -> Double {
    Double(step) / Double(summary.steps)
  }

  private func percent(_ share: Double) -> String {
    Numbers.short(share * 100, digits: share < 0.1 ? 2 : 3) + " %"
  }

  private func duration(_ steps: Double) -> String {
    let epochs = stepsPerEpoch.map { ", \(Numbers.short(steps / $0, digits: 3)) epochs" } ?? ""
    return "\(Numbers.short(steps)) steps\(epochs)"
  }

  private func count(_ number: Int, _ unit: String) -> String {
    "\(Numbers.short(Double(number))) \(unit)\(number == 1 ? "" : "s")"
  }

  /// A row a layer.
  private var comparison: Table {
    Table(
      caption:
        "Steps at which the rotation comes within 5 % of its equilibrium and falls out of it; worst over-rotation before that; share of the run out of equilibrium",
      columns: [
        Table.Column("layer", name: "layer", isNumeric: false), Table.Column("C", name: "dimension"),
        Table.Column("‖ω₀‖", name: "initial_norm"), Table.Column("final ‖ω‖", name: "final_norm"),
        Table.Column("enters", name: "enters"), Table.Column("leaves", name: "leaves"),
        Table.Column("worst over", name: "over_rotation"), Table.Column("share out", name: "share_out"),
      ],
      rows: layers.map { layer in
        let (settings, summary) = (layer.trajectory.settings, layer.summary)
        return [
          .prose(Prose(layer.name ?? "")), .optional(settings.values[.dimension]),
          .optional(settings.values[.initialNorm]), .number(layer.last.norm.moments),
          .optional(summary.rotation.enters.map { Double($0) }),
          .optional(summary.rotation.leaves.map { Double($0) }), .optional(summary.overRotation?.factor),
          .number(summary.shareOutOfEquilibrium),
        ]
      })
  }

  /// A dozen steps, the last among them.
  private func sample(_ layer: Layer) -> Table {
    let stride = max(1, (layer.points.count + 9) / 10)
    var points = layer.points.indices.filter { $0 % stride == 0 }.map { layer.points[$0] }
    if points.last?.step != layer.last.step { points.append(layer.last) }
    return Table(
      caption: "Norm after, and rotation (rad) in, some of the steps",
      columns: Self.shortColumns.map { Table.Column($0.heading, name: $0.name) },
      rows: points.map { point in Self.shortColumns.map { Self.cell($0, point) } })
  }

  // MARK: Series

  private typealias Column = (heading: Prose, name: String, value: @Sendable (Trajectory.Point) -> Double)

  private static let columns: [Column] = [
    ("step", "step", { Double($0.step) }), ("learning rate", "learning_rate", \.learningRate),
    ("weight decay", "weight_decay", \.weightDecay),
    ("‖ω‖ (16)", "norm_recurrence", \.norm.recurrence), ("‖ω‖", "norm_moments", \.norm.moments),
    ("‖ω̂‖", "equilibrium_norm", \.equilibriumNorm),
    ("η_r (16)", "rotation_recurrence", \.rotation.recurrence),
    ("η_r", "rotation_moments", \.rotation.moments),
    ("η̂_r", "equilibrium_rotation", \.equilibriumRotation),
  ]
  private static let shortColumns = columns.filter { $0.name != "weight_decay" }

  /// Every kept step of every layer.
  private var series: Table {
    let isNamed = layers.count > 1
    return Table(
      columns: Self.seriesColumns(named: isNamed),
      rows: layers.flatMap { layer in
        layer.points.map { Self.seriesRow($0, name: isNamed ? layer.name ?? "" : nil) }
      })
  }

  /// The columns of a series, behind the layer's name where there are several.
  public static func seriesColumns(named isNamed: Bool) -> [Table.Column] {
    (isNamed ? [Table.Column("layer", name: "layer", isNumeric: false)] : [])
      + columns.map { Table.Column($0.heading, name: $0.name) }
  }

  /// One step as a row under ``seriesColumns(named:)``.
  public static func seriesRow(_ point: Trajectory.Point, name: String?) -> [Table.Cell] {
    (name.map { [.prose(Prose([.text($0)]))] } ?? []) + columns.map { cell($0, point) }
  }

  private static func cell(_ column: Column, _ point: Trajectory.Point) -> Table.Cell {
    let value = column.value(point)
    return value.isFinite ? .number(value) : .empty
  }
}
