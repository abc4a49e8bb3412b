/// What changes a name's value in another way than by one assignment to it.
extension PythonProgram {
  // MARK: Names that are not known

  /// From here on a name, or an argument of that name, is not known.
  mutating func loosen(_ path: String) {
    let last = path.split(separator: ".").last.map(String.init) ?? path
    guard fixed[path] == nil, fixed[last] == nil else {
      taken.insert(fixed[path] == nil ? last : path)
      return
    }
    values[path] = .some(nil)
    if path.contains("."), arguments[last] != nil { arguments[last] = .some(nil) }
  }

  private mutating func loosen(argument name: String) {
    if fixed[name] == nil { arguments[name] = .some(nil) } else { taken.insert(name) }
  }

  /// A member of a dictionary is not known; nor is whether there is one.
  private mutating func loosen(member key: String, of path: String) {
    loosen("\(path)[\(key)]")
    setMember("\(path)[\(key)]", nil)
  }

  /// The target of an assignment that is not followed: `a.b`, `a[i]`, `*a`, `(a, b)`.
  mutating func loosen(target tokens: ArraySlice<PythonToken>) {
    let names = tokens.filter { $0 != .symbol("(") && $0 != .symbol(")") && $0 != .symbol("*") }
    if let path = Self.path(names) { return loosen(path) }
    // Of `a.b[i]` the whole of `a.b`; everything before it too, which costs a question at most.
    var path = ""
    for index in names.indices {
      guard case .name(let name) = names[index] else {
        if names[index] != .symbol(".") { path = "" }
        continue
      }
      path += path.isEmpty ? name : ".\(name)"
      if !names.indices.contains(index + 1) || names[index + 1] != .symbol(".") { loosen(path) }
    }
  }

  /// `a['b'] = value` for a dictionary `a` that is known; nil where the value is not.
  mutating func setMember(_ path: String, _ value: PythonValue?) {
    guard path.hasSuffix("]"), let bracket = path.firstIndex(of: "["),
      case .mapping(var members)?? = values[String(path[..<bracket])]
    else { return }
    let key = String(path[bracket...].dropFirst().dropLast())
    let unknown = PythonValue.unknown(path)
    if let index = members.firstIndex(where: { $0.key == key }) {
      guard members[index].value != value else { return }
      members[index] = PythonMember(key: key, value: unknown, line: members[index].line)
      values[path] = .some(nil)
    } else {
      members.append(PythonMember(key: key, value: value ?? unknown, line: 1))
    }
    values[String(path[..<bracket])] = .mapping(members)
  }

  // MARK: Statements

  /// Names that an expression sets, and calls that change what they are called of.
  mutating func readChanges(_ tokens: [PythonToken], _ lines: [Int]) {
    for index in tokens.indices {
      guard case .name(let name) = tokens[index] else { continue }
      let next = tokens.indices.contains(index + 1) ? tokens[index + 1] : .symbol("")
      switch name {
      case _ where next == .symbol(":="): loosen(name)
      case "for" where index > 0:
        for case .name(let bound) in tokens[(index + 1)...].prefix(while: { $0 != .name("in") }) {
          loosen(bound)
        }
      case "lambda": loosenParameters(tokens[(index + 1)...])
      case "as" where tokens.first == .name("with") || tokens.first == .name("except"): loosen(next.text)
      case "del" where index == 0:
        for part in Self.split(tokens[1...], at: ",") { loosen(target: part) }
      default: break
      }
      if next == .symbol("("), isChange(name) { readChange(tokens, lines, at: index) }
    }
  }

  private mutating func loosenParameters(_ tokens: ArraySlice<PythonToken>) {
    var previous = PythonToken.symbol(",")
    var depth = 0
    for token in tokens {
      switch token {
      case .symbol("("), .symbol("["), .symbol("{"): depth += 1
      case .symbol(")"), .symbol("]"), .symbol("}"): depth -= 1
      case .symbol(":") where depth == 0: return
      case .name(let name) where depth == 0 && [",", "*", "**"].contains(previous.text): loosen(name)
      default: break
      }
      if depth < 0 { return }
      previous = token
    }
  }

