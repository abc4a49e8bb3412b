import ArgumentParser
import Audits
import Checkpoints
import Parameters
import RunConfigurations

/// The flags that say what the tensors of a network are, where their names and shapes mislead.
struct TensorOptions: ParsableArguments {
  @Option(
    help:
      "Which tensors decay: \(DecayRule.allCases.map(\.rawValue).joined(separator: ", ")). (default: the configuration's)"
  )
  var decayRule: String?
  @Option(
    help: ArgumentHelp(
      "Tensors that decay, whatever the rule says: 'h.*.weight'. Repeatable.", valueName: "glob"))
  var decay: [String] = []
  @Option(
    help: ArgumentHelp(
      "Tensors that do not decay, whatever else says so: '*.bias'. Repeatable.", valueName: "glob"))
  var noDecay: [String] = []
  @Option(help: ArgumentHelp("Tensors that are stored [in, out]. Repeatable.", valueName: "glob"))
  var transposed: [String] = []
  @Option(
    name: .customLong("scale-invariant-tensors"),
    help: ArgumentHelp("Tensors that a normalisation follows. Repeatable.", valueName: "glob"))
  var scaleInvariant: [String] = []
  @Option(
    name: .customLong("scale-sensitive-tensors"),
    help: ArgumentHelp("Tensors that no normalisation follows. Repeatable.", valueName: "glob"))
  var scaleSensitive: [String] = []
  @Option(
    help: "Checkpoint of the first step, for the initial norms.", completion: .file())
  var initialCheckpoint: String?

  /// The rules, with the run's own where none is given.
  func rules(for run: TrainingRun) throws -> ParameterRules {
    var rule = run.decayRule
    if let decayRule {
      guard let known = DecayRule(rawValue: decayRule) else {
        throw Failure(
          "--decay-rule: \(unknown("rule", decayRule, among: DecayRule.allCases.map(\.rawValue)))", .usage)
      }
      rule = known
    }
    func globs(_ patterns: [String]) -> [Glob] { patterns.map { Glob($0) } }
    return ParameterRules(
      rule, decay: globs(decay), noDecay: globs(noDecay), transposed: globs(transposed),
      scaleInvariant: globs(scaleInvariant), scaleSensitive: globs(scaleSensitive))
  }

  /// The run with the layers of a list of tensors.
  ///
  /// What the configuration says of a layer is kept: its own learning rate and weight decay, its kind, its initial norm
  /// where no checkpoint of the first step gives it.
  func layers(_ list: ParameterList, from source: String, for run: TrainingRun) throws -> TrainingRun {
    var run = run
    let norms = try initialNorms(of: list)
    let stated = run.layers
    let rule = try rules(for: run).decayRule
    run.layers = list.layers(initialNorms: norms).map { $0.adopting(from: stated) }
    guard !run.layers.isEmpty else {
      throw Failure(
        "\(source): no tensor that decays and has weight vectors under the rule '\(rule.rawValue)'",
        .badData)
    }
    run.decayRule = rule
    run.notes += ["The layers are those of \(source)."] + list.notes.map { "\(source): \($0)" }
    run.warnings += list.warnings
    return run.withGroups()
  }

  /// The norms of the first step by tensor; none where no checkpoint of it is given.
  func initialNorms(of list: ParameterList) throws -> [String: Double] {
    guard let initialCheckpoint else { return [:] }
    let checkpoint = try Self.open(initialCheckpoint)
    return try Self.reading { () throws(CheckpointError) in try checkpoint.norms(of: list) }
  }

  /// The names of the flags that were given.
  var given: [String] {
    [
      ("--decay-rule", decayRule != nil), ("--decay", !decay.isEmpty), ("--no-decay", !noDecay.isEmpty),
      ("--transposed", !transposed.isEmpty), ("--scale-invariant-tensors", !scaleInvariant.isEmpty),
      ("--scale-sensitive-tensors", !scaleSensitive.isEmpty),
      ("--initial-checkpoint", initialCheckpoint != nil),
    ].filter(\.1).map(\.0)
  }

  /// A checkpoint, whose files are inputs from now on.
  static func open(_ path: String) throws -> Checkpoint {
    let checkpoint = try reading { () throws(CheckpointError) in try Checkpoint(path: path) }
    for file in Set(checkpoint.tensors.map(\.file.path) + [checkpoint.path, path]) { InputFile.note(file) }
    return checkpoint
  }

  /// What is read of a checkpoint, or a failure with the exit code that goes with it.
  static func reading<Value>(_ read: () throws(CheckpointError) -> Value) throws -> Value {
    do throws(CheckpointError) { return try read() } catch { throw Failure(error) }
  }
}

extension Failure {
  init(_ error: CheckpointError) {
    self.init(error.description, error.isMissingInput ? .noInput : .badData)
  }
}

/// The flags that give the layers of a run: a checkpoint or a short table.
struct ParameterOptions: ParsableArguments {
  @Option(
    help:
      "Checkpoint whose tensors are the layers: FILE.safetensors, FILE.safetensors.index.json or their directory.",
    completion: .file())
  var checkpoint: String?
  @Option(
    help:
      "CSV instead of a checkpoint: name,shape (768x3072), or name,neurons,dimension[,count,initial_norm,kind].",
    completion: .file())
  var shapes: String?
  @OptionGroup var tensors: TensorOptions

  /// The run with the layers that the flags give; the run as it is where none does.
  func layers(for run: TrainingRun) throws -> TrainingRun {
    guard checkpoint == nil || shapes == nil else {
      throw Failure("--checkpoint and --shapes do not go together", .usage)
    }
    if let shapes { return try layers(ofTable: shapes, for: run) }
    guard let path = checkpoint ?? tensors.initialCheckpoint else {
      if let flag = tensors.given.first { throw Failure("\(flag) needs --checkpoint or --shapes", .usage) }
      return run
    }
    let opened = try TensorOptions.open(path)
    let list = ParameterList(opened.listing, try tensors.rules(for: run))
    var result = try tensors.layers(list, from: path, for: run)
    result.warnings += opened.warnings.map { "\($0)" }
    return result
  }

  private func layers(ofTable path: String, for run: TrainingRun) throws -> TrainingRun {
    let table: ShapeTable
    do {
      table = try ShapeTable(NumberTable(InputFile.text(path), path: path))
    } catch let error as TableError { throw Failure(error.description, .badData) }
    switch table {
    case .tensors(let list):
      return try tensors.layers(ParameterList(list, tensors.rules(for: run)), from: path, for: run)
    case .layers(let layers):
      if let flag = tensors.given.first {
        throw Failure("\(flag) does not go with a table of layers, which are taken as they are", .usage)
      }
      var run = run
      let stated = run.layers
      run.layers = layers.map { $0.adopting(from: stated) }
      run.notes.append("The layers are those of \(path).")
      return run.withGroups()
    }
  }
}
