/// A flag of a training program, as argparse knows it.
struct CommandLineFlag: Sendable, Equatable {
  /// How many words follow it.
  enum Count: Sendable, Equatable {
    case none, one, optional, several, pairs
    case exactly(Int)
  }
  /// Its names with dashes, the first of which gives the key.
  let names: [String]
  let count: Count

  /// What argparse calls the setting: `weight_decay`.
  var key: String { Self.key(names[0]) }

  static func key(_ name: String) -> String { String(name.drop { $0 == "-" }.map { $0 == "-" ? "_" : $0 }) }
}

/// The flags of a training program.
struct CommandLineFlags: Sendable {
  let all: [CommandLineFlag]
  private let byName: [String: CommandLineFlag]

  init(_ all: [CommandLineFlag]) {
    self.all = all
    byName = Dictionary(all.flatMap { flag in flag.names.map { ($0, flag) } }) { first, _ in first }
  }

  /// Flags as `weight-decay,wd` (one value), `amp!` (none), `compile?` (one or none), `opt-betas*` (several),
  /// `input-size:3` (three), `opt-kwargs=` (pairs `key=value`); a name of one letter has one dash.
  ///
  /// - Parameter separator: what parts the words of a name; `_` for programs that take a dash in its place, too.
  init(_ text: String, separator: Character = "-") {
    self.init(
      text.split(whereSeparator: \.isWhitespace).map { word in
        let parts = word.split(separator: ":")
        let sign = word.last.flatMap { "!?*=".contains($0) ? $0 : nil }
        let names = sign == nil ? parts[0] : word.dropLast()
        let count: CommandLineFlag.Count =
          switch sign {
          case "!": .none
          case "?": .optional
          case "*": .several
          case "=": .pairs
          default: parts.count == 2 ? .exactly(Int(parts[1]) ?? 1) : .one
          }
        let spellings = String(names).split(separator: ",").flatMap { (name: Substring) -> [String] in
          let name = String(name)
          return separator == "_" ? [name, name.replacing("_", with: "-")] : [name]
        }
        return CommandLineFlag(
          names: spellings.map { ($0.count == 1 || $0 == "vb" ? "-" : "--") + $0 }, count: count)
      })
  }

  var keys: [String] { all.map(\.key) }

  subscript(name: String) -> CommandLineFlag? { byName[name] }

  /// The only flag that begins so; argparse takes the beginning of a name for it.
  func begun(_ name: String) -> CommandLineFlag? {
    guard name.count > 3, name.hasPrefix("--") else { return nil }
    let found = all.filter { flag in flag.names.contains { $0.hasPrefix(name) } }
    return found.count == 1 ? found[0] : nil
  }
}

/// A training program whose command lines are read.
struct CommandLineProgram: Sendable {
  /// What the words after the program say.
  struct Layout {
    var settings: [ConfigurationValue]
    var notes: [String] = []
    var warnings: [String] = []
    /// Python: names that only help to state others.
    var helpers: Set<String> = []

    /// Takes in values by key, each in the place of what the key had.
    mutating func put(_ values: [ConfigurationValue]) {
      if positions.count != settings.count {
        positions = Dictionary(settings.enumerated().map { ($1.key, $0) }) { _, last in last }
      }
      for value in values {
        if let position = positions[value.key] {
          settings[position] = value
        } else {
          positions[value.key] = settings.count
          settings.append(value)
        }
      }
    }
    private var positions: [String: Int] = [:]

    init(settings: [ConfigurationValue] = []) { self.settings = settings }
  }
  /// The identifier of its format.
  let identifier: String
  /// What it is called in messages: `timm's train.py`.
  let name: String
  /// The file names, modules or commands by which it is started; empty where any script may be meant.
  let scripts: [String]
  let flags: CommandLineFlags
  /// Keys of which one shows that a script of such a common name is this program's; empty where its name is enough.
  var telling: Set<String> = []
  /// Keys that count as one of them beside another.
  var supporting: Set<String> = []
  /// Whether its scripts have flags of their own beside these.
  var takesOthers = false
  /// Makes settings of the words that follow the program.
  var layout: @Sendable (CommandLineArguments) throws(ConfigurationError) -> Layout = {
    (arguments) throws(ConfigurationError) in try arguments.argparse()
  }

