import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RunConfigurations

/// The flags that say how hyperparameters change over a run.
struct RunOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Learning rate schedule: NAME, NAME:PARAMETER=VALUE,… or a CSV file. (default: constant)",
      discussion: "Names: \(ScheduleKind.catalogue.map(\.name).joined(separator: ", ")).",
      valueName: "schedule"))
  var schedule: String?
  @Option(parsing: .unconditional, help: "Steps of a linear warmup before the schedule.") var warmup: String?
  @Option(parsing: .unconditional, help: "Learning rate of the warmup's first step. (default: 0)")
  var warmupLr: String?
  @Option(parsing: .unconditional, help: "Learning rate at the end of the schedule. (default: 0)") var minLr:
    String?
  @Option(
    parsing: .unconditional,
    help: "Schedule of the weight decay beside that of the learning rate. (default: constant)")
  var decaySchedule: String?
  @Option(parsing: .unconditional, help: "Steps of the run.") var steps: String?
  @Option(parsing: .unconditional, help: "Steps an epoch, to print epochs as well.") var stepsPerEpoch:
    String?

  /// Each flag by name, and whether it was given.
  var given: [(String, Bool)] {
    [
      ("--schedule", schedule != nil), ("--warmup", warmup != nil), ("--warmup-lr", warmupLr != nil),
      ("--min-lr", minLr != nil), ("--decay-schedule", decaySchedule != nil), ("--steps", steps != nil),
      ("--steps-per-epoch", stepsPerEpoch != nil),
    ]
  }

  /// The number of steps, which the run needs.
  func requiredSteps() throws -> Int {
    guard let steps else { throw Failure("missing --steps: the run needs its number of steps", .usage) }
    return try wholeNumber(steps, flag: "--steps", from: 1)
  }

  /// Steps an epoch where given.
  func epoch() throws -> Double? {
    guard let stepsPerEpoch else { return nil }
    let value = try parseNumber(stepsPerEpoch, flag: "--steps-per-epoch", expected: "a number of at least 1")
    guard value >= 1, value.isFinite else {
      throw Failure("--steps-per-epoch: \(value) is not allowed, expected a number of at least 1", .usage)
    }
    return value
  }

  /// The learning rate of a table, which then needs no `--lr`; nil where the schedule is no such table.
  func peakOfTable() throws -> Double? {
    guard let schedule, let table = try Self.table(schedule) else { return nil }
    do { return try table.column("learning_rate")?.max() } catch { throw Failure("\(error)", .badData) }
  }

  /// The plan of a run with these peaks; `warmup` replaces the one asked for.
  func plan(
    learningRate: Double, weightDecay: Double, convention: DecayConvention = .coupled, warmup: Int? = nil
  ) throws -> RunPlan {
    let steps = try requiredSteps()
    return RunPlan(
      steps: steps, learningRate: learningRate,
      schedule: try learningRateSchedule(peak: learningRate, steps: steps, replacing: warmup),
      weightDecay: weightDecay,
      weightDecaySchedule: try Self.schedule(
        decaySchedule ?? "constant", flag: "--decay-schedule", steps: steps, column: "weight_decay",
        peak: weightDecay), convention: convention)
  }

  private func learningRateSchedule(
    peak: Double, steps: Int, replacing newWarmup: Int?
  ) throws -> Schedule {
    func share(_ text: String, _ flag: String) throws -> Double {
      let value = try parseNumber(text, flag: flag, expected: "a learning rate from 0 to the peak")
      guard value >= 0, value <= peak else {
        throw Failure(
          "\(flag): \(value) is not allowed, expected 0 to the peak learning rate \(peak)", .usage)
      }
      return value / peak
    }
    let text = schedule ?? "constant"
    if let table = try Self.table(text) {
      for (flag, isGiven) in [
        ("--warmup", warmup != nil), ("--warmup-lr", warmupLr != nil), ("--min-lr", minLr != nil),
      ] where isGiven { throw Failure("\(flag) does not go with a schedule from a file", .usage) }
      return try Self.schedule(of: table, column: "learning_rate", peak: peak)
    }
    var specification = try Self.specification(text, flag: "--schedule")
    if let newWarmup {
      specification.warmup = newWarmup
      if newWarmup == 0 { (specification.warmupFrom, specification.warmupPrefix) = (nil, nil) }
    } else if let warmup {
      guard specification.warmup == nil else {
        throw Failure("--warmup: the schedule already has warmup=\(specification.warmup ?? 0)", .usage)
      }
      specification.warmup = try wholeNumber(warmup, flag: "--warmup", from: 0)
    }
    if let warmupLr, newWarmup != 0 {
      guard specification.warmup ?? 0 > 0 else {
        throw Failure("--warmup-lr needs --warmup", .usage)
      }
      specification.warmupFrom = try share(warmupLr, "--warmup-lr")
    }
    if let minLr {
      guard ScheduleKind.named(specification.name)?.parameters.contains(where: { $0.name == "floor" }) == true
      else {
        throw Failure("--min-lr does not apply to the schedule '\(specification.name)'", .usage)
      }
      specification.parameters["floor"] = [try share(minLr, "--min-lr")]
    }
    return try Self.made(specification, flag: "--schedule", steps: steps)
  }

  /// A schedule by its text: the name of a kind, or of a file.
  static func schedule(
    _ text: String, flag: String, steps: Int, column: String, peak: Double
  ) throws -> Schedule {
    guard let table = try table(text) else {
      return try made(specification(text, flag: flag), flag: flag, steps: steps)
    }
    return try schedule(of: table, column: column, peak: peak)
  }

  /// A table as a schedule: its values are divided by the peak where the column is not `factor`.
  private static func schedule(of table: NumberTable, column: String, peak: Double) throws -> Schedule {
    do {
      let values = try table.first(of: ["factor", column])
      let divisor = values.name == "factor" ? 1 : peak
      if values.name == "factor" || column != "gradient_norm",
        let row = values.values.firstIndex(where: { $0 > divisor })
      {
        throw Failure(
          "\(table.path):\(table.line(ofRow: row)): \(values.name) is \(values.values[row]), above the peak \(divisor); expected at most that",
          .badData)
      }
      return try tabulated(table, values.values.map { $0 / divisor })
    } catch let error as TableError { throw Failure(error.description, .badData) }
  }

  /// A table's steps with values, as a schedule; a bad row is named by its line.
  static func tabulated(_ table: NumberTable, _ values: [Double], delay: Double = 0) throws -> Schedule {
    let steps: [Double]
    do { steps = try table.required("step").map { $0 - delay } } catch { throw Failure("\(error)", .badData) }
    do { return try Schedule.table(steps: steps, values: values, name: table.path) } catch {
      switch error {
      case .unsortedTable(let row, _, _), .tableValue(let row, _):
        let text = error.description.replacing("row \(row) has ", with: "")
        throw Failure("\(table.path):\(table.line(ofRow: row - 1)): \(text)", .badData)
      default: throw Failure("\(table.path): \(error)", .badData)
      }
    }
  }

  /// The table that the text names; nil where it names a schedule.
  private static func table(_ text: String) throws -> NumberTable? {
    guard text.lowercased().utf8.reversed().starts(with: ".csv".utf8.reversed()) else { return nil }
    return try InputFile.table(
      text, using: ["factor", "learning_rate", "weight_decay", "gradient_norm"])
  }

  private static func specification(_ text: String, flag: String) throws -> ScheduleSpecification {
    do { return try ScheduleSpecification(parsing: text, grows: flag == "--decay-schedule") } catch {
      if case .unknownSchedule(let name) = error {
        let known = ScheduleKind.catalogue.flatMap { [$0.name] + ($0.alias.map { [$0] } ?? []) }
        throw Failure("\(flag): \(unknown("schedule", name, among: known))", .usage)
      }
      throw Failure("\(flag): \(error)", .usage)
    }
  }

  private static func made(
    _ specification: ScheduleSpecification, flag: String, steps: Int
  ) throws -> Schedule {
    do { return try specification.schedule(steps: steps) } catch {
      throw Failure("\(flag): \(error)", .usage)
    }
  }
}

