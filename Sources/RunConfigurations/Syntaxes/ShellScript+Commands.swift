extension ShellScript {
  mutating func endCommand() throws(ConfigurationError) {
    endWord()
    var rest = words[...]
    let isConditional = nesting > 0 || followsCondition
    (words, skipsNextWord, followsCondition) = ([], false, false)
    guard takeReserved(&rest) else { return }
    while let first = rest.first, first.isAssignment {
      // An assignment right before a command is for that command alone.
      if rest.allSatisfy(\.isAssignment) { assign(first, isConditional: isConditional) }
      rest.removeFirst()
    }
    guard let first = rest.first else { return }
    switch first.text {
    case "export", "declare", "local", "readonly", "typeset":
      for word in rest where word.isAssignment { assign(word, isConditional: isConditional) }
    case "unset": for word in rest.dropFirst() { variables[word.text] = nil }
    case "read": for word in rest.dropFirst() { variables[word.text] = .some(nil) }
    case "let": for word in rest.dropFirst() { compute(word, isConditional: isConditional) }
    case "eval": try evaluate(rest.dropFirst())
    default:
      // A whole command in quotes, alone or for another shell.
      if let text = Self.quotedCommand(rest) { return try evaluate([text]) }
      commands.append(Command(words: Array(rest)))
    }
  }

  /// `NAME=EXPRESSION` as `let` takes it.
  private mutating func compute(_ word: ShellWord, isConditional: Bool) {
    guard let name = Self.assignedName(word.text), !word.text.dropFirst(name.count).hasPrefix("+") else {
      return
    }
    let number = isConditional ? nil : arithmetic(word.text.dropFirst(name.count + 1))
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
    try charge(text.utf8.count)
    guard depth < 20 else { throw syntax("commands are nested too deeply") }
    var inner = self
    (inner.bytes, inner.position, inner.line) = (Array(text.utf8), 0, first.line)
    (inner.commands, inner.words, inner.word, inner.array) = ([], [], nil, nil)
    inner.depth += 1
    try inner.readAll()
    commands += inner.commands
    (variables, budget) = (inner.variables, inner.budget)
  }

  /// Takes off words such as `then`; whether a command may follow.
  private mutating func takeReserved(_ rest: inout ArraySlice<ShellWord>) -> Bool {
    while let first = rest.first, first.isPlain || first.text == "$", !first.isUnevaluated {
      switch first.text {
      case "if", "while", "until", "{": nesting += 1
      case "then", "do", "else", "elif", "!", "time", "$": break
      case "fi", "done", "esac", "}": nesting = max(0, nesting - 1)
      case "for", "select":
        nesting += 1
        if let name = rest.dropFirst().first { variables[name.text] = .some(nil) }
        return false
      case "case": nesting += 1; return false
      case "function": return false
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
    var value = ShellWord(line: word.line)
    var prefix = (word.text.firstIndex(of: "=").map { word.text[...$0].count }) ?? 0
    for piece in word.pieces {
      let dropped = piece.text.prefix(prefix).count
      prefix -= dropped
      if dropped < piece.text.count || value.pieces.isEmpty {
        value.append(
          ShellWord.Piece(text: String(piece.text.dropFirst(dropped)), isUnevaluated: piece.isUnevaluated))
      }
    }
    set(word, [value], isArray: false, isConditional: isConditional)
  }

  /// `NAME=(WORD …)` or `NAME+=(WORD …)`.
  mutating func assign(_ word: ShellWord, _ elements: [ShellWord]) {
    set(word, elements, isArray: true, isConditional: nesting > 0 || followsCondition)
  }

  private mutating func set(_ word: ShellWord, _ value: [ShellWord], isArray: Bool, isConditional: Bool) {
    guard let name = Self.assignedName(word.text).map(String.init) else { return }
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
