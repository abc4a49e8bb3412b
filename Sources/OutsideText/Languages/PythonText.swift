/// Python source: a string literal with its quotes.
public enum PythonText: Language {
  /// The text as a literal in double quotes.
  public static func escape(_ text: String) -> String {
    "\""
      + text.escaped { scalar in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        default: scalar.isUnseen ? "\\U" + scalar.hexadecimal(digits: 8) : nil
        }
      } + "\""
  }
}
