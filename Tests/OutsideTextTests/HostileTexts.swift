/// Texts as somebody who wants to break an output would put them into a file.
enum HostileTexts {
  /// What some output takes for more than itself.
  static let special =
    Array(
      "<>&\"'\\{}$#%_^~[]()*`|!@=+-.,;:/?\u{0}\u{7}\u{8}\t\n\r\u{C}\u{1B}\u{7F}\u{85}\u{9B}".unicodeScalars)
    + Array(
      "\u{A0}\u{AD}\u{61C}\u{200B}\u{200D}\u{200E}\u{2028}\u{2029}\u{202E}\u{2066}\u{2069}".unicodeScalars)
    + Array("\u{FEFF}\u{FFF9}\u{FFFE}\u{E0041}\u{1F600}é中ا\u{300}".unicodeScalars)
  /// They make one character of themselves and what follows.
  static let prepending: [Unicode.Scalar] = [
    "\u{600}", "\u{605}", "\u{6DD}", "\u{70F}", "\u{890}", "\u{8E2}", "\u{D4E}", "\u{110BD}", "\u{111C2}",
  ]
  /// They make one character of themselves and what stands before.
  static let combining: [Unicode.Scalar] = [
    "\u{301}", "\u{338}", "\u{20D2}", "\u{FE0F}", "\u{200D}", "\u{1F3FB}",
  ]
  /// Between two of them a text stands alone on a line, or seems to.
  static let enclosing: [Unicode.Scalar] = ["\r", "\n", "\u{0}", "\u{202E}", "\u{2066}", "\u{200D}"]

  static let all: [String] = {
    var texts: [String] = [
      "", " ", "END", "'; system(\"touch CANARY\"); '", "$(touch CANARY)", "`touch CANARY`",
      "</script><script>x()</script>",
      "\"\"\"", "=1+1", "-2", "- item", "1. item", "# title", "---", "    code", "www.example.org", "a@b.org",
      "\\input{x}",
    ]
    for scalar in special {
      texts.append(text(scalar))
      texts += prepending.map { text($0, scalar) } + combining.map { text(scalar, $0) }
      texts += prepending.flatMap { first in combining.map { text(first, scalar, $0) } }
      texts += enclosing.map { text($0, scalar, $0) } + [text("a", scalar, "b"), text(scalar, scalar)]
    }
    return texts
  }()

  private static func text(_ scalars: Unicode.Scalar...) -> String {
    String(String.UnicodeScalarView(scalars))
  }
}
