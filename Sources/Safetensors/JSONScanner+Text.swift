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
        advance(by: 1)
        try appendEscape(to: &unescaped)
        start = position
      default: advance(by: 1)
      }
    }
    throw Malformed()
  }

  /// What stands behind a backslash.
  private mutating func appendEscape(to unescaped: inout [UInt8]) throws(Malformed) {
    guard let letter = peek else { throw Malformed() }
    advance(by: 1)
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(letter)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = Unicode.Scalar(try codePoint()) else { throw Malformed() }
      if let encoded = UTF8.encode(scalar) { unescaped += encoded }
    default: throw Malformed()
    }
  }

  /// A code point beyond 16 bits is written as two, a surrogate pair.
  private mutating func codePoint() throws(Malformed) -> UInt32 {
    let first = try hexadecimal()
    guard UTF16.isLeadSurrogate(first) else { return UInt32(first) }
    guard peek == UInt8(ascii: "\\") else { throw Malformed() }
    advance(by: 1)
    guard peek == UInt8(ascii: "u") else { throw Malformed() }
    advance(by: 1)
    let second = try hexadecimal()
    guard UTF16.isTrailSurrogate(second) else { throw Malformed() }
    return 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
  }

  private mutating func hexadecimal() throws(Malformed) -> UInt16 {
    var number: UInt16 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch peek {
      case .some(let byte) where UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte:
        digit = byte - UInt8(ascii: "0")
      case .some(let byte) where UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20:
        digit = (byte | 0x20) - UInt8(ascii: "a") + 10
      default: throw Malformed()
      }
      number = number << 4 | UInt16(digit)
      advance(by: 1)
    }
    return number
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
