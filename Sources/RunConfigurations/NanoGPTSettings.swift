import Formulas

/// The settings of a nanoGPT run, typed; remembers which were asked for, so that the rest can be listed.
struct NanoGPTSettings {
  let assignments: PythonAssignments
  let path: String
  private var used: [String] = []

  init(assignments: PythonAssignments, path: String) {
    self.assignments = assignments
    self.path = path
  }

  /// `wandb_run_name` where the file gives one.
  var name: String? {
    guard case .text(let name) = assignments.assignments["wandb_run_name"]?.value, !name.isEmpty else {
      return nil
    }
    return name
  }

  mutating func number(_ key: String, in domain: Domain) throws(ConfigurationError) -> Double {
    guard case .number(let number) = try value(key) else { throw try wrongKind(key, "\(domain)") }
    guard domain.contains(number) else {
      throw invalid(.outOfRange(key: key, value: number, expected: "\(domain)"), key)
    }
    return number
  }

  /// A whole number from `lower` to 2³¹, so that shapes can be multiplied.
  mutating func wholeNumber(_ key: String, from lower: Int) throws(ConfigurationError) -> Int {
    let number = try number(key, in: Domain(Double(lower), includesLower: true))
    guard number <= 0x1p31, let whole = Int(exactly: number) else {
      throw invalid(
        .outOfRange(key: key, value: number, expected: "a whole number of at least \(lower)"), key)
    }
    return whole
  }

  mutating func boolean(_ key: String) throws(ConfigurationError) -> Bool {
    guard case .boolean(let value) = try value(key) else { throw try wrongKind(key, "True or False") }
    return value
  }

  mutating func text(_ key: String) throws(ConfigurationError) -> String {
    guard case .text(let text) = try value(key) else { throw try wrongKind(key, "text in quotes") }
    return text
  }

  private mutating func value(_ key: String) throws(ConfigurationError) -> PythonValue {
    used.append(key)
    if let value = assignments[key] { return value }
    throw invalid(.notEvaluated(key: key, assignments.assignments[key]?.source ?? ""), key)
  }

  private mutating func wrongKind(
    _ key: String, _ expected: String
  ) throws(ConfigurationError) -> ConfigurationError {
    invalid(.wrongKind(key: key, found: try value(key).description, expected: expected), key)
  }

  /// A problem where the setting was last assigned.
  func invalid(_ problem: Problem, _ key: String) -> ConfigurationError {
    .invalid(problem, at: assignments.assignments[key]?.place ?? .file(path))
  }
}

extension NanoGPTSettings {
  /// What was taken from the defaults, passed over, or looks like a mistake.
  var notes: [String] {
    let given = Set(assignments.order)
    let defaults = used.filter { !given.contains($0) }.compactMap { name in
      assignments[name].map { "\(name) = \($0)" }
    }
    let idle = assignments.order.filter { !used.contains($0) && !assignments.references.contains($0) }
    let known = NanoGPT.defaults.map(\.name)
    let isStrange = { !known.contains($0) && Self.looksLikeOptimizer($0) }
    let strange = idle.filter(isStrange)
    let others = idle.filter { !isStrange($0) && $0 != "wandb_run_name" }

    var notes: [String] = []
    if !defaults.isEmpty { notes.append("Not stated, so nanoGPT's default: \(list(defaults)).") }
    notes += strange.prefix(20).map { name in
      let guess = Spelling.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? "."
      return "\(name) looks like a setting of the optimizer, but nanoGPT has none of that name\(guess)"
    }
    if strange.count > 20 {
      notes.append("\(strange.count - 20) further names look like settings of the optimizer.")
    }
    if !others.isEmpty { notes.append("Without influence on the predictions: \(list(others)).") }
    notes += assignments.imports.map { "Line \($0.line) is not executed: \($0.source)" }
    for name in assignments.order where assignments[name] == nil {
      guard let assignment = assignments.assignments[name], case .line(let line, _) = assignment.place else {
        continue
      }
      notes.append("Line \(line) is not executed: \(name) = \(assignment.source.excerpt)")
    }
    return notes
  }

  private func list(_ words: [String]) -> String { words.joined(separator: ", ") }

  /// Whether a part of the name is a word for what optimizers and schedules are set by.
  private static func looksLikeOptimizer(_ name: String) -> Bool {
    let words: Set<String> = [
      "lr", "wd", "learning", "decay", "momentum", "beta", "betas", "beta1", "beta2", "beta3", "eps",
      "epsilon", "nesterov", "dampening", "optimizer", "optim", "warmup", "schedule", "scheduler", "clip",
    ]
    return name.lowercased().split(separator: "_").contains { words.contains(String($0)) }
  }
}
