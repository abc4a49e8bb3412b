import OutsideText

extension JSONScanner {
  /// A text, without its quotation marks.
  mutating func text() throws(Malformed) -> String {
    advance(by: 1)
    var start = position
    // What comes before the last escape; most texts have none.
    var unescaped: [UInt8] = []
    while let byte = peek, byte >= 0x20 {
      switch byte {
      case UInt8(ascii: "\""):
        let rest = bytes[start..<position]
        advance(by: 1)
        let text =
          unescaped.isEmpty
          ? String(validating: rest, as: UTF8.self) : String(validating: unescaped + rest, as: UTF8.self)
        guard let text, text.isStreamSafe else { throw Malformed() }
        return text
      case UInt8(ascii: "\\"):
        unescaped += bytes[start..<position]
        guard let escape = try? JSONGrammar.escape(in: bytes, at: position + 1, before: end) else {
          throw Malformed()
        }
        unescaped += escape.utf8
        advance(by: escape.end - position)
        start = position
      default: advance(by: 1)
      }
    }
    throw Malformed()
  }
}

extension String {
  /// Whether at most 30 combining marks follow each other, as Unicode's stream-safe text has it (UAX #15, 13).
  ///
  /// Texts are compared and hashed in normal form, which takes the square of the time for a long run of marks.
  fileprivate var isStreamSafe: Bool {
    guard utf8.contains(where: { $0 >= 0x80 }) else { return true }
    var marks = 0
    for scalar in unicodeScalars {
      let isMark = scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered
      marks = isMark ? marks + 1 : 0
      if marks > 30 { return false }
    }
    return true
  }
}
