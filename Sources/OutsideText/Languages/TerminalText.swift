/// Text for a terminal or a log: a line that stays one, in which nothing moves the cursor or changes a colour.
public enum TerminalText: Language {
  /// The text with what is unseen as `[U+001B]`.
  public static func escape(_ text: String) -> String { text.escaped { _ in nil } }
}