  private static let changes: Set = [
    "update", "setdefault", "pop", "popitem", "clear", "append", "extend", "insert", "remove", "sort",
    "reverse",
    "merge_from_file", "merge_from_list", "merge_from_dict", "merge_from_other_cfg", "__setattr__",
    "__setitem__", "setattr", "set_defaults", "parse_args", "parse_known_args", "parse_args_into_dataclasses",
    "replace", "_replace", "evolve", "model_copy", "exec",
  ]

  private func isChange(_ name: String) -> Bool { Self.changes.contains(name) || classes.contains(name) }

  /// A call that changes what it is called of, or what its arguments name.
  private mutating func readChange(_ tokens: [PythonToken], _ lines: [Int], at index: Int) {
    guard tokens.first != .name("class"), tokens.first != .name("def"),
      case .call(let call)? = PythonExpression.call(
        in: tokens, at: index, lines: lines, names: { [self] in value($0) })
    else { return }
    var start = index
    while start > 1, tokens[start - 1] == .symbol("."), case .name = tokens[start - 2] { start -= 2 }
    let receiver =
      start < index && (start == 0 || tokens[start - 1] != .symbol("."))
      ? Self.path(Array(tokens[start..<(index - 1)])) : nil
    let before = tokens[..<index].map(\.text)
    switch call.name {
    case "update" where before.contains("param_groups") || receiver.map(isGroup) == true:
      hazards.append(
        Hazard(key: "group.lr", source: PythonExpression.source(tokens[...]), line: lines.first ?? 1))
    case "update" where before.contains("vars") || before.contains("__dict__"): hasOpenArguments = true
    case "update":
      guard let receiver else { return }
      var keys = call.named.map(\.key)
      for value in call.positional {
        guard case .mapping(let members) = value else { return loosen(receiver) }
        keys += members.map(\.key)
      }
      if keys.contains("**") { return loosen(receiver) }
      for key in keys { loosen(member: key, of: receiver) }
    case "setattr":
      guard call.positional.count == 3 else { return }
      guard case .text(let name) = call.positional[1] else {
        hasOpenArguments = true
        return
      }
      loosen(argument: name)
      if case .unknown(let object) = call.positional[0] { loosen("\(object).\(name)") }
    case "set_defaults":
      if !call.positional.isEmpty || call.named.contains(where: { $0.key == "**" }) {
        hasOpenArguments = true
      }
      for member in call.named { loosen(argument: member.key) }
    case "parse_args", "parse_known_args", "parse_args_into_dataclasses":
      // What it is given is the command line, unless that is written out.
      let given = call.positional.first ?? call.named.first { $0.key == "args" }?.value
      switch given {
      case .list(let items)? where !items.isEmpty: hasOpenArguments = true
      case .text?: hasOpenArguments = true
      case .unknown(let source)? where source.contains("split") || source.contains("'"):
        hasOpenArguments = true
      default: break
      }
      if call.named.contains(where: { $0.key == "namespace" }) { hasOpenArguments = true }
    case "replace", "_replace", "evolve", "model_copy":
      for member in call.named where arguments[member.key] != nil { loosen(argument: member.key) }
    case "exec":
      if index == 0 {
        hazards.append(
          Hazard(key: "exec.optimizer", source: PythonExpression.source(tokens[...]), line: lines.first ?? 1))
      }
    case _ where classes.contains(call.name):
      let own = fields[call.name] ?? []
      for name in own.prefix(call.positional.count) { loosen(argument: name) }
      for member in call.named where own.contains(member.key) { loosen(argument: member.key) }
      if call.named.contains(where: { $0.key == "**" }) { for name in own { loosen(argument: name) } }
    default: if let receiver { loosen(receiver) }
    }
  }

