import ArgumentParser
import Equilibrium
import Formulas
import RunConfigurations

/// The flags that name a configuration of a run, and say what it leaves open.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    help:
      "Configuration of the run, as the training program has it: \(RunConfiguration.formats.map(\.identifier).joined(separator: ", ")). Given again, a file that belongs to the same run. docs/configuration.md says what is read.",
    completion: .file())
  var config: [String] = []
  @Option(help: "Format of the configuration. (default: told from the file)") var configFormat: String?
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "Setting of the configuration to replace; may be given several times.", valueName: "key=value"))
  var replaced: [String] = []
  @Option(
    name: .customLong("ignore"),
    help: ArgumentHelp(
      "Key to leave out although it may decide the run; may be given several times.", valueName: "key"))
  var leftOut: [String] = []
  @Option(parsing: .unconditional, help: "Examples in the training set, where the run counts epochs.")
  var datasetSize: String?
  @Option(parsing: .unconditional, help: "Processes that train together, each with its own batch.")
  var worldSize: String?

  /// Each flag that goes with a configuration only, and whether it was given.
  var given: [(String, Bool)] {
    [
      ("--config-format", configFormat != nil), ("--set", !replaced.isEmpty), ("--ignore", !leftOut.isEmpty),
      ("--dataset-size", datasetSize != nil), ("--world-size", worldSize != nil),
    ]
  }

  /// The file, given by its flag or as an argument; nil where neither is, and then no flag may speak of it.
  func path(_ argument: String? = nil) throws -> String? {
    if let path = argument ?? config.first { return path }
    if let flag = given.first(where: \.1)?.0 { throw Failure("\(flag) needs --config", .usage) }
    return nil
  }

  /// The run that a configuration describes.
  ///
  /// - Parameters:
  ///   - overrides: `--key=value` arguments of the training program, behind those of `--set`.
  ///   - steps: what `--steps` gives.
  ///   - parameters: where the layers come from, if not from the configuration.
  func run(
    _ path: String, overrides: [String] = [], steps: String?, parameters: ParameterOptions
  ) throws -> TrainingRun {
    try parameters.layers(for: run(path, overrides: overrides, steps: steps))
  }

  /// The run as the configuration states it.
  func run(_ path: String, overrides: [String] = [], steps: String?) throws -> TrainingRun {
    var facts = RunFacts()
    for (fact, text) in [
      (RunFacts.Fact.datasetSize, datasetSize), (.worldSize, worldSize), (.steps, steps),
    ] {
      guard let text else { continue }
      facts.known[fact] = try wholeNumber(text, flag: fact.rawValue, from: 1)
    }
    let known = RunConfiguration.formats.map(\.identifier)
    if let configFormat, !known.contains(configFormat) {
      throw Failure("--config-format: \(unknown("format", configFormat, among: known))", .usage)
    }
    // Without an argument the first is the configuration.
    let beside = config.first == path ? Array(config.dropFirst()) : config
    for path in [path] + beside { InputFile.note(path) }
    defer { RunConfiguration.filesRead.forEach(InputFile.note) }
    do throws(ConfigurationError) {
      return try RunConfiguration.read(
        path: path, overrides: replaced.map { "--\($0)" } + overrides, facts: facts, format: configFormat,
        ignoring: leftOut, beside: beside)
    } catch { throw Failure(error) }
  }
}

extension ConfigurationOptions {
  /// The run that a configuration describes, with what is measured of it and with hyperparameters that are given
  /// anew.
  ///
  /// - Parameters:
  ///   - steps: what `--steps` gives.
  ///   - parameters: where the layers come from, if not from the configuration.
  ///   - values: replace the configuration's own; a dimension or an initial norm is for a run without layers.
  ///   - held: flags that do not go with a configuration, and whether each was given.
  func run(
    _ path: String, steps: String?, parameters: ParameterOptions, values: ValueOptions, held: [(String, Bool)]
  ) throws -> TrainingRun {
    if let flag = held.first(where: \.1)?.0 {
      throw Failure("\(flag) does not go with a configuration file, which holds it", .usage)
    }
    var run = try run(path, steps: steps, parameters: parameters).atReachedPeak()
    let shape = values.given.first { [.dimension, .initialNorm].contains($0.symbol) }
    if let shape, !run.layers.isEmpty {
      throw Failure("\(shape.flag) does not go with a configuration file, which holds it", .usage)
    }
    run.hyperparameters.merge(try values.values()) { _, given in given }
    return run
  }
}

extension Failure {
  init(_ error: ConfigurationError) {
    self.init(
      error.description, error.isUsage ? .usage : error.isMissingInput ? .noInput : .badData)
  }
}

extension TrainingRun {
  /// The layer of a name; the one layer, where none is asked for and there is no other.
  func layer(named name: String?, flag: String = "--layer") throws -> LayerShape? {
    guard let name else { return layers.count == 1 ? layers[0] : nil }
    if let layer = layers.first(where: { $0.name == name }) { return layer }
    guard !layers.isEmpty else {
      throw Failure(
        "\(flag): the configuration states no layers; --checkpoint or --shapes gives them", .usage)
    }
    throw Failure("\(flag): \(unknown("layer", name, among: layers.map(\.name)))", .usage)
  }
}

extension TrainingRun {
  /// Gives the layers whose initial norm is not known that of an initialisation.
  mutating func initialize(_ initialization: String) throws {
    guard layers.isEmpty || layers.contains(where: { $0.initialNorm == nil }) else {
      throw Failure("--initialization: the configuration gives every layer its initial norm", .usage)
    }
    for index in layers.indices where layers[index].initialNorm == nil {
      layers[index].initialNorm =
        try StartOptions.start(initialization, Double(layers[index].dimension), flag: "--initialization").norm
    }
  }
}
