import CrossChecks
import Equilibrium
import Formulas
import Training

/// What `roteq crosscheck` says: the optimizers themselves against every prediction.
public struct CrossCheckReport: Sendable {
  /// One walk with what came of it.
  public struct Case: Sendable {
    let paper: PaperWalk
    let comparison: WalkComparison
    let curve: WalkCurve?

    /// A walk whose runs had settled.
    ///
    /// - Throws: `WalkError`.
    public init(_ paper: PaperWalk, _ runs: [WalkRun]) throws(WalkError) {
      self.paper = paper
      comparison = try WalkComparison(paper.walk, runs)
      curve = WalkCurve(comparison.runs)
    }

    /// What its figure shows.
    var caption: Prose {
      Prose("\(paper.title): four neurons, the layer, and the prediction, as in Figure 9")
    }
    /// Its curves, as in Figure 9.
    var figure: Figure {
      Figure(
        title: Prose([.text(paper.title)]),
        panels: Triple.quantities.map { comparison.panel($0, curve: curve) })
    }
  }

  let cases: [Case]
  let notes: [String]

  /// The report on these walks.
  public init(_ cases: [Case], notes: [String] = []) { (self.cases, self.notes) = (cases, notes) }

  /// Document, JSON and table.
  public var output: Output {
    Output(document: document, json: json, table: standard.isEmpty ? rotational : equilibrium)
  }

  /// Whether the best prediction of every number that can be judged is within three standard errors or the stated error of its
  /// model, and that in time of every walk that is still moving within 2 %.
  public var agrees: Bool { disagreements.isEmpty }

  // MARK: Document

  /// The report, with a figure for each walk.
  private var document: Document {
    var blocks: [Block] = [.heading(1, "Cross-check of the predictions by random walks")]
    if let first = cases.first {
      let walk = first.paper.walk
      blocks.append(
        .paragraph(
          Prose(
            "Each optimizer was run itself on the simple system (95) with the settings of Appendix F, on \(first.comparison.runs.count) seeds: \(walk.system.neurons) neurons of dimension \(walk.system.dimension), batches of \(walk.system.batch), \(walk.precision.rawValue) precision (\(walk.instructionSet.rawValue)). What was measured in the last third of a run stands next to the predictions, with the measured gradient put in."
          )))
    }
    blocks += [equilibrium, inTime, rotational].filter { !$0.rows.isEmpty }.map { .table($0) }
    blocks += [.heading(2, "Findings"), .list(findings)]
    blocks += cases.map { .figure($0.caption, $0.figure, file: $0.paper.name) }
    if !notes.isEmpty { blocks += [.heading(2, "Notes"), .list(notes.map { Prose($0) })] }
    return Document(blocks)
  }

  private var standard: [Case] { cases.filter { $0.paper.walk.wrapper == nil } }
  private var variants: [Case] { cases.filter { $0.paper.walk.wrapper != nil } }

  /// Measured, and how far it is from each prediction.
  private var equilibrium: Table {
    Table(
      caption:
        "Equilibrium: measured, and measured over predicted less one, in percent; the standard error is that of the best prediction's. A prediction agrees within the stated error of its model, 0.5 % (1 % for a short memory of v), or within three standard errors of at most 1 %. Refined: second moments with the measured tails of the gradient and the fluctuation of v",
      columns: [
        Table.Column("optimizer", name: "optimizer", isNumeric: false),
        Table.Column("quantity", name: "quantity", isNumeric: false),
        Table.Column("measured", name: "measured"),
        Table.Column("± s.e.", name: "standard_error"), Table.Column("leading, %", name: "leading_percent"),
        Table.Column("geometric, %", name: "geometric_percent"),
        Table.Column("moments, %", name: "moments_percent"),
        Table.Column("refined, %", name: "refined_percent"),
        Table.Column("± s.e., %", name: "standard_error_percent"),
        Table.Column("moments agree", name: "moments_agree", isNumeric: false),
        Table.Column("best agrees", name: "agrees", isNumeric: false),
      ],
      rows: standard.flatMap { one in
        Triple.quantities.map { quantity in
          let measured = one.comparison.measured(quantity)
          func percent(_ source: Source) -> Table.Cell {
            .optional(one.comparison.deviation(quantity, source).map { 100 * $0.mean })
          }
          return [
            .prose(Prose(one.paper.title)), .prose("\(quantity.symbol.meaning) \(quantity.symbol)"),
            .number(measured.mean), .optional(measured.standardError), percent(.formula(.leading)),
            percent(.formula(.geometric)),
            percent(.formula(.moments)), percent(.refined),
            .optional(one.best(quantity)?.standardError.map { 100 * $0 }),
            .prose(Prose(one.verdict(quantity, .formula(.moments)).rawValue)),
            .prose(Prose(one.verdict(quantity).rawValue)),
          ]
        }
      })
  }

