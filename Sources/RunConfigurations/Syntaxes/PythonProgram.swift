/// What a Python program says without being executed: what its names stand for, its command-line arguments, and its calls.
///
/// A name has a value only if every assignment that may reach it gives the same; one behind a condition or in a loop counts as
/// not known, as does what is worked out from such a name.
struct PythonProgram {
  /// A call, with the name that its result is assigned to.
  struct Found {
    let call: PythonCall
    /// The call's name with the modules that it was imported from: `torch.optim.SGD`.
    let name: String
    let target: String?
    /// The headers under which it stands, from the outside in.
    let headers: [Header]
  }

  /// The first line of a block: `for epoch in range(90):`.
  struct Header: Equatable {
    let keyword: String
    /// The names that a loop sets.
    let targets: [String]
    let line: Int
    fileprivate let indentation: Int
    fileprivate let isConditional: Bool
  }

  /// A value that is set in a way that no name shows: `group['lr'] = …`.
  struct Hazard {
    let key: String
    let source: String
    let line: Int
  }

  /// By name; nil where what it stands for is not known.
  private(set) var values: [String: PythonValue?] = [:]
  /// What the program's own flags default to, by name; nil where there is no default.
  private(set) var arguments: [String: PythonValue?] = [:]
  /// Where names were imported from: `optim` is `torch.optim`.
  private(set) var modules: [String: String] = [:]
  private(set) var classes: Set<String> = []
  private(set) var calls: [Found] = []
  private(set) var hazards: [Hazard] = []
  /// The rounds of loops over a range that is known.
  private(set) var ranges: [Int] = []
  /// Values that are given from outside, by name.
  private let fixed: [String: PythonValue]
  /// Those of them whose names the program has.
  private(set) var taken: Set<String> = []
  private let isWanted: (String) -> Bool
  private var headers: [Header] = []

  /// More calls than any training script has.
  static let callLimit = 200

  /// Reads statements in their order.
  ///
  /// - Parameters:
  ///   - fixed: the values of arguments and names that are given from outside.
  ///   - isWanted: whether a call of that full name is kept.
  init(
    _ statements: [PythonStatement], fixed: [String: PythonValue], isWanted: @escaping (String) -> Bool
  ) {
    (self.fixed, self.isWanted) = (fixed, isWanted)
    for (name, value) in fixed {
      arguments[name] = value
      values[name] = value
    }
    // A function may stand before what its names are set to, so names come before calls.
    for statement in statements { readNames(statement) }
    headers = []
    for statement in statements { readCalls(statement) }
  }

  /// What a name stands for, also one of the arguments: `args.lr`.
  func value(_ name: String) -> PythonValue? {
    if let value = values[name] { return value }
    guard let dot = name.lastIndex(of: "."), modules[String(name.prefix { $0 != "." })] == nil else {
      return nil
    }
    return arguments[String(name[name.index(after: dot)...])] ?? nil
  }

  /// A name with the modules that it was imported from.
  func fullName(_ name: String) -> String {
    let first = String(name.prefix { $0 != "." })
    guard let module = modules[first] else { return name }
    return module + name.dropFirst(first.count)
  }

  // MARK: Names

  private mutating func readNames(_ statement: PythonStatement) {
    for (tokens, lines) in parts(of: statement) { readNames(tokens, lines) }
  }

