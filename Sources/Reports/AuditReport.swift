import Audits
import Dynamics
import Equilibrium
import Formulas
import Parameters
import RunConfigurations

/// What `roteq audit` says, and what a report on a run says of its checkpoint.
public struct AuditReport: Sendable {
  /// What was found.
  public let audit: Audit
  /// How the step of the checkpoint is known, a clause: `as --at-step says`.
  let stepSource: String
  /// What was assumed, a sentence each.
  let notes: [String]
  /// What may be a mistake, a sentence each.
  let warnings: [String]
  /// The tensors that are shown where they are many.
  static let shown = 40

  /// The report on an audit.
  ///
  /// - Parameters:
  ///   - audit: what was found.
  ///   - stepSource: how the step of the checkpoint is known, a clause.
  ///   - notes: what was assumed, a sentence each.
  ///   - warnings: what may be a mistake beside what the audit found, a sentence each.
  public init(_ audit: Audit, stepSource: String, notes: [String] = [], warnings: [String] = []) {
    (self.audit, self.stepSource, self.notes) = (audit, stepSource, notes)
    self.warnings = warnings + audit.warnings
  }

  /// Document, JSON and table.
  public var output: Output {
    let title = Block.heading(1, "\(audit.run.name): checkpoint at step \(Numbers.count(audit.step))")
    return Output(
      document: Document([title] + blocks(level: 2)), json: json,
      table: audit.listsOneTensor ? neuronTable : table(Column.all, audit.tensors))
  }

  /// The content without a title, for a document or as a section of another.
  ///
  /// - Parameters:
  ///   - level: the level of its headings.
  ///   - showsNotes: whether to say what was assumed of the run; a report on the run does that itself.
  public func blocks(level: Int, showsNotes: Bool = true) -> [Block] {
    var blocks: [Block] = [.list(findings)]
    let sorted = audit.tensors.sorted { $0.offence > $1.offence }
    let some = Array(sorted.prefix(Self.shown))
    blocks += [.heading(level, "Norms, farthest from prediction first"), .table(table(Column.norms, some))]
    if sorted.count > some.count {
      blocks.append(
        .paragraph(
          "\(sorted.count - some.count) more tensors are nearer; \(code: "--format csv") and \(code: "--format json") have all."
        ))
    }
    blocks += [
      .paragraph(normLegend), .heading(level, "Rotation now"), .table(table(Column.rotations, some)),
    ]
    blocks.append(.paragraph(rotationLegend))
    if audit.stepsBetween != nil {
      let changed = some.filter { $0.change != nil }
      let isRounded = changed.contains { $0.change?.rounding != 0 }
      let columns = Column.changes.filter { isRounded || $0.name != "turn_rounding" }
      if !changed.isEmpty {
        blocks += [
          .heading(
            level, "Since the earlier checkpoint, \(Numbers.count(audit.stepsBetween ?? 0)) steps before"),
          .table(table(columns, changed)), .paragraph(changeLegend),
        ]
      }
    }
    if !audit.neurons.isEmpty {
      let heading =
        audit.listsOneTensor
        ? "Neurons of \(audit.neurons[0].tensor)" : "Neurons farthest from their tensor's"
      blocks += [.heading(level, heading), .table(neuronTable)]
    }
    let lines = twins + (showsNotes ? notes : [])
    if !lines.isEmpty { blocks += [.heading(level, "Notes"), .list(lines.map { Prose($0) })] }
    let shown = warnings.filter { showsNotes || !audit.inheritedWarnings.contains($0) }
    if !shown.isEmpty { blocks += [.heading(level, "Warnings"), .list(shown.map { Prose($0) })] }
    return blocks
  }

  private var twins: [String] {
    audit.tensors.compactMap { tensor in
      tensor.twin.map { "\(tensor.tensor.name) and \($0) are the same weights (tied)." }
    }
  }

  // MARK: Tables

  private func table(_ columns: [Column], _ tensors: [TensorAudit]) -> Table {
    let name = Column("tensor", "tensor", isNumeric: false) { .prose(Prose($0.tensor.name)) }
    let all = [name] + columns
    return Table(
      columns: all.map { Table.Column($0.heading, name: $0.name, isNumeric: $0.isNumeric) },
      rows: tensors.map { tensor in all.map { $0.cell(tensor) } })
  }

  private var neuronTable: Table {
    let hasTurned = audit.neurons.contains { $0.turned != nil }
    var columns: [(Prose, String, Bool)] = [
      ("tensor", "tensor", false), ("neuron", "neuron", true), ("‖ω‖", "norm", true),
      ("‖ω‖/\(Quantity.equilibriumNorm.symbol)", "norm_over_equilibrium", true),
      ("rotation now (rad)", "rotation", true),
    ]
    if hasTurned { columns.append(("turned (rad)", "turned", true)) }
    columns.append((hasTurned ? "turned over RMS" : "‖ω‖ over RMS", "relative", true))
    return Table(
      columns: columns.map { Table.Column($0.0, name: $0.1, isNumeric: $0.2) },
      rows: audit.neurons.map { neuron in
        [
          .prose(Prose(neuron.tensor)), .number(Double(neuron.index)), .known(neuron.norm),
          .optional(neuron.ratio),
          .optional(neuron.rotation),
        ] + (hasTurned ? [.optional(neuron.turned)] : []) + [.known(neuron.relative)]
      })
  }

  // MARK: Words

  private var normLegend: Prose {
    "‖ω‖: root mean square over the neurons; \(Quantity.equilibriumNorm.symbol): in equilibrium at this step's learning rate; expected: where the schedule leads to by the second moments; to go: steps to equilibrium under the rest of the schedule, none where it is not reached; implied λ: the weight decay at which ‖ω‖ would be the equilibrium norm."
  }

  private var rotationLegend: Prose {
    "Now: \(Quantity.rmsUpdateSize.symbol)/‖ω‖ at this step's learning rate; \(Quantity.expectedRotation.symbol): in equilibrium. Neurons: the norms that a tenth of them stay below and exceed, over their root mean square; imbalance: their root mean square over their mean."
  }

  private var changeLegend: Prose {
    "Turned: the angle between both checkpoints, all neurons as one vector; predicted: by the second moments from the earlier norm on, under the schedule, for gradients that know nothing of each other; effective λ: the weight decay that explains what is left of the earlier weights (Appendix H), with its statistical uncertainty; gradient: the √E‖g̃‖² (√E‖g‖² of a scale-sensitive tensor) that explains the change of the norm; rounding: the angle by which storing numbers in 16 bits can turn a tensor. Neurons: their angles, as above."
  }
}

extension TensorAudit.Standing {
  /// The standing in print.
  var words: String {
    switch self {
    case .inEquilibrium: "in equilibrium"
    case .above: "above"
    case .below: "below"
    case .unknown: "not known"
    case .none: "learning rate 0"
    case .dead: "dead"
    case .broken: "not finite"
    }
  }
}

extension Table.Cell {
  /// A number; no value where it is not finite.
  static func known(_ value: Double?) -> Table.Cell { .optional(value.flatMap { $0.isFinite ? $0 : nil }) }
}
