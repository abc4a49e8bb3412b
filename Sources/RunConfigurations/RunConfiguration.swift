import Dynamics
import Equilibrium
import Synchronization

/// Reading run configurations: syntax and format are told from the file, and each format ends in a ``TrainingRun``.
public enum RunConfiguration {
  /// Reads a run configuration in any known format.
  ///
  /// - Parameters:
  ///   - path: the file; at most 1 MB of UTF-8 text, 8 MB of YAML, 64 MB of JSON.
  ///   - overrides: `--key=value` arguments as given to the training program, a later one before an earlier.
  ///   - facts: what the file may leave open.
  ///   - format: the identifier of the format, one of ``formats``; told from the file when left out.
  ///   - ignored: keys that would decide the run if they were read, and are left out nevertheless.
  ///   - beside: files that belong to the same run: DeepSpeed's JSON beside the Trainer's arguments, or others of GPT-NeoX.
  /// - Throws: ``ConfigurationError``.
  public static func read(
    path: String, overrides: [String] = [], facts: RunFacts = RunFacts(), format: String? = nil,
    ignoring ignored: [String] = [], beside: [String] = []
  ) throws(ConfigurationError) -> TrainingRun {
    var others: [BesideFile] = []
    for path in beside { others.append(try BesideFile(path: path)) }
    return try read(InputText(path: path), overrides, facts, format, ignoring: ignored, others)
  }

  /// Reads the text of a run configuration; `path` tells the syntax and appears in messages.
  ///
  /// - Throws: ``ConfigurationError``.
  public static func read(
    text: String, path: String, overrides: [String] = [], facts: RunFacts = RunFacts(), format: String? = nil,
    ignoring ignored: [String] = []
  ) throws(ConfigurationError) -> TrainingRun {
    try read(InputText(text.utf8, path: path), overrides, facts, format, ignoring: ignored)
  }

  /// The files that were read so far, those that a configuration names beside itself among them: none is to be written over.
  public static var filesRead: Set<String> { InputText.opened.withLock { $0 } }

  /// The identifiers of the formats, with what each is called.
  public static var formats: [(identifier: String, name: String)] {
    RunFormat.catalogue.map { ($0.identifier, $0.name) }
  }

  private static func read(
    _ input: InputText, _ overrides: [String], _ facts: RunFacts, _ identifier: String?,
    ignoring ignored: [String], _ beside: [BesideFile] = []
  ) throws(ConfigurationError) -> TrainingRun {
    var (input, syntax) = (input, try Syntax.of(input))
    // A command line is laid out by the flags of its program, so that has to be known first.
    let asked = CommandLineProgram.catalogue.first { $0.identifier == identifier }
    var file =
      syntax.name == Syntax.commandLine.name && asked != nil
      ? try CommandLine.parse(input, asked: asked) : try syntax.parse(input, [:])
    let (command, replacements) = (file.command, file.replacements)
    (input, syntax) = (file.input ?? input, file.syntax ?? syntax)
    file.root = file.root.replacing(replacements)
    let (format, claim) = try RunFormat.of(file, syntax, identifier, input)
    if format.unites {
      for other in beside { file.root = try other.united(with: file.root) }
    }
    if let prepare = format.prepare { file = try prepare(file, input, overrides) }
    if let stranger = file.stranger, !format.readsScripts { throw stranger }
    if command?.program.isEmpty == true {
      file.command = command
      // Files that lie under the one of the command come in with its preparation.
      file.root = file.root.replacing(replacements)
    }
    var settings = RunSettings(
      file, format, input: input, facts: facts, ignoring: ignored, beside: format.unites ? [] : beside)
    for argument in overrides { try settings.override(argument) }
    var run = try format.read(&settings)
    run.dropByteOrderMarks()
    try settings.checkLeftovers()
    if let other = settings.beside.first(where: { !$0.isUsed }) {
      throw .invalid(.notBeside(other.path, format.name), at: .file(input.path))
    }
    if settings.isUnneeded(.steps) { throw .invalid(.stated(.steps), at: .file(input.path)) }
    do throws(Problem) { try run.check() } catch { throw .invalid(error, at: .file(input.path)) }
    if format.identifier != RunFormat.roteqYAML.identifier {
      run.notes.insert("Read as \(format.name)\(claim.isEmpty ? "" : ": \(claim)").", at: 0)
    }
    return run
  }
}

/// A file that belongs to the same run as another.
struct BesideFile: Sendable {
  let path: String
  let root: ConfigurationValue
  var isUsed = false

  init(path: String) throws(ConfigurationError) {
    let input = try InputText(path: path)
    (self.path, root) = (path, try Syntax.of(input).parse(input, [:]).root)
  }

  /// The settings of both; one that both have is refused.
  func united(with other: ConfigurationValue) throws(ConfigurationError) -> ConfigurationValue {
    let (own, others) = (try root.mapping(), try other.mapping())
    if let twice = own.values.first(where: { others[$0.key] != nil }) {
      throw twice.invalid(.repeatedKey(twice.key))
    }
    return ConfigurationValue(key: "", content: .mapping(others.values + own.values), place: other.place)
  }
}

extension TrainingRun {
  /// Takes byte order marks from the start of texts: they are no part of them, and readers of YAML drop them.
  fileprivate mutating func dropByteOrderMarks() {
    func drop(_ text: inout String) { text.unicodeScalars.trimPrefix { $0 == "\u{FEFF}" } }
    drop(&name)
    for index in notes.indices { drop(&notes[index]) }
    for index in warnings.indices { drop(&warnings[index]) }
    for index in ignored.indices { drop(&ignored[index]) }
    for index in layers.indices {
      drop(&layers[index].name)
      if var note = layers[index].note {
        drop(&note)
        layers[index].note = note
      }
    }
  }
}

