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
      let tokens = statement.tokens
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

  /// Takes in a `--key=value` argument; text that is no literal stands for itself.
  mutating func override(_ argument: String, known: [String]) throws(ConfigurationError) {
    let place = ConfigurationError.Place.override(argument)
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "="), !argument.contains("\n")
    else { throw .invalid(.notAnOverride, at: place) }
    let name = String(argument[..<equals].dropFirst(2))
    let text = String(argument[equals...].dropFirst())
    guard known.contains(name) || assignments[name] != nil else {
      throw .invalid(.unknownKey(name, known: known), at: place)
    }
    var value = PythonValue.text(text)
    if let input = try? InputText(text.utf8, path: ""),
      let statements = try? PythonTokenizer.statements(of: input), statements.count == 1,
      let literal = PythonExpression.value(of: statements[0].tokens[...], names: [:])
    {
      value = literal
    }
    assign(name, Assignment(value: value, source: text, place: place))
  }

  private mutating func assign(_ name: String, _ assignment: Assignment) {
    if assignments[name] == nil { order.append(name) }
    assignments[name] = assignment
    values[name] = assignment.value
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
