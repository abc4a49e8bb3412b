/// Markdown as GitHub and pandoc read it: words in a line.
public enum Markdown: Language {
  /// The text without emphasis, code, mathematics, links, images, mentions and HTML.
  public static func escape(_ text: String) -> String {
    if text.isPlain { return text }
    let scalars = Array(text.unicodeScalars)
    var index = -1
    return text.escaped { scalar in
      index += 1
      switch scalar {
      // Readers join `<` and a mark on it to one letter, and a backslash before them would stand.
      case "<" where hasMark(after: index, scalars), ">" where hasMark(after: index, scalars):
        return "&#\(scalar.value);"
      case "\\", "`", "*", "_", "|", "<", ">", "$", "[", "]", "{", "}", "~", "#", "^": return "\\\(scalar)"
      // `&copy;` and `&#38;`
      case "&" where index + 1 < scalars.count && isEntity(scalars[index + 1]): return "&amp;"
      // GitHub makes links of addresses and mentions whatever is escaped in them, but not of code.
      case "@": return "`@`"
      // `https://` and `:smile:`
      case ":" where beginsName(scalars[(index + 1)...]): return "\\:"
      // `www.`
      case "." where index > 2 && scalars[index - 3..<index].allSatisfy { $0 == "w" || $0 == "W" }:
        return "\\."
      case "." where index == 3 && scalars[..<3].allSatisfy { $0 == "w" || $0 == "W" }: return "\\."
      default: return scalar.isUnseen ? "\\[U+\(scalar.hexadecimal(digits: 4))\\]" : nil
      }
    }
  }

  private static func hasMark(after index: Int, _ scalars: [Unicode.Scalar]) -> Bool {
    index + 1 < scalars.count && scalars[index + 1].properties.generalCategory == .nonspacingMark
  }

  private static func beginsName(_ rest: ArraySlice<Unicode.Scalar>) -> Bool {
    rest.first == "/" || rest.prefix { !$0.properties.isWhitespace }.contains(":")
  }

  private static func isEntity(_ next: Unicode.Scalar) -> Bool {
    next == "#" || next.isASCII && next.properties.isAlphabetic
  }
}

extension Written<Markdown> {
  /// The same at the start of a paragraph or item, where it must not begin a list, a rule, a heading or code.
  public var atStart: Written {
    let scalars = text.unicodeScalars
    switch scalars.first {
    case " ": return Written(verbatim: "&#32;" + String(scalars.dropFirst()))
    case "-", "+", "=", ":", "%": return Written(verbatim: "\\" + text)
    default: break
    }
    // `1.` and `a)`
    let count = scalars.prefix {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
    }
    let rest = scalars.dropFirst(count.count)
    guard !count.isEmpty, count.count <= 9, rest.first == "." || rest.first == ")",
      rest.dropFirst().first.map({ $0 == " " }) ?? true
    else { return self }
    return Written(verbatim: String(count) + "\\" + String(rest))
  }
}
