import ArgumentParser
import Audits
import Checkpoints
import Parameters
import Reports
import RunConfigurations

/// The flags that say when a checkpoint was written, and what it is compared with.
struct AuditOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help:
      "Step of the checkpoint. (default: as its path or a trainer_state.json beside it says, or the end of the run)"
  )
  var atStep: String?
  @Option(help: "Earlier checkpoint of the same run.", completion: .file()) var previous: String?
  @Option(
    parsing: .unconditional, help: "Steps between the two. (default: by the steps that their paths say)")
  var stepsBetween: String?

  /// Each flag by name, and whether it was given.
  var given: [(String, Bool)] {
    [("--at-step", atStep != nil), ("--previous", previous != nil), ("--steps-between", stepsBetween != nil)]
  }

  /// The audit of the checkpoint of a run.
  func report(
    on run: TrainingRun, checkpoint: String, tensors: TensorOptions, neurons: String? = nil
  ) throws -> AuditReport {
    let atStep = try atStep.map { try wholeNumber($0, flag: "--at-step", from: 1) }
    let stepsBetween = try stepsBetween.map { try wholeNumber($0, flag: "--steps-between", from: 1) }
    let opened = try open(checkpoint)
    let earlier = try previous.map(open)
    guard stepsBetween == nil || earlier != nil else {
      throw Failure("--steps-between needs --previous", .usage)
    }
    let list = ParameterList(opened.listing, try tensors.rules(for: run))
    let (step, source) = try step(of: run, checkpoint, given: atStep)
    let request = Audit.Request(
      run, list, opened, step: step, previous: earlier,
      stepsBetween: try earlier.map { _ in try between(given: stepsBetween, step: step, run) },
      initialNorms: try tensors.initialNorms(of: list), neuronsOf: neurons)
    let notes = run.notes + list.notes
    var warnings: [String] = []
    if let given = stepsBetween, let previous, let told = try? told(by: previous, run),
      let own = try? self.told(by: checkpoint, run), own - told != given
    {
      warnings.append(
        "--steps-between says \(given), the names of the checkpoints say steps \(told) and \(own), \(own - told) between them."
      )
    }
    do throws(AuditError) {
      return AuditReport(try Audit(request), stepSource: source, notes: notes, warnings: warnings)
    } catch {
      switch error {
      case .checkpoint(let error): throw Failure(error)
      case .step, .stepsBetween, .unknownTensor: throw Failure(error.description, .usage)
      default: throw Failure(error.description, .badData)
      }
    }
  }

  private func open(_ path: String) throws -> Checkpoint { try TensorOptions.open(path) }

  /// The step of the checkpoint and how it is known.
  private func step(of run: TrainingRun, _ checkpoint: String, given: Int?) throws -> (Int, String) {
    if let given { return (given, "as --at-step says") }
    if let told = try named(checkpoint, run, option: "--at-step") {
      return (told, "as the name of the checkpoint says")
    }
    if let told = InputFile.trainerStep(beside: checkpoint) {
      return (told, "as trainer_state.json beside it says")
    }
    return (run.steps, "the end of the run, since nothing says otherwise (--at-step does)")
  }

  /// The step of a checkpoint by its name or what is beside it.
  private func told(by path: String, _ run: TrainingRun) throws -> Int? {
    try named(path, run, option: "--steps-between") ?? InputFile.trainerStep(beside: path)
  }

  /// The step in the name of a checkpoint; refuses one that is there and no whole number.
  private func named(_ path: String, _ run: TrainingRun, option: String) throws -> Int? {
    switch CheckpointStep.told(by: path, stepsPerEpoch: run.stepsPerEpoch) {
    case .steps(let steps): return steps
    case .unreadable(let words):
      throw Failure("\(path): '\(words)' names no whole number of steps; give \(option)", .usage)
    case nil: return nil
    }
  }

  private func between(given: Int?, step: Int, _ run: TrainingRun) throws -> Int {
    if let given { return given }
    guard let previous, let before = try told(by: previous, run) else {
      throw Failure("missing --steps-between: the name of \(previous ?? "") does not tell its step", .usage)
    }
    guard before < step else {
      throw Failure("--previous: \(previous) is of step \(before), expected one before step \(step)", .usage)
    }
    return step - before
  }
}
