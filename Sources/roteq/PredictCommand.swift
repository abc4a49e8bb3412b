import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Reports
import RunConfigurations

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict norm and rotation in equilibrium, and how long it takes to get there.",
    discussion: """
      EXAMPLES
        roteq predict --optimizer adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 \\
            --dimension 768
        roteq predict --optimizer adamw --lr 6e-4 --weight-decay 0.1 \\
            --dimension 768 --initial-norm 0.55 --explain
        roteq predict --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 \\
            --dimension 144 --unit-gradient-norm 0.1
        roteq predict --config examples/gpt2-openwebtext.py
        roteq predict --config examples/gpt2-openwebtext.py --layer wte --explain
        roteq predict --optimizer adam-l2 --lr 8e-4 --weight-decay 1e-4 \\
            --gradient-moments moments.txt --format json
      """)

  @Option(help: "Optimizer; a configuration holds it.") var optimizer: OptimizerName?
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @OptionGroup(title: "Parameters") var parameters: ParameterOptions
  @Option(help: "Layer of the configuration. (default: all)") var layer: String?
  @Option(parsing: .unconditional, help: "Steps of the run, where the configuration does not say.")
  var steps: String?
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @Option(help: "Also the angle between the weight now and after this many steps.")
  var overSteps: Int?
  @Flag(help: "Show formula, numbers put in, source and assumptions of every number.")
  var explain = false
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    if let path = try configuration.path() { return try predict(path) }
    for (flag, isGiven) in [("--layer", layer != nil), ("--steps", steps != nil)] where isGiven {
      throw Failure("\(flag) needs --config", .usage)
    }
    guard let optimizer = try optimizer?.optimizer() else {
      throw Failure("missing --optimizer or --config: whose equilibrium is to be predicted", .usage)
    }
    let known = try values.values(allowsNoDecay: true)
    guard known[.dimension] != nil || weight.gradientMoments != nil else {
      throw Failure(
        "missing --dimension: the equilibrium norm needs the dimension C (fan-in) of the weight", .usage)
    }
    guard known[.weightDecay] != 0 else { return try predictGrowth(optimizer, known) }
    try predict(weight.settings(optimizer, known))
  }

  /// What is left to say of a weight without weight decay.
  private func predictGrowth(_ optimizer: Optimizer, _ known: [Symbol: Double]) throws {
    guard weight.gradientMoments == nil, overSteps == nil else {
      throw Failure(
        "--weight-decay: 0 has no equilibrium, which --gradient-moments and --over-steps are of", .usage)
    }
    let run = weight.run(optimizer, known)
    do {
      output.print(
        try GrowthReport(run, title: "\(optimizer.title): growth without weight decay", isRun: false).output)
    } catch {
      throw Failure("\(error)", .usage)
    }
  }

  private func predict(_ settings: Settings, of run: TrainingRun? = nil) throws {
    let over = try overSteps.map { (steps: $0, angle: try angle(over: $0, settings)) }
    let report = PredictionReport(Prediction(settings), explains: explain, rotationOverSteps: over).output
    if let run { output.print(report, of: run) } else { output.print(report) }
  }

  /// What is said of a run without weight decay.
  static func growth(_ run: TrainingRun, _ path: String, plan: RunPlan? = nil) throws -> Output {
    var run = run
    if run.layers.isEmpty, let dimension = run.hyperparameters[.dimension], dimension <= 0x1p53 {
      run.layers = [
        LayerShape(
          name: "weight", neurons: 1, dimension: Int(dimension),
          initialNorm: run.hyperparameters[.initialNorm])
      ]
    }
    do { return try GrowthReport(run, plan: plan).output } catch {
      throw Failure("\(path): \(error)", .badData)
    }
  }

  /// Every layer of a configuration, or one.
  private func predict(_ path: String) throws {
    let run = try configuration.run(
      path, steps: steps, parameters: parameters, values: values,
      held: [
        ("--optimizer", optimizer != nil), ("--nesterov", weight.nesterov),
        ("--scale-sensitive", weight.scaleSensitive), ("--gradient-moments", weight.gradientMoments != nil),
      ])
    if run.hyperparameters[.weightDecay] == 0 {
      if let shape = try run.layer(named: layer) {
        return output.print(try Self.growth(run.with([shape]), path))
      }
      return output.print(try Self.growth(run, path))
    }
    do {
      if let shape = try run.layer(named: layer) { return try predict(run.settings(for: shape), of: run) }
      if run.layers.isEmpty { return try predict(run.settings(), of: run) }
      for (flag, isGiven) in [("--explain", explain), ("--over-steps", overSteps != nil)] where isGiven {
        throw Failure("\(flag) needs --layer: the configuration has several", .usage)
      }
      if output.format == .csv { output.warn(of: run) }
      output.print(try RunReport(run, source: path).predictions)
    } catch let error as SettingsError { throw Failure("\(path): \(error)", .badData) }
  }

  private func angle(over steps: Int, _ settings: Settings) throws -> Double {
    guard (1...1_000_000_000).contains(steps) else {
      throw Failure("--over-steps: \(steps) is not allowed, expected 1 to 1000000000", .usage)
    }
    do {
      guard let angle = try settings.optimizer.rotationOverSteps?(steps, settings), angle.isFinite else {
        throw Failure("--over-steps: the rotation over steps is not known for these settings", .usage)
      }
      return angle
    } catch FormulaError.missing(let symbols) {
      let flags = symbols.map(ValueOptions.flag).joined(separator: ", ")
      throw Failure("--over-steps: missing \(flags)", .usage)
    }
  }
}
