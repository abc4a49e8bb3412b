/// A word of a shell command after expansion.
struct ShellWord: Equatable {
  /// Text of which a part may not be known.
  struct Piece: Equatable {
    /// The text, as it is written where it is not known.
    var text: String
    /// Whether it would have to be executed or comes from outside the script.
    var isUnevaluated: Bool
  }
  var pieces: [Piece] = []
  /// The line it begins in, counted from 1.
  let line: Int
  /// Whether nothing before here is quoted or expanded, so that it may be an assignment or a reserved word.
  var isPlain = true
  /// Whether it begins with `NAME=` or `NAME+=`.
  var isAssignment = false
  /// Whether an equals sign without quotes is in it.
  var hasEqualsSign = false

  var text: String { pieces.count == 1 ? pieces[0].text : pieces.map(\.text).joined() }
  var isUnevaluated: Bool { pieces.contains(where: \.isUnevaluated) }

  mutating func append(_ piece: Piece) {
    if let last = pieces.indices.last,
      pieces[last].isUnevaluated == piece.isUnevaluated || pieces[last].text.isEmpty
    {
      pieces[last].text += piece.text
      pieces[last].isUnevaluated = piece.isUnevaluated
    } else {
      pieces.append(piece)
    }
  }
}

/// A shell script as simple commands, read and never executed.
///
/// Comments, continued lines, quotes, here-documents, redirections and the variables that the script itself sets to
/// literals are understood. What would have to be executed, and what comes from outside, stays as it is written.
struct ShellScript {
  /// A command with its arguments, without assignments before it and redirections.
  struct Command {
    var words: [ShellWord]
    /// The GPUs that it sees, where the script says so.
    var visibleDevices: ShellWord?
    var line: Int { words[0].line }
  }
  /// What a variable holds: one value, or the elements of an array; nil where it is not known.
  typealias Variable = [ShellWord]?

  var commands: [Command] = []
  var variables: [String: Variable] = [:]

  var bytes: [UInt8]
  let path: String
  var position = 0
  var line = 1
  /// Bytes that words may still take; bounds variables that contain each other.
  var budget = 1_000_000
  /// Expansions within one another.
  var depth = 0

  var words: [ShellWord] = []
  var word: ShellWord?
  /// The array that is being read, with the words before it.
  var array: (name: ShellWord, before: [ShellWord])?
  /// Whether the next word is where something is redirected to.
  var skipsNextWord = false
  /// Here-documents whose text begins on the next line.
  var hereDocuments: [String] = []
  var startsHereDocument = false
  /// Constructs such as `if` that are open.
  var nesting = 0
  /// Braces that are open, and whether what they hold runs only under a condition.
  var groups: [Bool] = []
  /// Whether the command runs only if the one before it succeeds or fails.
  var followsCondition = false
  /// A function of the script: its body, which is read where the function is called.
  struct Function {
    let name: String
    let body: [UInt8]
    let line: Int
    var isCalled = false
  }
  var functions: [String: Function] = [:]
  /// A function that is being defined: where its body begins, and once that has, the constructs that are open around it.
  var definition: (name: String, start: Int, line: Int, nesting: Int?)?
  /// Where the command began.
  var commandStart = 0
  /// The variables that a function has for its own.
  var locals: Set<String> = []
  /// The variables before each open subshell, which come back after it.
  var subshells: [(variables: [String: Variable], cases: Int)] = []
  /// Open `case` constructs, whose patterns end in a bracket too.
  var cases = 0

  init(_ input: InputText) throws(ConfigurationError) {
    (bytes, path) = (Array(input.text.utf8), input.path)
    try readAll()
    // What no line calls may be called from outside.
    let called = commands
    for function in functions.values.filter({ !$0.isCalled }).sorted(by: { $0.line < $1.line }) {
      commands = []
      try run(function.body, line: function.line, isConditional: true)
      uncalled += commands
    }
    commands = uncalled + called
  }
  private var uncalled: [Command] = []

  mutating func readAll() throws(ConfigurationError) {
    while position < bytes.count { try step() }
    if let (name, _) = array { throw syntax("a bracket is not closed", name.line) }
    try endCommand()
  }

  func syntax(_ reason: String, _ line: Int? = nil) -> ConfigurationError {
    .invalid(.syntax(reason, language: "shell"), at: .line(line ?? self.line, of: path))
  }

  // MARK: Reading

