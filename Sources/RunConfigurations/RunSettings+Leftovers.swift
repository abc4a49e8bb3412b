// What was assumed, and what is left when a format has asked for all that it knows.
extension RunSettings {
  /// What was assumed, a sentence each.
  var notes: [String] {
    (command?.notes ?? []) + remarks
      + (defaults.isEmpty
        ? [] : ["Not stated, so \(format.tool)'s default: \(defaults.joined(separator: ", "))."])
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

  /// What is left out as it was asked to be, what a command says, and what was given without need.
  var warnings: [String] {
    (command?.warnings ?? [])
      + rest.filter { ignoring.contains($0.key) }.map {
        "\($0.key) = \($0.source) is left out, as --ignore asks."
      } + unneededFacts
  }

  /// Refuses what was not asked for and may decide the run.
  ///
  /// - Throws: ``ConfigurationError`` with the keys.
  func checkLeftovers() throws(ConfigurationError) {
    for key in ignoring.sorted() where !rest.contains(where: { $0.key == key }) && !leftOut.contains(key) {
      throw .invalid(.nothingToIgnore(key), at: .file(path))
    }
    let missing = used.union(format.keys).filter { !has($0) }
    let deciding = used.filter { !has($0) }.map { ($0, KeyWords($0)) }.filter { $0.1.areDecisive }
    let stated = Set(format.keys)
    let short = missing.filter { KeyWords($0).areDecisive || (stated.contains($0) && $0.count > 2) }
    let parts = missingParts
    let undecided = rest.filter { value in
      guard !ignoring.contains(value.key), !value.isNull else { return false }
      if values.count < 1000, !harmless.contains(value.key) || aside.contains(value.key) {
        if !parts.isEmpty, Self.prefixes(of: value.key).contains(where: { isPart($0, nearTo: parts) }) {
          return true
        }
        if aside.contains(value.key) {
          if Spelling.isNearSlip(value.key, of: missing) { return true }
        } else if Self.standsFor(value.key, missing, short, deciding) {
          return true
        }
      }
      if aside.contains(value.key) { return false }
      let isUnknown = format.isStrict && !harmless.contains(value.key) && !value.isNull && !value.isOff
      return isUnknown || isStrange(value)
    }
    guard let first = undecided.first else { return }
    let known = Array(used).sorted()
    let keys = undecided.map {
      UnreadKey(
        name: $0.key, nearest: $0.key.hasPrefix("$") ? nil : Spelling.nearest(to: $0.key, among: known))
    }
    if let program = CommandLineProgram.catalogue.first(where: { $0.identifier == command?.program }),
      !program.takesOthers, !keys.contains(where: { $0.name.hasPrefix("$") }),
      undecided.allSatisfy({ !program.flags.keys.contains($0.key) })
    {
      throw first.invalid(.foreignFlags(keys, of: program.name))
    }
    throw first.invalid(.undecided(keys, by: format.name))
  }

  /// Whether a key may be meant for one that is not stated: misspelt, or with a word more.
  private static func standsFor(
    _ key: String, _ missing: Set<String>, _ short: Set<String>, _ deciding: [(key: String, words: KeyWords)]
  ) -> Bool {
    let words = KeyWords(key)
    guard !words.isAside else { return Spelling.isNearSlip(key, of: missing.filter { KeyWords($0).isAside }) }
    return Spelling.isSlip(key, of: missing) || Spelling.isSlip(key, ofShort: short)
      || deciding.contains { words.contain($0.words) }
  }

  /// A key's parts from the top: `a` and `a.b` of `a.b.c`.
  private static func prefixes(of key: String) -> [String] {
    key.indices.filter { key[$0] == "." }.map { String(key[..<$0]) }
  }

  /// The parts that the format reads and the file does not have.
  private var missingParts: Set<String> {
    let known = Set((Array(used) + format.keys).flatMap(Self.prefixes))
    let present = Set(values.flatMap { Self.prefixes(of: $0.key) })
    return known.subtracting(present)
  }

  /// Whether a part of the file that is not read is nearly one that is, and lies in the same part.
  private func isPart(_ prefix: String, nearTo parts: Set<String>) -> Bool {
    func split(_ key: String) -> (parent: Substring, name: String) {
      guard let dot = key.lastIndex(of: ".") else { return ("", key) }
      return (key[..<dot], String(key[key.index(after: dot)...]))
    }
    let own = split(prefix)
    return parts.contains { part in
      let other = split(part)
      return other.parent == own.parent && other.name != own.name
        && Spelling.isNearSlip(own.name, of: [other.name])
    }
  }

  /// Whether something was given that no one asked for.
  func isUnneeded(_ fact: RunFacts.Fact) -> Bool { facts.known[fact] != nil && !usedFacts.contains(fact) }

  /// What was given without need.
  var unneededFacts: [String] {
    RunFacts.Fact.allCases.filter(isUnneeded)
      .map { "\($0.rawValue) is not needed: \(path) says it itself." }
  }

  private var rest: [ConfigurationValue] { values.filter { !used.contains($0.key) } }

  /// Whether a value that nobody asked for may be one that decides the run.
  private func isStrange(_ value: ConfigurationValue) -> Bool {
    guard !harmless.contains(value.key), !aside.contains(value.key), !value.isNull else { return false }
    // The arguments that a script is given.
    if value.key.hasPrefix("$") { return true }
    let parts = KeyWords(value.key)
    guard !parts.isAside else { return false }
    if parts.areDecisive { return !value.isOff }
    // Comparing takes time, and no real configuration is so long.
    return values.count < 1000
      && Spelling.isSlip(value.key, of: used.filter { KeyWords($0).areDecisive || format.keys.contains($0) })
  }
}

extension ConfigurationValue {
  /// Whether it says that something is not used: `false`, `none`, 0, or nothing.
  fileprivate var isOff: Bool {
    switch content {
    case .word(let word), .text(let word):
      ["false", "none", "no", "off", "", "0", "0.0"].contains(word.lowercased())
    case .number(let number): number == 0
    case .list(let values), .mapping(let values): values.isEmpty
    case .unevaluated: false
    }
  }
}

/// The words of which a key is made.
private struct KeyWords {
  private let words: [String]
  /// Whether it is of something else than the run: an evaluation, a log, a normalisation.
  let isAside: Bool

