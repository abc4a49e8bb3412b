import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import RunConfigurations

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Move settings to another optimizer or to a rotational variant (RV).",
    discussion: """
      EXAMPLES
        roteq convert --from adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 \\
            --to rv-adamw
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion \\
            --match diffusion
        roteq convert --from adamw --lr 1e-3 --weight-decay 1e-4 \\
            --decay-convention decoupled --to adamw
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --dimension 768 \\
            --to sgdm --to-momentum 0.9 --gradient-norm 0.02
        roteq convert --from adamw --lr 5e-4 --weight-decay 1e-4 --beta2 0.98 --to rv-adamw \\
            --schedule cosine --warmup 4000 --steps 22021 --dimension 512 --initial-norm 1
        roteq convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --to adamw --hold warmup --over-rotation 2 \\
            --schedule cosine --steps 50000 --dimension 768 --initialization default

      With --steps the whole run of the baseline is predicted and the rotational variant matched to it; -o writes the \
      schedule that matches every step, as CSV or as PyTorch code. From a rotational variant to its optimizer, --hold \
      finds the weight decay schedule, the initial norm or the warmup that keeps the rotation in equilibrium.

      MATCHES
        rotation-and-update   η_g and η_r: the same single step
        diffusion             τ_g and τ_r: the same long-run speed
        product               η_g and ηλ: the same update and the same memory of 1/(ηλ) steps
      """)

  @Option(help: "Optimizer of the given settings, or its rotational variant.") var from: String
  @Option(help: "Target: \(ConversionTarget.known.joined(separator: ", ")).") var to: String
  @Option(help: "What stays the same: \(Match.allCases.map(\.rawValue).joined(separator: ", ")).")
  var match: String = Match.rotationAndUpdate.rawValue
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @Option(
    help:
      "What the given weight decay means: \(DecayConvention.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var decayConvention: String = DecayConvention.coupled.rawValue
  @Option(help: "What the target's weight decay is to mean.")
  var toDecayConvention: String = DecayConvention.coupled.rawValue
  @Option(parsing: .unconditional, help: "The target's momentum α.") var toMomentum: String?
  @Option(parsing: .unconditional, help: "The target's first moment coefficient β₁.") var toBeta1: String?
  @Option(parsing: .unconditional, help: "The target's second moment coefficient β₂.") var toBeta2: String?
  @OptionGroup(title: "Run") var plan: RunOptions
  @OptionGroup(title: "Run") var start: StartOptions
  @OptionGroup(title: "Gradient") var gradient: GradientOptions
  @Option(
    help: "CSV of the baseline's logged rotation, columns step and rotation (radians).", completion: .file())
  var measuredRotation: String?
  @Option(
    help:
      "From a rotational variant: what is changed, \(Hold.allCases.map(\.rawValue).joined(separator: ", ")).")
  var hold: String?
  @Option(help: "With --hold: the largest rotation over its equilibrium. (default: 1.2)")
  var overRotation: String?
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Write the weight decay of every step here: FILE.csv or FILE.py.",
    completion: .file())
  var schedulePath: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  /// What is changed so that a standard optimizer turns as its rotational variant.
  enum Hold: String, CaseIterable {
    case decay, warmup
    case initialNorm = "initial-norm"
  }

  func run() throws {
    let given = try ConversionTarget(from)
    let source = given.optimizer
    let target = try ConversionTarget(to)
    if given.isRotational || hold != nil {
      return try holdRotation(given, target)
    }
    let match: Match = try choice("match", self.match)
    let conventions: (DecayConvention, DecayConvention) = (
      try choice("decay convention", decayConvention), try choice("decay convention", toDecayConvention)
    )
    for (optimizer, convention) in [(source, conventions.0), (target.optimizer, conventions.1)]
    where convention != .coupled && !optimizer.decouplesDecay {
      throw Failure(
        "decay convention '\(convention.rawValue)' does not apply to \(optimizer.title), whose decay is part of the gradient",
        .usage)
    }
    var known = try values.values()
    if let given = known[.weightDecay], let peak = known[.learningRate] {
      known[.weightDecay] = conventions.0.coupled(fromWeightDecay: given, peak: peak)
    }
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    let settings = try weight.settings(source, known)
    var own: [Symbol: Double] = [:]
    for (flag, symbol, text) in [
      ("--to-momentum", Symbol.momentum, toMomentum), ("--to-beta1", .beta1, toBeta1),
      ("--to-beta2", .beta2, toBeta2),
    ] {
      guard let text else { continue }
      guard target.optimizer.hyperparameters.contains(where: { $0.symbol == symbol }) else {
        throw Failure("\(flag): \(target.optimizer.title) has no \(symbol.meaning) \(symbol.plain)", .usage)
      }
      own[symbol] = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: false
      )
    }
    let conversion: Conversion
    do {
      conversion = try Conversion(
        from: settings, to: target.optimizer, rotational: target.isRotational, with: own, by: match,
        conventions: conventions)
    } catch {
      throw ConvertCommand.failure(error)
    }
    output.print(
      ConversionReport(
        conversion, run: try runMatch(conversion, known), measured: try measurement(of: conversion)
      ).output)
  }

  // MARK: The whole run

  private func convention() throws -> DecayConvention { try choice("decay convention", decayConvention) }

  /// The plan of the run, its decay as its convention writes it.
  private func runPlan(_ settings: Settings) throws -> RunPlan {
    let (η, λ) = (settings.values[.learningRate] ?? .nan, settings.values[.weightDecay] ?? .nan)
    let convention = try convention()
    return try plan.plan(
      learningRate: η, weightDecay: convention.weightDecay(fromCoupled: λ, peak: η), convention: convention)
  }

  /// The baseline's run.
  private func trajectory(_ optimizer: Optimizer, _ values: [Symbol: Double]) throws -> Trajectory {
    var known = values
    guard let dimension = known[.dimension] else {
      throw Failure("missing --dimension: the run needs the dimension C (fan-in) of the weight", .usage)
    }
    let norm = try start.norm(known, dimension: dimension)
    known[.initialNorm] = norm
    if optimizer.answersToKurtosis { known[.gradientKurtosis] = known[.gradientKurtosis] ?? 0 }
    let kind: WeightKind = weight.scaleSensitive ? .scaleSensitive : .scaleInvariant
    let trace = try gradient.trace(layer: nil, steps: plan.requiredSteps(), known: known, weight: kind)
    if let trace {
      known.merge(TrajectoryCommand.reference(trace, norm, kind)) { given, _ in given }
    }
    let settings = try weight.settings(optimizer, known)
    let plan = try runPlan(settings)
    do throws(TrajectoryError) { return try Trajectory(settings, plan, gradient: trace) } catch {
      throw TrajectoryCommand.failure(error, layer: nil)
    }
  }

  /// What the whole run says of a conversion; nil where no run is described.
  private func runMatch(_ conversion: Conversion, _ known: [Symbol: Double]) throws -> RotationMatchReport? {
    guard plan.steps != nil, measuredRotation == nil else {
      guard measuredRotation != nil || (plan.schedule == nil && schedulePath == nil) else {
        throw Failure("missing --steps: the run needs its number of steps", .usage)
      }
      return nil
    }
    try requireOwnVariant(conversion)
    let trajectory = try trajectory(conversion.source.optimizer, known)
    let (report, file): (RotationMatchReport, ScheduleFile?)
    do throws(TrajectoryError) {
      report = RotationMatchReport(try RotationMatch(trajectory))
      file = schedulePath == nil ? nil : try report.scheduleFile()
    } catch { throw TrajectoryCommand.failure(error, layer: nil) }
    try writeSchedule(file)
    return report
  }

  /// What a logged rotation says of a conversion.
  private func measurement(of conversion: Conversion) throws -> MeasuredRotationReport? {
    guard let path = measuredRotation else { return nil }
    try requireOwnVariant(conversion)
    guard schedulePath == nil else {
      throw Failure("-o needs a predicted run; leave --measured-rotation out", .usage)
    }
    let table = try InputFile.table(path)
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
      throw Failure("-o: there is no schedule to write; only --hold decay finds one", .usage)
    }
    try OutputFile.write(path.hasSuffix(".csv") ? file.csv : file.python, to: path)
  }

  /// From a rotational variant to its optimizer.
  private func holdRotation(_ source: ConversionTarget, _ target: ConversionTarget) throws {
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
      let planned = try trajectory.worstOverRotation()
      let answer: RotationControlReport.Answer
      switch kind {
      case .decay: answer = .decay(try control.decaySchedule())
      case .initialNorm: answer = .initialNorm(try control.initialNorm(keepingBelow: limit), below: limit)
      case .warmup:
        answer = .warmup(
          try control.warmup(keepingBelow: limit) { warmups?($0) ?? trajectory.plan }, below: limit)
      }
      report = RotationControlReport(trajectory, answer, planned: planned)
    } catch { throw TrajectoryCommand.failure(error, layer: nil) }
    try writeSchedule(report.scheduleFile)
    output.print(report.output)
  }

  /// The plan for each length of the warmup, tried at both ends so that none in between can fail.
  private func warmupPlans(_ settings: Settings) throws -> (Int) -> RunPlan? {
    let (η, λ) = (settings.values[.learningRate] ?? .nan, settings.values[.weightDecay] ?? .nan)
    let convention = try convention()
    let decay = convention.weightDecay(fromCoupled: λ, peak: η)
    func runPlan(_ warmup: Int) throws -> RunPlan {
      try plan.plan(learningRate: η, weightDecay: decay, convention: convention, warmup: warmup)
    }
    let steps = try plan.requiredSteps()
    for warmup in [0, steps - 1] { _ = try runPlan(warmup) }
    return { try? runPlan($0) }
  }

  private static func failure(_ error: MatchingError) -> Failure {
    guard case .missing(let symbols) = error else { return Failure(error.description, .usage) }
    let flags = symbols.map { $0 == .momentum ? "--to-momentum" : ValueOptions.flag(of: $0) }
    let names = symbols.map { "\($0.meaning) \($0.plain)" }
    return Failure(
      "missing \(flags.joined(separator: ", ")): the conversion needs the \(names.joined(separator: ", "))",
      .usage)
  }
}

/// What `--to` names: an optimizer, or its rotational variant.
struct ConversionTarget {
  let optimizer: Optimizer
  let isRotational: Bool

  /// Every target by name.
  static var known: [String] {
    Optimizer.catalogue.map { "rv-" + $0.identifier } + Optimizer.catalogue.map(\.identifier)
  }

  init(_ name: String) throws {
    isRotational = name.hasPrefix("rv-")
    guard let optimizer = Optimizer.named(isRotational ? String(name.dropFirst(3)) : name) else {
      throw Failure(unknown("target", name, among: Self.known), .usage)
    }
    self.optimizer = optimizer
  }
}

/// The case of that name, or a failure that suggests the nearest.
func choice<Choice: RawRepresentable<String> & CaseIterable>(_ kind: String, _ name: String) throws -> Choice
{
  if let choice = Choice(rawValue: name) { return choice }
  throw Failure(unknown(kind, name, among: Choice.allCases.map(\.rawValue)), .usage)
}