  /// Whether a name is set to the parameter groups of an optimizer, one by one.
  private func isGroup(_ name: String) -> Bool {
    headers.contains { $0.targets.contains(name) && $0.tokens.contains(.name("param_groups")) }
  }

  // MARK: Conditions

  /// Whether a condition holds, where that can be told from values that are known.
  func truth(_ tokens: ArraySlice<PythonToken>) -> Bool? {
    var tokens = tokens
    if tokens.contains(.name("__name__")) { return true }
    while tokens.first == .symbol("("), Self.closing(tokens) == tokens.endIndex - 1 {
      tokens = tokens.dropFirst().dropLast()
    }
    for (word, decisive) in [("or", true), ("and", false)] {
      let parts = Self.split(tokens, word: word)
      guard parts.count > 1 else { continue }
      let truths = parts.map(truth)
      return truths.contains(decisive) ? decisive : truths.contains(nil) ? nil : !decisive
    }
    if tokens.first == .name("not") { return truth(tokens.dropFirst()).map(!) }
    func value(_ tokens: ArraySlice<PythonToken>) -> PythonValue? {
      let value = PythonExpression.value(of: tokens, names: { [self] in self.value($0) })
      return value.flatMap { $0.isKnown ? $0 : nil }
    }
    let signs: [PythonToken] = [
      .symbol("=="), .symbol("!="), .symbol("<"), .symbol(">"), .symbol("<="), .symbol(">="), .name("in"),
      .name("is"),
    ]
    guard let sign = tokens.firstIndex(where: signs.contains) else {
      switch value(tokens) {
      case .boolean(let value)?: return value
      case .number(let number)?: return number != 0
      case .text(let text)?: return !text.isEmpty
      case .list(let items)?: return !items.isEmpty
      default: return nil
      }
    }
    var left = tokens[..<sign]
    var right = tokens[(sign + 1)...]
    var isNegated = false
    if left.last == .name("not") { (left, isNegated) = (left.dropLast(), true) }
    if right.first == .name("not") { (right, isNegated) = (right.dropFirst(), true) }
    guard !right.contains(where: signs.contains), let first = value(left), let second = value(right) else {
      return nil
    }
    let isSo: Bool
    switch (tokens[sign].text, first, second) {
    case ("==", _, _), ("is", _, _): isSo = first == second
    case ("!=", _, _): isSo = first != second
    case ("in", _, .list(let items)): isSo = items.contains(first)
    case ("in", .text(let part), .text(let text)): isSo = part.isEmpty || text.contains(part)
    case ("<", .number(let a), .number(let b)): isSo = a < b
    case (">", .number(let a), .number(let b)): isSo = a > b
    case ("<=", .number(let a), .number(let b)): isSo = a <= b
    case (">=", .number(let a), .number(let b)): isSo = a >= b
    default: return nil
    }
    return isSo != isNegated
  }

  /// Where the bracket closes that tokens begin with.
  private static func closing(_ tokens: ArraySlice<PythonToken>) -> Int? {
    var depth = 0
    for index in tokens.indices {
      guard case .symbol(let symbol) = tokens[index] else { continue }
      if "([{".contains(symbol) { depth += 1 }
      if ")]}".contains(symbol) { depth -= 1 }
      if depth == 0 { return index }
    }
    return nil
  }

  private static func split(_ tokens: ArraySlice<PythonToken>, word: String) -> [ArraySlice<PythonToken>] {
    var depth = 0
    var parts: [ArraySlice<PythonToken>] = []
    var start = tokens.startIndex
    for index in tokens.indices {
      switch tokens[index] {
      case .symbol("("), .symbol("["), .symbol("{"): depth += 1
      case .symbol(")"), .symbol("]"), .symbol("}"): depth -= 1
      case .name(word) where depth == 0:
        parts.append(tokens[start..<index])
        start = index + 1
      default: break
      }
    }
    return parts + [tokens[start...]]
  }
}
