/// YAML: a scalar that is read back as the same text, by readers of YAML 1.1 and 1.2.
public enum YAMLText: Language {
  /// The text without quotes where it is plain words, otherwise in double quotes.
  public static func escape(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let isLetter = bytes.first.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 } ?? false
    let isPlain = bytes.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || " 0123456789._/()+;-".utf8.contains(byte)
    }
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    if isLetter, isPlain, bytes.last != UInt8(ascii: " "), !reserved.contains(text.lowercased()) {
      return text
    }
    return "\""
      + text.escaped { scalar in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\t": "\\t"
        // It may look like an anchor to other tools.
        case "&": "\\x26"
        default: scalar.isUnseen ? escape(scalar) : nil
        }
      } + "\""
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    scalar.value > 0xFFFF
      ? "\\U" + scalar.hexadecimal(digits: 8) : "\\u" + scalar.hexadecimal(digits: 4)
  }
}