  private mutating func step() throws(ConfigurationError) {
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0C: position += 1; endWord()
    case UInt8(ascii: "\\") where peek(1) == UInt8(ascii: "\n"): position += 2; line += 1
    case UInt8(ascii: "\n"):
      endWord()
      if array == nil { try endCommand() }
      (position, line) = (position + 1, line + 1)
      skipHereDocuments()
    case UInt8(ascii: "#") where word == nil:
      while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    case UInt8(ascii: "("):
      position += 1
      if let name = word, name.isAssignment, name.text.hasSuffix("="), array == nil {
        array = (name, words)
        (word, words) = (nil, [])
      } else if takeDefinition() {
        break
      } else {
        let isSubshell = word == nil && words.allSatisfy { Self.reserved.contains($0.text) }
        try endCommand()
        if isSubshell, peek() == UInt8(ascii: "("), loosenArithmetic() { break }
        if isSubshell, cases == subshells.last?.cases ?? 0 { subshells.append((variables, cases)) }
      }
    case UInt8(ascii: ")"):
      position += 1
      endWord()
      guard let (name, before) = array else {
        try endCommand()
        if let last = subshells.last, last.cases == cases {
          variables = last.variables
          subshells.removeLast()
        }
        return
      }
      assign(name, words)
      (array, words) = (nil, before)
    case UInt8(ascii: "&") where peek(1) == UInt8(ascii: ">"): position += 1; redirect()
    case UInt8(ascii: ";"), UInt8(ascii: "&"), UInt8(ascii: "|"):
      if let (name, _) = array { throw syntax("a bracket is not closed", name.line) }
      position += 1
      let isDouble = peek() == byte
      if isDouble { position += 1 }
      try endCommand()
      followsCondition = isDouble && byte != UInt8(ascii: ";")
    case UInt8(ascii: "<"), UInt8(ascii: ">"): redirect()
    case UInt8(ascii: "'"):
      position += 1
      add(try singleQuoted(), isQuoted: true)
    case UInt8(ascii: "\""): try doubleQuoted()
    case UInt8(ascii: "$"), UInt8(ascii: "`"): try split(expansion())
    case UInt8(ascii: "\\"):
      position += 1
      add(take(character: true), isQuoted: true)
    default: add(take(character: false), isQuoted: false)
    }
  }

  /// Words after which a command may begin.
  static let reserved: Set = ["then", "do", "else", "elif", "if", "while", "until", "!", "{", "time"]

  /// `name()` and what is left of `function name()`: takes the closing bracket; false where none follows at once.
  private mutating func takeDefinition() -> Bool {
    var end = position
    while end < bytes.count, bytes[end] == UInt8(ascii: " ") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: ")"), let name = word ?? words.last else {
      return false
    }
    position = end + 1
    if definition?.nesting == nil { definition = (name.text, position, line, nil) }
    (word, words) = (nil, [])
    return true
  }

  /// `((…))` as a command: passed over; the variables that it may set are not known from here on.
  private mutating func loosenArithmetic() -> Bool {
    let rest = bytes[position...]
    guard
      let end = zip(rest.indices, rest.indices.dropFirst()).first(where: {
        bytes[$0] == 0x29 && bytes[$1] == 0x29
      })
    else { return false }
    let text = String(decoding: bytes[(position + 1)..<end.0], as: UTF8.self)
    if text.contains("=") || text.contains("++") || text.contains("--") {
      for name in text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }) {
        if Self.isName(name) { loosen(String(name)) }
      }
    }
    line += text.utf8.count { $0 == UInt8(ascii: "\n") }
    position = end.1 + 1
    return true
  }

  func peek(_ offset: Int = 0) -> UInt8? {
    position + offset < bytes.count ? bytes[position + offset] : nil
  }

  /// One character, or the bytes up to one that means something.
  private mutating func take(character: Bool) -> ShellWord.Piece {
    let start = position
    repeat {
      position += 1
    } while position < bytes.count
      && (bytes[position] & 0xC0 == 0x80 || (!character && !Self.special.contains(bytes[position])))
    return literal(min(start, bytes.count)..<min(position, bytes.count))
  }
  private static let special = Array(" \t\n\u{0C}\\#()&;|<>'\"$`=".utf8)

  func literal(_ range: Range<Int>) -> ShellWord.Piece {
    ShellWord.Piece(text: String(decoding: bytes[range], as: UTF8.self), isUnevaluated: false)
  }

  /// The text up to the closing quote.
  mutating func singleQuoted() throws(ConfigurationError) -> ShellWord.Piece {
    let (start, begin) = (position, line)
    while let byte = peek(), byte != UInt8(ascii: "'") {
      if byte == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
    guard position < bytes.count else { throw syntax("a quote is not closed", begin) }
    position += 1
    return literal(start..<position - 1)
  }

  /// Text in double quotes; an array in it makes words.
  private mutating func doubleQuoted() throws(ConfigurationError) {
    let begin = line
    position += 1
    add(ShellWord.Piece(text: "", isUnevaluated: false), isQuoted: true)
    while let byte = peek(), byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "$") || byte == UInt8(ascii: "`") {
        try charge(add(fields: expansion()))
      } else {
        add(quotedPiece(), isQuoted: true)
      }
    }
    guard position < bytes.count else { throw syntax("a quote is not closed", begin) }
    position += 1
  }

  // MARK: Words

  private mutating func add(_ piece: ShellWord.Piece, isQuoted: Bool, line begin: Int? = nil) {
    guard !startsHereDocument else {
      startsHereDocument = false
      hereDocuments.append(piece.text)
      skipsNextWord = true
      word = word ?? ShellWord(line: line)
      return
    }
    // In place, as a copy for each of its pieces would take long where they are many.
    if word == nil { word = ShellWord(line: begin ?? line) }
    if isQuoted { word?.isPlain = false }
    word?.append(piece)
    guard !isQuoted, piece.text.hasPrefix("="), let word, !word.hasEqualsSign else { return }
    self.word?.hasEqualsSign = true
    self.word?.isAssignment = word.isPlain && Self.assignedName(word.text) != nil
  }

  /// Unquoted: text that is known is split at blanks, but not in an assignment.
  private mutating func split(_ fields: [ShellWord]) throws(ConfigurationError) {
    guard word?.isAssignment != true else { return try charge(add(fields: fields)) }
    for (index, field) in fields.enumerated() {
      if index > 0 { endWord() }
      try charge(1)
      for piece in field.pieces {
        if piece.isUnevaluated { add(piece, isQuoted: true, line: field.line); continue }
        try charge(piece.text.utf8.count)
        var rest = piece.text[...]
        while !rest.isEmpty {
          let part = rest.prefix { !$0.isWhitespace }
          if !part.isEmpty {
            add(ShellWord.Piece(text: String(part), isUnevaluated: false), isQuoted: true, line: field.line)
          } else {
            endWord()
          }
          rest = part.isEmpty ? rest.drop { $0.isWhitespace } : rest[part.endIndex...]
        }
      }
    }
  }

  /// Adds values without splitting them, and tells how long they are.
  private mutating func add(fields: [ShellWord]) -> Int {
    var count = 0
    for (index, field) in fields.enumerated() {
      if index > 0 { endWord() }
      count += 1
      for piece in field.pieces {
        add(piece, isQuoted: true, line: field.line); count += piece.text.utf8.count
      }
      if field.pieces.isEmpty { add(ShellWord.Piece(text: "", isUnevaluated: false), isQuoted: true) }
    }
    return count
  }

  mutating func charge(_ count: Int) throws(ConfigurationError) {
    budget -= count
    guard budget >= 0 else { throw syntax("its variables expand to more than 1 MB") }
  }

  mutating func endWord() {
    guard let finished = word else { return }
    word = nil
    if skipsNextWord { skipsNextWord = false } else { words.append(finished) }
  }

  /// `<`, `>` and their kin; a number right before them belongs to them.
  private mutating func redirect() {
    if let number = word, number.isPlain, number.text.allSatisfy(\.isNumber) { word = nil }
    endWord()
    let start = position
    while let byte = peek(), "<>&|-".utf8.contains(byte), position - start < 3 { position += 1 }
    let sign = String(decoding: bytes[start..<position], as: UTF8.self)
    if sign == "<<" || sign == "<<-" { startsHereDocument = true } else { skipsNextWord = true }
  }

  private mutating func skipHereDocuments() {
    for delimiter in hereDocuments {
      while position < bytes.count {
        let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let text = bytes[position..<end].drop { $0 == UInt8(ascii: "\t") }
        (position, line) = (min(end + 1, bytes.count), line + 1)
        if text.elementsEqual(delimiter.utf8) { break }
      }
    }
    hereDocuments = []
    (startsHereDocument, skipsNextWord) = (false, false)
  }
}
