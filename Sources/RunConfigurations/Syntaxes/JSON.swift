import OutsideText

/// JSON as values that know their line. Python's `NaN`, `Infinity` and `-Infinity` are words.
///
/// An own scanner, since Foundation's forgets lines, order and keys that are given twice. Every byte is looked at once.
struct JSONReader {
  /// Brackets within brackets.
  static let depthLimit = 200
  /// More values than a log of 64 MB holds, and few enough to be kept.
  static let valueLimit = 3_000_000

  private let bytes: [UInt8]
  private let path: String
  private var position = 0
  private var line = 1
  private var depth = 0
  private var count = 0

  /// The value that a text consists of.
  static func root(of input: InputText) throws(ConfigurationError) -> ConfigurationValue {
    var scanner = JSONReader(bytes: Array(input.text.utf8), path: input.path)
    let root = try scanner.value(key: "", at: .file(input.path))
    scanner.skipSpace()
    guard scanner.next == nil else { throw scanner.syntax("something follows the end") }
    return root
  }

  private init(bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

  // MARK: Values

  private var place: ConfigurationError.Place { .line(line, of: path) }

  private mutating func value(
    key: String, at place: ConfigurationError.Place
  ) throws(ConfigurationError) -> ConfigurationValue {
    skipSpace()
    count += 1
    guard count <= Self.valueLimit else { throw .invalid(.tooManyValues(limit: Self.valueLimit), at: place) }
    let content: ConfigurationValue.Content
    switch next {
    case UInt8(ascii: "{"):
      content = .mapping(try nested { (scanner) throws(ConfigurationError) in try scanner.members() })
    case UInt8(ascii: "["):
      content = .list(try nested { (scanner) throws(ConfigurationError) in try scanner.items(of: key) })
    case UInt8(ascii: "\""): content = .text(try string())
    default: content = .word(try word())
    }
    return ConfigurationValue(key: key, content: content, place: place)
  }

  private mutating func nested(
    _ read: (inout JSONReader) throws(ConfigurationError) -> [ConfigurationValue]
  ) throws(ConfigurationError) -> [ConfigurationValue] {
    depth += 1
    guard depth <= Self.depthLimit else { throw syntax("nested too deeply") }
    position += 1
    let values = try read(&self)
    depth -= 1
    return values
  }

  private mutating func members() throws(ConfigurationError) -> [ConfigurationValue] {
    var values: [ConfigurationValue] = []
    var keys: Set<String> = []
    while try !closes(UInt8(ascii: "}"), isFirst: values.isEmpty) {
      guard next == UInt8(ascii: "\"") else {
        throw syntax("expected a key in double quotes, found \(found)")
      }
      let place = place
      let key = try string()
      guard keys.insert(key).inserted else { throw .invalid(.repeatedKey(key), at: place) }
      skipSpace()
      guard next == UInt8(ascii: ":") else { throw syntax("expected ':' after a key, found \(found)") }
      position += 1
      values.append(try value(key: key, at: place))
    }
    return values
  }

  private mutating func items(of key: String) throws(ConfigurationError) -> [ConfigurationValue] {
    var values: [ConfigurationValue] = []
    while try !closes(UInt8(ascii: "]"), isFirst: values.isEmpty) {
      values.append(try value(key: ConfigurationValue.itemKey(key, values.count + 1), at: place))
    }
    return values
  }

  /// Passes a closing bracket, or what stands before the next value.
  private mutating func closes(_ bracket: UInt8, isFirst: Bool) throws(ConfigurationError) -> Bool {
    skipSpace()
    if next == bracket {
      position += 1
      return true
    }
    guard !isFirst else { return false }
    guard next == UInt8(ascii: ",") else {
      throw syntax("expected ',' or '\(Character(Unicode.Scalar(bracket)))', found \(found)")
    }
    position += 1
    skipSpace()
    if next == bracket { throw syntax("a comma before the closing bracket") }
    return false
  }

  // MARK: Words and numbers

  /// A number or a name, as it is written.
  private mutating func word() throws(ConfigurationError) -> String {
    let start = position
    while let byte = next, Self.isOfWord(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    guard
      ["true", "false", "null", "NaN", "Infinity", "-Infinity"].contains(word)
        || JSONGrammar.endOfNumber(in: bytes, at: start, before: position) == position
    else {
      position = start
      throw syntax("expected a value, found \(word.isEmpty ? found : "'\(word.excerpt)'")")
    }
    return word
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
    default: false
    }
  }

  // MARK: Text

  private mutating func string() throws(ConfigurationError) -> String {
    position += 1
    var text: [UInt8] = []
    var start = position
    while let byte = next, byte >= 0x20 {
      switch byte {
      case UInt8(ascii: "\""):
        text += bytes[start..<position]
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        text += bytes[start..<position]
        position += 1
        text += try escaped()
        start = position
      default: position += 1
      }
    }
    throw syntax("a string is not closed")
  }

  /// The character that an escape stands for, in UTF-8.
  private mutating func escaped() throws(ConfigurationError) -> [UInt8] {
    do throws(JSONGrammar.EscapeError) {
      let (utf8, end) = try JSONGrammar.escape(in: bytes, at: position, before: bytes.count)
      position = end
      return utf8
    } catch {
      throw syntax(error == .halfOfPair ? "half of a surrogate pair" : "an escape that JSON does not have")
    }
  }

  // MARK: Bytes

  /// The byte at hand, nil at the end.
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next {
      switch byte {
      case 0x0A: line += 1
      case 0x20, 0x09, 0x0D, 0x0C: break
      default: return
      }
      position += 1
    }
  }

  /// What stands where something else should, as a phrase.
  private var found: String {
    guard next != nil else { return "the end" }
    return "'\(String(decoding: bytes[position...].prefix(12), as: UTF8.self).excerpt.prefix(1))'"
  }

  private func syntax(_ reason: String) -> ConfigurationError {
    .invalid(.syntax(reason, language: "JSON"), at: place)
  }
}

extension Syntax {
  static let json = Syntax(
    name: "JSON", pathExtensions: ["json"],
    opens: { text in
      guard text.first == "[" else { return text.first == "{" }
      // A section of TOML begins with a bracket, too.
      guard let second = text.dropFirst().first(where: { !$0.isWhitespace }) else { return true }
      return !second.isLetter && second != "_"
    },
    isTypical: { _ in false }
  ) { (input, _) throws(ConfigurationError) in ParsedFile(try JSONReader.root(of: input)) }
}
