import Formulas

/// The settings of a run by key, typed. Remembers which were asked for and what was assumed, so that the rest can be
/// listed and nothing passes in silence.
///
/// Mappings within mappings are one list, with keys from the top: `optimizer.lr`. An empty value or `null` counts as
/// not given.
struct RunSettings {
  /// The file as it was parsed, with what arguments replaced.
  private(set) var root: ConfigurationValue
  /// The file's name without folders and extension.
  let stem: String
  /// The file's path, for messages.
  let path: String
  /// The format as which they are read.
  let format: RunFormat
  /// The folder in which the file lies; nil where there is no file.
  private let folder: String?
  private(set) var values: [ConfigurationValue]
  private var positions: [String: Int] = [:]
  private(set) var used: Set<String> = []
  private(set) var defaults: [String] = []
  let facts: RunFacts
  private(set) var usedFacts: Set<RunFacts.Fact> = []
  /// Keys that are left out although they may decide the run.
  let ignoring: Set<String>
  /// Those of them that stand for more than one setting and were looked at.
  private(set) var leftOut: Set<String> = []

  /// Whether a key is to be left out; a warning has to say what it is replaced by.
  mutating func isLeftOut(_ key: String) -> Bool {
    guard ignoring.contains(key) else { return false }
    leftOut.insert(key)
    return true
  }
  /// The training command that they were given to; nil where the file is none.
  let command: TrainingCommand?
  /// Python: all that a script says, and what is given from outside for its names.
  let statements: [PythonStatement]
  let fixed: [String: PythonValue]
  /// Files that were given as belonging to the run.
  private(set) var beside: [BesideFile]
  /// Overrides that are taken in already, by key.
  private let taken: Set<String>

  init(
    _ file: ParsedFile, _ format: RunFormat, input: InputText, facts: RunFacts, ignoring: [String] = [],
    beside: [BesideFile] = []
  ) {
    self.beside = beside
    self.ignoring = Set(ignoring)
    self.format = format
    (root, command, taken) = (file.root, file.command, file.taken)
    (statements, fixed) = (file.statements, file.fixed)
    (stem, path) = (input.stem, input.path)
    folder = input.isFile ? input.folder : nil
    self.facts = facts
    harmless = Set(format.harmless)
    let leaves = file.root.leaves
    let given = Set(leaves.map(\.key))
    // A helper that is nearly a setting may be meant for it.
    let unset = format.keys.filter { !given.contains($0) }
    values = leaves.filter {
      !file.helpers.contains($0.key) || format.keys.contains($0.key) || Spelling.isSlip($0.key, of: unset)
    }
    for (index, value) in values.enumerated() { positions[value.key] = index }
  }

  /// What the file calls a setting.
  func spelled(_ key: String) -> String { format.spellings[key] ?? key }

