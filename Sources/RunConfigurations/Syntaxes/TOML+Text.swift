/// Text in quotes.
extension TOMLReader {
  mutating func string(isKey: Bool) throws(ConfigurationError) -> String {
    let quote = bytes[position]
    let isLong = !isKey && bytes[position...].prefix(3).elementsEqual([quote, quote, quote])
    position += isLong ? 3 : 1
    if isLong, next == 0x0A {
      position += 1
      line += 1
    }
    var text: [UInt8] = []
    while let byte = next {
      if byte == quote {
        guard isLong else {
          position += 1
          return String(decoding: text, as: UTF8.self)
        }
        let count = bytes[position...].prefix(5).prefix { $0 == quote }.count
        position += count
        // Up to two quotes may stand before the closing three.
        text += [UInt8](repeating: quote, count: count < 3 ? count : count - 3)
        if count >= 3 { return String(decoding: text, as: UTF8.self) }
      } else if byte == 0x0A {
        guard isLong else { break }
        text.append(byte)
        position += 1
        line += 1
      } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        position += 1
        text += try escaped(isLong: isLong)
      } else {
        text.append(byte)
        position += 1
      }
    }
    throw syntax("a string is not closed")
  }

  private mutating func escaped(isLong: Bool) throws(ConfigurationError) -> [UInt8] {
    guard let byte = next else { throw syntax("a string is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = byte == UInt8(ascii: "u") ? 4 : 8
      let digits = String(decoding: bytes[position...].prefix(count), as: UTF8.self)
      guard digits.utf8.count == count, digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw syntax("an escape that TOML does not have") }
      position += count
      return Array(String(Character(scalar)).utf8)
    case 0x0A where isLong, 0x20 where isLong, 0x09 where isLong:
      // A backslash at the end of a line joins it with the next text.
      position -= 1
      let start = line
      skipBlanks()
      guard line > start else { throw syntax("an escape that TOML does not have") }
      return []
    default: throw syntax("an escape that TOML does not have")
    }
  }
}
