/// TOML 1.0 as values that know their line.
///
/// An own reader: TOMLKit forgets the lines of values and the order of keys, and brings 18,000 lines of C++. Nothing is
/// looked at more than twice, and nesting is bounded.
struct TOMLReader {
  /// Tables and brackets within one another.
  static let depthLimit = 64

  let bytes: [UInt8]
  let path: String
  var position = 0
  var line = 1
  private var depth = 0

  /// The value that a text consists of.
  static func root(of input: InputText) throws(ConfigurationError) -> ConfigurationValue {
    var reader = TOMLReader(bytes: Array(input.text.utf8), path: input.path)
    let root = TOMLTable(line: 1)
    try reader.readDocument(into: root)
    return root.value(key: "", at: .file(input.path), path: input.path)
  }

  private init(bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

  // MARK: Tables

  private mutating func readDocument(into root: TOMLTable) throws(ConfigurationError) {
    var current = root
    while true {
      skipSpace(overLines: true)
      guard let byte = next else { return }
      if byte == UInt8(ascii: "[") {
        current = try header(in: root)
      } else {
        try assignment(in: current)
      }
      skipSpace(overLines: false)
      guard next == nil || next == 0x0A else { throw syntax("expected the end of the line, found \(found)") }
    }
  }

  /// `[table]` or `[[item of a list of tables]]`.
  private mutating func header(in root: TOMLTable) throws(ConfigurationError) -> TOMLTable {
    let isItem = position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "[")
    position += isItem ? 2 : 1
    let keys = try dottedKey()
    for _ in 0..<(isItem ? 2 : 1) {
      guard next == UInt8(ascii: "]") else {
        throw syntax("expected ']' after a table's name, found \(found)")
      }
      position += 1
    }
    let parent = try table(keys.dropLast(), in: root, isHeader: true)
    let name = keys[keys.count - 1]
    let table = TOMLTable(line: line)
    switch parent[name] {
    case nil: parent.append(name, isItem ? .tables(TOMLTables(table)) : .table(table), line)
    case .tables(let tables) where isItem: tables.items.append(table)
    case .table(let known) where !isItem && known.isImplied:
      known.isImplied = false
      return known
    default: throw .invalid(.repeatedKey(name), at: .line(line, of: path))
    }
    return table
  }

  /// The table that a path leads to, made where it is not there.
  private func table(
    _ keys: ArraySlice<String>, in root: TOMLTable, isHeader: Bool
  ) throws(ConfigurationError) -> TOMLTable {
    var table = root
    for key in keys {
      switch table[key] {
      case nil:
        let new = TOMLTable(line: line)
        new.isImplied = isHeader
        table.append(key, .table(new), line)
        table = new
      case .table(let known) where !known.isClosed: table = known
      case .tables(let tables) where isHeader: table = tables.items[tables.items.count - 1]
      default: throw .invalid(.repeatedKey(key), at: .line(line, of: path))
      }
    }
    return table
  }

  private mutating func assignment(in table: TOMLTable) throws(ConfigurationError) {
    let keys = try dottedKey()
    guard next == UInt8(ascii: "=") else { throw syntax("expected '=' after a key, found \(found)") }
    position += 1
    let owner = try self.table(keys.dropLast(), in: table, isHeader: false)
    let name = keys[keys.count - 1]
    guard owner[name] == nil else { throw .invalid(.repeatedKey(name), at: .line(line, of: path)) }
    let start = line
    owner.append(name, try value(), start)
  }

