import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import OutsideText
import Reports
import RunConfigurations

struct TrajectoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trajectory",
    abstract: "Predict norm and rotation at every step of a run, under its schedule.",
    discussion: """
      EXAMPLES
        roteq trajectory --optimizer adamw --lr 4.8e-3 --weight-decay 0.1 \\
            --beta2 0.95 --schedule cosine --warmup 250 --steps 5000 \\
            --dimension 768 --initial-norm 0.55 --plot
        roteq trajectory --config examples/gpt2-openwebtext.py -o run.svg
        roteq trajectory --optimizer adamw --lr 1e-3 --weight-decay 0.1 \\
            --steps 10000 --schedule wsd:decay=2000,warmup=500 \\
            --layers attn:768:default,mlp:3072:kaiming
        roteq trajectory --optimizer adamw --lr 3e-3 --weight-decay 0.2 \\
            --schedule cosine --warmup 200 --steps 4000 \\
            --layers hidden2:256:0.5786,hidden3:256:0.5755 \\
            --gradient examples/fashion-mnist-gradients.csv --gradient-window 10 \\
            --measured examples/fashion-mnist-measured.csv --measured-window 25

      The run is predicted twice: by the paper's recurrence (16), and by the second moments, which know the momentum \
      and the lag of Adam's v. Beside them stands the equilibrium of each step's hyperparameters.

      SCHEDULES, as factors of the peak; x is the share of the schedule that is over
      \(schedules)
        all but one-cycle: warmup=STEPS, warmup-from=FACTOR,
            warmup-prefix=0|1 (1: begins after the warmup), end=STEP
        FILE.csv: columns step and learning_rate, weight_decay or factor
      """)

  private static var schedules: String {
    ScheduleKind.catalogue.map { kind in
      let names = kind.name + (kind.alias.map { ", \($0)" } ?? "")
      let parameters = kind.parameters.map { "\n      \($0.name): \($0.meaning)" }.joined()
      return "  \(names): \(kind.summary)\(parameters)"
    }.joined(separator: "\n")
  }

  @Argument(
    help: "Configuration of the run instead of the flags below; --config says the same.", completion: .file())
  var config: String?
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @OptionGroup(title: "Parameters") var parameters: ParameterOptions
  @Option(help: "Layer of the configuration. (default: all)") var layer: String?
  @Option(help: "Optimizer.") var optimizer: OptimizerName?
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Start") var start: StartOptions
  @Option(help: "Several layers: NAME:C:NORM,…, the norm a number or an initialisation.")
  var layers: String?
  @OptionGroup(title: "Run") var plan: RunOptions
  @Option(
    help:
      "What the weight decay means: \(DecayConvention.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var decayConvention: String = DecayConvention.coupled.rawValue
  @OptionGroup(title: "Gradient") var gradient: GradientOptions
  @Option(parsing: .unconditional, help: "Of CSV and JSON, every N-th step only.") var every: String?
  @Option(
    help:
      "CSV of the logged run to compare with: columns step, norm and/or rotation (radians), where known layer.",
    completion: .file())
  var measured: String?
  @Option(
    parsing: .unconditional,
    help: "Steps that each logged rotation is the RMS of, the row's step being the last. (default: 1)")
  var measuredWindow: String?
  @Flag(help: "Draw norm and rotation on the terminal instead of printing a report.") var plot = false
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Draw norm and rotation here: FILE.svg, .pdf, .png, .tex or .gp.", completion: .file())
  var figurePath: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    if let figurePath { _ = try FigureFile.Format(path: figurePath) }
    guard !plot || output.format == .text else {
      throw Failure("--plot does not go with --format \(output.format.rawValue)", .usage)
    }
    let path = try configuration.path(config)
    if let growth = try growth(path) { return output.print(growth) }
    if layer != nil, path == nil { throw Failure("--layer needs --config", .usage) }
    let request = try path.map(configured) ?? given()
    try request.check()
    let every = try stride(request)
    if output.format == .csv, figurePath == nil {
      guard measured == nil else {
        throw Failure("--measured does not go with --format csv, which holds the prediction alone", .usage)
      }
      return try stream(request, every: every)
    }
    let report = TrajectoryReport(
      try follow(request, every: every), stepsPerEpoch: request.stepsPerEpoch, notes: request.notes)
    if let figurePath { try FigureFile.write(report.figure, to: figurePath, isFragment: output.fragment) }
    if plot {
      Standard.output.write(try FigureFile.terminal(report.figure))
    } else {
      output.print(report.output)
    }
  }

  /// Follows the layers; those that nothing but their name tells apart are followed once.
  private func follow(_ request: Request, every: Int) throws -> [TrajectoryReport.Layer] {
    var layers: [TrajectoryReport.Layer] = []
    var places: [Request.Layer.Key: Int] = [:]
    var progress = ProgressBar(total: request.steps * request.different)
    for layer in request.layers {
      let measured = try measuredRun(layer.name, steps: request.steps)
      let key = measured == nil ? layer.key : nil
      if let key, let place = places[key] {
        layers.append(layers[place].named(layer.name))
        continue
      }
      do throws(TrajectoryError) {
        let trajectory = try Trajectory(layer.settings, layer.plan, gradient: layer.gradient)
        layers.append(
          try TrajectoryReport.Layer(trajectory, name: layer.name, every: every, measured: measured) {
            progress.advance(by: $0)
          }
        )
      } catch { throw Self.failure(error, layer: layer.name) }
      if let key { places[key] = layers.count - 1 }
    }
    progress.finish()
    return layers
  }

  /// Documents show a dozen steps of a thousand that are kept; data shows all, as long as nobody would wait for them.
  private func stride(_ request: Request) throws -> Int {
    let (all, most) = (request.steps.multipliedReportingOverflow(by: request.layers.count), 400_000)
    let isWhole = output.format == .json || figurePath != nil && output.format == .csv
    if let every {
      let every = try wholeNumber(every, flag: "--every", from: 1)
      guard !isWhole || !all.overflow && all.partialValue / every <= most else {
        throw Failure(
          "--every: \(every) keeps more than \(most) points, expected fewer with --format \(output.format.rawValue); --format csv without -o writes any number",
          .usage)
      }
      return every
    }
    let isData = output.format == .csv || output.format == .json
    let every = all.overflow ? request.steps : max(1, (all.partialValue + most / 4 - 1) / (most / 4))
    guard isData else { return max(every, request.steps / 1000, 1) }
    if every > 1 {
      let hint: Written<TerminalText> = "Written is every \(every)th step; --every N chooses others.\n"
      Standard.error.write("roteq: " + hint)
    }
    return every
  }

  /// Writes the series row by row, so that no run is too long.
  private func stream(_ request: Request, every: Int) throws {
    var trajectories: [(name: String, trajectory: Trajectory)] = []
    for layer in request.layers {
      do throws(TrajectoryError) {
        let trajectory = try Trajectory(layer.settings, layer.plan, gradient: layer.gradient)
        // A run that diverges is refused before the first row.
        _ = try trajectory.finalNorm()
        trajectories.append((layer.name ?? "", trajectory))
      } catch { throw Self.failure(error, layer: layer.name) }
    }
    let isNamed = trajectories.count > 1
    let writer = RowWriter(columns: TrajectoryReport.seriesColumns(named: isNamed), format: output)
    for (name, trajectory) in trajectories {
      do throws(TrajectoryError) {
        try trajectory.forEach { point in
          guard (point.step - 1) % every == 0 else { return }
          writer.write(TrajectoryReport.seriesRow(point, name: isNamed ? name : nil))
        }
      } catch { throw Self.failure(error, layer: name) }
    }
    writer.finish()
  }

  /// What was logged of a layer.
  private func measuredRun(_ layer: String?, steps: Int) throws -> MeasuredRun? {
    let window = try measuredWindow.map { try wholeNumber($0, flag: "--measured-window", from: 1) } ?? 1
    guard let path = measured else {
      guard measuredWindow == nil else { throw Failure("--measured-window needs --measured", .usage) }
      return nil
    }
    do {
      let table = try InputFile.table(path, using: ["norm", "rotation"], layer: layer)
      let logged = try table.required("step")
      let (norms, rotations) = (try table.column("norm"), try table.column("rotation"))
      if norms == nil, rotations == nil { _ = try table.first(of: ["norm", "rotation"]) }
      for row in logged.indices {
        let place = "\(path):\(table.line(ofRow: row))"
        guard logged[row] >= 1, logged[row] <= Double(steps), logged[row] == logged[row].rounded() else {
          throw Failure(
            "\(place): step \(Numbers.full(logged[row])) is not in the run, expected 1 to \(steps)", .badData)
        }
        guard row == 0 || logged[row] > logged[row - 1] else {
          throw Failure(
            "\(place): step \(Numbers.full(logged[row])) after \(Numbers.full(logged[row - 1])), expected rising steps",
            .badData)
        }
        // Beyond these the deviation of a prediction is no number any more.
        let sound = 1e-100...1e100
        if let norm = norms?[row], !sound.contains(norm) {
          throw Failure("\(place): norm \(norm), expected a number from 1e-100 to 1e100", .badData)
        }
        if let rotation = rotations?[row], rotation != 0, !sound.contains(rotation) {
          throw Failure(
            "\(place): rotation \(rotation), expected 0 or a number from 1e-100 to 1e100", .badData)
        }
      }
      return MeasuredRun(steps: logged, norms: norms, rotations: rotations, window: window)
    } catch let error as TableError { throw Failure(error.description, .badData) }
  }

  static func failure(_ error: TrajectoryError, layer: String?) -> Failure {
    let place = layer.map { "\($0): " } ?? ""
    guard case .missing(let symbols) = error else { return Failure(place + error.description, .badData) }
    let flags = symbols.map(ValueOptions.flag).joined(separator: ", ")
    return Failure("missing \(flags): \(place)\(error)", .usage)
  }
}
