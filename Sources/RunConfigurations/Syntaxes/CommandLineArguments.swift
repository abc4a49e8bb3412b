/// The words of a training command: what starts it, the program, and its arguments.
struct CommandLineArguments {
  let program: CommandLineProgram
  /// The script as it is called: `train.py`.
  let script: String
  /// The words before the program.
  let starters: [ShellWord]
  /// The words after it.
  let words: [ShellWord]
  let line: Int
  let path: String
  /// Whether the program is certain; a script called `train.py` may be anyone's.
  let isSure: Bool
  /// The GPUs that the program sees, where the script says so.
  private let visibleDevices: ShellWord?

  /// A command of which only the launcher is looked at.
  init(starters: [ShellWord], script: String, line: Int, path: String) {
    (self.starters, self.script, self.line, self.path) = (starters, script, line, path)
    (program, words, isSure, visibleDevices) = (.nanoGPT, [], true, nil)
  }

  /// Nil where the command starts no known training program.
  init?(_ command: ShellScript.Command, path: String, asked: CommandLineProgram? = nil) {
    let all = command.words
    visibleDevices = command.visibleDevices
    guard let first = all.first, !first.text.hasPrefix("-") else { return nil }
    let name = CommandLine.basename(first.text)
    let known = CommandLineProgram.catalogue
    guard
      first.isUnevaluated || CommandLine.isStarter(name)
        || known.contains(where: { $0.scripts.contains(name) }),
      let index = all.indices.first(where: { index in
        let name = Self.programName(all[index])
        let isModule = index > 0 && all[index - 1].text == "-m"
        return known.contains { $0.scripts.contains(name) }
          || (!all[index].text.hasPrefix("-") && (name.hasSuffix(".py") || isModule)
            && !name.hasPrefix("torch.distributed") && !name.hasPrefix("accelerate"))
      })
    else { return nil }
    script = Self.programName(all[index])
    (starters, words) = (Array(all[..<index]), Array(all[(index + 1)...]))
    (line, self.path) = (first.line, path)
    let (script, words) = (script, words)
    if let asked {
      (program, isSure) = (asked, true)
      return
    }
    let ranked = known.filter {
      $0.scripts.contains(script) || Self.tells(words, $0) > ($0.scripts.isEmpty ? 1 : 3)
    }
    .map { ($0, Self.score(words, $0)) }
    guard var best = ranked.first else { return nil }
    for candidate in ranked.dropFirst() where candidate.1 > best.1 { best = candidate }
    program = best.0
    guard !program.telling.isEmpty, Self.commonNames.contains(script) else { isSure = true; return }
    guard best.1 > 0 else { return nil }
    isSure = Self.tells(words, program) > 0
  }

  /// How many words are flags that show whose script it is.
  private static func tells(_ words: [ShellWord], _ program: CommandLineProgram) -> Int {
    let keys = words.compactMap { flag($0, among: program.flags)?.flag.key }
    let count = keys.count { program.telling.contains($0) }
    return count > 0 && keys.contains { program.supporting.contains($0) } ? count + 1 : count
  }

  /// The last part of a path, also in `$(which NAME)`.
  private static func programName(_ word: ShellWord) -> String {
    let text = word.text
    for start in ["$(which ", "`which "] where text.hasPrefix(start) {
      return CommandLine.basename(
        text.dropFirst(start.count).trimmingPrefix(" ").prefix { !" )`".contains($0) }.description)
    }
    return CommandLine.basename(text)
  }

  /// Names that scripts of many programs have.
  private static let commonNames: Set = [
    "train.py", "main.py", "finetune.py", "main_pretrain.py", "main_finetune.py",
  ]

  /// Twice the flags that the program knows, less those that it does not.
  private static func score(_ words: [ShellWord], _ program: CommandLineProgram) -> Int {
    words.reduce(0) { sum, word in
      if program.identifier == "nanogpt", word.text.hasSuffix(".py"), !word.text.hasPrefix("-") {
        return sum + 1
      }
      guard isFlag(word) else { return sum }
      return sum + (flag(word, among: program.flags) == nil ? -1 : 2)
    }
  }

  /// Whether a word begins with a dash and is no number.
  static func isFlag(_ word: ShellWord) -> Bool {
    guard let first = word.pieces.first, !first.isUnevaluated, first.text.hasPrefix("-"), first.text.count > 1
    else {
      return false
    }
    return Double(first.text) == nil && !first.text.prefix { $0 != "=" }.contains(" ")
  }

  /// The flag that a word gives, with what stands in the word itself, as in `--lr=0.1` and `-b128`.
  static func flag(
    _ word: ShellWord, among flags: CommandLineFlags
  ) -> (flag: CommandLineFlag, name: String, rest: Substring?)? {
    guard isFlag(word) else { return nil }
    let text = word.text
    let name = text.prefix { $0 != "=" }
    let value: Substring? = name.endIndex == text.endIndex ? nil : text[name.endIndex...].dropFirst()
    if let flag = flags[String(name)] { return (flag, String(name), value) }
    let short = String(text.prefix(2))
    return text.hasPrefix("--") ? nil : flags[short].map { ($0, short, text.dropFirst(2)) }
  }