  /// Takes in a `--key=value` argument of the training program; dashes in the key count as underscores.
  mutating func override(_ argument: String) throws(ConfigurationError) {
    let known = format.keys
    let place = ConfigurationError.Place.override(argument)
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "="), !argument.contains("\n")
    else { throw .invalid(.notAnOverride, at: place) }
    let written = String(argument[..<equals].dropFirst(2))
    let text = String(argument[equals...].dropFirst())
    let key = positions[written] == nil ? String(written.map { $0 == "-" ? "_" : $0 }) : written
    if taken.contains(key) { return }
    guard positions[key] != nil || known.contains(key) else {
      throw .invalid(
        .unknownKey(written, known: known + values.map(\.key).filter { !known.contains($0) }), at: place)
    }
    let value = ConfigurationValue(key: key, content: .word(text), place: place)
    root = root.replacing(key.split(separator: ".").map(String.init)[...], with: value)
    if let position = positions[key] {
      values[position] = value
    } else {
      positions[key] = values.count
      values.append(value)
    }
  }

  /// Takes in what another file says; what is known already stays.
  mutating func adopt(_ other: ConfigurationValue) {
    for value in other.leaves where !has(value.key) {
      if let position = positions[value.key] {
        values[position] = value
      } else {
        positions[value.key] = values.count
        values.append(value)
      }
    }
  }

  /// Puts a value in the place of a setting.
  mutating func put(_ key: String, _ content: ConfigurationValue.Content) {
    let key = spelled(key)
    let place = positions[key].map { values[$0].place } ?? .file(path)
    let value = ConfigurationValue(key: key, content: content, place: place)
    if let position = positions[key] {
      values[position] = value
    } else {
      positions[key] = values.count
      values.append(value)
    }
  }

  /// What the file of that name says that lies beside this one, under its path or under its name alone; nil where there is none.
  mutating func sibling(_ name: String) throws(ConfigurationError) -> ConfigurationValue? {
    let last = name.split(separator: "/").last
    if let other = given(where: { $0.path.split(separator: "/").last == last }) { return other }
    guard let folder, !name.split(separator: "/").contains("..") else { return nil }
    let short = name.split(separator: "/").last.map(String.init) ?? name
    for path in name.hasPrefix("/") ? [folder + short] : [folder + name, folder + short] {
      do throws(ConfigurationError) {
        let input = try InputText(path: path)
        return try Syntax.of(input).parse(input, [:]).root
      } catch {
        if case .missing = error { continue }
        throw error
      }
    }
    return nil
  }

  /// What a file says that was given as belonging to the run; it counts as used.
  mutating func given(where isWanted: (BesideFile) -> Bool) -> ConfigurationValue? {
    guard let index = beside.firstIndex(where: isWanted) else { return nil }
    beside[index].isUsed = true
    return beside[index].root
  }

  /// Replaces values by what is made of them, such as references by what they refer to.
  mutating func replaceValues(_ replacement: (ConfigurationValue) -> ConfigurationValue) {
    values = values.map(replacement)
  }

  // MARK: Asking

  /// The value of a key, nil where none is given; it counts as asked for.
  mutating func value(_ key: String) -> ConfigurationValue? {
    let key = spelled(key)
    used.insert(key)
    guard let position = positions[key], !values[position].isNull else { return nil }
    return values[position]
  }

  /// Counts everything within a mapping as asked for.
  mutating func use(under key: String) {
    for value in values where value.key.hasPrefix("\(key).") { used.insert(value.key) }
  }

  /// A mapping with what arguments replaced in it, nil where nothing is in it; all of it counts as asked for.
  mutating func node(at key: String) -> ConfigurationValue? {
    let prefix = "\(key)."
    var parts: [(name: String, values: [ConfigurationValue])] = []
    var indices: [String: Int] = [:]
    for value in values where value.key.hasPrefix(prefix) {
      used.insert(value.key)
      let name = String(value.key.dropFirst(prefix.count).prefix { $0 != "." })
      if let index = indices[name] {
        parts[index].values.append(value)
      } else {
        indices[name] = parts.count
        parts.append((name, [value]))
      }
    }
    guard let place = parts.first?.values.first?.place else { return nil }
    var members: [ConfigurationValue] = []
    for (name, values) in parts {
      let path = prefix + name
      if let leaf = values.first(where: { $0.key == path }) {
        members.append(ConfigurationValue(key: name, content: leaf.content, place: leaf.place))
      } else if let inner = node(at: path) {
        members.append(ConfigurationValue(key: name, content: inner.content, place: inner.place))
      }
    }
    return ConfigurationValue(key: key, content: .mapping(members), place: place)
  }

  /// Whether a key is given; it does not count as asked for.
  func has(_ key: String) -> Bool { positions[spelled(key)].map { !values[$0].isNull } ?? false }

  /// Whether a key within a mapping is given.
  func hasAny(under key: String) -> Bool { values.contains { $0.key.hasPrefix("\(key).") && !$0.isNull } }

  /// The number of a key.
  ///
  /// - Parameter fallback: the program's default, which is noted; without one the key must be given.
  mutating func number(
    _ key: String, in domain: Domain, default fallback: Double? = nil
  ) throws(ConfigurationError) -> Double {
    if let value = value(key) { return try value.number(in: domain) }
    return try assumed(
      key, fallback.map { ConfigurationValue(key: key, content: .number($0), place: .file(path)) }
    )
    .number(in: domain)
  }

  /// The whole number of a key, at least `lower` and small enough that shapes can be multiplied.
  mutating func wholeNumber(
    _ key: String, from lower: Int = 1, default fallback: Int? = nil, upTo upper: Double = 0x1p40
  ) throws(ConfigurationError) -> Int {
    if let value = value(key) { return try value.wholeNumber(from: lower, upTo: upper) }
    let number = fallback.map {
      ConfigurationValue(key: key, content: .number(Double($0)), place: .file(path))
    }
    return try assumed(key, number).wholeNumber(from: lower, upTo: upper)
  }

  mutating func boolean(_ key: String, default fallback: Bool? = nil) throws(ConfigurationError) -> Bool {
    if let value = value(key) { return try value.boolean() }
    return try assumed(key, fallback.map { word(key, $0 ? "true" : "false") }).boolean()
  }

  mutating func text(_ key: String, default fallback: String? = nil) throws(ConfigurationError) -> String {
    if let value = value(key) { return try value.text() }
    return try assumed(key, fallback.map { word(key, $0) }).text()
  }

  /// The numbers of a list, as many as there are defaults; a text may have them as `0.9,0.95` or `(0.9, 0.95)`.
  mutating func numbers(
    _ key: String, in domain: Domain, default fallback: [Double]
  ) throws(ConfigurationError) -> [Double] {
    guard let value = value(key) ?? format.defaults[key].map({ word(spelled(key), $0) }) else {
      defaults.append("\(spelled(key)) = [\(fallback.map { "\($0)" }.joined(separator: ", "))]")
      return fallback
    }
    let numbers = try value.numbers(in: domain)
    guard numbers.count == fallback.count else {
      throw value.invalid(
        .wrongKind(
          key: key, found: "a list of \(numbers.count)", expected: "\(fallback.count) numbers"))
    }
    return numbers
  }

  /// The numbers of a key, nil where it is not given.
  mutating func numbers(_ key: String, in domain: Domain) throws(ConfigurationError) -> [Double]? {
    try value(key)?.numbers(in: domain)
  }

  /// The warning that gradients are clipped where the norm at a key is not 0; without a default there is no norm.
  mutating func clipping(
    _ key: String, default fallback: Double? = nil
  ) throws(ConfigurationError) -> [String] {
    guard fallback != nil || has(key) else { return [] }
    return try number(key, in: .nonNegative, default: fallback) == 0 ? [] : [Self.clips(key)]
  }

  /// That gradients are clipped, a sentence.
  static func clips(_ key: String) -> String {
    "Gradients are clipped (\(key)), which the predictions leave out."
  }

  private func word(_ key: String, _ text: String) -> ConfigurationValue {
    ConfigurationValue(key: key, content: .word(text), place: .file(path))
  }

  private mutating func assumed(
    _ key: String, _ usual: ConfigurationValue?
  ) throws(ConfigurationError) -> ConfigurationValue {
    let own = format.defaults[key].map { word(spelled(key), $0) }
    guard let value = own ?? usual else {
      throw .invalid(.missingKey(spelled(key), in: nil), at: .file(path))
    }
    defaults.append("\(spelled(key)) = \(value.source)")
    return value
  }

  /// What the file leaves open, if it is known.
  mutating func fact(_ fact: RunFacts.Fact) -> Int? {
    usedFacts.insert(fact)
    if let given = facts.known[fact] { return given }
    guard fact == .worldSize, let command, let processes = command.processes else { return nil }
    let note = "\(processes) \(processes == 1 ? "process" : "processes") (\(command.launcher))."
    if !remarks.contains(note) { remarks.append(note) }
    return processes
  }

  /// Whether it was said; it does not count as asked for.
  func knows(_ fact: RunFacts.Fact) -> Bool { facts.known[fact] != nil }

  /// What the file leaves open and is needed.
  ///
  /// - Parameter reason: what needs it, a clause: `epochs: 300 counts epochs`.
  mutating func required(
    _ fact: RunFacts.Fact, because reason: String
  ) throws(ConfigurationError) -> Int {
    guard let value = self.fact(fact) else {
      throw .invalid(.needs([fact], because: reason), at: .file(path))
    }
    return value
  }

  /// A problem where a key is given, or of the whole file.
  func invalid(_ problem: Problem, _ key: String) -> ConfigurationError {
    .invalid(problem, at: positions[spelled(key)].map { values[$0].place } ?? .file(path))
  }

  /// Marks keys as known to have no influence, so that a name like that of an optimizer's setting raises no warning.
  mutating func ignore(_ keys: [String]) {
    for key in keys.map(spelled) where !used.contains(key) { harmless.insert(key) }
  }
  private(set) var harmless: Set<String>

  /// Passes over keys that belong to other parts of the program; one that is nearly the name of a part that is read is not passed over.
  mutating func passOver(_ isOther: (String) -> Bool) {
    for value in values where !used.contains(value.key) && isOther(value.key) { aside.insert(value.key) }
  }
  private(set) var aside: Set<String> = []

  /// What was taken from elsewhere, a sentence each.
  private(set) var remarks: [String] = []

  /// Notes something that was assumed, a sentence.
  mutating func remark(_ sentence: String) { remarks.append(sentence) }
}
