/// The parts of JSON's grammar that every reader of it needs, over bytes.
public enum JSONGrammar {
  /// Why an escape stands for nothing.
  public enum EscapeError: Error {
    /// JSON has no such escape.
    case unknown
    /// A code unit that stands for a character only with another.
    case halfOfPair
  }

  /// Where the number ends that begins at a position, -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?; nil where none does.
  @inlinable
  public static func endOfNumber(in bytes: [UInt8], at start: Int, before end: Int) -> Int? {
    var position = start
    func isAny(_ first: UInt8, _ second: UInt8) -> Bool {
      position < end && (bytes[position] == first || bytes[position] == second)
    }
    func digits() -> Int {
      let start = position
      while position < end, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
      return position - start
    }
    if isAny(UInt8(ascii: "-"), UInt8(ascii: "-")) { position += 1 }
    let leads = isAny(UInt8(ascii: "0"), UInt8(ascii: "0"))
    let whole = digits()
    guard whole > 0, !leads || whole == 1 else { return nil }
    if isAny(UInt8(ascii: "."), UInt8(ascii: ".")) {
      position += 1
      guard digits() > 0 else { return nil }
    }
    if isAny(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      position += 1
      if isAny(UInt8(ascii: "-"), UInt8(ascii: "+")) { position += 1 }
      guard digits() > 0 else { return nil }
    }
    return position
  }

  /// The character, in UTF-8, that what follows a backslash stands for, and where it ends.
  public static func escape(
    in bytes: [UInt8], at start: Int, before end: Int
  ) throws(EscapeError) -> (utf8: [UInt8], end: Int) {
    guard start < end else { throw .unknown }
    switch bytes[start] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return ([bytes[start]], start + 1)
    case UInt8(ascii: "b"): return ([0x08], start + 1)
    case UInt8(ascii: "f"): return ([0x0C], start + 1)
    case UInt8(ascii: "n"): return ([0x0A], start + 1)
    case UInt8(ascii: "r"): return ([0x0D], start + 1)
    case UInt8(ascii: "t"): return ([0x09], start + 1)
    case UInt8(ascii: "u"):
      let first = try codeUnit(in: bytes, at: start + 1, before: end)
      if let scalar = Unicode.Scalar(first) { return (Array(String(Character(scalar)).utf8), start + 5) }
      // Two halves make a character beyond the first 65536.
      guard first < 0xDC00, start + 6 < end, bytes[start + 5] == UInt8(ascii: "\\"),
        bytes[start + 6] == UInt8(ascii: "u")
      else { throw .halfOfPair }
      let second = try codeUnit(in: bytes, at: start + 7, before: end)
      guard (0xDC00...0xDFFF).contains(second),
        let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
      else { throw .halfOfPair }
      return (Array(String(Character(scalar)).utf8), start + 11)
    default: throw .unknown
    }
  }

  /// The number that four digits after `\u` are.
  private static func codeUnit(
    in bytes: [UInt8], at start: Int, before end: Int
  ) throws(EscapeError) -> UInt32 {
    guard start + 4 <= end else { throw .unknown }
    var unit: UInt32 = 0
    for byte in bytes[start..<start + 4] {
      switch byte {
      case 0x30...0x39: unit = unit << 4 | UInt32(byte - 0x30)
      case 0x41...0x46, 0x61...0x66: unit = unit << 4 | UInt32((byte | 0x20) - 0x61 + 10)
      default: throw .unknown
      }
    }
    return unit
  }
}