  // MARK: Layout

  /// The settings as argparse makes them: of a flag that is given twice the last counts.
  func argparse() throws(ConfigurationError) -> CommandLineProgram.Layout {
    var layout = CommandLineProgram.Layout(settings: [])
    var positions: [String: Int] = [:]
    var rest = words[...]
    var unknown = 0
    var begun: [String: CommandLineFlag?] = [:]
    while let word = rest.popFirst() {
      if word.pieces.first?.isUnevaluated == true {
        unknown += 1
        // A flag that a condition decides has a value that is not known.
        let decided = Self.flags(in: word, among: program.flags)
        for flag in decided {
          let value = ConfigurationValue(
            key: flag.key, content: .unevaluated(String(word.text.trimmingPrefix(while: \.isWhitespace))),
            place: .line(word.line, of: path))
          if let position = positions[flag.key] {
            layout.settings[position] = value
          } else {
            positions[flag.key] = layout.settings.count
            layout.settings.append(value)
          }
        }
        if !decided.isEmpty { continue }
        // What is passed on may be any flag.
        if Self.isPassedOn(word), positions[word.text] == nil {
          positions[word.text] = layout.settings.count
          layout.settings.append(
            ConfigurationValue(
              key: word.text, content: .unevaluated(word.text), place: .line(word.line, of: path)))
          continue
        }
        if unknown <= 5 {
          layout.warnings.append(
            "Line \(word.line): what \(word.text.excerpt) stands for is not known and not read.")
        }
        continue
      }
      if word.text == "--" { break }
      guard Self.isFlag(word) else { continue }
      let written = String(word.text.prefix { $0 != "=" })
      var given = Self.flag(word, among: program.flags)
      if given == nil {
        if begun[written] == nil { begun[written] = .some(program.flags.begun(written)) }
        let value = written == word.text ? nil : word.text.dropFirst(written.count + 1)
        given = (begun[written] ?? nil).map { ($0, written, value) }
      }
      let name = given?.name ?? written
      let key = given?.flag.key ?? CommandLineFlag.key(name)
      let inline = given?.rest ?? (name == word.text ? nil : word.text.dropFirst(name.count + 1))
      if let flag = given?.flag, !flag.names.contains(name) {
        layout.notes.append("Line \(word.line): \(name) is read as \(flag.names[0]).")
      }
      var values: [ShellWord] = []
      if let inline {
        var value = word
        value.pieces = [.init(text: String(inline), isUnevaluated: word.isUnevaluated)]
        values = [value]
      }
      let limit =
        inline != nil && given?.flag.count != .several && given?.flag.count != .pairs
        ? 0 : Self.limit(given?.flag.count)
      while values.count < limit, let next = rest.first, !Self.isFlag(next) {
        // A word of its own that is not known may be further flags, unless a value is due.
        if Self.isPassedOn(next), given?.flag.count != .one { break }
        if given == nil || given?.flag.count == .several, next.pieces.first?.isUnevaluated == true,
          !values.isEmpty
        {
          break
        }
        values.append(next)
        rest.removeFirst()
      }
      let value = try self.value(key, name, values, given?.flag.count, word.line)
      if let position = positions[key] {
        let first = layout.settings[position]
        if first.source != value.source {
          layout.notes.append(
            "\(name) is given twice, as \(first.source) and on line \(word.line) as \(value.source); the last counts."
          )
        }
        layout.settings[position] = value
      } else {
        positions[key] = layout.settings.count
        layout.settings.append(value)
      }
    }
    if unknown > 5 { layout.warnings.append("\(unknown - 5) further words are not known and not read.") }
    return layout
  }

  /// Whether a word stands for the arguments of the script itself.
  private static func isPassedOn(_ word: ShellWord) -> Bool {
    ["$@", "$*", "${@}", "${*}"].contains(word.text)
  }

  /// The flags that text names which is only there under a condition.
  private static func flags(in word: ShellWord, among flags: CommandLineFlags) -> [CommandLineFlag] {
    guard word.text.contains("-") else { return [] }
    return word.text.split { $0.isWhitespace || $0 == "(" || $0 == ")" }.compactMap {
      $0.hasPrefix("-") ? flags[String($0.prefix { $0 != "=" })] : nil
    }
  }

  private static func limit(_ count: CommandLineFlag.Count?) -> Int {
    switch count {
    case .some(.none): 0
    case .one, .optional: 1
    case .exactly(let count): count
    case .several, .pairs, nil: .max
    }
  }