  /// A statement without the header that stands before it on its line; the blocks that it stands in are brought up to date.
  private mutating func parts(of statement: PythonStatement) -> [([PythonToken], [Int])] {
    headers.removeAll { $0.indentation >= statement.indentation }
    var tokens = statement.tokens
    if case .name(let keyword)? = tokens.first, keyword == "async" { tokens.removeFirst() }
    guard case .name(let keyword)? = tokens.first,
      let isConditional = Self.keywords[keyword], let colon = Self.colon(of: tokens)
    else { return [(tokens, statement.lines.suffix(tokens.count))] }
    let head = Array(tokens[..<colon])
    let isMain = head.contains(.name("__name__"))
    var targets: [String] = []
    if keyword == "for" {
      for case .name(let name) in head.dropFirst().prefix(while: { $0 != .name("in") }) {
        targets.append(name)
      }
    }
    headers.append(
      Header(
        keyword: keyword, targets: targets, line: statement.line, indentation: statement.indentation,
        isConditional: isConditional && !isMain))
    return [(head, Array(statement.lines.prefix(head.count)))]
      + (colon + 1 < tokens.count
        ? [(Array(tokens[(colon + 1)...]), statement.lines.suffix(tokens.count - colon - 1))] : [])
  }

  /// What begins a block, and whether the block may be passed over or repeated.
  private static let keywords: [String: Bool] = [
    "def": false, "class": false, "with": false, "try": false, "if": true, "elif": true, "else": true,
    "for": true, "while": true, "except": true, "finally": false,
  ]

  /// The colon that ends a header.
  private static func colon(of tokens: [PythonToken]) -> Int? {
    var (depth, lambdas) = (0, 0)
    for (index, token) in tokens.enumerated() {
      switch token {
      case .symbol("("), .symbol("["), .symbol("{"): depth += 1
      case .symbol(")"), .symbol("]"), .symbol("}"): depth -= 1
      case .name("lambda") where depth == 0: lambdas += 1
      case .symbol(":") where depth == 0:
        if lambdas == 0 { return index }
        lambdas -= 1
      default: break
      }
    }
    return nil
  }

  private mutating func readNames(_ tokens: [PythonToken], _ lines: [Int]) {
    switch tokens.first {
    case .name("import"), .name("from"): readImport(tokens)
    case .name("def"): readParameters(tokens, lines)
    case .name("class"):
      if case .name(let name)? = tokens.dropFirst().first { classes.insert(name) }
    case .name("for"):
      for name in headers.last?.targets ?? [] { values[name] = .some(nil) }
      if let start = tokens.firstIndex(of: .name("range")),
        case .call(let call)? = PythonExpression.value(
          of: tokens[start...], lines: lines, names: { [self] in self.value($0) }),
        call.positional.count == 1, case .number(let count) = call.positional[0],
        let rounds = Int(exactly: count)
      {
        ranges.append(rounds)
      }
    case .name, .symbol("("): readAssignment(tokens, lines)
    default: break
    }
    guard tokens.contains(.name("add_argument")) || tokens.contains(where: { $0.isFlagDefinition }) else {
      return
    }
    let statement = PythonStatement(
      line: lines.first ?? 1, indentation: 0, tokens: tokens, lines: lines, source: "")
    for call in PythonExpression.calls(
      in: statement, names: { [self] in value($0) },
      where: { name in ["add_argument", "DEFINE_"].contains { name.contains($0) } }
    ).prefix(Self.callLimit) { readArgument(call) }
  }

  private mutating func readImport(_ tokens: [PythonToken]) {
    var module = ""
    var words = tokens.dropFirst()
    if tokens[0] == .name("from") {
      while let word = words.first, word != .name("import") {
        module += word.text
        words = words.dropFirst()
      }
      module += "."
      words = words.dropFirst()
    }
    for part in words.split(separator: .symbol(",")) {
      let names = part.filter { $0 != .symbol("(") && $0 != .symbol(")") }
      let path = names.prefix { $0 != .name("as") }.map(\.text).joined()
      guard !path.isEmpty else { continue }
      if path == "*" {
        stars.append(String(module.dropLast()))
      } else if let alias = names.drop(while: { $0 != .name("as") }).dropFirst().first {
        modules[alias.text] = module + path
      } else {
        // `import a.b` makes `a` known, which stands for itself.
        let first = module.isEmpty ? String(path.prefix { $0 != "." }) : path
        modules[first] = module.isEmpty ? first : module + path
      }
    }
  }
  /// Modules of which all names are imported.
  private(set) var stars: [String] = []

