/// A word of Python source.
enum PythonToken: Equatable {
  case name(String)
  /// A number as written.
  case number(String)
  /// A string literal's content; nil where it is formatted (`f'…'`) or bytes.
  case string(String?)
  case symbol(String)
}

/// A logical line of Python: brackets and backslashes join lines, semicolons part them.
struct PythonStatement {
  /// The line it begins in, counted from 1.
  let line: Int
  /// Columns before it: more than 0 where it stands under another statement.
  let indentation: Int
  let tokens: [PythonToken]
  /// The line of each token.
  let lines: [Int]
  /// The source, without comments around it.
  let source: Substring
}

/// Splits Python source into statements. Nothing is executed, now or later.
struct PythonTokenizer {
  private let input: InputText
  private var rest: Substring
  private var line = 1
  /// Open brackets.
  private var depth = 0

  private var tokens: [PythonToken] = []
  private var lines: [Int] = []
  private var start: String.Index?
  private var startLine = 1
  private var startIndentation = 0
  private var statements: [PythonStatement] = []

  /// Symbols of more than one character, longer ones before their beginnings.
  private static let longSymbols = [
    "**=", "//=", "**", "//", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "->", ":=",
  ]

  static func statements(of input: InputText) throws(ConfigurationError) -> [PythonStatement] {
    var tokenizer = PythonTokenizer(input: input, rest: input.text[...])
    return try tokenizer.run()
  }

  private init(input: InputText, rest: Substring) {
    self.input = input
    self.rest = rest
  }

  private mutating func run() throws(ConfigurationError) -> [PythonStatement] {
    var indentation = Self.indentation(rest)
    while let character = rest.first {
      switch character {
      case "\n":
        if depth == 0 { finish() }
        rest.removeFirst()
        line += 1
        indentation = Self.indentation(rest)
      case "\\" where rest.dropFirst().first == "\n":
        rest.removeFirst(2)
        line += 1
      case ";" where depth == 0:
        finish()
        rest.removeFirst()
      case "#": rest = rest.drop { $0 != "\n" }
      case _ where character.isWhitespace: rest.removeFirst()
      default:
        if start == nil { (start, startLine, startIndentation) = (rest.startIndex, line, indentation) }
        lines.append(line)
        tokens.append(try token(character))
      }
    }
    guard depth == 0 else { throw syntax("a bracket is not closed", startLine) }
    finish()
    return statements
  }

  /// Ends the statement at hand.
  private mutating func finish() {
    guard let start else { return }
    var source = input.text[start..<rest.startIndex]
    while let last = source.last, last.isWhitespace { source.removeLast() }
    statements.append(
      PythonStatement(
        line: startLine, indentation: startIndentation, tokens: tokens, lines: lines, source: source))
    (self.start, tokens, lines) = (nil, [], [])
  }

  /// Columns before the first character of a line; a tab goes to the next multiple of 8.
  private static func indentation(_ text: Substring) -> Int {
    var columns = 0
    for character in text.prefix(1000) {
      guard character == " " || character == "\t" else { break }
      columns = character == " " ? columns + 1 : (columns / 8 + 1) * 8
    }
    return columns
  }

  private mutating func token(_ first: Character) throws(ConfigurationError) -> PythonToken {
    switch first {
    case "'", "\"": return .string(try string(first))
    case _ where first.isASCII && first.isNumber: return .number(number())
    case "." where rest.dropFirst().first?.isNumber == true: return .number(number())
    case _ where first.isLetter || first == "_":
      let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      rest = rest[name.endIndex...]
      if let quote = rest.first, quote == "'" || quote == "\"", name.count <= 2 {
        let content = try string(quote)
        return .string(["r", "u"].contains(name.lowercased()) ? content : nil)
      }
      return .name(String(name))
    default:
      if "([{".contains(first) { depth += 1 }
      if ")]}".contains(first) { depth -= 1 }
      guard depth >= 0 else { throw syntax("a bracket is closed that was not open", line) }
      let second = rest.dropFirst().first
      let isLong = second.map("=*/>".contains) ?? false
      let symbol = isLong ? Self.longSymbols.first(where: rest.hasPrefix) ?? String(first) : String(first)
      rest.removeFirst(symbol.count)
      return .symbol(symbol)
    }
  }

  /// Digits, point, exponent and underscores; whether they make a number is decided where it is used.
  private mutating func number() -> String {
    var number = ""
    while let character = rest.first {
      let isSign = (character == "+" || character == "-") && number.last?.lowercased() == "e"
      guard character.isLetter || character.isNumber || character == "_" || character == "." || isSign else {
        break
      }
      number.append(character)
      rest.removeFirst()
    }
    return number
  }

  private mutating func string(_ quote: Character) throws(ConfigurationError) -> String {
    let begin = line
    let triple = String(repeating: quote, count: 3)
    let delimiter = rest.hasPrefix(triple) ? triple : String(quote)
    rest.removeFirst(delimiter.count)
    var content = ""
    while !rest.hasPrefix(delimiter) {
      guard let character = rest.first, delimiter == triple || character != "\n" else {
        throw syntax("a string is not closed", begin)
      }
      rest.removeFirst()
      content.append(character)
      if character == "\\", let next = rest.popFirst() {
        content.append(next)
        if next == "\n" { line += 1 }
      }
      if character == "\n" { line += 1 }
    }
    rest.removeFirst(delimiter.count)
    return content
  }

  private func syntax(_ reason: String, _ line: Int) -> ConfigurationError {
    .invalid(.syntax(reason, language: "Python"), at: .line(line, of: input.path))
  }
}
