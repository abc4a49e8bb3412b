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
  /// The tensors that are shown where they are many.
  static let shown = 40

  /// The report on an audit.
  ///
  /// - Parameters:
  ///   - audit: what was found.
  ///   - stepSource: how the step of the checkpoint is known, a clause.
  ///   - notes: what was assumed, a sentence each.
  public init(_ audit: Audit, stepSource: String, notes: [String] = []) {
    (self.audit, self.stepSource, self.notes) = (audit, stepSource, notes)
  }

  /// Document, JSON and table.
  public var output: Output {
    let title = Block.heading(1, "\(audit.run.name): checkpoint at step \(Numbers.count(audit.step))")
    return Output(
      document: Document([title] + blocks(level: 2)), json: json,
      table: audit.listsOneTensor ? neuronTable : tensorTable(audit.tensors))
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
    blocks += [.heading(level, "Norms, farthest from equilibrium first"), .table(tensorTable(some))]
    if sorted.count > some.count {
      blocks.append(
        .paragraph(
          Prose(
            "\(sorted.count - some.count) more tensors are nearer to equilibrium; \(code("--format csv")) and \(code("--format json")) have all."
          )))
    }
    blocks.append(.paragraph(normLegend))
    if audit.stepsBetween != nil {
      blocks += [
        .heading(level, "Rotation since the earlier checkpoint"), .table(changeTable(some)),
        .paragraph(changeLegend),
      ]
    }
    if !audit.neurons.isEmpty {
      let heading =
        audit.listsOneTensor
        ? "Neurons of \(audit.neurons[0].tensor)" : "Neurons farthest from their tensor's"
      blocks += [.heading(level, heading), .table(neuronTable)]
    }
    let lines = twins + (showsNotes ? notes : [])
    if !lines.isEmpty { blocks += [.heading(level, "Notes"), .list(lines.map { Prose($0) })] }
    if !audit.warnings.isEmpty {
      blocks += [.heading(level, "Warnings"), .list(audit.warnings.map { Prose($0) })]
    }
    return blocks
  }

  private var twins: [String] {
    audit.tensors.compactMap { tensor in
      tensor.twin.map { "\(tensor.tensor.name) and \($0) are the same weights (tied)." }
    }
  }

  // MARK: Tables

  private func name(_ tensor: TensorAudit) -> Table.Cell { .prose(Prose(tensor.tensor.name)) }

  private func tensorTable(_ tensors: [TensorAudit]) -> Table {
    let columns: [(Prose, String, Bool)] = [
      ("tensor", "tensor", false), ("neurons", "neurons", true), ("\(Symbol.dimension)", "dimension", true),
      ("‖ω‖", "norm", true), ("\(Quantity.equilibriumNorm.symbol)", "equilibrium_norm", true),
      ("‖ω‖/\(Quantity.equilibriumNorm.symbol)", "norm_over_equilibrium", true),
      ("standing", "standing", false),
      ("expected ‖ω‖", "expected_norm", true), ("rotation now (rad)", "rotation", true),
      ("\(Quantity.expectedRotation.symbol) (rad)", "equilibrium_rotation", true),
      ("steps to equilibrium", "steps_to_equilibrium", true), ("implied λ", "implied_decay", true),
      ("10 % to 90 % of neurons", "neuron_norms", false), ("imbalance", "norm_imbalance", true),
      ("zero", "zero_neurons", true), ("not finite", "non_finite", true),
    ]
    return Table(
      caption: "Norm of a neuron's weight vector at step \(Numbers.count(audit.step))",
      columns: columns.map { Table.Column($0.0, name: $0.1, isNumeric: $0.2) },
      rows: tensors.map { tensor in
        [
          name(tensor), .number(Double(tensor.tensor.neurons)), .number(Double(tensor.tensor.dimension)),
          .number(tensor.norm), .optional(tensor.equilibriumNorm), .optional(tensor.ratio),
          .prose(Prose(tensor.standing.words)), .optional(tensor.expectedNorm), .optional(tensor.rotation),
          .optional(tensor.equilibriumRotation), .optional(tensor.stepsToEquilibrium.map { Double($0) }),
          .optional(tensor.restingDecay), quantiles(tensor.norms), .optional(tensor.norms?.imbalance),
          .number(Double(tensor.zeros)), .number(Double(tensor.nonFinite)),
        ]
      })
  }

  private func quantiles(_ spread: Spread?) -> Table.Cell {
    guard let spread else { return .empty }
    return .prose(
      Prose(
        "\(Numbers.short(spread.lowerTenth, digits: 3)) to \(Numbers.short(spread.upperTenth, digits: 3))"))
  }

  private func changeTable(_ tensors: [TensorAudit]) -> Table {
    let columns: [(Prose, String, Bool)] = [
      ("tensor", "tensor", false), ("‖ω‖ before", "norm_before", true), ("‖ω‖ now", "norm", true),
      ("‖ω‖ predicted", "predicted_norm", true), ("turned (rad)", "rotation", true),
      ("predicted (rad)", "predicted_rotation", true), ("ratio", "ratio", true),
      ("effective λ", "effective_decay", true), ("±", "uncertainty", true), ("√E‖g̃‖²", "gradient_norm", true),
      ("10 % to 90 % of neurons", "neuron_rotations", false), ("imbalance", "rotation_imbalance", true),
    ]
    return Table(
      caption: "Over \(Numbers.count(audit.stepsBetween ?? 0)) steps",
      columns: columns.map { Table.Column($0.0, name: $0.1, isNumeric: $0.2) },
      rows: tensors.compactMap { tensor in
        guard let change = tensor.change else { return nil }
        return [
          name(tensor), .number(change.normBefore), .number(tensor.norm), .optional(change.predictedNorm),
          .number(change.rotation), .optional(change.predictedRotation), .optional(change.ratio),
          .optional(change.effectiveDecay?.value), .optional(change.effectiveDecay?.uncertainty),
          .optional(change.gradientNorm), quantiles(change.rotations), .optional(change.rotations?.imbalance),
        ]
      })
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
          .prose(Prose(neuron.tensor)), .number(Double(neuron.index)), .number(neuron.norm),
          .optional(neuron.ratio),
          .optional(neuron.rotation),
        ] + (hasTurned ? [.optional(neuron.turned)] : []) + [.number(neuron.relative)]
      })
  }

  // MARK: Words

  private func code(_ text: String) -> String { text }

  private var normLegend: Prose {
    "‖ω‖: root mean square over the neurons; \(Quantity.equilibriumNorm.symbol) and \(Quantity.expectedRotation.symbol): in equilibrium at this step's learning rate; expected ‖ω‖: where the schedule leads to by the second moments; implied λ: the weight decay at which ‖ω‖ would be the equilibrium norm; the neurons' norms over their root mean square; imbalance: root mean square over mean."
  }

  private var changeLegend: Prose {
    "Turned: the angle between both checkpoints, all neurons as one vector; predicted: by the second moments from the earlier norm on, under the schedule; effective λ: the weight decay that explains what is left of the earlier weights (Appendix H), with its statistical uncertainty; the neurons' angles over their root mean square."
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
    }
  }
}