  /// Every program, in the order in which they are tried.
  static let catalogue: [CommandLineProgram] = [
    .nanoGPT, .timm, .fairseq, .fairseqHydra, .megatron, .mae, .dino, .openCLIP, .huggingFace, .diffusers,
  ]
}

/// Finds the training command of a shell script and lays out its flags as settings.
enum CommandLine {
  /// What starts programs: interpreters, launchers and words before them.
  static func isStarter(_ name: some StringProtocol) -> Bool {
    name.hasPrefix("python") || starters.contains(String(name))
  }
  private static let starters: Set<String> = [
    "torchrun", "accelerate", "deepspeed", "srun", "mpirun", "mpiexec", "env", "nohup", "exec", "sudo",
    "numactl",
    "uv", "poetry", "conda", "horovodrun", "singularity", "apptainer", "docker", "nice", "timeout", "stdbuf",
    "taskset", "bash", "sh", "ray",
  ]

  /// The last part of a path.
  static func basename(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  /// - Parameter asked: the program whose command it is; told from the command when left out.
  static func parse(
    _ input: InputText, asked: CommandLineProgram? = nil
  ) throws(ConfigurationError) -> ParsedFile {
    let script = try ShellScript(input)
    var found: [(index: Int, arguments: CommandLineArguments)] = []
    for (index, command) in script.commands.enumerated() {
      if let arguments = CommandLineArguments(command, path: input.path, asked: asked) {
        found.append((index, arguments))
      }
    }
    guard let (index, arguments) = found.last else {
      for command in script.commands.reversed() {
        if let file = try ConfigurationCommand.parse(command, input) { return file }
      }
      throw .invalid(
        .noTrainingCommand(known: CommandLineProgram.catalogue.map(\.name)), at: .file(input.path))
    }
    var layout = try arguments.program.layout(arguments)
    if found.count > 1 {
      layout.warnings.insert(
        "\(found.count) training commands: the last is read, on line \(arguments.line).", at: 0)
    }
    if !arguments.isSure {
      layout.warnings.append(
        "\(arguments.script) is taken for \(arguments.program.name); none of its flags is that program's alone."
      )
    }
    if script.commands.indices.contains(index + 1) {
      let next = script.commands[index + 1].words[0]
      if next.text.hasPrefix("-") {
        layout.warnings.append(
          "Line \(next.line) begins with \(next.text.excerpt), but the command ended before it:"
            + " a backslash is missing or a comment stands between.")
      }
    }
    if arguments.starters.contains(where: { CommandLine.basename($0.text) == "accelerate" }),
      let file = arguments.launchFile
    {
      layout.warnings.append(
        "accelerate's \(file.excerpt) is not read: processes, accumulation and DeepSpeed's settings may stand there."
      )
    }
    let (processes, launcher) = arguments.launcher()
    var file = ParsedFile(
      ConfigurationValue(key: "", content: .mapping(layout.settings), place: .file(input.path)),
      command: TrainingCommand(
        program: arguments.program.identifier, script: arguments.script, processes: processes,
        launcher: launcher, notes: layout.notes, warnings: layout.warnings))
    file.helpers = layout.helpers
    return file
  }
}

extension Syntax {
  static let commandLine = Syntax(
    name: "shell", pathExtensions: ["sh", "bash", "zsh", "slurm", "sbatch"],
    isTypical: { line in
      if line.hasPrefix("#!") { return line.contains("sh") && !line.contains("python") }
      // A prompt and assignments may stand before the program.
      let words = line.split { $0 == " " || $0 == "\t" }.drop {
        $0 == "$" || ShellScript.assignedName(String($0)) != nil
      }
      guard let first = words.first else { return false }
      let name = CommandLine.basename(String(first))
      return words.count > 1
        && (CommandLine.isStarter(name)
          || CommandLineProgram.catalogue.contains { $0.scripts.contains(name) })
    }
  ) { (input, _) throws(ConfigurationError) in try CommandLine.parse(input) }
}
