import Dynamics
import Equilibrium
import Formulas
import Optimizers

/// roteq's own YAML, in which every field has a name; `docs/configuration.md` describes it.
public enum RoteqYAML {
  /// The fields by where they stand; reading and writing go by these names.
  enum Field {
    static let run = [
      "name", "optimizer", "steps", "steps_per_epoch", "learning_rate_schedule", "weight_decay_schedule",
      "decay_rule", "parameter_groups", "layer_decay", "layers",
      "notes",
      "warnings", "ignored",
    ]
    static let group = ["name", "tensors", "learning_rate", "weight_decay"]
    static let table = ["name", "steps", "learning_rates"]
    static let layer = [
      "name", "neurons", "dimension", "count", "initial_norm", "kind", "learning_rate", "weight_decay",
      "note",
    ]
    /// The hyperparameters that a layer may have of its own.
    static let ownHyperparameters: [Symbol] = [.learningRate, .weightDecay]

    /// A schedule's parameter as it is called here: `warmup_from` for `warmup-from`.
    static func field(ofParameter name: String) -> String { name.replacing("-", with: "_") }
  }

  /// Reads a text in roteq's own YAML; `path` appears in messages.
  ///
  /// - Throws: ``ConfigurationError`` with the line of the first mistake.
  public static func decode(_ text: String, path: String) throws(ConfigurationError) -> TrainingRun {
    try decode(InputText(text.utf8, path: path))
  }

  static func decode(_ input: InputText) throws(ConfigurationError) -> TrainingRun {
    try decode(YAMLDocument.root(of: input))
  }

  static func decode(_ value: ConfigurationValue) throws(ConfigurationError) -> TrainingRun {
    let root = try value.mapping()
    try root.allow(Field.run)
    let optimizer = try root.required("optimizer").mapping()
    var run = TrainingRun(
      name: "", optimizer: try self.optimizer(optimizer), hyperparameters: [:],
      steps: try root.required("steps").wholeNumber())
    try read(optimizer, into: &run)
    run.name = try root.required("name").text()
    run.stepsPerEpoch = try root["steps_per_epoch"]?.wholeNumber()
    if let value = root["learning_rate_schedule"] {
      run.schedule = try schedule(value.mapping())
      do throws(ScheduleError) { _ = try run.plan() } catch { throw value.invalid(.schedule(error)) }
    }
    if let value = root["weight_decay_schedule"] {
      guard case .named(let specification) = try schedule(value.mapping(), grows: true) else {
        throw value.invalid(.unsupportedSchedule("table", because: "is none of the weight decay"))
      }
      run.weightDecaySchedule = specification
      do throws(ScheduleError) { _ = try run.plan() } catch { throw value.invalid(.schedule(error)) }
    }
    run.groups = try groups(root["parameter_groups"])
    run.layerDecay = try root["layer_decay"]?.number(in: .positive)
    if let rule = root["decay_rule"] {
      run.decayRule = DecayRule(rawValue: try rule.choice(of: DecayRule.allCases.map(\.rawValue))) ?? .req
    }
    run.layers = try layers(root["layers"])
    run.notes = try texts(root["notes"])
    run.warnings = try texts(root["warnings"])
    run.ignored = try texts(root["ignored"])
    return run
  }

  private static func optimizer(_ fields: ConfigurationMapping) throws(ConfigurationError) -> Optimizer {
    let identifier = try fields.required("name")
    let name = try identifier.text()
    if let optimizer = Optimizer.named(name) { return optimizer }
    throw identifier.invalid(
      .unknownName(key: "optimizer", name, known: Optimizer.catalogue.map(\.identifier)))
  }

  /// Reads the hyperparameters, which have to go together.
  private static func read(
    _ fields: ConfigurationMapping, into run: inout TrainingRun
  ) throws(ConfigurationError) {
    let hyperparameters = run.optimizer.hyperparameters
    try fields.allow(["name", "nesterov", "decay_convention"] + hyperparameters.map(\.symbol.name))
    for hyperparameter in hyperparameters {
      let symbol = hyperparameter.symbol
      if let value = fields[symbol.name] {
        run.hyperparameters[symbol] = try value.number(
          in: symbol == .weightDecay ? .nonNegative : symbol.domain)
      } else if hyperparameter.defaultValue == nil {
        throw fields.invalid(.missingKey(symbol.name, in: "optimizer"))
      }
    }
    run.nesterov = try fields["nesterov"]?.boolean() ?? false
    if let convention = fields["decay_convention"] {
      let name = try convention.choice(of: DecayConvention.allCases.map(\.rawValue))
      run.decayConvention = DecayConvention(rawValue: name) ?? .coupled
      guard run.decayConvention == .coupled || run.optimizer.decouplesDecay else {
        throw convention.invalid(
          .doesNotGoWith(
            key: "decay_convention '\(name)'", other: "optimizer", value: run.optimizer.identifier))
      }
    }
    do throws(SettingsError) { try run.checkHyperparameters() } catch {
      throw fields.invalid(.settings(error))
    }
  }

