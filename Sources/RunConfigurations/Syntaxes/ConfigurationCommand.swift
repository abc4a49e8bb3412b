/// A command that hands a configuration file to a program, with settings that replace those of the file:
/// `torchrun train_net.py --config-file a.yaml SOLVER.BASE_LR 0.01`, `tune run full --config a.yaml epochs=2`.
enum ConfigurationCommand {
  private static let extensions = [".yaml", ".yml", ".toml", ".json", ".py"]
  /// Flags after which the file stands.
  private static let flags: Set = [
    "--config", "--config-file", "--config_file", "--cfg", "-c", "-f", "--config_path", "--config-path",
    "--conf", "--cfg-file",
  ]
  /// Programs whose file is their first word.
  private static let programs: Set = [
    "llamafactory-cli", "axolotl", "tune", "litgpt", "axolotl.cli.train", "MaxText.train", "composer",
    "train_net.py",
    "train.py", "main.py",
  ]

  /// The file of a command with what replaces its settings; nil where it names none.
  static func parse(
    _ command: ShellScript.Command, _ input: InputText
  ) throws(ConfigurationError) -> ParsedFile? {
    let words = command.words
    guard let first = words.first else { return nil }
    let name = CommandLine.basename(first.text)
    guard first.isUnevaluated || CommandLine.isStarter(name) || programs.contains(name) else { return nil }
    guard
      let script = words.firstIndex(where: { word in
        let name = CommandLine.basename(word.text)
        return programs.contains(name) || (name.hasSuffix(".py") && !word.text.hasPrefix("-"))
      })
    else { return nil }
    let rest = Array(words[(script + 1)...])
    let isLitGPT = CommandLine.basename(words[script].text) == "litgpt"
    let named = file(in: rest, isPython: CommandLine.basename(words[script].text) == "train.py")
    guard named != nil || isLitGPT else { return nil }
    let (position, path) = named ?? (-1, "")
    let isMaxText = words[...script].contains { $0.text.contains("MaxText") }
    let place = ConfigurationError.Place.line(first.line, of: input.path)
    let isOptional = isMaxText && CommandLine.basename(path) == "base.yml"
    let found = named == nil ? nil : try file(path, beside: input, place, isOptional: isOptional)
    var file: ParsedFile
    if let found {
      let syntax = try Syntax.of(found)
      guard syntax.name != "shell" else { return nil }
      file = try syntax.parse(found, [:])
      (file.syntax, file.input) = (syntax, found)
    } else {
      // The file of which the program takes its defaults.
      let base = ConfigurationValue(key: "base_config", content: .text("base.yml"), place: place)
      file = ParsedFile(ConfigurationValue(key: "", content: .mapping(isLitGPT ? [] : [base]), place: place))
      (file.syntax, file.input) = (.yaml, input)
    }
    file.replacements = replacements(
      rest.enumerated().filter { $0.offset != position }.map(\.element), input.path)
    let arguments = CommandLineArguments(
      starters: Array(words[..<script]), script: CommandLine.basename(words[script].text), line: first.line,
      path: input.path)
    let (processes, launcher) = arguments.launcher()
    file.command = TrainingCommand(
      program: "", script: arguments.script, processes: launcher == "no launcher" ? nil : processes,
      launcher: launcher,
      notes: path.isEmpty ? [] : ["The command reads \(path)."])
    return file
  }

  /// Where the file stands among the words, and its path.
  private static func file(in words: [ShellWord], isPython: Bool) -> (Int, String)? {
    func isFile(_ text: String) -> Bool {
      extensions.contains { text.hasSuffix($0) && ($0 != ".py" || isPython) } && !text.contains("=")
    }
    for (index, word) in words.enumerated() {
      let parts = word.text.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2, flags.contains(parts[0]), isFile(parts[1]) { return (index, parts[1]) }
      if flags.contains(word.text), index + 1 < words.count, isFile(words[index + 1].text) {
        return (index + 1, words[index + 1].text)
      }
    }
    guard
      let index = words.prefix(4).firstIndex(where: {
        isFile($0.text) && !$0.text.hasPrefix("-") && !$0.isUnevaluated
      }),
      index == 0 || !words[index - 1].text.hasPrefix("--")
    else { return nil }
    return (index, words[index].text)
  }

  private static func file(
    _ path: String, beside input: InputText, _ place: ConfigurationError.Place, isOptional: Bool
  ) throws(ConfigurationError) -> InputText? {
    let short = CommandLine.basename(path)
    let isInside = !path.hasPrefix("/") && !path.split(separator: "/").contains("..") && !path.contains("$")
    for candidate in isInside ? [input.folder + path, input.folder + short, path] : [input.folder + short] {
      do throws(ConfigurationError) { return try InputText(path: candidate) } catch {
        if case .missing = error { continue }
        throw error
      }
    }
    if isOptional { return nil }
    throw .invalid(.otherFile(path), at: place)
  }

  /// `key=value`, `--key=value`, `--key value` and `SECTION.KEY value`, in their order.
  private static func replacements(_ words: [ShellWord], _ path: String) -> [ConfigurationValue] {
    var values: [ConfigurationValue] = []
    func add(_ key: String, _ text: String, _ word: ShellWord) {
      let key = String(key.drop { "+-~".contains($0) })
      values.append(
        ConfigurationValue(
          key: key, content: word.isUnevaluated ? .unevaluated(text) : .word(text),
          place: .line(word.line, of: path)))
    }
    var index = 0
    while index < words.count {
      defer { index += 1 }
      let word = words[index]
      let text = word.text
      if flags.contains(text) || ["--cfg-options", "--options", "--opts"].contains(text) { continue }
      if let equals = text.firstIndex(of: "=") {
        let key = text[..<equals]
        if !key.isEmpty, !flags.contains(String(key)) {
          add(String(key), String(text[equals...].dropFirst()), word)
        }
      } else if text.hasPrefix("--") || (text.contains(".") && text.first?.isUppercase == true) {
        let hasValue = index + 1 < words.count && !CommandLineArguments.isFlag(words[index + 1])
        let value = hasValue ? words[index + 1] : nil
        add(text, value?.text ?? "true", value ?? word)
        if hasValue { index += 1 }
      }
    }
    return values
  }
}
