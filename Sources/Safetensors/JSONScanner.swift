import OutsideText

/// Reads JSON strictly, value by value, without building a tree: what a value is for decides how it is read.
///
/// Each byte is looked at once. Nothing is kept but the texts that are asked for.
struct JSONScanner {
  /// The text is not JSON, or a number in it is not whole or does not fit an `Int`.
  struct Malformed: Error {}

  /// What a value is, from its first byte.
  enum Kind { case object, array, text, number, word }

  /// How deep values that nobody asked for may be nested.
  static let depthLimit = 128

  let bytes: [UInt8]
  let end: Int
  private(set) var position: Int
  /// Whether an object or array was just entered, so that no comma comes before what is next.
  private var isAtStart = false

  /// A scanner at the start of a range of bytes.
  init(_ bytes: [UInt8], in range: Range<Int>) {
    (self.bytes, position, end) = (bytes, range.lowerBound, range.upperBound)
  }

  // MARK: Structure

  /// What comes next.
  mutating func kind() throws(Malformed) -> Kind {
    skipBlanks()
    guard let byte = peek else { throw Malformed() }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .text
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): return .word
    default: throw Malformed()
    }
  }

  /// Steps into an object or an array.
  mutating func enter() {
    position += 1
    isAtStart = true
  }

  /// The name of the next member of an object, up to its colon; nil where the object ends.
  mutating func name() throws(Malformed) -> String? {
    guard try hasNext(before: UInt8(ascii: "}")) else { return nil }
    guard peek == UInt8(ascii: "\"") else { throw Malformed() }
    let name = try text()
    skipBlanks()
    try consume(UInt8(ascii: ":"))
    return name
  }

  /// Whether the array has another element.
  mutating func hasElement() throws(Malformed) -> Bool { try hasNext(before: UInt8(ascii: "]")) }

  /// Nothing but blanks may be left.
  mutating func finish() throws(Malformed) {
    skipBlanks()
    guard position == end else { throw Malformed() }
  }

  private mutating func hasNext(before close: UInt8) throws(Malformed) -> Bool {
    skipBlanks()
    let isFirst = isAtStart
    isAtStart = false
    if peek == close {
      position += 1
      return false
    }
    guard !isFirst else { return true }
    try consume(UInt8(ascii: ","))
    skipBlanks()
    return true
  }

  // MARK: Values

  /// A whole number.
  mutating func integer() throws(Malformed) -> Int {
    let isNegative = peek == UInt8(ascii: "-")
    if isNegative { position += 1 }
    let start = position
    var number = 0
    while let digit = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit {
      let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = tens.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
      guard !isTooLarge, !overflows else { throw Malformed() }
      number = sum
      position += 1
    }
    let count = position - start
    guard count > 0, count == 1 || bytes[start] != UInt8(ascii: "0") else { throw Malformed() }
    switch peek {
    case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): throw Malformed()
    default: return isNegative ? -number : number
    }
  }

  /// Passes over a value that nobody asked for, which has to be sound all the same.
  mutating func skip() throws(Malformed) {
    // The brackets that are open, innermost last.
    var open: [UInt8] = []
    repeat {
      if let close = open.last {
        if close == UInt8(ascii: "}") {
          guard try name() != nil else {
            open.removeLast()
            continue
          }
        } else if try !hasElement() {
          open.removeLast()
          continue
        }
      }
      switch try kind() {
      case .object: open.append(UInt8(ascii: "}"))
      case .array: open.append(UInt8(ascii: "]"))
      case .text:
        _ = try text()
        continue
      case .number:
        try skipNumber()
        continue
      case .word:
        try skipWord()
        continue
      }
      guard open.count <= Self.depthLimit else { throw Malformed() }
      enter()
    } while !open.isEmpty
  }

  private mutating func skipNumber() throws(Malformed) {
    guard let next = JSONGrammar.endOfNumber(in: bytes, at: position, before: end) else { throw Malformed() }
    position = next
  }

  private mutating func skipWord() throws(Malformed) {
    for word in ["true", "false", "null"] where bytes[position..<end].starts(with: word.utf8) {
      position += word.utf8.count
      return
    }
    throw Malformed()
  }

  // MARK: Bytes

  /// The byte at the position; nil at the end.
  var peek: UInt8? { position < end ? bytes[position] : nil }

  mutating func advance(by count: Int) { position += count }

  private mutating func consume(_ byte: UInt8) throws(Malformed) {
    guard peek == byte else { throw Malformed() }
    position += 1
  }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }
}
