import Dynamics
import Equilibrium
import Formulas

extension RoteqYAML {
  /// Writes a run in roteq's own YAML; ``decode(_:path:)`` gives the same run back.
  public static func encode(_ run: TrainingRun) -> String {
    var lines = ["name: \(text(run.name))", "optimizer:", "  name: \(run.optimizer.identifier)"]
    for symbol in run.optimizer.hyperparameters.map(\.symbol) {
      if let value = run.hyperparameters[symbol] { lines.append("  \(symbol.name): \(value)") }
    }
    if run.nesterov { lines.append("  nesterov: true") }
    if run.decayConvention != .coupled { lines.append("  decay_convention: \(run.decayConvention.rawValue)") }
    lines.append("steps: \(run.steps)")
    if let steps = run.stepsPerEpoch { lines.append("steps_per_epoch: \(steps)") }
    lines += ["learning_rate_schedule:"] + encode(run.schedule).map { "  \($0)" }
    lines.append("decay_rule: \(run.decayRule.rawValue)")
    if !run.layers.isEmpty { lines.append("layers:") }
    for layer in run.layers { lines += item(encode(layer)) }
    for (key, texts) in [("notes", run.notes), ("warnings", run.warnings), ("ignored", run.ignored)]
    where !texts.isEmpty { lines += ["\(key):"] + texts.flatMap { item([text($0)]) } }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func encode(_ schedule: LearningRateSchedule) -> [String] {
    switch schedule {
    case .table(let table):
      ["name: table", "steps: \(table.steps)", "learning_rates: \(table.learningRates)"]
    case .named(let specification):
      ["name: \(specification.name)"]
        + specification.values.map { name, values in
          let numbers = values.map(plain)
          return "\(Field.field(ofParameter: name)): "
            + (numbers.count == 1 ? numbers[0] : "[\(numbers.joined(separator: ", "))]")
        }
    }
  }

  /// A number, whole ones without a point.
  private static func plain(_ number: Double) -> String {
    Int(exactly: number).map { abs($0) < 1_000_000_000_000_000 ? "\($0)" : "\(number)" } ?? "\(number)"
  }

  private static func encode(_ layer: LayerShape) -> [String] {
    var lines = [
      "name: \(text(layer.name))", "neurons: \(layer.neurons)", "dimension: \(layer.dimension)",
      "count: \(layer.count)",
    ]
    if let norm = layer.initialNorm { lines.append("initial_norm: \(norm)") }
    if let kind = layer.kind { lines.append("kind: \(kind.rawValue)") }
    for symbol in Field.ownHyperparameters {
      if let value = layer.hyperparameters[symbol] { lines.append("\(symbol.name): \(value)") }
    }
    if let note = layer.note { lines.append("note: \(text(note))") }
    return lines
  }

  /// Lines as one item of a list.
  private static func item(_ lines: [String]) -> [String] {
    lines.enumerated().map { ($0 == 0 ? "  - " : "    ") + $1 }
  }

  /// A text without quotes where it is plain words, otherwise in double quotes.
  private static func text(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let isLetter = bytes.first.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 } ?? false
    let isPlain = bytes.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        || " 0123456789._/()+;-".utf8.contains(byte)
    }
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    if isLetter, isPlain, bytes.last != UInt8(ascii: " "), !reserved.contains(text.lowercased()) {
      return text
    }
    return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
  }

  /// A character between double quotes; the ampersand is escaped because it may look like an anchor.
  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\n": "\\n"
    case "\t": "\\t"
    case "&": "\\x26"
    case "\u{2028}", "\u{2029}", "\u{FEFF}": escaped(scalar.value)
    case "\u{20}"..."\u{7E}", "\u{A0}"..."\u{D7FF}", "\u{E000}"..."\u{FFFD}": String(Character(scalar))
    case "\u{10000}"...: String(Character(scalar))
    default: escaped(scalar.value)
    }
  }

  private static func escaped(_ code: UInt32) -> String {
    let digits = String(code, radix: 16, uppercase: true)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