  init(_ key: String) {
    var words: [String] = []
    var isLower = false
    for character in key {
      guard character.isLetter else {
        // `lr0` and `beta1` are words, too.
        if !character.isNumber { words.append("") }
        isLower = false
        continue
      }
      if words.isEmpty || (character.isUppercase && isLower) { words.append("") }
      words[words.count - 1].append(contentsOf: character.lowercased())
      isLower = character.isLowercase
    }
    // A `trust_remote_code` is no coefficient.
    self.words =
      words.contains("trust") && words.contains { $0.hasPrefix("coef") } ? words + ["trust_coeff"] : words
    isAside = !Self.aside.isDisjoint(with: words)
  }

  /// Whether all words of another key are among them.
  func contain(_ other: KeyWords) -> Bool { Set(other.words).isSubset(of: words) }

  /// Whether they name an optimizer, a rate, a decay, a schedule, a length or a batch.
  var areDecisive: Bool {
    if !Self.optimizers.isDisjoint(with: words) { return true }
    let isCount = words.count == 1 || !Self.counts.isDisjoint(with: words)
    if isCount, !Self.lengths.isDisjoint(with: words) { return true }
    return words.contains("batch") && (words.contains("size") || words.contains("global"))
      || words.contains("batchsize")
  }

  private static let optimizers: Set = [
    "lr", "lrs", "wd", "blr", "learning", "decay", "momentum", "beta", "betas", "eps", "epsilon", "nesterov",
    "dampening", "optimizer", "optimizers", "optim", "opt", "warmup", "schedule", "scheduler", "sched",
    "adam", "adamw", "sgd", "muon", "lion", "lamb", "lars", "sophia", "adafactor", "prodigy", "shampoo",
    "soap", "galore", "badam", "apollo", "mup", "ns", "loraplus", "trust_coeff",
  ]
  private static let lengths: Set = [
    "iter", "iters", "iteration", "iterations", "epoch", "epochs", "step", "steps", "updates",
  ]
  private static let counts: Set = ["max", "num", "n", "total", "train", "training"]
  private static let aside: Set = [
    "eval", "evaluation", "val", "valid", "validation", "test", "log", "logs", "logging", "logger", "loggers",
    "save", "saving", "ckpt", "print", "vis", "sample", "sampling", "generation", "inference", "interval",
    "freq", "frequency", "every", "patience", "ema", "bn", "norm", "batchnorm", "layernorm", "rmsnorm",
    "pipeline", "profile", "profiler", "profiling", "noise", "callbacks", "wandb", "tensorboard", "monitor",
    "metrics", "tokenizer", "multiple", "loss", "encoder", "checkpoint", "diffusion", "dataloader", "timeout",
  ]
}
