/// The assignments `name = value` of a Python file, read and never executed.
struct PythonAssignments {
  /// A name's last assignment.
  struct Assignment {
    /// What it was assigned, nil where that would have to be executed.
    let value: PythonValue?
    /// The right-hand side as written.
    let source: String
    let place: ConfigurationError.Place
  }

  /// The last assignment of each name.
  private(set) var assignments: [String: Assignment] = [:]
  /// The names in the order in which they first appear.
  private(set) var order: [String] = []
  /// Statements that are passed over, with their lines.
  private(set) var imports: [(line: Int, source: String)] = []
  /// The names that assignments refer to.
  private(set) var references: Set<String> = []
  /// What an expression may refer to.
  private var values: [String: PythonValue]

  /// Nothing assigned yet; expressions may refer to `defaults`.
  init(defaults: [String: PythonValue]) { values = defaults }

  /// The value of a name, or its default; nil where it would have to be executed.
  subscript(name: String) -> PythonValue? { values[name] }

  /// Reads a file. Imports and docstrings are passed over; any statement that could assign otherwise is refused.
  mutating func read(_ input: InputText) throws(ConfigurationError) {
    for statement in try PythonTokenizer.statements(of: input) {
      let place = ConfigurationError.Place.line(statement.line, of: input.path)
      let tokens = Self.withoutAnnotation(statement.tokens)
      switch (tokens.first, tokens.count > 1 ? tokens[1] : nil) {
      case _ where statement.isIndented: throw .invalid(.statement(statement.source.excerpt), at: place)
      case (.name(let name), .symbol("=")) where Self.isSingle(tokens):
        let value = PythonExpression.value(of: tokens[2...], names: values)
        let source = statement.source.drop { $0 != "=" }.dropFirst().drop { $0.isWhitespace }
        for case .name(let name) in tokens[2...] { references.insert(name) }
        assign(name, Assignment(value: value, source: String(source), place: place))
      case (.string, nil): continue
      case (.name("import"), _), (.name("from"), _):
        guard tokens.last != .symbol("*") else {
          throw .invalid(.statement(statement.source.excerpt), at: place)
        }
        imports.append((statement.line, statement.source.excerpt))
        // What is imported has no known value from here on.
        let imported = tokens.drop { $0 != .name("import") }.dropFirst()
        for case .name(let name) in imported where self[name] != nil {
          assign(name, Assignment(value: nil, source: statement.source.excerpt, place: place))
        }
      default: throw .invalid(.statement(statement.source.excerpt), at: place)
      }
    }
  }

  private mutating func assign(_ name: String, _ assignment: Assignment) {
    if assignments[name] == nil { order.append(name) }
    assignments[name] = assignment
    values[name] = assignment.value
  }

  /// `name: type = value` as `name = value`.
  private static func withoutAnnotation(_ tokens: [PythonToken]) -> [PythonToken] {
    guard tokens.count > 2, case .name(let name) = tokens[0], tokens[1] == .symbol(":"),
      !["else", "try", "finally"].contains(name),
      let equals = tokens.firstIndex(of: .symbol("="))
    else { return tokens }
    return [tokens[0]] + tokens[equals...]
  }

  /// Whether there is one equals sign outside brackets.
  private static func isSingle(_ tokens: [PythonToken]) -> Bool {
    var depth = 0
    var count = 0
    for case .symbol(let symbol) in tokens {
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth -= 1 }
      if symbol == "=" && depth == 0 { count += 1 }
    }
    return count == 1 && tokens.count > 2
  }
}

extension PythonAssignments {
  /// The assignments as values, in the order in which the names first appear, after the imports.
  ///
  /// - Parameter settings: names that stand for themselves; another that only helps to state one is left out.
  func mapping(of settings: [String], path: String) -> [ConfigurationValue] {
    // One that is nearly a setting may be meant for it.
    let unset = settings.filter { assignments[$0] == nil }
    let imports = imports.map { line, source in
      ConfigurationValue(key: source, content: .unevaluated(source), place: .line(line, of: path))
    }
    return imports
      + order.compactMap { name in
        guard let assignment = assignments[name] else { return nil }
        if references.contains(name), !settings.contains(name), assignment.value != nil,
          !Spelling.isSlip(name, of: unset)
        {
          return nil
        }
        let content: ConfigurationValue.Content =
          switch assignment.value {
          case .number(let number): .number(number)
          case .text(let text): .text(text)
          case .boolean(let value): .word(value ? "True" : "False")
          case .nothing: .word("None")
          case nil: .unevaluated(assignment.source)
          }
        return ConfigurationValue(key: name, content: content, place: assignment.place)
      }
  }
}

extension Syntax {
  static let python = Syntax(
    name: "Python", pathExtensions: ["py"],
    isTypical: { line in
      let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let rest = line[name.endIndex...].drop { $0 == " " }
      return !name.isEmpty && rest.first == "=" && rest.dropFirst().first != "="
    }
  ) { (input) throws(ConfigurationError) in
    // Names may refer to what nanoGPT's train.py has already assigned.
    var assignments = PythonAssignments(
      defaults: Dictionary(NanoGPT.defaults.map { ($0.name, $0.value) }) { first, _ in first })
    try assignments.read(input)
    let values = assignments.mapping(of: NanoGPT.defaults.map(\.name), path: input.path)
    return ConfigurationValue(key: "", content: .mapping(values), place: .file(input.path))
  }
}
