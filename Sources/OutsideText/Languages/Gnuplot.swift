/// A script for gnuplot: a string in single quotes, in which nothing is substituted.
public enum GnuplotSource: Language {
  /// The text as a string.
  public static func escape(_ text: String) -> String { "'" + text.escaped { $0 == "'" ? "''" : nil } + "'" }
}

/// Words that gnuplot sets with its own markup (`enhanced`). They stand in a block of data, never in a command.
public enum GnuplotText: Language {
  /// The text with the characters of the markup escaped.
  public static func escape(_ text: String) -> String {
    text.escaped { scalar in
      switch scalar {
      case "\\", "{", "}", "^", "_", "@", "&", "~": "\\\(scalar)"
      default: nil
      }
    }
  }
}
