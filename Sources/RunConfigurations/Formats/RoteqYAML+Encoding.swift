import Dynamics
import Equilibrium
import Formulas
import OutsideText

extension RoteqYAML {
  /// The most bytes that are read back; beyond it are tables of some hundred thousand learning rates.
  public static let limit = InputText.limitOfYAML

  /// Writes a run in roteq's own YAML; ``decode(_:path:)`` gives the same run back.
  public static func encode(_ run: TrainingRun) -> Written<YAMLText> {
    var lines: [Written<YAMLText>] = [
      "name: \(run.name)", "optimizer:", "  name: \(run.optimizer.identifier)",
    ]
    for symbol in run.optimizer.hyperparameters.map(\.symbol) {
      if let value = run.hyperparameters[symbol] { lines.append("  \(symbol.name): \(number(value))") }
    }
    if run.nesterov { lines.append("  nesterov: true") }
    if run.decayConvention != .coupled { lines.append("  decay_convention: \(run.decayConvention.rawValue)") }
    lines.append("steps: \(run.steps)")
    if let steps = run.stepsPerEpoch { lines.append("steps_per_epoch: \(steps)") }
    lines += ["learning_rate_schedule:"] + encode(run.schedule).map { "  \($0)" as Written }
    if let schedule = run.weightDecaySchedule {
      lines += ["weight_decay_schedule:"] + encode(.named(schedule)).map { "  \($0)" as Written }
    }
    lines.append("decay_rule: \(run.decayRule.rawValue)")
    if !run.groups.isEmpty { lines.append("parameter_groups:") }
    for group in run.groups {
      let tensors: [Written<YAMLText>] = group.tensors.map { "\($0)" }
      var fields: [Written<YAMLText>] = [
        "name: \(group.name)", "tensors: [\(tensors.joined(separator: ", "))]",
      ]
      for symbol in Field.ownHyperparameters {
        if let value = group.hyperparameters[symbol] { fields.append("\(symbol.name): \(number(value))") }
      }
      lines += item(fields)
    }
    if let decay = run.layerDecay { lines.append("layer_decay: \(number(decay))") }
    if !run.layers.isEmpty { lines.append("layers:") }
    for layer in run.layers { lines += item(encode(layer)) }
    for (key, texts) in [("notes", run.notes), ("warnings", run.warnings), ("ignored", run.ignored)]
    where !texts.isEmpty { lines += ["\(key):"] + texts.flatMap { item(["\($0)"]) } }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func encode(_ schedule: LearningRateSchedule) -> [Written<YAMLText>] {
    switch schedule {
    case .table(let table):
      [
        "name: table", "steps: [\(table.steps.map { "\($0)" as Written }.joined(separator: ", "))]",
        "learning_rates: [\(table.learningRates.map(number).joined(separator: ", "))]",
      ]
    case .named(let specification):
      ["name: \(specification.name)"]
        + specification.values.map { name, values in
          let numbers = values.map(number)
          let field = Written<YAMLText>(Field.field(ofParameter: name))
          return numbers.count == 1
            ? "\(field): \(numbers[0])" : "\(field): [\(numbers.joined(separator: ", "))]"
        }
    }
  }

  /// A number, whole ones without a point. Readers of YAML 1.1 take `1e-08` for a text: a point has to stand before the exponent.
  private static func number(_ number: Double) -> Written<YAMLText> {
    if let whole = Int(exactly: number), abs(whole) < 1_000_000_000_000_000 { return "\(whole)" }
    let digits = "\(number)"
    guard let exponent = digits.firstIndex(of: "e"), !digits[..<exponent].contains(".") else {
      return Written(verbatim: digits)
    }
    return Written(verbatim: digits[..<exponent] + ".0" + digits[exponent...])
  }

  private static func encode(_ layer: LayerShape) -> [Written<YAMLText>] {
    var lines: [Written<YAMLText>] = [
      "name: \(layer.name)", "neurons: \(layer.neurons)", "dimension: \(layer.dimension)",
      "count: \(layer.count)",
    ]
    if let norm = layer.initialNorm { lines.append("initial_norm: \(number(norm))") }
    if let kind = layer.kind { lines.append("kind: \(kind.rawValue)") }
    for symbol in Field.ownHyperparameters {
      if let value = layer.hyperparameters[symbol] { lines.append("\(symbol.name): \(number(value))") }
    }
    if let note = layer.note { lines.append("note: \(note)") }
    return lines
  }

  /// Lines as one item of a list.
  private static func item(_ lines: [Written<YAMLText>]) -> [Written<YAMLText>] {
    lines.enumerated().map { $0 == 0 ? "  - \($1)" : "    \($1)" }
  }
}