  /// The defaults of a function's parameters: what they are where nobody passes another.
  private mutating func readParameters(_ tokens: [PythonToken], _ lines: [Int]) {
    guard let open = tokens.firstIndex(of: .symbol("(")) else { return }
    var (depth, start) = (0, open + 1)
    for index in (open + 1)..<tokens.count {
      switch tokens[index] {
      case .symbol("("), .symbol("["), .symbol("{"): depth += 1
      case .symbol(","), .symbol(")"):
        if depth == 0 {
          readParameter(Array(tokens[start..<index]), Array(lines[start..<index]))
          start = index + 1
        }
        if tokens[index] == .symbol(")") { depth -= 1 }
        if depth < 0 { return }
      case .symbol("]"), .symbol("}"): depth -= 1
      default: break
      }
    }
  }

  private mutating func readParameter(_ tokens: [PythonToken], _ lines: [Int]) {
    guard case .name(let name)? = tokens.first else { return }
    // What is passed for it is not looked for: a value that is given from outside is all that is known.
    if fixed[name] == nil { values[name] = .some(nil) } else { taken.insert(name) }
  }

  /// `name = value`, also of an attribute or under a key.
  private mutating func readAssignment(_ tokens: [PythonToken], _ lines: [Int]) {
    let plain = PythonAssignments.withoutAnnotation(tokens)
    guard let equals = Self.equals(in: plain) else {
      // `name += value`: not known from here on.
      if plain.count > 2, case .symbol(let symbol) = plain[1], symbol.hasSuffix("="),
        case .name(let name) = plain[0], !["==", "<=", ">=", "!="].contains(symbol)
      {
        values[name] = .some(nil)
      }
      return
    }
    let left = Array(plain[..<equals])
    let offset = tokens.count - plain.count
    if PythonAssignments.isSingle(plain), let path = Self.path(left) {
      let value = PythonExpression.value(
        of: plain[(equals + 1)...], lines: Array(lines.dropFirst(offset)), names: { [self] in self.value($0) }
      )
      assign(path, value, isField: plain.count != tokens.count || headers.last?.keyword == "class")
      return
    }
    for case .name(let name) in left where fixed[name] == nil { values[name] = .some(nil) }
  }

  private mutating func assign(_ path: String, _ value: PythonValue?, isField: Bool) {
    let last = path.split(separator: ".").last.map(String.init) ?? path
    guard fixed[path] == nil, fixed[last] == nil else {
      taken.insert(fixed[path] == nil ? last : path)
      return
    }
    let isConditional = headers.contains(where: \.isConditional)
    if let known = values[path] {
      if known != value { values[path] = .some(nil) }
    } else {
      values[path] = .some(isConditional ? nil : value)
    }
    // A field of a class is read as an argument is: `config.lr`. So is what replaces an argument's value.
    if headers.last?.keyword == "class", isField {
      arguments[path] = arguments[path] == nil ? .some(value) : .some(nil)
    } else if path.contains("."), arguments[last] != nil {
      arguments[last] = .some(nil)
      values[path] = .some(nil)
    }
  }

  /// `--lr`, with what it is where it is not given.
  private mutating func readArgument(_ call: PythonCall) {
    let texts = call.positional.compactMap { if case .text(let text) = $0 { text } else { nil } }
    func named(_ key: String) -> PythonValue? { call.named.last { $0.key == key }?.value }
    let isDefinition = call.name.contains("DEFINE_")
    guard let flag = texts.first(where: { $0.hasPrefix("--") }) ?? texts.first else { return }
    var name = String(flag.drop { $0 == "-" }.map { $0 == "-" ? "_" : $0 })
    if case .text(let other)? = named("dest") { name = other }
    guard fixed[name] == nil else {
      taken.insert(name)
      return
    }
    var value = named("default") ?? (isDefinition && call.positional.count > 1 ? call.positional[1] : nil)
    if value == nil, case .text(let action)? = named("action") {
      value = action == "store_true" ? .boolean(false) : action == "store_false" ? .boolean(true) : nil
    }
    if case .name("float")? = call.typeName, case .text(let text)? = value, let number = Double(text) {
      value = .number(number)
    }
    let known = value.flatMap { $0.isKnown && $0 != .nothing ? $0 : nil }
    if let old = arguments[name], old != known {
      arguments[name] = .some(nil)
    } else {
      arguments[name] = .some(known)
    }
  }

