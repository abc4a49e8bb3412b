/// A line for a shell: bash, zsh, ksh, or any POSIX shell where no control characters are in the text.
public enum ShellText: Language {
  /// The text as one word.
  public static func escape(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && !text.hasPrefix("-")
      && text.utf8.allSatisfy { byte in
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || "0123456789._/-+=:,@".utf8.contains(byte)
      }
    if isPlain { return text }
    if text.unicodeScalars.contains(where: \.isUnseen) { return escapedByNumbers(text) }
    return "'" + text.escaped { $0 == "'" ? "'\\''" : nil } + "'"
  }

  /// `$'…'`: bytes that a terminal would act on are written by their numbers.
  private static func escapedByNumbers(_ text: String) -> String {
    "$'"
      + text.escaped { scalar in
        switch scalar {
        case "'": "\\'"
        case "\\": "\\\\"
        default:
          scalar.isUnseen
            ? UTF8.encode(scalar).map { $0.map { "\\" + octal($0) }.joined() } : nil
        }
      } + "'"
  }

  /// Three digits, so that none that follows is taken for one of them.
  private static func octal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 8)
    return String(repeating: "0", count: 3 - digits.utf8.count) + digits
  }
}