  private func value(
    _ key: String, _ name: String, _ words: [ShellWord], _ count: CommandLineFlag.Count?, _ line: Int
  ) throws(ConfigurationError) -> ConfigurationValue {
    func value(_ key: String, _ word: ShellWord, _ text: Substring? = nil) -> ConfigurationValue {
      let text = text.map(String.init) ?? word.text
      return ConfigurationValue(
        key: key, content: word.isUnevaluated ? .unevaluated(text) : .word(text),
        place: .line(word.line, of: path))
    }
    let place = ConfigurationError.Place.line(line, of: path)
    switch count {
    case .one where words.isEmpty: throw .invalid(.missingValue(name), at: place)
    case .pairs:
      let pairs = words.compactMap { word -> ConfigurationValue? in
        guard let equals = word.text.firstIndex(of: "=") else { return nil }
        return value(String(word.text[..<equals]), word, word.text[equals...].dropFirst())
      }
      return ConfigurationValue(key: key, content: .mapping(pairs), place: place)
    case .several, .exactly:
      let items = words.enumerated().map { value(ConfigurationValue.itemKey(key, $0 + 1), $1) }
      return ConfigurationValue(key: key, content: .list(items), place: place)
    default:
      if words.isEmpty { return ConfigurationValue(key: key, content: .word("true"), place: place) }
      if words.count == 1 { return value(key, words[0]) }
      let items = words.enumerated().map { value(ConfigurationValue.itemKey(key, $0 + 1), $1) }
      return ConfigurationValue(key: key, content: .list(items), place: place)
    }
  }

  // MARK: Launcher

  /// The file that the launcher is configured by.
  var launchFile: String? {
    for (index, word) in starters.enumerated() where word.text.hasPrefix("--config_file") {
      return word.text.contains("=") ? word.text : index + 1 < starters.count ? starters[index + 1].text : nil
    }
    return nil
  }

  /// How many processes are started, nil where that is not known, and by what.
  func launcher() -> (processes: Int?, by: String) {
    func number(_ words: [ShellWord], _ names: [String]) -> (count: Int?, text: String)? {
      for (index, word) in words.enumerated() {
        let name = word.text.prefix { $0 != "=" }
        guard names.contains(String(name.map { $0 == "_" ? "-" : $0 })) else { continue }
        if name.endIndex != word.text.endIndex {
          return (Int(word.text[name.endIndex...].dropFirst()), word.text)
        }
        guard index + 1 < words.count else { return (nil, word.text) }
        return (Int(words[index + 1].text), "\(word.text) \(words[index + 1].text)")
      }
      return nil
    }
    func product(_ name: String, _ processes: [String], _ nodes: [String]) -> (Int?, String) {
      let (processes, nodes) = (number(starters, processes), number(starters, nodes))
      let text = ([name] + [processes?.text, nodes?.text].compactMap { $0 }).joined(separator: " ")
      guard let first = processes.map(\.count) ?? 1, let second = nodes.map(\.count) ?? 1 else {
        return (nil, text)
      }
      let (result, overflow) = first.multipliedReportingOverflow(by: second)
      return (overflow || result < 1 ? nil : result, text)
    }
    let names = Set(starters.map { CommandLine.basename($0.text) })
    if script == "distributed_train.sh" {
      return (words.first.flatMap { Int($0.text) }, "distributed_train.sh \(words.first?.text ?? "")")
    }
    if names.contains("torchrun") { return product("torchrun", ["--nproc-per-node"], ["--nnodes"]) }
    for module in ["torch.distributed.run", "torch.distributed.launch"] where names.contains(module) {
      return product(module, ["--nproc-per-node"], ["--nnodes"])
    }
    if names.contains("accelerate") {
      let count = number(starters, ["--num-processes"])
      return (count?.count ?? nil, "accelerate \(count?.text ?? "launch")")
    }
    if names.contains("deepspeed") {
      let count = number(starters, ["--num-gpus"])
      return count == nil ? (nil, "deepspeed") : product("deepspeed", ["--num-gpus"], ["--num-nodes"])
    }
    if names.contains("srun") {
      if let total = number(starters, ["-n", "--ntasks"]) { return (total.count, "srun \(total.text)") }
      let each = number(starters, ["--ntasks-per-node"])
      return each == nil ? (nil, "srun") : product("srun", ["--ntasks-per-node"], ["-N", "--nodes"])
    }
    for name in ["mpirun", "mpiexec", "horovodrun"] where names.contains(name) {
      let count = number(starters, ["-n", "-np", "--np"])
      return (count?.count ?? nil, "\(name) \(count?.text ?? "")")
    }
    guard !starters.contains(where: \.isUnevaluated) else { return (nil, "") }
    // Without a launcher the Trainer spreads a batch over all GPUs that it sees.
    guard program.identifier == "huggingface", let devices = visibleDevices else { return (1, "no launcher") }
    let count = devices.isUnevaluated ? nil : devices.text.split(separator: ",").count
    return (count.map { max(1, $0) }, "no launcher, CUDA_VISIBLE_DEVICES=\(devices.text.excerpt)")
  }
}

extension CommandLineArguments {
  /// A file that the command line names, looked for beside the script and in the current folder; nothing above them.
  func file(_ word: ShellWord) throws(ConfigurationError) -> InputText {
    let name = word.text
    let place = ConfigurationError.Place.line(word.line, of: path)
    guard !word.isUnevaluated, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
      throw .invalid(.otherFile(name), at: place)
    }
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    for path in [folder + name, name] {
      do throws(ConfigurationError) { return try InputText(path: path) } catch {
        if case .missing = error { continue }
        throw error
      }
    }
    throw .invalid(.otherFile(name), at: place)
  }
}
