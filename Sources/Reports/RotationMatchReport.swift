import Dynamics
import Equilibrium
import Formulas

/// What a conversion to a rotational variant adds where the whole run is known.
public struct RotationMatchReport: Sendable {
  private let match: RotationMatch

  /// The report on a match.
  public init(_ match: RotationMatch) { self.match = match }

  private var summary: TrajectorySummary { match.summary }
  private var plan: RunPlan { match.baseline.plan }

  /// The blocks for a document.
  public var blocks: [Block] {
    [
      .heading(2, "Over the whole run"), .paragraph(advice), .table(table),
      .list(
        [
          Prose(
            "Mean and RMS are those of the rotation over the run's steps, as the second moments predict the baseline; the variant's are Table 1 under the same schedule. The same mean keeps the length of the path, the same RMS the distance diffused."
          ),
          Prose(
            "The baseline is out of equilibrium for \(percent(summary.shareOutOfEquilibrium)) of the run\(worst)."
          ),
          Prose(
            "A constant weight decay matches the run as a whole. The exact schedule, -o FILE.csv or FILE.py, matches every step: \(formula)."
          ),
        ]),
    ]
  }

  private var formula: String {
    switch match.baseline.settings.optimizer.identifier {
    case "adamw": "λ_RV(t) = η_r(t)²(1 + β₁)/(2η_t(1 − β₁))"
    default: "λ_RV(t) solves η̂_r(η_t, λ_RV(t)) = η_r(t)"
    }
  }

  private var worst: String {
    summary.overRotation.map {
      " (worst over-rotation \(Numbers.short($0.factor, digits: 3)) at step \(Numbers.short(Double($0.step))))"
    } ?? ""
  }

  private var advice: Prose {
    let matched = Numbers.short(decay(match.meanFactor), digits: 3)
    switch match.advice {
    case .zeroShot:
      let transient =
        RotationMatch.zeroShotRange.contains(match.rmsFactor)
        ? ""
        : " Its transient turns much faster, as the RMS shows; the exact schedule follows that, too."
      return Prose(
        "Use the zero-shot settings: their mean rotation over the run is that of the baseline to within √2 (matched weight decay \(Numbers.short(match.meanFactor, digits: 3)) times the given one; decays are tuned by factors of two).\(transient)"
      )
    case .matched:
      return Prose(
        "Use the matched weight decay \(matched): the baseline's mean rotation is \(Numbers.short(meanRatio, digits: 3)) times that of the zero-shot settings."
      )
    case .never:
      return Prose(
        "Do not use the zero-shot settings: the baseline never reaches equilibrium, and they would turn at a rate that it never had. Start from the matched weight decay \(matched)."
      )
    }
  }

  private var meanRatio: Double { summary.meanRotation / summary.rotationalVariant.mean }
  private func decay(_ factor: Double) -> Double { plan.weightDecay * factor }
  private func percent(_ share: Double) -> String { Numbers.short(share * 100, digits: 3) + " %" }

  private var table: Table {
    let rows: [(String, Double, Double, Double)] = [
      ("zero-shot", 1, summary.rotationalVariant.mean, summary.rotationalVariant.rms),
      ("matched mean", match.meanFactor, summary.meanRotation, .nan),
      ("matched RMS", match.rmsFactor, .nan, summary.rmsRotation),
      ("baseline", .nan, summary.meanRotation, summary.rmsRotation),
    ]
    return Table(
      caption: "Weight decay of the rotational variant",
      columns: [
        Table.Column("settings", name: "settings", isNumeric: false),
        Table.Column("weight decay", name: "weight_decay"), Table.Column("factor", name: "factor"),
        Table.Column("mean rotation (rad)", name: "mean_rotation"),
        Table.Column("RMS rotation (rad)", name: "rms_rotation"),
      ],
      rows: rows.map { name, factor, mean, rms in
        [.prose(Prose([.text(name)]))]
          + [decay(factor), factor, mean, rms].map { $0.isFinite ? .number($0) : .empty }
      })
  }

  /// The member for JSON.
  public var json: JSONValue {
    [
      "advice": .string(match.advice.rawValue),
      "zero_shot_weight_decay": .number(plan.weightDecay),
      "matched_mean": [
        "weight_decay": .number(decay(match.meanFactor)), "factor": .number(match.meanFactor),
      ],
      "matched_rms": ["weight_decay": .number(decay(match.rmsFactor)), "factor": .number(match.rmsFactor)],
      "baseline": [
        "mean_rotation": .number(summary.meanRotation), "rms_rotation": .number(summary.rmsRotation),
        "share_out_of_equilibrium": .number(summary.shareOutOfEquilibrium),
        "reaches_equilibrium": .bool(summary.reachesEquilibrium),
      ],
      "zero_shot": [
        "mean_rotation": .number(summary.rotationalVariant.mean),
        "rms_rotation": .number(summary.rotationalVariant.rms),
      ],
      "steps": .number(Double(plan.steps)), "schedule": .string(plan.learningRateSchedule.name),
    ]
  }

  /// λ_RV(t) of every step.
  public func scheduleFile() throws(TrajectoryError) -> ScheduleFile {
    var rows: [ScheduleFile.Row] = []
    rows.reserveCapacity(plan.steps)
    try match.forEach {
      rows.append(
        .init(
          step: $0.step, learningRate: $0.learningRate, weightDecay: $0.weightDecay, rotation: $0.rotation))
    }
    return ScheduleFile(
      "Weight decay with which RV-\(match.baseline.settings.title) turns at every step as \(match.baseline.settings.title) was predicted to.",
      rows)
  }
}
