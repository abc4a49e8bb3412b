// What was assumed, and what is left when a format has asked for all that it knows.
extension RunSettings {
  /// What was assumed, a sentence each.
  var notes: [String] {
    (command?.notes ?? []) + remarks
      + (defaults.isEmpty ? [] : ["Not stated, so \(tool)'s default: \(defaults.joined(separator: ", "))."])
      + values.compactMap { value in
        guard case .unevaluated(let source) = value.content, case .line(let line, _) = value.place else {
          return nil
        }
        return
          "Line \(line) is not executed: \(value.key == source ? "" : "\(value.key) = ")\(source.excerpt)"
      }
  }

  /// The keys that were given and not asked for.
  var ignored: [String] {
    rest.filter { value in
      if case .unevaluated = value.content { return false }
      return !value.isNull && !isStrange(value)
    }.map(\.key)
  }

  /// What looks like a setting of the optimizer and is not known, and what was given without need.
  var warnings: [String] {
    let strange = rest.filter(isStrange)
    let known = Array(used).sorted()
    var warnings = command?.warnings ?? []
    warnings += strange.prefix(20).map { value in
      let guess = Spelling.nearest(to: value.key, among: known).map { "; did you mean \($0)?" } ?? "."
      return
        "\(value.key) = \(value.source) looks like a setting of the optimizer, but is not read here\(guess)"
    }
    if strange.count > 20 {
      warnings.append("\(strange.count - 20) further names look like settings of the optimizer.")
    }
    return warnings + unneededFacts
  }

  /// Whether something was given that no one asked for.
  func isUnneeded(_ fact: RunFacts.Fact) -> Bool { facts.known[fact] != nil && !usedFacts.contains(fact) }

  /// What was given without need.
  var unneededFacts: [String] {
    RunFacts.Fact.allCases.filter(isUnneeded)
      .map { "\($0.rawValue) is not needed: \(path) says it itself." }
  }

  private var rest: [ConfigurationValue] { values.filter { !used.contains($0.key) } }

  private func isStrange(_ value: ConfigurationValue) -> Bool {
    guard !harmless.contains(value.key), !value.isNull else { return false }
    if Self.looksLikeOptimizer(value.key) { return true }
    // Comparing takes time, and no real configuration is so long.
    return values.count < 1000 && Spelling.isSlip(value.key, of: Array(used.filter(Self.looksLikeOptimizer)))
  }

  /// Whether a part of the name is a word for what optimizers and schedules are set by.
  private static func looksLikeOptimizer(_ name: String) -> Bool {
    return name.lowercased().split { "_-.".contains($0) }.contains { optimizerWords.contains(String($0)) }
  }

  private static let optimizerWords: Set<String> = [
    "lr", "wd", "learning", "decay", "momentum", "beta", "betas", "beta1", "beta2", "beta3", "eps",
    "epsilon", "nesterov", "dampening", "optimizer", "optim", "opt", "warmup", "schedule", "scheduler",
    "sched",
    "clip", "adam",
  ]
}
