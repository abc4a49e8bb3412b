/// JSON: a string with its quotes. Nothing is lost: what is unseen is written by its number.
public enum JSONText: Language {
  /// The text as a string.
  public static func escape(_ text: String) -> String {
    "\""
      + text.escaped { scalar in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        default: scalar.isUnseen ? units(scalar) : nil
        }
      } + "\""
  }

  /// The UTF-16 units of a scalar: one, or a pair.
  private static func units(_ scalar: Unicode.Scalar) -> String {
    UTF16.encode(scalar).map { units in
      units.map { unit in
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      }.joined()
    } ?? ""
  }
}
