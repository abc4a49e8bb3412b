import Dynamics
import Equilibrium
import Optimizers

/// Why a run configuration could not be read; its description is one line that begins with the place.
public enum ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no such file.
  case missing(path: String)
  /// The file is there but cannot be opened or read.
  case unreadable(path: String)
  /// What was read is no run configuration.
  case invalid(Problem, at: Place)

  /// Where a problem is.
  public enum Place: Equatable, Sendable {
    /// A whole file.
    case file(String)
    /// A line of a file, counted from 1.
    case line(Int, of: String)
    /// A `--key=value` argument, as it was given.
    case override(String)
  }

  /// Whether the file itself could not be had, as against what it says; sysexits knows this as EX_NOINPUT.
  public var isMissingInput: Bool {
    if case .invalid = self { false } else { true }
  }

  /// Whether an argument is wrong or missing, not the file; sysexits knows this as EX_USAGE.
  public var isUsage: Bool {
    switch self {
    case .invalid(_, at: .override), .invalid(.needs, _), .invalid(.ambiguousOptimizer, _),
      .invalid(.optimizerInCode, _), .invalid(.forksDiffer, _), .invalid(.stateAlone, _),
      .invalid(.undecided, _), .invalid(.foreignFlags, _), .invalid(.nothingToIgnore, _),
      .invalid(.severalOptimizers, _),
      .invalid(.asks, _), .invalid(.automatic, _), .invalid(.notBeside, _):
      true
    default: false
    }
  }

  /// One line: place, what is wrong and, where it can, what to write instead.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file"
    case .unreadable(let path): "\(path): cannot be read"
    case .invalid(let problem, .file(let path)): "\(path): \(problem)"
    case .invalid(let problem, .line(let line, let path)): "\(path):\(line): \(problem)"
    case .invalid(let problem, .override(let argument)): "\(argument): \(problem)"
    }
  }
}

/// A key that nobody asked for.
public struct UnreadKey: Equatable, Sendable {
  /// The key, from the top of the file.
  public let name: String
  /// The known key that may have been meant.
  public let nearest: String?
}

/// What is wrong with a run configuration; each case carries what is needed to mend it.
public enum Problem: Error, Equatable {
  /// Nothing in it.
  case empty
  /// More bytes than any configuration has.
  case tooLarge(limit: Int)
  /// More values than any configuration has.
  case tooManyValues(limit: Int)
  /// Not UTF-8, or with control characters.
  case notText
  /// A state saved by Python, which to read would mean to execute it; the command exports what is needed.
  case binaryState(export: String, executes: Bool)
  /// None of the known formats.
  case unknownFormat(known: [String])
  /// The file of a program that is not read, told by keys that it alone has.
  case foreignProgram(String, keys: [String], known: [String])
  /// Keys that may decide the run and are not read, with the known ones that are nearest.
  case undecided([UnreadKey], by: String)
  /// Flags that the program has not, so that the command is another's.
  case foreignFlags([UnreadKey], of: String)
  /// A key to ignore that is not there, or is read.
  case nothingToIgnore(String)
  /// Not well-formed; the parser's words.
  case syntax(String, language: String)
  /// A YAML anchor, or text that looks like one.
  case anchor(String)
  /// A YAML alias.
  case alias
  /// A key that the format does not have, with those that it has there.
  case unknownKey(String, known: [String])
  /// A key given twice.
  case repeatedKey(String)
  /// A key that must be there.
  case missingKey(String, in: String?)
  /// A value of the wrong kind; `found` and `expected` are phrases.
  case wrongKind(key: String, found: String, expected: String)
  /// A key that has no meaning next to another's value.
  case doesNotGoWith(key: String, other: String, value: String)
  /// A number that is not allowed.
  case outOfRange(key: String, value: Double, expected: String)
  /// A name that is none of the known ones.
  case unknownName(key: String, String, known: [String])
  /// Values that do not go together.
  case settings(SettingsError)
  /// A schedule that does not fit the run.
  case schedule(ScheduleError)
  /// What the file leaves open, one of which is needed; the reason is a clause.
  case needs([RunFacts.Fact], because: String)
  /// What is given although the file states it.
  case stated(RunFacts.Fact)
  /// The optimizer is made where no configuration says how; an example of the arguments that say it.
  case optimizerInCode(arguments: String)
  /// A setting that decides the run, is not stated, and has another default in copies of the program.
  case forksDiffer(key: String, program: String, upstream: String, other: String)
  /// A script that makes several optimizers: what each is called, and its line.
  case severalOptimizers([String], lines: [Int])
  /// What nothing says and decides the run; the reason is a clause.
  case asks(key: String, choices: [String], because: String)
  /// A file that was given as belonging to a run and is no part of it.
  case notBeside(String, String)
  /// Values that the arguments of another program fill in.
  case automatic([String])
  /// A trainer_state.json without the arguments beside it.
  case stateAlone(missing: [String])
  /// Keys that several optimizers have.
  case ambiguousOptimizer(known: [String])
  /// An optimizer that is none of those that are known; the reason is a sentence without its subject.
  case unsupportedOptimizer(String, because: String, known: [String])
  /// A kind of schedule that cannot be followed.
  case unsupportedSchedule(String, because: String)
  /// A shell script without a command that trains.
  case noTrainingCommand(known: [String])
  /// A flag that needs a value and has none.
  case missingValue(String)
  /// A file that a command line names and that is not there.
  case otherFile(String)
  /// A Python statement that is no assignment.
  case statement(String)
  /// A setting whose value would have to be executed.
  case notEvaluated(key: String, String)
  /// An argument that is not `--key=value`.
  case notAnOverride
}

