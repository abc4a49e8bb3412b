import Dynamics
import Equilibrium
import Formulas

/// What `roteq convert --from rv-… --hold …` says: how a standard optimizer can turn as its rotational variant.
public struct RotationControlReport: Sendable {
  /// What is changed to hold the rotation.
  public enum Answer: Sendable {
    /// The weight decay of every step.
    case decay(RotationControl.DecaySchedule)
    /// The initial norm and the run from it; nil where none keeps the over-rotation below the factor.
    case initialNorm((norm: Double, run: RotationControl.Held)?, below: Double)
    /// The warmup and the run with it; nil where none keeps the over-rotation below the factor.
    case warmup((steps: Int, run: RotationControl.Held)?, below: Double)
  }

  private let trajectory: Trajectory
  private let answer: Answer
  private let planned: RotationControl.Held
  private let burnIn: Int

  /// The report on an answer.
  ///
  /// - Parameters:
  ///   - trajectory: the run as it was planned.
  ///   - answer: what was found.
  ///   - planned: the run as it was planned.
  ///   - burnIn: steps at the start that over-rotation was not judged by.
  public init(_ trajectory: Trajectory, _ answer: Answer, planned: RotationControl.Held, burnIn: Int) {
    (self.trajectory, self.answer, self.planned, self.burnIn) = (trajectory, answer, planned, burnIn)
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
      guard schedule.helps else {
        return Prose(
          "No weight decay schedule that was tried brings the rotation of \(trajectory.settings.title) nearer to that of its rotational variant; none is written."
        )
      }
      let fast =
        schedule.withoutDecay == 0
        ? ""
        : " In \(short(Double(schedule.withoutDecay))) steps it turns too fast without any decay: a norm cannot grow faster than the updates let it."
      let slow =
        schedule.unreached == 0
        ? ""
        : " In \(short(Double(schedule.unreached))) steps no decay is strong enough, and that of the step before is kept."
      return Prose(
        "A weight decay for every step that holds the rotation of \(trajectory.settings.title) at that of its rotational variant, Table 1 under the same schedule; write it with -o FILE.csv or FILE.py.\(fast)\(slow) Below a thousandth of the peak learning rate it stays what it is."
      )
    case .initialNorm(let found?, let factor):
      guard found.norm != trajectory.settings.values[.initialNorm] else {
        return Prose(
          "The planned initial norm holds already: the rotation stays below \(short(factor)) times its equilibrium."
        )
      }
      return Prose(
        "From an initial norm of \(short(found.norm)), the nearest to the planned one that does, the rotation stays below \(short(factor)) times its equilibrium."
      )
    case .initialNorm(nil, let factor):
      return Prose("No initial norm keeps the rotation below \(short(factor)) times its equilibrium.")
    case .warmup(let found?, let factor):
      guard found.steps > 0 else {
        return Prose("No warmup is needed: the rotation stays below \(short(factor)) times its equilibrium.")
      }
      return Prose(
        "With a linear warmup of \(short(Double(found.steps))) steps (\(Numbers.short(100 * Double(found.steps) / Double(trajectory.plan.steps), digits: 3)) % of the run) the rotation stays below \(short(factor)) times its equilibrium; with a step less it does not."
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
    func row(_ name: String, _ run: RotationControl.Held) -> [Table.Cell] {
      [
        .prose(Prose([.text(name)])), .optional(run.over?.factor),
        .optional(run.over.map { Double($0.step) }),
        .optional(run.under?.factor), .optional(run.under.map { Double($0.step) }),
        .number(run.summary.shareOutOfEquilibrium),
      ]
    }
    let heldColumns =
      [columns[0]] + columns[2...] + [Table.Column("out of equilibrium", name: "share_out_of_equilibrium")]
    let caption = Prose([.text("Rotation against its equilibrium, from step \(burnIn + 1) on")])
    switch answer {
    case .decay(let schedule):
      return Table(
        caption: "Rotation against the rotational variant's", columns: columns,
        rows: [row("as planned", schedule.planned), row("with this weight decay", schedule.achieved)])
    case .initialNorm(let found, _):
      return Table(
        caption: caption, columns: heldColumns,
        rows: [row("as planned", planned)] + (found.map { [row("from this norm", $0.run)] } ?? []))
    case .warmup(let found, _):
      return Table(
        caption: caption, columns: heldColumns,
        rows: [row("as planned", planned)] + (found.map { [row("with this warmup", $0.run)] } ?? []))
    }
  }

  private var json: JSONValue {
    func deviation(_ deviation: RotationControl.Deviation) -> JSONValue {
      [
        "rms_log_deviation": .number(deviation.rmsLogarithm),
        "worst_over_rotation": .extreme(deviation.worstOver),
        "worst_under_rotation": .extreme(deviation.worstUnder),
      ]
    }
    func held(_ run: RotationControl.Held) -> JSONValue {
      [
        "worst_over_rotation": .extreme(run.over), "worst_under_rotation": .extreme(run.under),
        "share_out_of_equilibrium": .number(run.summary.shareOutOfEquilibrium),
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
          ("hold", "decay"), ("helps", .bool(schedule.helps)), ("planned", deviation(schedule.planned)),
          ("achieved", deviation(schedule.achieved)),
          ("steps_without_decay", .number(Double(schedule.withoutDecay))),
          ("steps_unreached", .number(Double(schedule.unreached))),
          ("weight_decay", .array(schedule.weightDecay.map { .number($0) })),
        ])
    case .initialNorm(let found, let factor):
      return JSONValue(
        common + [
          ("hold", "initial-norm"), ("over_rotation_below", .number(factor)),
          ("first_step_judged", .number(Double(burnIn + 1))), ("planned", held(planned)),
          ("initial_norm", .optional(found?.norm)), ("achieved", found.map { held($0.run) } ?? .null),
        ])
    case .warmup(let found, let factor):
      return JSONValue(
        common + [
          ("hold", "warmup"), ("over_rotation_below", .number(factor)),
          ("first_step_judged", .number(Double(burnIn + 1))), ("planned", held(planned)),
          ("warmup_steps", .optional(found.map { Double($0.steps) })),
          ("achieved", found.map { held($0.run) } ?? .null),
        ])
    }
  }

  /// The weight decay of every step; nil where the answer is another.
  public var scheduleFile: ScheduleFile? {
    guard case .decay(let schedule) = answer, schedule.helps else { return nil }
    let plan = trajectory.plan
    return ScheduleFile(
      "Weight decay with which \(trajectory.settings.title) turns as its rotational variant does.",
      schedule.weightDecay.enumerated().map { index, decay in
        .init(step: index + 1, learningRate: plan.step(after: index).learningRate, weightDecay: decay)
      })
  }
}
