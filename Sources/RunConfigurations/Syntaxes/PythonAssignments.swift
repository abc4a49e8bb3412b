/// The assignments `name = value` of a Python file, read and never executed.
struct PythonAssignments {
  /// A name's last assignment.
  struct Assignment {
    /// What it was assigned, nil where that would have to be executed.
    let value: PythonValue?
    /// The right-hand side as written.
    let source: String
    let line: Int
  }

  /// The last assignment of each name.
  private(set) var assignments: [String: Assignment] = [:]
  /// The names in the order in which they first appear.
  private(set) var order: [String] = []
  /// Statements that are passed over, with their lines.
  private(set) var imports: [(line: Int, source: String)] = []
  /// The names that assignments refer to.
  private(set) var references: Set<String> = []
  /// The first statement that may assign otherwise; a format of assignments refuses it.
  private(set) var stranger: PythonStatement?
  /// What an expression may refer to.
  private var values: [String: PythonValue]

  /// Takes statements in their order; expressions may refer to `known` from the start.
  ///
  /// - Parameter updates: whether `name.update(…)` is passed over; the name is not known from there on.
  init(_ statements: [PythonStatement], known: [String: PythonValue], updates: Bool = false) {
    values = known
    for statement in statements {
      let tokens = statement.tokens
      if updates, statement.indentation == 0, tokens.count > 3, case .name(let name) = tokens[0],
        tokens[1] == .symbol("."), tokens[2] == .name("update"), assignments[name] != nil
      {
        assign(name, Assignment(value: nil, source: statement.source.excerpt, line: statement.line))
        continue
      }
      if statement.indentation > 0 || !read(statement) { stranger = stranger ?? statement }
    }
  }

  /// The value of a name; nil where it is not known.
  subscript(name: String) -> PythonValue? { assignments[name]?.value }

  /// Takes in an assignment, an import or a docstring; false where it is something else.
  private mutating func read(_ statement: PythonStatement) -> Bool {
    let tokens = Self.withoutAnnotation(statement.tokens)
    switch (tokens.first, tokens.count > 1 ? tokens[1] : nil) {
    case (.name(let name), .symbol("=")) where Self.isSingle(tokens):
      let lines = statement.lines.suffix(tokens.count)
      let value = PythonExpression.value(of: tokens[2...], lines: Array(lines)) { [values] in values[$0] }
      let source = statement.source.drop { $0 != "=" }.dropFirst().drop { $0.isWhitespace }
      for index in tokens.indices.dropFirst(2) {
        // The name of an argument, or of an attribute, refers to nothing.
        guard case .name(let name) = tokens[index], tokens[index - 1] != .symbol("."),
          !tokens.indices.contains(index + 1) || tokens[index + 1] != .symbol("=")
        else { continue }
        references.insert(name)
      }
      var isCall = false
      if case .call? = value { isCall = true }
      assign(
        name, Assignment(value: isCall ? nil : value, source: String(source), line: statement.line))
    case (.string, nil): break
    case (.name("import"), _), (.name("from"), _):
      guard tokens.last != .symbol("*") else { return false }
      imports.append((statement.line, statement.source.excerpt))
      // What is imported has no known value from here on.
      for case .name(let name) in tokens.drop(while: { $0 != .name("import") }).dropFirst()
      where values[name] != nil {
        assign(name, Assignment(value: nil, source: statement.source.excerpt, line: statement.line))
      }
    default: return false
    }
    return true
  }

  private mutating func assign(_ name: String, _ assignment: Assignment) {
    if assignments[name] == nil { order.append(name) }
    assignments[name] = assignment
    values[name] = assignment.value
  }

  /// `name: type = value` as `name = value`.
  static func withoutAnnotation(_ tokens: [PythonToken]) -> [PythonToken] {
    guard tokens.count > 2, case .name(let name) = tokens[0], tokens[1] == .symbol(":"),
      !["else", "try", "finally"].contains(name),
      let equals = tokens.firstIndex(of: .symbol("="))
    else { return tokens }
    return [tokens[0]] + tokens[equals...]
  }

  /// Whether there is one equals sign outside brackets.
  static func isSingle(_ tokens: [PythonToken]) -> Bool {
    var depth = 0
    var count = 0
    for case .symbol(let symbol) in tokens {
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth -= 1 }
      if symbol == "=" && depth == 0 { count += 1 }
    }
    return count == 1 && tokens.count > 2
  }

  /// The assignments as values, in the order in which the names first appear, after the imports.
  func values(in path: String) -> [ConfigurationValue] {
    imports.map { line, source in
      ConfigurationValue(key: source, content: .unevaluated(source), place: .line(line, of: path))
    }
      + order.compactMap { name in
        guard let assignment = assignments[name] else { return nil }
        return ConfigurationValue(
          key: name, content: assignment.value?.content(name, in: path) ?? .unevaluated(assignment.source),
          place: .line(assignment.line, of: path))
      }
  }

  /// Names that others are stated by and that are known.
  var helpers: Set<String> { references.filter { assignments[$0]?.value != nil } }
}

extension Syntax {
  static let python = Syntax(
    name: "Python", pathExtensions: ["py"],
    isTypical: { line in
      let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let rest = line[name.endIndex...].drop { $0 == " " }
      return !name.isEmpty && rest.first == "=" && rest.dropFirst().first != "="
    }
  ) { (input, known) throws(ConfigurationError) in
    let statements = try PythonTokenizer.statements(of: input)
    let assignments = PythonAssignments(statements, known: known)
    var file = ParsedFile(
      ConfigurationValue(
        key: "", content: .mapping(assignments.values(in: input.path)), place: .file(input.path)))
    file.helpers = assignments.helpers
    file.statements = statements
    file.stranger = assignments.stranger.map {
      .invalid(.statement($0.source.excerpt), at: .line($0.line, of: input.path))
    }
    return file
  }
}
