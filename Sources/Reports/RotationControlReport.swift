import Dynamics
import Equilibrium
import Formulas

/// What `roteq convert --from rv-… --hold …` says: how a standard optimizer can turn as its rotational variant.
public struct RotationControlReport: Sendable {
  /// What is changed to hold the rotation.
  public enum Answer: Sendable {
    /// The weight decay of every step.
    case decay(RotationControl.DecaySchedule)
    /// The initial norm and the over-rotation from it; nil where none keeps it below the factor.
    case initialNorm((norm: Double, over: TrajectorySummary.Extreme?)?, below: Double)
    /// The warmup and the over-rotation with it; nil where none keeps it below the factor.
    case warmup((steps: Int, over: TrajectorySummary.Extreme?)?, below: Double)
  }

  private let trajectory: Trajectory
  private let answer: Answer
  private let planned: TrajectorySummary.Extreme?

  /// The report on an answer.
  ///
  /// - Parameters:
  ///   - trajectory: the run as it was planned.
  ///   - answer: what was found.
  ///   - planned: the worst over-rotation of the planned run.
  public init(_ trajectory: Trajectory, _ answer: Answer, planned: TrajectorySummary.Extreme?) {
    (self.trajectory, self.answer, self.planned) = (trajectory, answer, planned)
  }

  /// Document, JSON and table.
  public var output: Output {
    let settings = trajectory.settings
    let blocks: [Block] = [
      .heading(1, "RV-\(settings.title) → \(settings.title)"), .paragraph(settings.summary),
      .paragraph(sentence),
      .table(table),
    ]
    return Output(document: Document(blocks), json: json, table: table)
  }

  private func short(_ value: Double) -> String { Numbers.short(value, digits: 4) }

  private var sentence: Prose {
    switch answer {
    case .decay(let schedule):
      let limit =
        schedule.clamped == 0
        ? ""
        : " In \(short(Double(schedule.clamped))) steps no weight decay is enough: a norm cannot grow faster than the updates let it."
      return Prose(
        "A weight decay for every step that holds the rotation of \(trajectory.settings.title) at that of its rotational variant, Table 1 under the same schedule; write it with -o FILE.csv or FILE.py.\(limit)"
      )
    case .initialNorm(let found?, let factor):
      return Prose(
        "From an initial norm of \(short(found.norm)) on, the rotation stays below \(short(factor)) times its equilibrium."
      )
    case .initialNorm(nil, let factor):
      return Prose("No initial norm keeps the rotation below \(short(factor)) times its equilibrium.")
    case .warmup(let found?, let factor):
      return Prose(
        "With a linear warmup of \(short(Double(found.steps))) steps (\(Numbers.short(100 * Double(found.steps) / Double(trajectory.plan.steps), digits: 3)) % of the run) or more, the rotation stays below \(short(factor)) times its equilibrium."
      )
    case .warmup(nil, let factor):
      return Prose(
        "No warmup shorter than the run keeps the rotation below \(short(factor)) times its equilibrium.")
    }
  }

  private var table: Table {
    let columns = [
      Table.Column("run", name: "run", isNumeric: false),
      Table.Column("RMS deviation of ln η_r", name: "rms_log_deviation"),
      Table.Column("worst over-rotation", name: "worst_over_rotation"),
      Table.Column("at step", name: "over_step"),
      Table.Column("worst under-rotation", name: "worst_under_rotation"),
      Table.Column("at step", name: "under_step"),
    ]
    func row(_ name: String, _ deviation: RotationControl.Deviation) -> [Table.Cell] {
      [
        .prose(Prose([.text(name)])), .number(deviation.rmsLogarithm), .number(deviation.worstOver.factor),
        .number(Double(deviation.worstOver.step)), .number(deviation.worstUnder.factor),
        .number(Double(deviation.worstUnder.step)),
      ]
    }
    func row(_ name: String, _ extreme: TrajectorySummary.Extreme?) -> [Table.Cell] {
      [
        .prose(Prose([.text(name)])), .optional(extreme?.factor), .optional(extreme.map { Double($0.step) }),
      ]
    }
    switch answer {
    case .decay(let schedule):
      return Table(
        caption: "Rotation against the rotational variant's", columns: columns,
        rows: [row("as planned", schedule.planned), row("with this weight decay", schedule.achieved)])
    case .initialNorm(let found, _):
      return Table(
        caption: "Rotation against its equilibrium", columns: [columns[0], columns[2], columns[3]],
        rows: [row("as planned", planned)] + (found.map { [row("from this norm", $0.over)] } ?? []))
    case .warmup(let found, _):
      return Table(
        caption: "Rotation against its equilibrium", columns: [columns[0], columns[2], columns[3]],
        rows: [row("as planned", planned)] + (found.map { [row("with this warmup", $0.over)] } ?? []))
    }
  }

  private var json: JSONValue {
    func extreme(_ extreme: TrajectorySummary.Extreme?) -> JSONValue {
      extreme.map { ["step": .number(Double($0.step)), "factor": .number($0.factor)] } ?? .null
    }
    func deviation(_ deviation: RotationControl.Deviation) -> JSONValue {
      [
        "rms_log_deviation": .number(deviation.rmsLogarithm),
        "worst_over_rotation": extreme(deviation.worstOver),
        "worst_under_rotation": extreme(deviation.worstUnder),
      ]
    }
    let common: [(String, JSONValue)] = [
      ("optimizer", .string(trajectory.settings.optimizer.identifier)),
      ("steps", .number(Double(trajectory.plan.steps))),
      ("schedule", .string(trajectory.plan.learningRateSchedule.name)),
    ]
    switch answer {
    case .decay(let schedule):
      return JSONValue(
        common + [
          ("hold", "decay"), ("planned", deviation(schedule.planned)),
          ("achieved", deviation(schedule.achieved)), ("clamped_steps", .number(Double(schedule.clamped))),
          ("weight_decay", .array(schedule.weightDecay.map { .number($0) })),
        ])
    case .initialNorm(let found, let factor):
      return JSONValue(
        common + [
          ("hold", "initial-norm"), ("over_rotation_below", .number(factor)), ("planned", extreme(planned)),
          ("initial_norm", .optional(found?.norm)), ("achieved", extreme(found?.over)),
        ])
    case .warmup(let found, let factor):
      return JSONValue(
        common + [
          ("hold", "warmup"), ("over_rotation_below", .number(factor)), ("planned", extreme(planned)),
          ("warmup_steps", .optional(found.map { Double($0.steps) })), ("achieved", extreme(found?.over)),
        ])
    }
  }

  /// The weight decay of every step; nil where the answer is another.
  public var scheduleFile: ScheduleFile? {
    guard case .decay(let schedule) = answer else { return nil }
    let plan = trajectory.plan
    return ScheduleFile(
      "Weight decay with which \(trajectory.settings.title) turns as its rotational variant does.",
      schedule.weightDecay.enumerated().map { index, decay in
        .init(step: index + 1, learningRate: plan.step(after: index).learningRate, weightDecay: decay)
      })
  }
}