  /// `a.b."c"` with blanks around; leaves what follows.
  private mutating func dottedKey() throws(ConfigurationError) -> [String] {
    var keys: [String] = []
    repeat {
      if !keys.isEmpty { position += 1 }
      skipSpace(overLines: false)
      switch next {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): keys.append(try string(isKey: true))
      default:
        let start = position
        while let byte = next, Self.isOfKey(byte) { position += 1 }
        guard position > start else { throw syntax("expected a key, found \(found)") }
        keys.append(String(decoding: bytes[start..<position], as: UTF8.self))
      }
      guard keys.count + depth <= Self.depthLimit else { throw syntax("nested too deeply") }
      skipSpace(overLines: false)
    } while next == UInt8(ascii: ".")
    return keys
  }

  // MARK: Values

  private mutating func value() throws(ConfigurationError) -> TOMLContent {
    skipSpace(overLines: false)
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { throw syntax("nested too deeply") }
    switch next {
    case UInt8(ascii: "["): return .list(try items())
    case UInt8(ascii: "{"): return .table(try inlineTable())
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return .text(try string(isKey: false))
    default: return .word(try word())
    }
  }

  private mutating func items() throws(ConfigurationError) -> [(TOMLContent, line: Int)] {
    position += 1
    var items: [(TOMLContent, line: Int)] = []
    while true {
      skipSpace(overLines: true)
      if next == UInt8(ascii: "]") { break }
      items.append((try value(), line))
      skipSpace(overLines: true)
      if next == UInt8(ascii: ",") {
        position += 1
      } else if next != UInt8(ascii: "]") {
        throw syntax("expected ',' or ']', found \(found)")
      }
    }
    position += 1
    return items
  }

  private mutating func inlineTable() throws(ConfigurationError) -> TOMLTable {
    position += 1
    let table = TOMLTable(line: line)
    skipSpace(overLines: false)
    while next != UInt8(ascii: "}") {
      try assignment(in: table)
      skipSpace(overLines: false)
      if next == UInt8(ascii: ",") {
        position += 1
        skipSpace(overLines: false)
        guard next != UInt8(ascii: "}") else { throw syntax("a comma before the closing bracket") }
      } else if next != UInt8(ascii: "}") {
        throw syntax("expected ',' or '}', found \(found)")
      }
    }
    position += 1
    table.isClosed = true
    return table
  }

  /// A number, a date, `true` or `false`, as it is written.
  private mutating func word() throws(ConfigurationError) -> String {
    let start = position
    while let byte = next, Self.isOfWord(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    let bare = word.first == "+" || word.first == "-" ? word.dropFirst() : word[...]
    let isNamed = ["true", "false"].contains(word) || ["inf", "nan"].contains(bare)
    guard isNamed || bare.first?.isNumber == true else {
      position = start
      throw syntax("expected a value, found \(word.isEmpty ? found : "'\(word.excerpt)'; text needs quotes")")
    }
    // An underscore stands between digits only.
    let parts = bare.split(separator: "_", omittingEmptySubsequences: false)
    guard
      parts.count == 1 || parts.allSatisfy({ $0.first?.isHexDigit == true && $0.last?.isHexDigit == true })
    else { throw syntax("'\(word.excerpt)' is not a number") }
    return word
  }

  // MARK: Bytes

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0C {
      if byte == 0x0A { line += 1 }
      position += 1
    }
  }

  /// Blanks and comments.
  private mutating func skipSpace(overLines: Bool) {
    while let byte = next {
      switch byte {
      case 0x0A where overLines: line += 1
      case 0x20, 0x09: break
      case UInt8(ascii: "#"):
        while let byte = next, byte != 0x0A {
          _ = byte
          position += 1
        }
        continue
      default: return
      }
      position += 1
    }
  }

  private static func isOfKey(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: false
    }
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    isOfKey(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
  }

  private var found: String {
    guard let next else { return "the end" }
    guard next != 0x0A else { return "the end of the line" }
    return "'\(String(decoding: bytes[position...].prefix(12), as: UTF8.self).excerpt.prefix(1))'"
  }

  func syntax(_ reason: String) -> ConfigurationError {
    .invalid(.syntax(reason, language: "TOML"), at: .line(line, of: path))
  }
}

extension Syntax {
  static let toml = Syntax(
    name: "TOML", pathExtensions: ["toml"],
    isTypical: { line in
      let name = line.dropFirst().prefix { $0.isLetter || $0.isNumber || "_-.".contains($0) }
      return line.first == "[" && name.first?.isLetter == true && line[name.endIndex...].first == "]"
    }
  ) { (input, _) throws(ConfigurationError) in ParsedFile(try TOMLReader.root(of: input)) }
}
