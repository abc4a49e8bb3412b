import Dynamics
import Equilibrium
import Formulas
import RunConfigurations

// What the run was given, and what that means in plain words.
extension RunReport {
  var summary: [Prose] {
    var points: [Prose] = []
    if let memory {
      let decay = "the weight decay of \(settings.title)"
      points.append(
        Prose(
          memory < Double(run.steps)
            ? "At the peak learning rate, \(decay) makes the weights forget all but about the last \(Prose.steps(memory, of: run)): \(settings.timescaleFormula)\(coupled)."
            : "At the peak learning rate, \(decay) takes about \(Numbers.short(memory.rounded())) steps to forget, \(settings.timescaleFormula)\(coupled); the run has \(Numbers.short(Double(run.steps))), so the weights remember all of it."
        ))
    }
    if let rotation {
      let whose = hasOwnHyperparameters ? "with the run's own hyperparameters" : "whatever its layer"
      let caveat =
        !layers.isEmpty && layers.allSatisfy { $0.shape.kind != .scaleInvariant }
        ? " None of the layers is known to be followed by normalisation; for them this is an approximation."
        : ""
      points.append(
        Prose(
          "In equilibrium a normalised neuron turns by \(Numbers.short(rotation)) rad (\(Numbers.short(rotation * 180 / .pi, digits: 3))°) a step, \(whose).\(caveat)"
        ))
    }
    if let halfLife, let shareOfRun {
      let verdict =
        shareOfRun < 0.05
        ? "the run is long against its transient"
        : shareOfRun < 0.25
          ? "the transient is a visible part of the run" : "the run hardly reaches equilibrium, if at all"
      points.append(
        Prose(
          "A norm away from equilibrium halves its deviation in \(Prose.steps(halfLife, of: run)): \(verdict)."
        ))
    }
    if let worst = longestOut {
      points.append(
        Prose(
          "Under the schedule, the rotation is out of equilibrium (by more than 5 %) for \(Prose.percent(worst.layer.summary.shareOutOfEquilibrium)) of the run in \(worst.title), the longest of all layers followed."
        ))
    }
    if let worst = longestOut, worst.layer.summary.rotation.onlyPasses(halfLife: halfLife) {
      points.append(
        "It never settles there: the equilibrium of the changing learning rate only passes by.")
    }
    if let worst = fastest, let over = worst.layer.summary.overRotation, over.factor > 1.05 {
      points.append(
        Prose(
          "Early in the run \(worst.title) turns up to \(Numbers.short(over.factor, digits: 3)) times as fast as in equilibrium (step \(Numbers.short(Double(over.step))))."
        ))
    }
    if let worst = slowest, let under = worst.layer.summary.underRotation, under.factor < 0.8,
      under.step * 50 > run.steps
    {
      points.append(
        Prose(
          "\(worst.title) turns as slowly as \(Numbers.short(under.factor, digits: 2)) times its equilibrium rotation (step \(Numbers.short(Double(under.step))))."
        ))
    }
    if layers.isEmpty {
      points.append(
        "The configuration does not state the shapes of the layers: norms need them (--checkpoint or --shapes gives them); rotation and transient do not."
      )
    }
    return points
  }

  /// What λ means in a formula, where the run writes it otherwise.
  private var coupled: String {
    run.decayConvention == .coupled
      ? "" : " with λ = \(Numbers.short(settings.values[.weightDecay] ?? .nan)) in PyTorch's convention"
  }

  var hasOwnHyperparameters: Bool { layers.contains { !$0.shape.hyperparameters.isEmpty } }

  var settingsTable: Table {
    var rows: [[Table.Cell]] = [["optimizer", .prose(Prose(settings.title))]]
    for (symbol, coupled) in settings.hyperparameters where coupled != 0 || symbol == .momentum {
      let peak = symbol == .learningRate ? " (peak)" : ""
      let value = run.hyperparameters[symbol] ?? coupled
      rows.append([.prose("\(symbol.meaning) \(symbol)\(peak)"), .number(value)])
    }
    if run.decayConvention != .coupled {
      rows.append([
        "a step takes away", .prose(Prose("\(run.decayConvention.shrink) (\(run.decayConvention.rawValue))")),
      ])
    }
    for (symbol, name) in [
      (Symbol.gradientPower, "RMS gradient norm √E‖g‖², for every layer"),
      (.unitGradientPower, "RMS gradient norm at unit weight norm √E‖g̃‖², for every layer"),
    ] {
      if let power = run.hyperparameters[symbol] {
        rows.append([.prose(Prose(name)), .number(power.squareRoot())])
      }
    }
    rows.append(["schedule", .prose(Prose(run.schedule.summary))])
    rows.append(["steps", .number(Double(run.steps))])
    if let stepsPerEpoch = run.stepsPerEpoch {
      rows.append(["steps per epoch", .number(Double(stepsPerEpoch))])
    }
    return Table(
      columns: [
        Table.Column("setting", name: "setting", isNumeric: false), Table.Column("value", name: "value"),
      ], rows: rows)
  }
}

extension LearningRateSchedule {
  /// The schedule in words.
  var summary: String {
    switch self {
    case .named(let specification): specification.summary
    case .table(let table):
      "a table of \(table.steps.count) learning rates, steps \(table.steps.first ?? 0) to \(table.steps.last ?? 0)"
    }
  }
}

extension ScheduleSpecification {
  /// The schedule in words: `linear warmup over 250 steps, then cosine to 0.1 of the peak at step 5000`.
  fileprivate var summary: String {
    var words: [String] = []
    if let warmup {
      let start = warmupFrom.map { $0 > 0 ? " from \(Numbers.short($0)) of the peak" : "" } ?? ""
      words.append("linear warmup over \(warmup) steps\(start), then ")
    }
    words.append(name)
    if let floor = parameters["floor"]?.first {
      words.append(" to \(floor == 0 ? "0" : "\(Numbers.short(floor)) of the peak")")
    }
    let others = parameters.filter { $0.key != "floor" }.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value.map { Numbers.short($0) }.joined(separator: ", "))" }
    if !others.isEmpty { words.append(" (\(others.joined(separator: "; ")))") }
    if let end { words.append(" at step \(end)") }
    if let hold { words.append(", changed every \(hold) steps") }
    return words.joined()
  }
}
