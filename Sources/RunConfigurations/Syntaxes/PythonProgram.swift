/// What a Python program says without being executed: what its names stand for, its command-line arguments, and its calls.
///
/// A name has a value only if every assignment that may reach it gives the same; one behind a condition that is not known or
/// in a loop counts as not known, as does what is changed in place or worked out from such a name. What stands behind a
/// condition that does not hold is passed over.
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
    /// The names that a loop sets, or what a function or a class is called.
    let targets: [String]
    /// What stands between the keyword and the colon.
    let tokens: [PythonToken]
    let line: Int
    let indentation: Int
    /// Whether the block may be passed over or repeated.
    let isConditional: Bool
    /// Whether its condition holds; nil where that is not known.
    let holds: Bool?

    var isLoop: Bool { keyword == "for" || keyword == "while" }
  }

  /// A value that is set in a way that no name shows: `group['lr'] = …`.
  struct Hazard {
    let key: String
    let source: String
    let line: Int
  }

  /// By name; nil where what it stands for is not known.
  var values: [String: PythonValue?] = [:]
  /// What the program's own flags default to, by name; nil where there is no default.
  var arguments: [String: PythonValue?] = [:]
  /// Whether something gives arguments values that do not show.
  var hasOpenArguments = false
  /// Where names were imported from: `optim` is `torch.optim`.
  private(set) var modules: [String: String] = [:]
  private(set) var classes: Set<String> = []
  /// The names of a class's fields, in their order.
  private(set) var fields: [String: [String]] = [:]
  /// Functions and methods of the program itself.
  private(set) var functions: Set<String> = []
  private(set) var calls: [Found] = []
  /// Calls of the program's own functions.
  private(set) var ownCalls: [Found] = []
  var hazards: [Hazard] = []
  /// What is assigned to an attribute, in the order of the file.
  private(set) var attributes: [Hazard] = []
  /// A round or a loop that is left before its end: `break` and `continue`.
  struct Leave {
    let keyword: String
    let headers: [Header]
    let line: Int
  }
  private(set) var leaves: [Leave] = []
  /// Lines on which what may be a penalty on the weights is added to a loss.
  private(set) var penalties: [Int] = []
  /// The rounds of loops over a range that is known.
  private(set) var ranges: [Int] = []
  /// Values that are given from outside, by name.
  let fixed: [String: PythonValue]
  /// Those of them whose names the program has.
  var taken: Set<String> = []
  private let isWanted: (String) -> Bool
  private(set) var headers: [Header] = []
  /// Of the conditions so far, by indentation: whether one holds, or may.
  private var branches: [Int: Bool?] = [:]

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
    // A function may run after any assignment: what turns out not to be known is not known from the start.
    var known = -1
    for _ in 0..<Self.passLimit where unknown != known {
      known = unknown
      values = values.filter { $0.value == nil }
      arguments = arguments.filter { $0.value == nil }
      for (name, value) in fixed {
        arguments[name] = value
        values[name] = value
      }
      (classes, fields, functions, ranges, stars, attributes) = ([], [:], [], [], [], [])
      hazards = []
      (headers, branches) = ([], [:])
      for statement in statements { readNames(statement) }
      loosenReplacedArguments()
    }
    (headers, branches) = ([], [:])
    for statement in statements { readCalls(statement) }
  }

  /// Names and arguments without a known value.
  private var unknown: Int {
    values.values.count { $0 == nil } + arguments.values.count { $0 == nil } + (hasOpenArguments ? 1 : 0)
  }
  private static let passLimit = 6

  /// What a name stands for, also one of the arguments: `args.lr`.
  func value(_ name: String) -> PythonValue? {
    if let value = values[name] { return value }
    guard !hasOpenArguments || fixed[String(name.split(separator: ".").last ?? "")] != nil,
      let dot = name.lastIndex(of: "."), modules[String(name.prefix { $0 != "." })] == nil
    else {
      return nil
    }
    return arguments[String(name[name.index(after: dot)...])] ?? nil
  }

  /// Whether something of a module is imported.
  func imports(_ module: String) -> Bool {
    (modules.values + stars).contains { $0 == module || $0.hasPrefix("\(module).") }
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
  /// Nothing where it stands behind a condition that does not hold.
  private mutating func parts(of statement: PythonStatement) -> [([PythonToken], [Int])] {
    headers.removeAll { $0.indentation >= statement.indentation }
    guard !headers.contains(where: { $0.holds == false }) else { return [] }
    var tokens = statement.tokens
    if tokens.first == .name("async") { tokens.removeFirst() }
    if tokens.first != .name("elif"), tokens.first != .name("else") { branches[statement.indentation] = nil }
    guard case .name(let keyword)? = tokens.first,
      let isConditional = Self.keywords[keyword], let colon = Self.colon(of: tokens)
    else { return [(tokens, statement.lines.suffix(tokens.count))] }
    let head = Array(tokens[..<colon])
    var targets: [String] = []
    if keyword == "for" {
      for case .name(let name) in head.dropFirst().prefix(while: { $0 != .name("in") }) {
        targets.append(name)
      }
    } else if keyword == "def" || keyword == "class", case .name(let name)? = head.dropFirst().first {
      targets.append(name)
    }
    let holds = branch(keyword, head, at: statement.indentation)
    headers.append(
      Header(
        keyword: keyword, targets: targets, tokens: Array(head.dropFirst()), line: statement.line,
        indentation: statement.indentation, isConditional: isConditional && holds != true, holds: holds))
    let first = (head, Array(statement.lines.prefix(head.count)))
    guard colon + 1 < tokens.count, holds != false else { return [first] }
    return [
      first, (Array(tokens[(colon + 1)...]), statement.lines.suffix(tokens.count - colon - 1)),
    ]
  }

  /// Whether a branch is taken; nil where that is not known, and for what is no branch.
  private mutating func branch(_ keyword: String, _ head: [PythonToken], at indentation: Int) -> Bool? {
    if keyword == "if" { branches[indentation] = .some(false) }
    guard ["if", "elif", "else"].contains(keyword), let before = branches[indentation] else { return nil }
    let own = keyword == "else" ? true : truth(head.dropFirst())
    let holds: Bool?
    switch before {
    case true?: holds = false
    case false?:
      holds = own
      branches[indentation] = .some(own)
    // After a branch that may be taken, nothing is known to be.
    case nil:
      holds = own == false ? false : nil
      if own == true { branches[indentation] = .some(true) }
    }
    return holds
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
    case .name("def"):
      if let name = headers.last?.targets.first { functions.insert(name) }
      readParameters(tokens, lines)
    case .name("class"): if let name = headers.last?.targets.first { classes.insert(name) }
    case .name("for"):
      for name in headers.last?.targets ?? [] { loosen(name) }
      if let rounds = rounds(of: headers.last, lines: lines), let count = Int(exactly: rounds) {
        ranges.append(count)
      }
    case .name, .symbol("("): readAssignment(tokens, lines)
    default: break
    }
    readChanges(tokens, lines)
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

  /// How often a loop over a range goes round, where that is known; a start that is not known is that of a run from the
  /// beginning.
  func rounds(of header: Header?, lines: [Int] = []) -> Double? {
    guard let header, header.keyword == "for", let start = header.tokens.firstIndex(of: .name("range")),
      case .call(let call)? = PythonExpression.value(
        of: header.tokens[start...], lines: lines, names: { [self] in value($0) })
    else { return nil }
    func number(_ value: PythonValue) -> Double? {
      if case .number(let number) = value { number } else { nil }
    }
    switch call.positional.count {
    case 1: return number(call.positional[0])
    case 2:
      guard let end = number(call.positional[1]) else { return nil }
      if let first = number(call.positional[0]) { return max(0, end - first) }
      guard case .unknown(let source) = call.positional[0],
        ["start", "begin", "resume", "last"].contains(where: source.lowercased().contains)
      else { return nil }
      return end
    default: return nil
    }
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
        // It may set any name that was set before.
        for name in values.keys where fixed[name] == nil { loosen(name) }
        continue
      }
      let name = names.last?.text ?? path
      if values[name] != nil { loosen(name) }
      if let alias = names.drop(while: { $0 != .name("as") }).dropFirst().first {
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
    loosen(name)
  }

  /// `name = value`, also of an attribute or under a key, of several names, or of names one by one.
  private mutating func readAssignment(_ tokens: [PythonToken], _ lines: [Int]) {
    let plain = PythonAssignments.withoutAnnotation(tokens)
    let offset = tokens.count - plain.count
    let parts = Self.split(plain, at: "=")
    guard parts.count > 1, let right = parts.last else {
      // `name += value`: not known from here on.
      if let sign = plain.firstIndex(where: \.isAugmentedAssignment) { loosen(target: plain[..<sign]) }
      return
    }
    func value(_ tokens: ArraySlice<PythonToken>) -> PythonValue? {
      PythonExpression.value(
        of: tokens, lines: Array(lines.dropFirst(offset)), names: { [self] in self.value($0) })
    }
    for left in parts.dropLast() {
      let names = Self.split(left, at: ",")
      let items = Self.split(right, at: ",")
      if names.count > 1, names.count == items.count, names.allSatisfy({ Self.path(Array($0)) != nil }) {
        // All of the right side is worked out first.
        let known = items.map(value)
        for (name, value) in zip(names, known) { assign(Self.path(Array(name)) ?? "", value, isField: false) }
      } else if names.count == 1, let path = Self.path(Array(left)) {
        let isField = plain.count != tokens.count || headers.last?.keyword == "class"
        if path.contains(".") {
          attributes.append(
            Hazard(key: path, source: PythonExpression.source(right), line: lines.first ?? 1))
        }
        assign(path, value(right), isField: isField)
      } else {
        for name in names { loosen(target: name) }
      }
    }
  }

  private mutating func assign(_ path: String, _ value: PythonValue?, isField: Bool) {
    let last = path.split(separator: ".").last.map(String.init) ?? path
    let header = headers.last
    let isOfClass = header?.keyword == "class" && isField && !path.contains(".")
    if isOfClass, let name = header?.targets.first { fields[name, default: []].append(path) }
    guard fixed[path] == nil, fixed[last] == nil else {
      taken.insert(fixed[path] == nil ? last : path)
      return
    }
    var value = value
    if isOfClass, case .call(let call)? = value, call.name.hasSuffix("field") {
      value = call.named.last { $0.key == "default" }?.value
    }
    if case .mapping(let members)? = value {
      // A member that is changed elsewhere is not known.
      value = .mapping(
        members.map { member in
          let name = "\(path)[\(member.key)]"
          return values[name] == .some(.none)
            ? PythonMember(key: member.key, value: .unknown(name), line: member.line) : member
        })
    }
    let isConditional = headers.contains(where: \.isConditional)
    if let known = values[path] {
      if known != value { values[path] = .some(nil) }
    } else {
      values[path] = .some(isConditional ? nil : value)
    }
    setMember(path, isConditional ? nil : value)
    // A field of a class is read as an argument is: `config.lr`.
    if isOfClass { arguments[path] = arguments[path] == nil ? .some(value) : .some(nil) }
  }

  /// What replaces an argument's value leaves it unknown.
  private mutating func loosenReplacedArguments() {
    for attribute in attributes {
      let last = attribute.key.split(separator: ".").last.map(String.init) ?? ""
      guard fixed[last] == nil, arguments[last] != nil else { continue }
      arguments[last] = .some(nil)
      values[attribute.key] = .some(nil)
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

  /// Tokens between those of a symbol outside brackets; one that ends them does not count.
  static func split(_ tokens: [PythonToken], at separator: String) -> [ArraySlice<PythonToken>] {
    split(tokens[...], at: separator)
  }

  static func split(_ tokens: ArraySlice<PythonToken>, at separator: String) -> [ArraySlice<PythonToken>] {
    var depth = 0
    var parts: [ArraySlice<PythonToken>] = []
    var start = tokens.startIndex
    for index in tokens.indices {
      guard case .symbol(let symbol) = tokens[index] else { continue }
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth -= 1 }
      if symbol == separator, depth == 0 {
        parts.append(tokens[start..<index])
        start = index + 1
      }
    }
    return start < tokens.endIndex || parts.isEmpty ? parts + [tokens[start...]] : parts
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
  static func path(_ tokens: [PythonToken]) -> String? {
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
      if tokens == [.name("break")] || tokens == [.name("continue")], leaves.count < Self.callLimit {
        leaves.append(Leave(keyword: tokens[0].text, headers: headers, line: lines.first ?? 1))
      }
      if Self.isPenalty(tokens) { penalties.append(lines.first ?? 1) }
      let part = PythonStatement(
        line: lines.first ?? statement.line, indentation: statement.indentation, tokens: tokens, lines: lines,
        source: statement.source)
      let found = PythonExpression.calls(in: part, names: { [self] in value($0) }) { [self] name in
        isOwn(name) || (isWanted(fullName(name)) && calls.count < Self.callLimit)
      }
      let target = Self.equals(in: tokens).flatMap { Self.path(Array(tokens[..<$0])) }
      for call in found.prefix(Self.callLimit) {
        let call = Found(call: call, name: fullName(call.name), target: target, headers: headers)
        if isOwn(call.call.name), ownCalls.count < Self.callLimit { ownCalls.append(call) }
        if isWanted(call.name) { calls.append(call) }
      }
    }
  }

  /// Whether a statement adds an ℓ2 penalty to a loss, as far as its names tell.
  private static func isPenalty(_ tokens: [PythonToken]) -> Bool {
    guard let sign = tokens.firstIndex(where: { $0 == .symbol("=") || $0.isAugmentedAssignment }),
      tokens[..<sign].contains(where: { $0.text.lowercased().contains("loss") })
    else { return false }
    return tokens[sign...].contains {
      guard case .name(let name) = $0 else { return false }
      let words = name.lowercased().split(separator: "_")
      return words.contains { ["l2", "weightdecay", "penalty"].contains($0) || $0.hasPrefix("regulari") }
        || name.lowercased().contains("weight_decay")
    }
  }

  /// Whether it is a function of the program itself.
  private func isOwn(_ name: String) -> Bool {
    functions.contains(name.split(separator: ".").last.map(String.init) ?? name)
  }

  /// Assignments under the key or to the attribute `lr`.
  private mutating func readHazards(_ tokens: [PythonToken], _ lines: [Int]) {
    let keys = ["lr", "learning_rate", "weight_decay", "betas", "momentum"]
    guard
      let equals = tokens.firstIndex(where: { $0 == .symbol("=") || $0.isAugmentedAssignment }), equals > 2
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

  /// Whether it is `+=` or one like it.
  var isAugmentedAssignment: Bool {
    if case .symbol(let symbol) = self {
      ["+=", "-=", "*=", "/=", "**=", "//="].contains(symbol)
    } else {
      false
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