extension Problem: CustomStringConvertible {
  /// What is wrong and, where it can, what to write instead; one line without the place.
  public var description: String {
    switch self {
    case .empty: "empty, expected a run configuration"
    case .tooLarge(let limit): "larger than \(limit / 1_000_000) MB, too large for a run configuration"
    case .tooManyValues(let limit): "more than \(limit) values, too many for a run configuration"
    case .notText: "not a text file (expected UTF-8)"
    case .binaryState(let command, let executes):
      "a pickle or zip archive, which is not read since unpickling can execute code; export what is needed:"
        + " \(command)"
        + (executes ? " (this executes what the file asks for: only for files that you trust)" : "")
    case .unknownFormat(let known):
      "not a run configuration in a known format; known: \(known.joined(separator: ", "))"
    case .foreignProgram(let program, let keys, let known):
      "a configuration of \(program) (it has \(keys.joined(separator: " and "))), which is not read; known: "
        + "\(known.joined(separator: ", ")); --config-format says which of them it is nevertheless"
    case .foreignFlags(let keys, let program):
      "\(Self.list(keys)) \(keys.count == 1 ? "is no flag" : "are no flags") of \(program), whose parser would refuse"
        + " \(keys.count == 1 ? "it" : "them"): this may be another program; --ignore KEY leaves one out"
    case .undecided(let keys, let reader):
      Self.list(keys)
        + " may decide the run and \(keys.count == 1 ? "is" : "are") not read of \(reader); --ignore KEY leaves one out"
    case .nothingToIgnore(let key): "--ignore \(key.excerpt): no key of that name is left unread"
    case .syntax(let reason, let language): "not valid \(language): \(reason)"
    case .anchor(let text): "'\(text.excerpt)' looks like a YAML anchor; anchors and aliases are not read"
    case .alias: "anchors and aliases are not read; write the value out"
    case .unknownKey(let key, let known):
      "unknown key '\(key.excerpt)'\(Spelling.suggestion(for: key, among: known))"
    case .repeatedKey(let key): "key '\(key.excerpt)' is given twice"
    case .missingKey(let key, let parent): "missing key '\(key)'\(parent.map { " in '\($0)'" } ?? "")"
    case .wrongKind(let key, let found, let expected): "\(key) is \(found), expected \(expected)"
    case .doesNotGoWith(let key, let other, let value): "\(key) does not go with \(other) '\(value)'"
    case .outOfRange(let key, let value, let expected):
      "\(key) is \(value), expected \(expected)"
        + (key.hasSuffix("weight_decay") && value == 0
          ? "; without weight decay there is no equilibrium" : "")
    case .unknownName(let key, let name, let known) where key.hasPrefix("optim"):
      "unknown \(key) '\(name.excerpt)'\(Optimizer.reason(against: name).map { " (\($0))" } ?? "");"
        + " known: \(known.joined(separator: ", "))"
    case .unknownName(let key, let name, let known):
      "unknown \(key) '\(name.excerpt)'\(Spelling.suggestion(for: name, among: known))"
    case .settings(let error): error.description
    case .schedule(let error): error.description
    case .stated(let fact):
      "\(fact.rawValue) is given, but the file states the \(fact.meaning); --set KEY=VALUE replaces what it states"
    case .needs(let facts, let reason):
      "\(reason); give \(facts.map { "\($0.rawValue) N (\($0.meaning))" }.joined(separator: " or "))"
    case .optimizerInCode(let arguments):
      "no optimizer is stated, so the model's code makes it, which is not read; pass \(arguments)"
    case .forksDiffer(let key, let program, let upstream, let other):
      "\(key) is not stated, and copies of \(program) differ in it; pass --set \(key)=\(upstream) (\(program)'s own)"
        + " or what the copy has, such as --set \(key)=\(other)"
    case .severalOptimizers(let names, let lines):
      "\(names.count) optimizers are made: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : ""); pass"
        + " --optimizer_line=\(lines.first ?? 1) or that of another"
    case .notBeside(let path, let format): "\(path.excerpt) is no part of a run that is read as \(format)"
    case .automatic(let keys):
      "\(keys.prefix(5).joined(separator: ", ")) \(keys.count == 1 ? "is" : "are") auto, which the Trainer's arguments fill in: read"
        + " these, with this file beside them, or pass --\(keys[0])=VALUE"
    case .asks(let key, let choices, let reason):
      "\(reason); pass \(choices.map { "--\(key)=\($0)" }.joined(separator: " or "))"
    case .stateAlone(let missing):
      "trainer_state.json does not hold \(missing.joined(separator: ", ")); pass "
        + missing.map { "--\($0)=\($0 == "optim" ? "adamw_torch" : "NUMBER")" }.joined(separator: " ")
        + ", or put training_args.json beside it"
    case .ambiguousOptimizer(let known):
      "the keys of the group do not tell which optimizer it is (Adam and AdamW had the same before PyTorch 2.7); pass"
        + " --optimizer=NAME, one of \(known.joined(separator: ", "))"
    case .unsupportedOptimizer(let name, let reason, let known):
      "optimizer '\(name.excerpt)' \(reason); known: \(known.joined(separator: ", "))"
    case .unsupportedSchedule(let name, let reason): "schedule '\(name.excerpt)' \(reason)"
    case .noTrainingCommand(let known):
      "no command line of a known training program; known: \(known.joined(separator: ", "));"
        + " --config-format NAME reads it as one of them"
    case .missingValue(let flag): "\(flag) needs a value"
    case .otherFile(let path):
      "the command reads '\(path.excerpt)', which is not beside this file; put it there, or give that file itself"
    case .statement(let text): "only assignments 'name = value' are read, found '\(text.excerpt)'"
    case .notEvaluated(let key, let text):
      "\(key) is '\(text.excerpt)', which would have to be executed; write the value out or pass --\(key)=VALUE"
    case .notAnOverride: "expected --key=value"
    }
  }

  /// The first keys, each with the nearest that is known.
  private static func list(_ keys: [UnreadKey]) -> String {
    keys.prefix(5).map { key in
      "'\(key.name.excerpt)'\(key.nearest.map { " (did you mean \($0)?)" } ?? "")"
    }.joined(separator: ", ") + (keys.count > 5 ? " and \(keys.count - 5) more keys" : "")
  }
}
