import Equilibrium
import Formulas
import Optimizers

/// roteq's own YAML, in which every field has a name; `docs/configuration.md` describes it.
public enum RoteqYAML {
  /// The fields by where they stand; reading and writing go by these names.
  enum Field {
    static let run = [
      "name", "optimizer", "steps", "steps_per_epoch", "learning_rate_schedule", "layers", "notes",
    ]
    static let schedule = [
      "decay", "final_learning_rate", "end_step", "warmup_steps", "warmup_learning_rate",
    ]
    static let layer = ["name", "neurons", "dimension", "count", "initial_norm", "kind", "note"]
    static let decays = ["constant", "cosine", "linear"]
  }

  /// Reads a text in roteq's own YAML; `path` appears in messages.
  ///
  /// - Throws: ``ConfigurationError`` with the line of the first mistake.
  public static func decode(_ text: String, path: String) throws(ConfigurationError) -> TrainingRun {
    try decode(InputText(text.utf8, path: path))
  }

  static func decode(_ input: InputText) throws(ConfigurationError) -> TrainingRun {
    let root = try YAMLDocument.root(of: input)
    try root.allow(Field.run)
    let (optimizer, hyperparameters, nesterov) = try self.optimizer(root.required("optimizer").mapping())
    let steps = try root.required("steps").wholeNumber()
    return TrainingRun(
      name: try root.required("name").text(), optimizer: optimizer, hyperparameters: hyperparameters,
      nesterov: nesterov, steps: steps,
      stepsPerEpoch: try root["steps_per_epoch"]?.wholeNumber(),
      schedule: try schedule(root["learning_rate_schedule"], steps: steps),
      layers: try layers(root.required("layers")),
      notes: try notes(root["notes"]))
  }

  private static func optimizer(
    _ fields: YAMLMapping
  ) throws(ConfigurationError) -> (Optimizer, [Symbol: Double], nesterov: Bool) {
    let identifier = try fields.required("name")
    let name = try identifier.text()
    guard let optimizer = Optimizer.named(name) else {
      throw identifier.invalid(
        .unknownName(key: "optimizer", name, known: Optimizer.catalogue.map(\.identifier)))
    }
    let symbols = optimizer.hyperparameters.map(\.symbol)
    try fields.allow(["name", "nesterov"] + symbols.map(\.name))
    var values: [Symbol: Double] = [:]
    for hyperparameter in optimizer.hyperparameters {
      let symbol = hyperparameter.symbol
      if let value = fields[symbol.name] {
        values[symbol] = try value.number(in: symbol.domain)
      } else if hyperparameter.defaultValue == nil {
        throw fields.invalid(.missingKey(symbol.name, in: "optimizer"))
      }
    }
    let nesterov = try fields["nesterov"]?.boolean() ?? false
    do { _ = try Settings(optimizer, values, nesterov: nesterov) } catch {
      throw fields.invalid(.settings(error))
    }
    return (optimizer, values, nesterov)
  }

  private static func schedule(
    _ value: YAMLValue?, steps: Int
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard let value else { return LearningRateSchedule() }
    let fields = try value.mapping()
    try fields.allow(Field.schedule)
    var schedule = LearningRateSchedule()
    if let warmup = fields["warmup_steps"] {
      schedule.warmup = LearningRateSchedule.Warmup(
        steps: try warmup.wholeNumber(),
        from: try fields["warmup_learning_rate"]?.number(in: .nonNegative) ?? 0)
    } else if let stray = fields["warmup_learning_rate"] {
      throw stray.invalid(.missingKey("warmup_steps", in: value.key))
    }
    let decay = try fields.required("decay")
    switch try decay.choice(of: Field.decays) {
    case "constant":
      if let stray = fields["final_learning_rate"] ?? fields["end_step"] {
        throw stray.invalid(.doesNotGoWith(key: stray.key, other: decay.key, value: "constant"))
      }
    case let name:
      let final = try fields.required("final_learning_rate").number(in: .nonNegative)
      let end = try fields["end_step"]?.wholeNumber() ?? steps
      schedule.decay = name == "cosine" ? .cosine(to: final, end: end) : .linear(to: final, end: end)
    }
    return schedule
  }

  private static func layers(_ value: YAMLValue) throws(ConfigurationError) -> [LayerShape] {
    var layers: [LayerShape] = []
    for item in try value.list() {
      let fields = try item.mapping()
      try fields.allow(Field.layer)
      layers.append(
        LayerShape(
          name: try fields.required("name").text(),
          neurons: try fields.required("neurons").wholeNumber(),
          dimension: try fields.required("dimension").wholeNumber(),
          count: try fields["count"]?.wholeNumber() ?? 1,
          initialNorm: try fields["initial_norm"]?.number(in: .positive),
          kind: try kind(fields["kind"]),
          note: try fields["note"]?.text()))
    }
    guard !layers.isEmpty else {
      throw value.invalid(.wrongKind(key: value.key, found: "an empty list", expected: "at least one layer"))
    }
    return layers
  }

  private static func kind(_ value: YAMLValue?) throws(ConfigurationError) -> WeightKind? {
    guard let value else { return nil }
    return WeightKind(rawValue: try value.choice(of: WeightKind.allCases.map(\.rawValue)))
  }

  private static func notes(_ value: YAMLValue?) throws(ConfigurationError) -> [String] {
    guard let value else { return [] }
    var notes: [String] = []
    for item in try value.list() { notes.append(try item.text()) }
    return notes
  }
}

extension RunFormat {
  static let roteqYAML = RunFormat(
    name: "roteq's own YAML", pathExtensions: ["yaml", "yml"],
    isTypical: { $0.hasPrefix("optimizer:") }
  ) { (input, overrides) throws(ConfigurationError) in
    if let override = overrides.first {
      throw .invalid(.noOverrides(format: "roteq's own YAML"), at: .override(override))
    }
    return try RoteqYAML.decode(input)
  }
}
