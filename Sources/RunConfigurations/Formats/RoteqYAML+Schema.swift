import Dynamics
import Equilibrium
import Formulas
import Optimizers

extension RoteqYAML {
  /// The JSON schema (draft 2020-12) of roteq's own YAML, made of the same names that reading goes by.
  public static var schema: String {
    let symbols = unique(Optimizer.catalogue.flatMap { $0.hyperparameters.map(\.symbol) })
    let parameters = unique(
      ScheduleKind.catalogue.flatMap { (try? ScheduleSpecification($0.name).parameterNames) ?? [] })
    let schedules = ScheduleKind.catalogue.flatMap { [$0.name] + ($0.alias.map { [$0] } ?? []) } + ["table"]
    let texts = #"{"type": "array", "items": {"type": "string"}}"#
    let count = #"{"type": "integer", "minimum": 1}"#
    let root = object(
      [
        ("name", #"{"type": "string", "description": "what the run is called in print"}"#),
        (
          "optimizer",
          object(
            [
              ("name", choice(Optimizer.catalogue.map(\.identifier))), ("nesterov", #"{"type": "boolean"}"#),
              ("decay_convention", choice(DecayConvention.allCases.map(\.rawValue))),
            ] + symbols.map { ($0.name, number($0, $0 == .weightDecay ? .nonNegative : $0.domain)) },
            required: ["name", "learning_rate", "weight_decay"])
        ), ("steps", count), ("steps_per_epoch", count),
        (
          "learning_rate_schedule",
          object(
            [("name", choice(schedules))]
              + parameters.map {
                (Field.field(ofParameter: $0), #"{"type": ["number", "array"], "items": {"type": "number"}}"#)
              }
              + [
                ("steps", #"{"type": "array", "items": \#(count)}"#),
                ("learning_rates", #"{"type": "array", "items": {"type": "number", "minimum": 0}}"#),
              ], required: ["name"])
        ),
        (
          "weight_decay_schedule",
          object(
            [("name", choice(schedules.filter { $0 != "table" }))]
              + parameters.map {
                (Field.field(ofParameter: $0), #"{"type": ["number", "array"], "items": {"type": "number"}}"#)
              }, required: ["name"])
        ),
        (
          "parameter_groups",
          #"{"type": "array", "items": "#
            + object(
              [("name", #"{"type": "string"}"#), ("tensors", texts)]
                + Field.ownHyperparameters.map {
                  ($0.name, number($0, $0 == .weightDecay ? .nonNegative : nil))
                },
              required: ["name", "tensors"]) + "}"
        ), ("layer_decay", #"{"type": "number", "exclusiveMinimum": 0, "maximum": 1}"#),
        ("decay_rule", choice(DecayRule.allCases.map(\.rawValue))),
        (
          "layers",
          #"{"type": "array", "items": "#
            + object(
              [
                ("name", #"{"type": "string"}"#), ("neurons", count), ("dimension", count), ("count", count),
                ("initial_norm", number(.initialNorm)), ("kind", choice(WeightKind.allCases.map(\.rawValue))),
                ("note", #"{"type": "string"}"#),
              ] + Field.ownHyperparameters.map { ($0.name, number($0)) },
              required: ["name", "neurons", "dimension"]) + "}"
        ), ("notes", texts), ("warnings", texts), ("ignored", texts),
      ], required: ["name", "optimizer", "steps"])
    return
      #"{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a training run for roteq", "#
      + root.dropFirst() + "\n"
  }

  private static func object(_ properties: [(String, String)], required: [String]) -> String {
    let members = properties.map { "\"\($0)\": \($1)" }.joined(separator: ", ")
    return
      "{\"type\": \"object\", \"additionalProperties\": false, \"required\": \(required), \"properties\": {\(members)}}"
  }

  private static func choice(_ names: [String]) -> String { "{\"enum\": \(names)}" }

  /// A number in the range of a symbol, or in another, with what it means.
  private static func number(_ symbol: Symbol, _ range: Domain? = nil) -> String {
    let domain = range ?? symbol.domain
    var text = "{\"type\": \"number\", \"description\": \"\(symbol.meaning) \(symbol.plain)\""
    if domain.lower.isFinite {
      text += ", \"\(domain.includesLower ? "minimum" : "exclusiveMinimum")\": \(domain.lower)"
    }
    if domain.upper.isFinite {
      text += ", \"\(domain.includesUpper ? "maximum" : "exclusiveMaximum")\": \(domain.upper)"
    }
    return text + "}"
  }

  private static func unique<Name: Hashable>(_ names: [Name]) -> [Name] {
    var seen: Set<Name> = []
    return names.filter { seen.insert($0).inserted }
  }
}
