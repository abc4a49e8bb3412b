extension ShellScript {
  mutating func endCommand() throws(ConfigurationError) {
    endWord()
    var rest = words[...]
    let afterCondition = followsCondition
    let isConditional = nesting > 0 || afterCondition
    (words, skipsNextWord, followsCondition) = ([], false, false)
    let start = commandStart
    commandStart = position
    guard takeReserved(&rest, from: start, afterCondition: afterCondition), definition?.nesting == nil else {
      return
    }
    // A name without a body was no definition.
    if !rest.isEmpty { definition = nil }
    var devices = (variables["CUDA_VISIBLE_DEVICES"] ?? nil)?.first
    while let first = rest.first, first.isAssignment {
      if first.text.hasPrefix("CUDA_VISIBLE_DEVICES="), let value = value(of: first) { devices = value }
      // An assignment right before a command is for that command alone.
      if rest.allSatisfy(\.isAssignment) { assign(first, isConditional: isConditional) }
      rest.removeFirst()
    }
    guard let first = rest.first else { return }
    switch first.text {
    case "export", "declare", "local", "readonly", "typeset":
      for word in rest where word.isAssignment {
        if first.text == "local", let name = Self.assignedName(word.text) { locals.insert(String(name)) }
        assign(word, isConditional: isConditional)
      }
    case "unset": for word in rest.dropFirst() { variables[word.text] = isConditional ? .some(nil) : nil }
    case "read", "mapfile", "readarray", "getopts": for word in rest.dropFirst() { loosen(word.text) }
    case "printf" where rest.dropFirst().first?.text == "-v":
      if let name = rest.dropFirst(2).first { loosen(name.text) }
    // What another script sets is not known.
    case "source" where !Self.isEnvironment(rest), "." where !Self.isEnvironment(rest):
      for name in variables.keys { loosen(name) }
    case "let": for word in rest.dropFirst() { compute(word, isConditional: isConditional) }
    case "eval": try evaluate(rest.dropFirst())
    default:
      // A whole command in quotes, alone or for another shell.
      if let text = Self.quotedCommand(rest) { return try evaluate([text]) }
      if let function = functions[first.text] {
        functions[first.text]?.isCalled = true
        return try run(function.body, line: function.line, isConditional: isConditional)
      }
      commands.append(Command(words: Array(rest), visibleDevices: devices))
    }
  }

  /// From here on a variable is not known.
  mutating func loosen(_ name: String) {
    if definition?.nesting == nil { variables[name] = .some(nil) }
  }

  /// Whether a script that is read in sets up an environment, not a run.
  private static func isEnvironment(_ words: ArraySlice<ShellWord>) -> Bool {
    guard let path = words.dropFirst().first?.text.lowercased() else { return true }
    let name = CommandLine.basename(path)
    return ["activate", "bashrc", "profile", "zshrc", "conda", "module", "nvm", "cuda", "rc"].contains {
      name.contains($0)
    } || path.hasPrefix("/etc/") || path.contains("venv")
  }

  /// `NAME=EXPRESSION` as `let` takes it.
  private mutating func compute(_ word: ShellWord, isConditional: Bool) {
    guard let name = Self.assignedName(word.text), !word.text.dropFirst(name.count).hasPrefix("+") else {
      return
    }
    let number = isConditional ? nil : arithmetic(word.text.dropFirst(name.count + 1))
    if number == nil { return loosen(String(name)) }
    variables[String(name)] = .some(
      number.map { [ShellWord(pieces: [.init(text: "\($0)", isUnevaluated: false)], line: word.line)] })
  }

  /// The word that is a command of its own: what follows `bash -c`, or a single word with blanks in it.
  private static func quotedCommand(_ words: ArraySlice<ShellWord>) -> ShellWord? {
    if words.count == 1, let only = words.first, only.text.contains(where: \.isWhitespace) { return only }
    for index in words.indices.dropFirst() where ["-c", "-lc", "-ec", "-xc"].contains(words[index].text) {
      let shell = CommandLine.basename(words[index - 1].text)
      if ["bash", "sh", "zsh"].contains(shell), index + 1 < words.endIndex { return words[index + 1] }
    }
    return nil
  }

  /// Reads words as the text of commands; what is not known in them stays as it is written.
  private mutating func evaluate(_ words: some Collection<ShellWord>) throws(ConfigurationError) {
    guard let first = words.first else { return }
    let text = words.map(\.text).joined(separator: " ")
    try run(Array(text.utf8), line: first.line, isConditional: nesting > 0)
  }

  /// Reads the text of commands as if it stood here.
  mutating func run(_ text: [UInt8], line: Int, isConditional: Bool) throws(ConfigurationError) {
    try charge(text.count)
    guard depth < 20 else { throw syntax("commands are nested too deeply") }
    var inner = self
    (inner.bytes, inner.position, inner.commandStart, inner.line) = (text, 0, 0, line)
    (inner.commands, inner.words, inner.word, inner.array) = ([], [], nil, nil)
    (inner.subshells, inner.cases, inner.locals, inner.definition) = ([], 0, [], nil)
    (inner.nesting, inner.groups) = (isConditional ? 1 : 0, [])
    inner.depth += 1
    try inner.readAll()
    commands += inner.commands
    for name in inner.locals { inner.variables[name] = variables[name] }
    (variables, budget) = (inner.variables, inner.budget)
    functions.merge(inner.functions) { $1 }
  }

  /// Takes off words such as `then`; whether a command may follow.
  private mutating func takeReserved(
    _ rest: inout ArraySlice<ShellWord>, from start: Int, afterCondition: Bool
  ) -> Bool {
    while let first = rest.first, first.isPlain || first.text == "$", !first.isUnevaluated {
      switch first.text {
      case "{":
        if let open = definition, open.nesting == nil { definition?.nesting = nesting + groups.count }
        groups.append(afterCondition)
        if afterCondition { nesting += 1 }
      case "if", "while", "until": nesting += 1
      case "then", "do", "else", "elif", "!", "time", "$": break
      case "fi", "done", "esac", "}":
        if first.text != "}" || groups.popLast() == true { nesting = max(0, nesting - 1) }
        if first.text == "esac" { cases = max(0, cases - 1) }
        if let ended = definition, let outer = ended.nesting, nesting + groups.count <= outer {
          functions[ended.name] = Function(
            name: ended.name, body: Array(bytes[ended.start..<position]), line: ended.line)
          definition = nil
          return false
        }
      case "for", "select":
        nesting += 1
        if let name = rest.dropFirst().first { loosen(name.text) }
        return false
      case "case":
        nesting += 1
        cases += 1
        return false
      case "function":
        rest.removeFirst()
        if definition == nil, let name = rest.first,
          let body = bytes[start...].firstIndex(of: UInt8(ascii: "{"))
        {
          definition = (name.text, body, name.line, nil)
        }
      default: return true
      }
      rest.removeFirst()
    }
    return true
  }

  /// The name before `=` or `+=`.
  static func assignedName(_ text: String) -> Substring? {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    var name = text[..<equals]
    if name.last == "+" { name.removeLast() }
    return isName(name) ? name : nil
  }

  static func isName(_ text: some StringProtocol) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy(isNameByte)
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    default: false
    }
  }

  /// `NAME=VALUE` or `NAME+=VALUE`.
  private mutating func assign(_ word: ShellWord, isConditional: Bool) {
    if let value = value(of: word) { set(word, [value], isArray: false, isConditional: isConditional) }
  }

  /// What stands after the equals sign.
  private func value(of word: ShellWord) -> ShellWord? {
    guard let equals = word.text.firstIndex(of: "=") else { return nil }
    var value = ShellWord(line: word.line)
    var prefix = word.text[...equals].count
    for piece in word.pieces {
      let dropped = piece.text.prefix(prefix).count
      prefix -= dropped
      if dropped < piece.text.count || value.pieces.isEmpty {
        value.append(
          ShellWord.Piece(text: String(piece.text.dropFirst(dropped)), isUnevaluated: piece.isUnevaluated))
      }
    }
    return value
  }

  /// `NAME=(WORD …)` or `NAME+=(WORD …)`.
  mutating func assign(_ word: ShellWord, _ elements: [ShellWord]) {
    set(word, elements, isArray: true, isConditional: nesting > 0 || followsCondition)
  }

  private mutating func set(_ word: ShellWord, _ value: [ShellWord], isArray: Bool, isConditional: Bool) {
    guard definition?.nesting == nil, let name = Self.assignedName(word.text).map(String.init) else { return }
    // Only the count is kept, so that what grows is appended to in place.
    let size = variables[name].map { $0?.count }
    guard word.text.dropFirst(name.count).hasPrefix("+"), let size else {
      variables[name] = isConditional ? .some(extended(variables[name], by: value, isArray, word)) : value
      return
    }
    guard let count = size else { return }
    // What depends on a condition is not known, but what it adds to leaves the rest as it is.
    let added = isConditional ? [unknown(isArray ? "\(name)+=(\(text(value)))" : "$\(name)", word)] : value
    append(added, to: name, asElements: isArray || count == 0)
  }

  private mutating func append(_ added: [ShellWord], to name: String, asElements: Bool) {
    if asElements { variables[name]??.append(contentsOf: added); return }
    for piece in added[0].pieces { variables[name]??[0].append(piece) }
  }

  /// What a variable holds where a condition decides whether a text is added to it; nil where it may be anything.
  private func extended(
    _ old: Variable?, by value: [ShellWord], _ isArray: Bool, _ word: ShellWord
  ) -> Variable {
    guard !isArray, var longer = (old ?? nil)?.first, !longer.text.isEmpty,
      value[0].text.hasPrefix(longer.text)
    else { return nil }
    longer.append(.init(text: " ", isUnevaluated: false))
    longer.append(.init(text: String(value[0].text.dropFirst(longer.text.count - 1)), isUnevaluated: true))
    return [longer]
  }

  private func unknown(_ source: String, _ word: ShellWord) -> ShellWord {
    ShellWord(pieces: [.init(text: source.excerpt, isUnevaluated: true)], line: word.line)
  }

  private func text(_ words: [ShellWord]) -> String {
    words.prefix(20).map(\.text).joined(separator: " ")
  }
}
