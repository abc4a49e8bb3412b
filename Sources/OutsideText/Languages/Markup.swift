/// HTML, SVG and MathML: text between tags and in quoted attributes.
public enum Markup: Language {
  /// The text with `&`, `<`, `>` and both quotes as entities.
  public static func escape(_ text: String) -> String {
    text.escaped { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }
}

extension Written<Markup> {
  /// A source in another language, line by line, for an element that keeps them.
  public init(source: String) { self.init(lines: source) }
}