/// The flags that say what the gradient does over a run.
struct GradientOptions: ParsableArguments {
  @Option(
    help:
      "CSV of the logged gradient norm: columns step and gradient_norm (or unit_gradient_norm, ‖ω‖·‖g‖) of a neuron, and where known momentum_cosine, radial_decay and layer; docs/logging.md says how to average.",
    completion: .file())
  var gradient: String?
  @Option(help: "Weight vectors in the layer, where the logged norm is that of the whole layer.")
  var neurons: String?
  @Option(
    parsing: .unconditional,
    help: "Steps that each logged row is the mean of, the row's step being the last. (default: 1)")
  var gradientWindow: String?
  @Option(help: "Schedule of the gradient norm, as a factor of the given one.") var gradientSchedule: String?

  /// The gradient over a run of a layer; nil for the settings' own.
  func trace(layer: String?, steps: Int, known: [Symbol: Double], weight: WeightKind) throws -> GradientTrace?
  {
    guard let gradient else {
      guard neurons == nil else { throw Failure("--neurons needs --gradient", .usage) }
      guard gradientWindow == nil else { throw Failure("--gradient-window needs --gradient", .usage) }
      guard let gradientSchedule else { return nil }
      let schedule = try RunOptions.schedule(
        gradientSchedule, flag: "--gradient-schedule", steps: steps, column: "gradient_norm", peak: 1)
      let isInvariant = weight == .scaleInvariant
      let power = known[isInvariant ? .unitGradientPower : .gradientPower]
      return GradientTrace(
        constant: power?.squareRoot() ?? 1, following: schedule, reference: isInvariant ? .unitNorm : .weight)
    }
    guard gradientSchedule == nil else {
      throw Failure("--gradient-schedule does not go with --gradient, which holds the norm itself", .usage)
    }
    let count = try neuronCount()
    do {
      let table = try InputFile.table(
        gradient, using: ["gradient_norm", "unit_gradient_norm", "momentum_cosine", "radial_decay"],
        layer: layer)
      let column = try table.first(of: ["gradient_norm", "unit_gradient_norm"])
      // A mean over a window stands for its middle.
      let delay = Double(try window() - 1) / 2
      let norm = try RunOptions.tabulated(table, column.values.map { $0 / count.squareRoot() }, delay: delay)
      // Both may be negative, which no schedule is: they are followed above a bound.
      func signed(_ name: String, above bound: Double?) throws -> Schedule? {
        guard let values = try table.column(name), let lowest = bound ?? values.min() else { return nil }
        guard values.contains(where: { $0 > lowest }) else { return Schedule(name) { _ in lowest } }
        let above = try RunOptions.tabulated(table, values.map { $0 - lowest }, delay: delay)
        return Schedule(name) { lowest + above.factor(after: $0) }
      }
      if let cosines = try table.column("momentum_cosine"),
        let row = cosines.firstIndex(where: { abs($0) > 1 })
      {
        throw Failure(
          "\(gradient):\(table.line(ofRow: row)): momentum_cosine is \(cosines[row]), expected -1 to 1",
          .badData)
      }
      return GradientTrace(
        norm: norm, reference: column.name == "gradient_norm" ? .weight : .unitNorm,
        radialDecay: try signed("radial_decay", above: nil),
        momentumCosine: try signed("momentum_cosine", above: -1))
    } catch let error as TableError { throw Failure(error.description, .badData) }
  }

  private func window() throws -> Int {
    guard let gradientWindow else { return 1 }
    return try wholeNumber(gradientWindow, flag: "--gradient-window", from: 1)
  }

  private func neuronCount() throws -> Double {
    guard let neurons else { return 1 }
    let count = try parseNumber(neurons, flag: "--neurons", expected: "a whole number of at least 1")
    guard count >= 1, count.isFinite, count == count.rounded() else {
      throw Failure("--neurons: \(neurons) is not allowed, expected a whole number of at least 1", .usage)
    }
    return count
  }
}

/// A number of steps or the like, which may be written 1e6.
func wholeNumber(_ text: String, flag: String, from least: Int) throws -> Int {
  let most = 1_000_000_000
  let expected = "a whole number from \(least) to \(most)"
  let value = try parseNumber(text, flag: flag, expected: expected)
  guard value == value.rounded(), value >= Double(least), value <= Double(most) else {
    throw Failure("\(flag): \(text) is not allowed, expected \(expected)", .usage)
  }
  return Int(value)
}