  /// The runs in time.
  private var inTime: Table {
    Table(
      caption: "The whole run from initialisation: mean deviation of the prediction in time, in percent",
      columns: [
        Table.Column("optimizer", name: "optimizer", isNumeric: false),
        Table.Column("norm: moments", name: "norm_moments_percent"),
        Table.Column("(16)", name: "norm_recurrence_percent"),
        Table.Column("rotation: moments", name: "rotation_moments_percent"),
        Table.Column("(16)", name: "rotation_recurrence_percent"),
      ],
      rows: standard.compactMap { one in
        one.curve.map { curve in
          [.prose(Prose(one.paper.title))]
            + [
              curve.norm.deviation(\.moments), curve.norm.deviation(\.recurrence),
              curve.rotation.deviation(\.moments), curve.rotation.deviation(\.recurrence),
            ].map { .number(100 * $0) }
        }
      })
  }

  /// The rotational variants against what was asked of them.
  private var rotational: Table {
    Table(
      caption: "Rotational variants: what was asked, and how far it was missed, in percent",
      columns: [
        Table.Column("variant", name: "optimizer", isNumeric: false),
        Table.Column("rotation asked", name: "requested_rotation"),
        Table.Column("measured", name: "measured_rotation"),
        Table.Column("off by, %", name: "rotation_percent"),
        Table.Column("± s.e., %", name: "standard_error_percent"),
        Table.Column("norm, %", name: "norm_percent"),
      ],
      rows: variants.map { one in
        let rotation = one.comparison.deviation(.expectedRotation, .request)
        return [
          .prose(Prose(one.paper.title)), .optional(one.comparison.predicted(.expectedRotation, .request)),
          .number(one.comparison.measured(.expectedRotation).mean), .optional(rotation.map { 100 * $0.mean }),
          .optional(rotation?.standardError.map { 100 * $0 }),
          .optional(one.comparison.deviation(.equilibriumNorm, .request).map { 100 * $0.mean }),
        ]
      })
  }

  // MARK: JSON

  private var json: JSONValue {
    [
      "agrees": .bool(agrees),
      "cases": .array(
        cases.map { one in
          JSONValue(
            [("name", .string(one.paper.name)), ("title", .string(one.paper.title))]
              + one.comparison.jsonMembers + [
                ("model_error", .number(one.paper.modelError)),
                (
                  "agrees",
                  JSONValue(Triple.quantities.map { ($0.rawValue, .string(one.verdict($0).rawValue)) })
                ),
                ("trajectory", one.curve.map(\.json) ?? .null),
              ])
        }),
      "findings": .array(findings.map { .string($0.plain) }), "notes": .array(notes.map { .string($0) }),
    ]
  }
}

extension CrossCheckReport.Case {
  /// The best prediction there is.
  var best: Source { comparison.sources.last ?? .request }

  /// How far the best prediction is off.
  func best(_ quantity: Quantity) -> SampleMean? { comparison.deviation(quantity, best) }

  /// What can be said of a prediction of equilibrium.
  enum Verdict: String {
    case agrees = "yes"
    case disagrees = "no"
    /// The norm is still on its way: only the prediction in time can be right.
    case moving = "still moving"
  }

  /// Whether the best prediction holds.
  func verdict(_ quantity: Quantity, _ source: Source? = nil) -> Verdict {
    if paper.walk.wrapper == nil, comparison.isMoving(tolerance: paper.modelError) { return .moving }
    return comparison.agrees(quantity, source ?? best, modelError: paper.modelError) == true
      ? .agrees : .disagrees
  }
}
