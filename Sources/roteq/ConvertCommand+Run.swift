import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import RunConfigurations

// What `convert` does with a whole run: predicted, logged, or held by another schedule.
extension ConvertCommand {
  func convention() throws -> DecayConvention { try choice("decay convention", decayConvention) }

  /// The plan of the run, its decay as its convention writes it; `warmup` replaces the one asked for.
  private func runPlan(_ settings: Settings, warmup: Int? = nil) throws -> RunPlan {
    let (η, λ) = (settings.values[.learningRate] ?? .nan, settings.values[.weightDecay] ?? .nan)
    let convention = try convention()
    return try plan.plan(
      learningRate: η, weightDecay: convention.weightDecay(fromCoupled: λ, peak: η), convention: convention,
      warmup: warmup)
  }

  /// The baseline's run.
  private func trajectory(_ optimizer: Optimizer, _ values: [Symbol: Double]) throws -> Trajectory {
    var known = values
    guard let dimension = known[.dimension] else {
      throw Failure("missing --dimension: the run needs the dimension C (fan-in) of the weight", .usage)
    }
    let start = try start.start(known, dimension: dimension)
    known[.initialNorm] = start.norm
    optimizer.addKurtosis(to: &known)
    let kind: WeightKind = weight.scaleSensitive ? .scaleSensitive : .scaleInvariant
    let trace = try gradient.trace(layer: nil, steps: plan.requiredSteps(), known: known, weight: kind)
    if let trace {
      known.merge(TrajectoryCommand.reference(trace, start.norm, kind, steps: try plan.requiredSteps())) {
        given, _ in given
      }
    }
    var settings = try weight.settings(optimizer, known)
    settings.initialDistribution = start.distribution
    let plan = try runPlan(settings)
    do throws(TrajectoryError) { return try Trajectory(settings, plan, gradient: trace) } catch {
      throw TrajectoryCommand.failure(error, layer: nil)
    }
  }

  /// What the whole run says of a conversion; nil where no run is described.
  func runMatch(_ conversion: Conversion, _ known: [Symbol: Double]) throws -> RotationMatchReport? {
    if plan.steps == nil {
      let ofRun =
        plan.given + [
          ("-o", schedulePath != nil), ("--initialization", start.initialization != nil),
          ("--gradient", gradient.gradient != nil), ("--gradient-schedule", gradient.gradientSchedule != nil),
        ]
      if let flag = ofRun.first(where: \.1)?.0 {
        throw Failure("\(flag) needs --steps: the run needs its number of steps", .usage)
      }
    }
    guard overRotation == nil else { throw Failure("--over-rotation needs --hold", .usage) }
    guard plan.steps != nil, measuredRotation == nil else { return nil }
    try requireOwnVariant(conversion)
    return try runMatch(trajectory(conversion.source.optimizer, known))
  }

  /// The rotational variant that turns as a run does; its schedule is written where asked for.
  func runMatch(_ trajectory: Trajectory) throws -> RotationMatchReport {
    let (report, file): (RotationMatchReport, ScheduleFile?)
    do throws(TrajectoryError) {
      report = RotationMatchReport(try RotationMatch(trajectory))
      file = schedulePath == nil ? nil : try report.scheduleFile()
    } catch { throw TrajectoryCommand.failure(error, layer: nil) }
    try writeSchedule(file)
    return report
  }

  /// What a logged rotation says of a conversion.
  func measurement(of conversion: Conversion) throws -> MeasuredRotationReport? {
    guard let path = measuredRotation else { return nil }
    try requireOwnVariant(conversion)
    guard schedulePath == nil else {
      throw Failure("-o needs a predicted run; leave --measured-rotation out", .usage)
    }
    let table = try InputFile.table(path, using: ["rotation"])
    let (steps, rotations): ([Double], [Double])
    do { (steps, rotations) = (try table.required("step"), try table.required("rotation")) } catch {
      throw Failure("\(error)", .badData)
    }
    let runPlan = try runPlan(conversion.source)
    for row in steps.indices {
      let place = "\(path):\(table.line(ofRow: row))"
      guard steps[row] >= 1, steps[row] <= Double(runPlan.steps), steps[row] == steps[row].rounded() else {
        throw Failure(
          "\(place): step \(steps[row]) is not in the run, expected 1 to \(runPlan.steps)", .badData)
      }
      guard row == 0 || steps[row] > steps[row - 1] else {
        throw Failure("\(place): step \(steps[row]) after \(steps[row - 1]), expected rising steps", .badData)
      }
      guard rotations[row] > 0, rotations[row] <= .pi else {
        throw Failure(
          "\(place): rotation \(rotations[row]) is not allowed, expected radians above 0, at most π", .badData
        )
      }
    }
    guard let measured = MeasuredRotation(conversion.source, runPlan, steps: steps, rotations: rotations)
    else {
      throw Failure("\(path): Table 1 has no rotation for these settings at the logged steps", .badData)
    }
    return MeasuredRotationReport(measured, weightDecay: runPlan.weightDecay)
  }

