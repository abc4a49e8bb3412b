import Dynamics
import Equilibrium
import Formulas

/// Under which key a hyperparameter stands, and what it is where it is not stated; nil where it must be.
struct HyperparameterKey {
  let symbol: Symbol
  let key: String
  let fallback: Double?

  init(_ symbol: Symbol, _ key: String, _ fallback: Double?) {
    (self.symbol, self.key, self.fallback) = (symbol, key, fallback)
  }
}

extension TrainingRun {
  /// Lowers the learning rate of each block below another, as fine-tuning scripts do.
  mutating func setLayerDecay(_ factor: Double, _ key: String) {
    layerDecay = factor
    warnings.append(
      "\(key) \(factor) lowers the learning rate of each block below another; layers have it where --checkpoint or --shapes"
        + " gives them, and other predictions are those of the last.")
  }

  /// Gives the tensors of a pattern a learning rate of their own.
  mutating func addGroup(_ name: String, tensors: [String], _ hyperparameters: [Symbol: Double]) {
    groups.append(ParameterGroup(name: name, tensors: tensors, hyperparameters: hyperparameters))
    let values = hyperparameters.sorted { $0.key.name < $1.key.name }.map { "\($0.key.meaning) \($0.value)" }
    warnings.append(
      "\(name): \(values.joined(separator: " and ")) of its own; its layers have it where --checkpoint or --shapes gives them,"
        + " and other predictions are those of the rest.")
  }
}

// What formats that are mostly tables share.
extension RunSettings {
  /// The values of hyperparameters by a table of keys.
  mutating func values(_ table: [HyperparameterKey]) throws(ConfigurationError) -> [Symbol: Double] {
    var values: [Symbol: Double] = [:]
    for row in table {
      let domain: Domain = row.symbol == .weightDecay ? .nonNegative : row.symbol.domain
      values[row.symbol] = try number(row.key, in: domain, default: row.fallback)
    }
    return values
  }

  /// A name out of a table, in any case of letters; another is refused by its name.
  mutating func choice<Value>(
    _ key: String, default fallback: String?, of table: [(name: String, value: Value)]
  ) throws(ConfigurationError) -> Value {
    let name = try text(key, default: fallback)
    if let found = table.first(where: { $0.name.lowercased() == name.lowercased() }) { return found.value }
    throw invalid(.unknownName(key: spelled(key), name, known: table.map(\.name)), key)
  }

  /// An optimizer out of a table; another is refused by its name, with the reason where one is known.
  mutating func optimizer(
    _ key: String, default fallback: String?, of table: [(name: String, value: Optimizer)]
  ) throws(ConfigurationError) -> Optimizer {
    let name = try text(key, default: fallback)
    if let found = table.first(where: { $0.name.lowercased() == name.lowercased() }) { return found.value }
    throw invalid(.unknownName(key: "optimizer", name, known: table.map(\.name)), key)
  }

  /// The steps that are given, or those that a key states.
  mutating func steps(_ key: String, default fallback: Int? = nil) throws(ConfigurationError) -> Int {
    if let given = fact(.steps) {
      ignore([key])
      return given
    }
    if let value = value(key), value.source == "-1" {
      return try required(.steps, because: "\(spelled(key)) is -1")
    }
    return try wholeNumber(key, default: fallback)
  }

  /// The run with all that was noted of its settings.
  mutating func finished(_ run: TrainingRun) throws(ConfigurationError) -> TrainingRun {
    var run = run
    ignore(format.keys)
    if run.name.isEmpty { run.name = stem }
    run.notes += notes
    run.warnings += warnings
    run.ignored = ignored
    return run
  }

  /// Batches of one process in an epoch, which goes through the examples so many times.
  mutating func batches(
    of size: Int, perProcess key: String, dropsLast: Bool, times: Int = 1
  ) throws(ConfigurationError) -> (batches: Int, processes: Int) {
    let set = try required(.datasetSize, because: "the run counts epochs")
    let examples = try product(times, set, key)
    let processes = try required(.worldSize, because: "\(spelled(key)) is that of one process")
    let own = examples / processes + (examples % processes == 0 ? 0 : 1)
    let batches = dropsLast ? own / size : own / size + (own % size == 0 ? 0 : 1)
    guard batches >= 1 else {
      throw invalid(
        .outOfRange(key: "--dataset-size", value: Double(examples), expected: "enough for one global batch"),
        key)
    }
    return (batches, processes)
  }

  /// A number of epochs times the updates of one, refused where that is more than a run can have.
  func product(_ epochs: Int, _ updates: Int, _ key: String) throws(ConfigurationError) -> Int {
    let (steps, overflow) = epochs.multipliedReportingOverflow(by: updates)
    guard !overflow, steps >= 1, steps <= 1 << 40 else {
      throw invalid(.outOfRange(key: spelled(key), value: Double(epochs), expected: "fewer epochs"), key)
    }
    return steps
  }
}