/// A format of run configurations. A new one is one file, one line in the catalogue, and the signatures by which it claims files.
///
/// A program that differs from another in what its settings are called and default to is the other's format with ``spellings``
/// and ``defaults``.
struct RunFormat: Sendable {
  /// What the format is called on the command line: `timm`.
  let identifier: String
  /// What it is called in messages: `timm's args.yaml`.
  let name: String
  /// The program whose defaults it has: `timm`.
  let tool: String
  /// The syntaxes that it comes in.
  let syntaxes: [String]
  /// The keys that overrides may name beside those of the file.
  var keys: [String] = []
  /// What the file calls the settings that the reader asks for by another name.
  var spellings: [String: String] = [:]
  /// The program's defaults where they are not those of the reader.
  var defaults: [String: String] = [:]
  /// Keys that look like settings of the run and have no influence on it.
  var harmless: [String] = []
  /// Whether every key that is not read has to be known to have no influence.
  var isStrict = false
  /// Whether what was parsed is in this format, where more than a ``Signature`` tells.
  var isTypical: @Sendable (_ file: ParsedFile) -> Bool = { _ in false }
  /// Makes the settings of what was parsed, where they are more than it says: of a file that others lie under, or a script.
  var prepare:
    (
      @Sendable (ParsedFile, InputText, _ overrides: [String]) throws(ConfigurationError) ->
        ParsedFile
    )?
  /// Whether several files are one run, each with settings that the others have not.
  var unites = false
  /// Python: whether it may be more than assignments.
  var readsScripts = false
  /// Makes a run of the settings.
  let read: @Sendable (inout RunSettings) throws(ConfigurationError) -> TrainingRun

  /// Every format, in the order in which they are tried; the last of a syntax takes what no other claims.
  static let catalogue: [RunFormat] = [
    .fairseq, .fairseqHydra, .megatron, .gptNeoX, .timm, .huggingFace, .torchScript, .optax, .keras, .nanoGPT,
    .parameterGroups, .llamaFactory,
    .axolotl, .deepSpeed, .lightning, .litGPT, .composer, .torchTitan, .torchTune, .maxText, .levanter, .olmo,
    .ultralytics, .mmEngine, .detectron2, .swin, .openCLIP, .mae, .dino, .diffusers, .roteqYAML,
  ]

  /// The format of what was parsed, the one that is asked for or that claims it, and by what it does.
  static func of(
    _ file: ParsedFile, _ syntax: Syntax, _ identifier: String?, _ input: InputText
  ) throws(ConfigurationError) -> (RunFormat, claim: String) {
    let formats = catalogue.filter { $0.syntaxes.contains(syntax.name) }
    var claim = ""
    let format: RunFormat?
    if let identifier {
      format = formats.first { $0.identifier == identifier }
      claim = "--config-format asks for it"
    } else if let command = file.command, !command.program.isEmpty {
      format = formats.first { $0.identifier == command.program }
      claim = "it starts \(command.script)"
    } else if let found = signature(of: file.root, syntax) {
      guard let name = found.signature.format else {
        throw .invalid(
          .foreignProgram(found.signature.program, keys: found.keys, known: formats.map(\.identifier)),
          at: .file(input.path))
      }
      claim = "it has \(found.keys.joined(separator: " and "))"
      format = formats.first { $0.identifier == name }
    } else {
      format = formats.first { $0.isTypical(file) }
    }
    guard let format else {
      throw .invalid(.unknownFormat(known: formats.map(\.identifier)), at: .file(input.path))
    }
    return (format, claim)
  }

  private static func signature(
    of root: ConfigurationValue, _ syntax: Syntax
  ) -> (signature: Signature, keys: [String])? {
    for signature in Signature.catalogue where signature.syntaxes.contains(syntax.name) {
      if let keys = signature.claim(root) { return (signature, keys) }
    }
    return nil
  }
}

/// A syntax of configuration files. A new one is one file and one line in the catalogue.
struct Syntax: Sendable {
  /// What it is called in messages.
  let name: String
  /// The file name extensions that belong to it, in lower case without the dot.
  let pathExtensions: [String]
  /// Whether the beginning of a file shows that it is in this syntax.
  var opens: @Sendable (_ text: Substring) -> Bool = { _ in false }
  /// Whether a line shows that a file without such an extension is in this syntax.
  let isTypical: @Sendable (_ line: Substring) -> Bool
  /// The file as values, with those of names that it may refer to; nothing is executed.
  let parse: @Sendable (InputText, _ known: [String: PythonValue]) throws(ConfigurationError) -> ParsedFile

  /// Every syntax, in the order in which they are tried.
  static let catalogue: [Syntax] = [.json, .toml, .commandLine, .yaml, .python]

  /// The syntax of a file, by its extension or, where that says nothing, by its lines.
  static func of(_ input: InputText) throws(ConfigurationError) -> Syntax {
    if let syntax = catalogue.first(where: { $0.pathExtensions.contains(input.pathExtension) }) {
      return syntax
    }
    let start = input.text.drop { $0.isWhitespace }
    if let syntax = catalogue.first(where: { $0.opens(start) }) { return syntax }
    let lines = input.text.split(separator: "\n")
    if let syntax = catalogue.first(where: { lines.contains(where: $0.isTypical) }) { return syntax }
    throw .invalid(.unknownFormat(known: RunFormat.catalogue.map(\.identifier)), at: .file(input.path))
  }
}
