import Dispatch
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports

/// A sweep of whole runs: how long each is out of equilibrium, and how far off it is before.
struct TrajectorySweep {
  private let runs: [Run]
  private let grid: SweepGrid
  let columns: [Table.Column]

  private struct Run: Sendable {
    let shown: [Table.Cell]
    /// Nil where no run is possible at this point: ηλ reaches 1.
    let settings: Settings?
    let plan: RunPlan?
  }

  init(_ command: SweepCommand) throws {
    let optimizer = try command.optimizer.optimizer()
    grid = try SweepGrid(command)
    guard grid.contours.isEmpty else { throw Failure("--contour does not go with --over trajectory", .usage) }
    guard command.quantities == nil else {
      throw Failure("--quantities does not go with --over trajectory", .usage)
    }
    columns =
      grid.columns + [
        Table.Column("share out of equilibrium", name: "share_out_of_equilibrium"),
        Table.Column("worst over-rotation", name: "worst_over_rotation"),
        Table.Column("at step", name: "worst_over_rotation_step"),
        Table.Column("enters", name: "enters_step"), Table.Column("leaves", name: "leaves_step"),
        Table.Column("mean rotation", name: "mean_rotation"),
        Table.Column("RMS rotation", name: "rms_rotation"),
        Table.Column("matched factor", name: "matched_mean_factor"),
      ]
    var isFirst = true
    let cells = (0..<grid.rowCount).flatMap { [grid] row in
      grid.columnAxis.stored.indices.map { grid.cell(row: row, column: $0) }
    }
    runs = try cells.map { cell in
      var known = cell.values
      guard let dimension = known[.dimension] else {
        throw Failure("missing --dimension: the run needs the dimension C (fan-in) of the weight", .usage)
      }
      let start = try command.start.start(known, dimension: dimension)
      known[.initialNorm] = start.norm
      optimizer.addKurtosis(to: &known)
      guard (known[.learningRate] ?? 0) * (known[.weightDecay] ?? 0) < 1 else {
        return Run(shown: cell.shown, settings: nil, plan: nil)
      }
      var settings = try command.weight.settings(optimizer, known)
      settings.initialDistribution = start.distribution
      let plan = try command.plan.plan(
        learningRate: settings.values[.learningRate] ?? .nan,
        weightDecay: settings.values[.weightDecay] ?? .nan)
      // What is missing is missing everywhere; the runs themselves are set up where they are followed.
      if isFirst {
        do throws(TrajectoryError) { _ = try Trajectory(settings, plan) } catch {
          throw TrajectoryCommand.failure(error, layer: nil)
        }
        isFirst = false
      }
      return Run(shown: cell.shown, settings: settings, plan: plan)
    }
  }

  /// The rows in order; a run that diverges has empty cells. All cores work on a few rows at a time.
  func forEachRow(_ write: ([Table.Cell]) -> Void) throws {
    var progress = ProgressBar(total: runs.count)
    let atOnce = 32
    for start in stride(from: 0, to: runs.count, by: atOnce) {
      let batch = runs[start..<min(start + atOnce, runs.count)]
      for row in Self.concurrently(Array(batch), Self.row) { write(row) }
      progress.advance(by: batch.count)
    }
    progress.finish()
  }

  private static func row(_ run: Run) -> [Table.Cell] {
    guard let settings = run.settings, let plan = run.plan, let trajectory = try? Trajectory(settings, plan),
      let match = try? RotationMatch(trajectory)
    else {
      return run.shown + [Table.Cell](repeating: .empty, count: 8)
    }
    let summary = match.summary
    return run.shown + [
      .number(summary.shareOutOfEquilibrium), .optional(summary.overRotation?.factor),
      .optional(summary.overRotation.map { Double($0.step) }),
      .optional(summary.rotation.enters.map { Double($0) }),
      .optional(summary.rotation.leaves.map { Double($0) }), .number(summary.meanRotation),
      .number(summary.rmsRotation), .number(match.meanFactor),
    ]
  }

  /// The results in order, computed on all cores.
  private static func concurrently<Input: Sendable, Result: Sendable>(
    _ inputs: [Input], _ function: @escaping @Sendable (Input) -> Result
  ) -> [Result] {
    [Result](unsafeUninitializedCapacity: inputs.count) { buffer, count in
      // Every index is written by one thread alone.
      nonisolated(unsafe) let results = buffer
      DispatchQueue.concurrentPerform(iterations: inputs.count) { index in
        results.initializeElement(at: index, to: function(inputs[index]))
      }
      count = inputs.count
    }
  }
}