  private func requireOwnVariant(_ conversion: Conversion) throws {
    guard conversion.isRotational, conversion.source.optimizer == conversion.target.optimizer else {
      throw Failure(
        "a run is matched by the optimizer's own rotational variant: --to rv-\(conversion.source.optimizer.identifier)",
        .usage)
    }
  }

  private func writeSchedule(_ file: ScheduleFile?) throws {
    guard let path = schedulePath else { return }
    guard path.hasSuffix(".csv") || path.hasSuffix(".py") else {
      throw Failure("-o: '\(path)' has no known ending, expected FILE.csv or FILE.py", .usage)
    }
    guard let file else {
      throw Failure("-o: no schedule was found to write; --hold decay finds one where it helps", .usage)
    }
    if path.hasSuffix(".csv") {
      try OutputFile.write(file.csv, to: path)
    } else {
      try OutputFile.write(file.python, to: path)
    }
  }

  /// From a rotational variant to its optimizer.
  func holdRotation(_ source: ConversionTarget, _ target: ConversionTarget) throws {
    guard source.isRotational, !target.isRotational, source.optimizer == target.optimizer else {
      throw Failure(
        "the rotation of a variant is held by its own optimizer: --from rv-\(source.optimizer.identifier) --to \(source.optimizer.identifier)",
        .usage)
    }
    guard let hold else {
      throw Failure(
        "missing --hold: from a rotational variant, say what is to change: \(Hold.allCases.map(\.rawValue).joined(separator: ", "))",
        .usage)
    }
    let kind: Hold = try choice("hold", hold)
    let factor = try overRotation.map {
      try parseNumber($0, flag: "--over-rotation", expected: "a number above 1")
    }
    if let factor, !(factor > 1 && factor.isFinite) {
      throw Failure("--over-rotation: \(factor) is not allowed, expected a number above 1", .usage)
    }
    if kind == .decay, overRotation != nil {
      throw Failure("--over-rotation does not go with --hold decay, which holds the rotation itself", .usage)
    }
    var known = try values.values()
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    if let given = known[.weightDecay], let peak = known[.learningRate] {
      known[.weightDecay] = try convention().coupled(fromWeightDecay: given, peak: peak)
    }
    let trajectory = try trajectory(source.optimizer, known)
    let control = RotationControl(trajectory)
    let limit = factor ?? 1.2
    let warmups = kind == .warmup ? try warmupPlans(trajectory.settings) : nil
    let report: RotationControlReport
    do throws(TrajectoryError) {
      let planned = try control.extremes(trajectory)
      let answer: RotationControlReport.Answer
      switch kind {
      case .decay: answer = .decay(try control.decaySchedule())
      case .initialNorm: answer = .initialNorm(try control.initialNorm(keepingBelow: limit), below: limit)
      case .warmup:
        answer = .warmup(
          try control.warmup(keepingBelow: limit) { warmups?($0) ?? trajectory.plan }, below: limit)
      }
      report = RotationControlReport(trajectory, answer, planned: planned, burnIn: control.burnIn)
    } catch { throw TrajectoryCommand.failure(error, layer: nil) }
    try writeSchedule(report.scheduleFile)
    output.print(report.output)
  }

  /// The plan for each length of the warmup, tried at both ends so that none in between can fail.
  private func warmupPlans(_ settings: Settings) throws -> (Int) -> RunPlan? {
    let steps = try plan.requiredSteps()
    for warmup in [0, steps - 1] { _ = try runPlan(settings, warmup: warmup) }
    return { try? runPlan(settings, warmup: $0) }
  }
}
