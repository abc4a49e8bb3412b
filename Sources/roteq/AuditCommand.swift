import ArgumentParser
import Audits
import Checkpoints
import Equilibrium
import Formulas
import Parameters
import Reports
import RunConfigurations

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Hold a checkpoint against the predictions for its run.",
    discussion: """
      EXAMPLES
        roteq audit examples/transformer-step-1600.safetensors \\
            --config examples/transformer.yaml
        roteq audit examples/transformer-step-1600.safetensors \\
            --previous examples/transformer-step-1595.safetensors \\
            --config examples/transformer.yaml -o audit.svg
        roteq audit model.safetensors.index.json --config run.yaml --at-step 12000 \\
            --neurons model.layers.0.mlp.up_proj.weight --format csv

      For every tensor that decays: its norm against the equilibrium norm of that step, its rotation, when it will be in \
      equilibrium, and which weight decay its norm implies. With an earlier checkpoint: the angle that it turned, against \
      the predicted one, how evenly its neurons turn, and the weight decay that really acts. docs/audit.md explains each number.
      """)

  @Argument(
    help: "Checkpoint: FILE.safetensors, FILE.safetensors.index.json or their directory.", completion: .file()
  )
  var checkpoint: String
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @Option(parsing: .unconditional, help: "Steps of the run, where the configuration does not say.")
  var steps: String?
  @Option(
    help:
      "Checkpoint's step. (default: as its path or a trainer_state.json beside it says, or the end of the run)"
  )
  var atStep: String?
  @Option(help: "Earlier checkpoint of the same run.", completion: .file()) var previous: String?
  @Option(help: "Steps between the two. (default: by the steps that their paths say)") var stepsBetween:
    String?
  @Option(help: "List the neurons of this tensor.") var neurons: String?
  @Option(
    parsing: .unconditional, help: "RMS gradient norm √E‖g‖², where the optimizer's norm depends on it.")
  var gradientNorm: String?
  @Option(parsing: .unconditional, help: "RMS gradient norm at unit weight norm, √E‖g̃‖².")
  var unitGradientNorm: String?
  @OptionGroup(title: "Tensors") var tensors: TensorOptions
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Draw the distributions here: FILE.svg, .pdf, .png, .tex or .gp.", completion: .file())
  var figurePath: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    if let figurePath { _ = try FigureFile.Format(path: figurePath) }
    let report = try makeReport()
    if let figurePath { try FigureFile.write(report.figure, to: figurePath, isFragment: output.fragment) }
    output.print(report.output)
  }

  private func makeReport() throws -> AuditReport {
    guard let path = try configuration.path() else {
      throw Failure("missing --config: the audit needs the configuration of the run", .usage)
    }
    var run = try configuration.run(path, steps: steps)
    for (flag, symbol, text) in [
      ("--gradient-norm", Symbol.gradientPower, gradientNorm),
      ("--unit-gradient-norm", .unitGradientPower, unitGradientNorm),
    ] {
      guard let text else { continue }
      run.hyperparameters[symbol] = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: true)
    }
    return try AuditReader(checkpoint: checkpoint, previous: previous, tensors: tensors).report(
      on: run, atStep: atStep.map { try wholeNumber($0, flag: "--at-step", from: 1) },
      stepsBetween: stepsBetween.map { try wholeNumber($0, flag: "--steps-between", from: 1) },
      neurons: neurons)
  }
}

/// Reading checkpoints for an audit: on its own, or as a part of a report on a run.
struct AuditReader {
  let checkpoint: String
  let previous: String?
  let tensors: TensorOptions

  /// The audit of the checkpoint of a run.
  func report(
    on run: TrainingRun, atStep: Int? = nil, stepsBetween: Int? = nil, neurons: String? = nil
  ) throws -> AuditReport {
    let opened = try open(checkpoint)
    let earlier = try previous.map(open)
    guard stepsBetween == nil || earlier != nil else {
      throw Failure("--steps-between needs --previous", .usage)
    }
    let list = ParameterList(opened.listing, try tensors.rules(for: run))
    let (step, source) = step(of: run, given: atStep)
    let request = Audit.Request(
      run, list, opened, step: step, previous: earlier,
      stepsBetween: try earlier.map { _ in try between(given: stepsBetween, step: step, run) },
      initialNorms: try tensors.initialNorms(of: list), neuronsOf: neurons)
    let notes = run.notes + list.notes
    do throws(AuditError) {
      return AuditReport(try Audit(request), stepSource: source, notes: notes)
    } catch {
      switch error {
      case .checkpoint(let error):
        throw Failure(error.description, error.isMissingInput ? .noInput : .badData)
      case .step, .stepsBetween, .unknownTensor: throw Failure(error.description, .usage)
      default: throw Failure(error.description, .badData)
      }
    }
  }

  private func open(_ path: String) throws -> Checkpoint {
    try TensorOptions.reading { () throws(CheckpointError) in try Checkpoint(path: path) }
  }

  /// The step of the checkpoint and how it is known.
  private func step(of run: TrainingRun, given: Int?) -> (Int, String) {
    if let given { return (given, "as --at-step says") }
    if let told = CheckpointStep.told(by: checkpoint, stepsPerEpoch: run.stepsPerEpoch) {
      return (told, "as the name of the checkpoint says")
    }
    if let told = InputFile.trainerStep(beside: checkpoint) {
      return (told, "as trainer_state.json beside it says")
    }
    return (run.steps, "the end of the run, since nothing says otherwise (--at-step does)")
  }

  private func between(given: Int?, step: Int, _ run: TrainingRun) throws -> Int {
    if let given { return given }
    guard let previous,
      let before = CheckpointStep.told(by: previous, stepsPerEpoch: run.stepsPerEpoch)
        ?? InputFile.trainerStep(beside: previous)
    else {
      throw Failure("missing --steps-between: the name of \(previous ?? "") does not tell its step", .usage)
    }
    guard before < step else {
      throw Failure("--previous: \(previous) is of step \(before), expected one before step \(step)", .usage)
    }
    return step - before
  }
}
