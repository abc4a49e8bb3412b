extension ShellScript {
  /// Variables within defaults within variables, at most.
  private static let depthLimit = 50

  /// What `$…` or a backtick stands for: a word, or those of an array.
  mutating func expansion() throws(ConfigurationError) -> [ShellWord] {
    let (start, begin) = (position, line)
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw syntax("expansions are nested too deeply") }
    if bytes[position] == UInt8(ascii: "`") {
      position += 1
      try skip(to: UInt8(ascii: "`"), begin)
      return [unevaluated(start)]
    }
    position += 1
    switch peek() {
    case UInt8(ascii: "("):
      let isArithmetic = peek(1) == UInt8(ascii: "(")
      try skipParentheses(begin)
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      if isArithmetic, text.hasSuffix("))"), let number = arithmetic(text.dropFirst(3).dropLast(2)) {
        return [known("\(number)")]
      }
      return [unevaluated(start)]
    case UInt8(ascii: "{"):
      position += 1
      return try parameter(start, begin)
    case UInt8(ascii: "'"):
      position += 1
      return [ShellWord(pieces: [try singleQuoted()], line: line)]
    case let byte? where Self.isNameByte(byte) && !(0x30...0x39).contains(byte):
      let name = takeName()
      guard let value = variables[name] ?? nil else { return [unevaluated(start)] }
      return [value.first ?? known("")]
    case let byte? where "0123456789@*#?!-".utf8.contains(byte):
      position += 1
      return [unevaluated(start)]
    default: return [known("$")]
    }
  }

  /// `${NAME}`, `${NAME[@]}`, `${NAME:-default}`; every other form would have to be executed.
  private mutating func parameter(_ start: Int, _ begin: Int) throws(ConfigurationError) -> [ShellWord] {
    let name = takeName()
    let value = variables[name]
    let rest = bytes[position...].prefix(4)
    if rest.first == UInt8(ascii: "}"), !name.isEmpty {
      position += 1
      guard let value = value ?? nil else { return [unevaluated(start)] }
      return [value.first ?? known("")]
    }
    if rest.elementsEqual("[@]}".utf8) || rest.elementsEqual("[*]}".utf8) {
      position += 4
      return (value ?? nil) ?? [unevaluated(start)]
    }
    let hasColon = rest.first == UInt8(ascii: ":")
    let sign = hasColon ? rest.dropFirst().first : rest.first
    guard !name.isEmpty, let sign, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "=") else {
      try skipBraces(begin)
      return [unevaluated(start)]
    }
    position += hasColon ? 2 : 1
    var fallback = ShellWord(line: line)
    while let byte = peek(), byte != UInt8(ascii: "}") {
      switch byte {
      case UInt8(ascii: "$"), UInt8(ascii: "`"):
        for piece in try expansion().flatMap(\.pieces) {
          try charge(piece.text.utf8.count)
          fallback.append(piece)
        }
      case UInt8(ascii: "'"):
        position += 1
        fallback.append(try singleQuoted())
      case UInt8(ascii: "\""): position += 1
      default: fallback.append(quotedPiece())
      }
    }
    guard position < bytes.count else { throw syntax("a brace is not closed", begin) }
    position += 1
    switch value {
    case .some(.some(let known)) where !(hasColon && known.first?.text.isEmpty ?? true):
      return [known.first ?? self.known("")]
    // A condition decided what it holds.
    case .some(.none): return [unevaluated(start)]
    default:
      if sign == UInt8(ascii: "="), definition?.nesting == nil { variables[name] = [fallback] }
      return [fallback]
    }
  }

  /// A character or more of text in double quotes.
  mutating func quotedPiece() -> ShellWord.Piece {
    if peek() == UInt8(ascii: "\\"), let next = peek(1) {
      if next == UInt8(ascii: "\n") {
        (position, line) = (position + 2, line + 1)
        return ShellWord.Piece(text: "", isUnevaluated: false)
      }
      if "$`\"\\}".utf8.contains(next) {
        position += 2
        return literal(position - 1..<position)
      }
    }
    let start = position
    repeat {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    } while position < bytes.count && !"\\\"$`}'".utf8.contains(bytes[position])
    return literal(start..<position)
  }

  private func known(_ text: String) -> ShellWord {
    ShellWord(pieces: [.init(text: text, isUnevaluated: false)], line: line)
  }

  /// What was passed over since `start`.
  private func unevaluated(_ start: Int) -> ShellWord {
    let text = String(decoding: bytes[start..<min(position, start + 300)], as: UTF8.self)
    return ShellWord(pieces: [.init(text: text, isUnevaluated: true)], line: line)
  }

  private mutating func takeName() -> String {
    let start = position
    while let byte = peek(), Self.isNameByte(byte) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  // MARK: Passing over

  /// Passes over everything up to and with a byte that is not escaped.
  private mutating func skip(to end: UInt8, _ begin: Int) throws(ConfigurationError) {
    while let byte = peek(), byte != end {
      if byte == UInt8(ascii: "\n") { line += 1 }
      position += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard position < bytes.count else { throw syntax("a quote is not closed", begin) }
    position += 1
  }

  private mutating func skipParentheses(_ begin: Int) throws(ConfigurationError) {
    try skip(from: UInt8(ascii: "("), to: UInt8(ascii: ")"), open: 0, begin)
  }

  private mutating func skipBraces(_ begin: Int) throws(ConfigurationError) {
    try skip(from: UInt8(ascii: "{"), to: UInt8(ascii: "}"), open: 1, begin)
  }

  private mutating func skip(
    from opening: UInt8, to closing: UInt8, open: Int, _ begin: Int
  ) throws(ConfigurationError) {
    var open = open
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "\n"): line += 1
      case UInt8(ascii: "\\"): position += 1
      case UInt8(ascii: "'"): try skip(to: byte, begin)
      case UInt8(ascii: "\""): try skip(to: byte, begin)
      case opening: open += 1
      case closing:
        open -= 1
        if open == 0 { return }
      default: break
      }
    }
    throw syntax("a bracket is not closed", begin)
  }

  // MARK: Arithmetic

  /// The value of whole numbers with + - * / and parentheses; nil for anything else.
  func arithmetic(_ text: some StringProtocol) -> Int? {
    // Names stand for values with or without a dollar sign. Quotients are whole; those of negative numbers round
    // otherwise in Python.
    let plain = String(text.filter { !"${}".contains($0) }).replacing("/", with: "//")
    guard !plain.contains("////"), !plain.contains("."), !(plain.contains("-") && plain.contains("/")),
      text.utf8.count <= 300,
      let statement = try? PythonTokenizer.statements(of: InputText(plain.utf8, path: path)).first
    else { return nil }
    // A number with a zero before it is octal.
    for case .number(let digits) in statement.tokens where digits.hasPrefix("0") && digits.count > 1 {
      return nil
    }
    var names: [String: PythonValue] = [:]
    for case .name(let name) in statement.tokens {
      if let value = variables[name] ?? nil, let word = value.first, !word.isUnevaluated,
        let number = Int(word.text), !word.text.hasPrefix("0") || number == 0
      {
        names[name] = .number(Double(number))
      }
    }
    guard case .number(let value) = PythonExpression.value(of: statement.tokens[...], names: { names[$0] })
    else {
      return nil
    }
    return Int(exactly: value)
  }
}