  private static func groups(_ value: ConfigurationValue?) throws(ConfigurationError) -> [ParameterGroup] {
    var groups: [ParameterGroup] = []
    for item in try value?.list() ?? [] {
      let fields = try item.mapping()
      try fields.allow(Field.group)
      var group = ParameterGroup(
        name: try fields.required("name").text(), tensors: try texts(fields.required("tensors")),
        hyperparameters: [:])
      for symbol in Field.ownHyperparameters {
        group.hyperparameters[symbol] = try fields[symbol.name]?.number(
          in: symbol == .weightDecay ? .nonNegative : symbol.domain)
      }
      groups.append(group)
    }
    return groups
  }

  private static func schedule(
    _ fields: ConfigurationMapping, grows: Bool = false
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let identifier = try fields.required("name")
    let names = ScheduleKind.catalogue.flatMap { [$0.name] + ($0.alias.map { [$0] } ?? []) }
    let name = try identifier.choice(of: names + ["table"])
    guard name != "table" else { return .table(try table(fields)) }
    var specification = ScheduleSpecification(name)
    specification.grows = grows
    let parameters: [String]
    do throws(ScheduleError) { parameters = try specification.parameterNames } catch {
      throw identifier.invalid(.schedule(error))
    }
    try fields.allow(["name"] + parameters.map(Field.field))
    for parameter in parameters {
      guard let value = fields[Field.field(ofParameter: parameter)] else { continue }
      var numbers: [Double] = []
      if case .list(let items) = value.content {
        for item in items { numbers.append(try item.number(in: .real)) }
      } else {
        numbers = [try value.number(in: .real)]
      }
      do throws(ScheduleError) { try specification.set(parameter, to: numbers) } catch {
        throw value.invalid(.schedule(error))
      }
    }
    return .named(specification)
  }

  private static func table(_ fields: ConfigurationMapping) throws(ConfigurationError) -> LearningRateTable {
    try fields.allow(Field.table)
    var table = LearningRateTable(steps: [], learningRates: [])
    for item in try fields.required("steps").list() { table.steps.append(try item.wholeNumber()) }
    let rates = try fields.required("learning_rates")
    for item in try rates.list() { table.learningRates.append(try item.number(in: .nonNegative)) }
    guard table.steps.count == table.learningRates.count else {
      throw rates.invalid(
        .wrongKind(
          key: rates.key, found: "a list of \(table.learningRates.count) numbers",
          expected: "\(table.steps.count), one for each step"))
    }
    return table
  }

  private static func layers(_ value: ConfigurationValue?) throws(ConfigurationError) -> [LayerShape] {
    var layers: [LayerShape] = []
    for item in try value?.list() ?? [] {
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
          hyperparameters: try ownHyperparameters(fields),
          note: try fields["note"]?.text()))
    }
    return layers
  }

  private static func kind(_ value: ConfigurationValue?) throws(ConfigurationError) -> WeightKind? {
    guard let value else { return nil }
    return WeightKind(rawValue: try value.choice(of: WeightKind.allCases.map(\.rawValue)))
  }

  private static func ownHyperparameters(
    _ fields: ConfigurationMapping
  ) throws(ConfigurationError) -> [Symbol: Double] {
    var values: [Symbol: Double] = [:]
    for symbol in Field.ownHyperparameters {
      if let value = fields[symbol.name] { values[symbol] = try value.number(in: symbol.domain) }
    }
    return values
  }

  private static func texts(_ value: ConfigurationValue?) throws(ConfigurationError) -> [String] {
    var texts: [String] = []
    for item in try value?.list() ?? [] { texts.append(try item.text()) }
    return texts
  }
}

extension RunFormat {
  static let roteqYAML = RunFormat(
    identifier: "roteq", name: "roteq's own YAML", tool: "roteq", syntaxes: ["YAML"],
    keys: ["name", "steps", "steps_per_epoch", "decay_rule"]
      + (["name", "nesterov", "decay_convention"]
      + Set(Optimizer.catalogue.flatMap { $0.hyperparameters.map(\.symbol.name) }).sorted()).map {
        "optimizer.\($0)"
      },
    isTypical: { _ in true }
  ) { (settings) throws(ConfigurationError) in
    var run = try RoteqYAML.decode(settings.root)
    // It refuses by itself what it does not know.
    for value in settings.values { _ = settings.value(value.key) }
    run.warnings += settings.unneededFacts
    return run
  }
}
