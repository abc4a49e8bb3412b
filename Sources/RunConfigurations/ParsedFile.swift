/// What a syntax makes of a file, before it is known whose it is.
struct ParsedFile: Sendable {
  /// The settings.
  var root: ConfigurationValue
  /// The training command that they were given to; nil where the file is none.
  var command: TrainingCommand?
  /// Python: names that only help to state others, unless a format has them.
  var helpers: Set<String> = []
  /// The syntax and the text of the file that a command reads, where it is not the one that was given.
  var syntax: Syntax?
  var input: InputText?
  /// What a command replaces in that file, by key.
  var replacements: [ConfigurationValue] = []
  /// Overrides that are taken in already, by key.
  var taken: Set<String> = []
  /// Python: what is given from outside for names of the file.
  var fixed: [String: PythonValue] = [:]
  /// Python: all that the file says.
  var statements: [PythonStatement] = []
  /// Python: why it is more than assignments; a format of assignments refuses it.
  var stranger: ConfigurationError?

  init(_ root: ConfigurationValue, command: TrainingCommand? = nil) {
    (self.root, self.command) = (root, command)
  }
}

/// What a training command says beside its settings.
struct TrainingCommand: Sendable {
  /// The identifier of the program's format.
  let program: String
  /// The script as it is called: `pretrain_gpt.py`.
  let script: String
  /// How many processes are started; nil where that is not known.
  let processes: Int?
  /// What starts them, a phrase.
  let launcher: String
  var notes: [String] = []
  var warnings: [String] = []
  /// The files that it names and a format may read, by flag.
  var files: [String: String] = [:]
}