  /// The equals sign of an assignment, outside brackets.
  private static func equals(in tokens: [PythonToken]) -> Int? {
    var depth = 0
    for (index, token) in tokens.enumerated() {
      guard case .symbol(let symbol) = token else { continue }
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth -= 1 }
      if symbol == "=", depth == 0 { return index > 0 ? index : nil }
    }
    return nil
  }

  /// `a.b` or `a['b']` as a name; nil for anything else.
  private static func path(_ tokens: [PythonToken]) -> String? {
    guard case .name(var name)? = tokens.first else { return nil }
    var rest = tokens.dropFirst()
    while rest.first == .symbol("."), case .name(let next)? = rest.dropFirst().first {
      name += "." + next
      rest = rest.dropFirst(2)
    }
    if rest.count == 3, rest.first == .symbol("["), rest.last == .symbol("]"),
      case .string(let key?)? = rest.dropFirst().first
    {
      return "\(name)[\(key)]"
    }
    return rest.isEmpty ? name : nil
  }

  // MARK: Calls

  private mutating func readCalls(_ statement: PythonStatement) {
    for (tokens, lines) in parts(of: statement) {
      guard tokens.first != .name("import"), tokens.first != .name("from"), tokens.first != .name("def")
      else {
        continue
      }
      readHazards(tokens, lines)
      let part = PythonStatement(
        line: lines.first ?? statement.line, indentation: statement.indentation, tokens: tokens, lines: lines,
        source: statement.source)
      let found = PythonExpression.calls(in: part, names: { [self] in value($0) }) { [self] name in
        isWanted(fullName(name)) && calls.count < Self.callLimit
      }
      let target = Self.equals(in: tokens).flatMap { Self.path(Array(tokens[..<$0])) }
      for call in found.prefix(Self.callLimit) {
        calls.append(Found(call: call, name: fullName(call.name), target: target, headers: headers))
      }
    }
  }

  /// Assignments under the key or to the attribute `lr`.
  private mutating func readHazards(_ tokens: [PythonToken], _ lines: [Int]) {
    let keys = ["lr", "learning_rate", "weight_decay", "betas", "momentum"]
    guard
      let equals = tokens.firstIndex(where: {
        $0 == .symbol("=") || $0 == .symbol("*=") || $0 == .symbol("/=")
      }), equals > 2
    else { return }
    let left = tokens[..<equals]
    if left.last == .symbol("]"), case .string(let key?)? = left.dropLast().last, keys.contains(key),
      left.dropLast(2).last == .symbol("[")
    {
      // A dictionary of settings is no group of an optimizer.
      guard !(left.count == 4 && values[left[0].text].map { $0 != nil } == true) else { return }
      hazards.append(
        Hazard(key: "group.\(key)", source: PythonExpression.source(tokens[...]), line: lines.first ?? 1))
    }
  }
}

extension PythonToken {
  /// The token as it is written.
  var text: String {
    switch self {
    case .name(let text), .number(let text), .symbol(let text): text
    case .string(let text): text ?? ""
    }
  }

  /// Whether it defines a flag, as absl's `DEFINE_float` does.
  fileprivate var isFlagDefinition: Bool {
    if case .name(let name) = self { name.hasPrefix("DEFINE_") } else { false }
  }
}

extension PythonCall {
  /// What `type=` names.
  fileprivate var typeName: PythonToken? {
    guard case .unknown(let name)? = named.last(where: { $0.key == "type" })?.value else { return nil }
    return .name(name)
  }
}
