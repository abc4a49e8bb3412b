import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import RunConfigurations

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RunReport {
  /// Layers that start alike, followed over the run.
  public struct Course: Sendable {
    /// The layers' names.
    public let names: [String]
    /// Norm and rotation of each of them.
    public let layer: TrajectoryReport.Layer

    /// The names in a line.
    var title: String { names.joined(separator: ", ") }
  }

  /// Points of a curve that are kept for figures and JSON, fewer where there are many curves.
  private static func resolution(curves: Int) -> Int { max(10, min(400, 40_000 / max(1, curves))) }

  /// Follows every layer whose initial norm is known to the end of the run, side by side.
  public mutating func follow() {
    var groups: [(names: [String], trajectory: Trajectory, measured: MeasuredRun?)] = []
    var places: [CourseKey: Int] = [:]
    var failures: [(name: String, reason: String)] = []
    var run = run
    run.optimizer.addKurtosis(to: &run.hyperparameters)
    for (shape, _) in layers {
      guard shape.initialNorm != nil else { continue }
      let key = CourseKey(shape)
      let measured = measured(shape)
      if measured == nil, let index = places[key] {
        groups[index].names.append(shape.name)
        continue
      }
      do {
        let trajectory = try Trajectory(run.settings(for: shape), run.plan(for: shape))
        places[key] = places[key] ?? groups.count
        groups.append(([shape.name], trajectory, measured))
      } catch { failures.append((shape.name, "\(error)")) }
    }
    let steps = run.steps.multipliedReportingOverflow(by: groups.count)
    if run.steps <= Trajectory.mostSteps, steps.overflow || steps.partialValue > TrajectoryReport.mostSteps {
      unfollowed.append(
        Prose(
          "The layers are not followed over the run: \(groups.count) that differ, over \(run.steps) steps, would take minutes. roteq trajectory --layer follows one."
        ))
      return
    }
    let every = max(1, run.steps / Self.resolution(curves: groups.count))
    let work = groups
    let width = ProcessInfo.processInfo.activeProcessorCount
    let results = concurrently(work.count, width: width) {
      index -> Result<TrajectoryReport.Layer, TrajectoryError> in
      let group = work[index]
      do throws(TrajectoryError) {
        return .success(
          try TrajectoryReport.Layer(
            group.trajectory, name: group.names.joined(separator: ", "), every: every,
            measured: group.measured))
      } catch { return .failure(error) }
    }
    for (group, result) in zip(groups, results) {
      switch result {
      case .success(let layer): courses.append(Course(names: group.names, layer: layer))
      case .failure(let error): failures.append((group.names.joined(separator: ", "), error.description))
      }
    }
    for reason in failures.map(\.reason).uniqued {
      let names = failures.filter { $0.reason == reason }.map(\.name).joined(separator: ", ")
      unfollowed.append(Prose([.text("Not followed over the run: \(names): \(reason).")]))
    }
    if layers.contains(where: { $0.shape.initialNorm == nil }) {
      unfollowed.append(
        "Layers without an initial norm are not followed: give it in the configuration, by --initialization, or by the checkpoint of the first step."
      )
    }
  }

  /// What two layers must share to run alike.
  private struct CourseKey: Hashable {
    let hyperparameters: [Symbol: Double]
    let kind: WeightKind
    let dimension: Int
    let norm: Double?

    init(_ shape: LayerShape) {
      (hyperparameters, kind) = (shape.hyperparameters, shape.kind ?? .scaleInvariant)
      (dimension, norm) = (shape.dimension, shape.initialNorm)
    }
  }

  /// The layers that are longest out of equilibrium.
  var longestOut: Course? {
    courses.filter { $0.layer.summary.shareOutOfEquilibrium.isFinite }
      .max { $0.layer.summary.shareOutOfEquilibrium < $1.layer.summary.shareOutOfEquilibrium }
  }

  /// The layers that turn fastest against their equilibrium.
  var fastest: Course? {
    courses.max {
      ($0.layer.summary.overRotation?.factor ?? 0) < ($1.layer.summary.overRotation?.factor ?? 0)
    }
  }

  /// The layers that turn slowest against their equilibrium.
  var slowest: Course? {
    courses.min {
      ($0.layer.summary.underRotation?.factor ?? 1) < ($1.layer.summary.underRotation?.factor ?? 1)
    }
  }

  var courseBlocks: [Block] {
    var blocks: [Block] = []
    if !courses.isEmpty {
      blocks.append(
        .figure(
          "Norm and rotation over the run by the second moments, and the equilibrium of each step's hyperparameters (dashed)\(hasMeasured ? "; points: the checkpoint, its rotation as the measured angle over the predicted one times the prediction" : "").",
          TrajectoryReport(shown.map(\.layer)).figure, file: "course"))
      blocks.append(.table(courseTable))
    }
    blocks += transientBlocks
    if !unfollowed.isEmpty { blocks.append(.list(unfollowed)) }
    return blocks
  }

  private var hasMeasured: Bool { courses.contains { $0.layer.measured != nil } }

  /// The courses of the figure: at most four, those with a measured point and the longest out of equilibrium first.
  private var shown: [Course] {
    let ranked = courses.sorted {
      ($0.layer.measured == nil ? 1 : 0, -$0.layer.summary.shareOutOfEquilibrium)
        < ($1.layer.measured == nil ? 1 : 0, -$1.layer.summary.shareOutOfEquilibrium)
    }
    let kept = Set(ranked.prefix(4).map(\.title))
    return courses.filter { kept.contains($0.title) }
  }

  private var courseTable: Table {
    Table(
      caption:
        "Under the schedule: steps at which the rotation comes within 5 % of its equilibrium and falls out of it; worst over-rotation before that; share of the run out of equilibrium; rotation over equilibrium rotation at the end",
      columns: [
        Table.Column("layer", name: "layer", isNumeric: false), Table.Column("final ‖ω‖", name: "final_norm"),
        Table.Column("enters", name: "enters"), Table.Column("leaves", name: "leaves"),
        Table.Column("worst over", name: "over_rotation"), Table.Column("share out", name: "share_out"),
        Table.Column("at the end", name: "final_factor"),
      ],
      rows: courses.map { course in
        let summary = course.layer.summary
        func finite(_ value: Double) -> Table.Cell { value.isFinite ? .number(value) : .empty }
        return [
          .prose(Prose([.text(course.title)])), .number(course.layer.last.norm.moments),
          .optional(summary.rotation.enters.map { Double($0) }),
          .optional(summary.rotation.leaves.map { Double($0) }), .optional(summary.overRotation?.factor),
          finite(summary.shareOutOfEquilibrium), finite(summary.finalFactor),
        ]
      })
  }

  private var transientBlocks: [Block] {
    let steps = Double(run.steps)
    var rows: [[Table.Cell]] = [
      [
        "deviation lost a step, 1 − a", .optional(general.transient.decayPerStep.value.map { 1 - $0 }),
        .empty,
      ],
      ["half-life (steps)", .optional(halfLife), .optional(shareOfRun)],
      ["memory of the weights (steps)", .optional(memory), .optional(memory.map { $0 / steps })],
    ]
    if let stepsPerEpoch = run.stepsPerEpoch, let halfLife {
      rows.append(["half-life in epochs", .number(halfLife / Double(stepsPerEpoch)), .empty])
    }
    return [
      .table(
        Table(
          caption: Prose(
            "The transient at the peak, from (16): relative deviation of \(general.transient.power == 2 ? "‖ω‖²" : "‖ω‖⁴")"
          ),
          columns: [
            Table.Column("quantity", name: "quantity", isNumeric: false),
            Table.Column("value", name: "value"),
            Table.Column("share of the run", name: "share_of_run"),
          ], rows: rows))
    ]
  }
}

extension [String] {
  /// Each text once, in order.
  fileprivate var uniqued: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
