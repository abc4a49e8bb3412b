/// A cell of comma-separated values (RFC 4180).
public enum CSVText: Language {
  /// The text as a cell: in quotes where it has to be, and with an apostrophe before it where a spreadsheet would take it for a formula.
  public static func escape(_ text: String) -> String {
    let shown = TerminalText.escape(text)
    let cell = isFormula(shown) ? "'" + shown : shown
    guard cell.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == ";" }) else {
      return cell
    }
    return "\"" + cell.escaped { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// Whether it begins as formulas do and is no number.
  private static func isFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else { return false }
    switch first {
    case "=", "+", "-", "@", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}": return Double(text) == nil
    default: return false
    }
  }
}
