import Foundation

/// LaTeX for pdflatex: words in a line, in a cell or in a macro's argument.
public enum TeX: Language {
  /// The text with special characters escaped and mathematical ones set as mathematics; other scripts in Latin letters.
  public static func escape(_ text: String) -> String {
    if text.isPlain { return text }
    var (escaped, foreign) = ("", "")
    let scalars = Array(text.precomposedStringWithCanonicalMapping.unicodeScalars)
    var index = 0
    while index < scalars.count {
      let (scalar, next) = (scalars[index], index + 1 < scalars.count ? scalars[index + 1] : nil)
      guard let (own, length) = set(scalar, before: next) else {
        foreign.unicodeScalars.append(scalar)
        index += 1
        continue
      }
      if !foreign.isEmpty {
        escaped += inLatinLetters(foreign)
        foreign = ""
      }
      escaped += own
      index += length
    }
    return escaped + inLatinLetters(foreign)
  }

  /// Whether some of a text is in a script that is written in Latin letters.
  public static func transliterates(_ text: String) -> Bool {
    !text.utf8.allSatisfy { $0 < 0x80 }
      && text.precomposedStringWithCanonicalMapping.unicodeScalars.contains {
        set($0, before: nil) == nil && !$0.isUnseen && !marks.keys.contains($0)
      }
  }

  /// What stands for a scalar that LaTeX sets by itself, and how many scalars that takes in.
  private static func set(_ scalar: Unicode.Scalar, before next: Unicode.Scalar?) -> (String, Int)? {
    if let mark = next.flatMap({ marks[$0] }) {
      if let symbol = mathematics[scalar] { return ("\\ensuremath{\(mark){\(symbol)}}", 2) }
      if scalar.isASCII, scalar.properties.isAlphabetic { return ("\\ensuremath{\(mark){\(scalar)}}", 2) }
    }
    // A ligature would make one dash of two.
    if scalar == "-", next == "-" { return ("-{}", 1) }
    if let special = special[scalar] { return (special, 1) }
    if let symbol = mathematics[scalar] { return ("\\ensuremath{\(symbol)}", 1) }
    if scalar.isUnseen { return ("{[}U+\(scalar.hexadecimal(digits: 4)){]}", 1) }
    switch scalar {
    case " "..."~", "\u{C0}"..."\u{CF}", "\u{D1}"..."\u{DD}", "\u{DF}"..."\u{EF}", "\u{F1}"..."\u{FD}",
      "\u{FF}"..."\u{10F}", "\u{112}"..."\u{131}", "\u{139}"..."\u{148}", "\u{14C}"..."\u{17E}":
      return (String(scalar), 1)
    default: return nil
    }
  }

  /// A run of other scripts, and the names of what has no letters.
  private static func inLatinLetters(_ text: String) -> String {
    guard !text.isEmpty else { return "" }
    let latin = text.applyingTransform(StringTransform("Any-Latin; Latin-ASCII"), reverse: false) ?? text
    return latin.unicodeScalars.map { scalar in
      if scalar.isASCII { return special[scalar] ?? String(scalar) }
      // A mark or a selector of a form, whose letter is set without it.
      if scalar.properties.generalCategory == .nonspacingMark || scalar.properties.isDefaultIgnorableCodePoint
      {
        return ""
      }
      let name = scalar.properties.name?.lowercased() ?? "U+\(scalar.hexadecimal(digits: 4))"
      return "{[}\(name){]}"
    }.joined()
  }

  private static let marks: [Unicode.Scalar: String] = [
    "\u{302}": "\\hat", "\u{303}": "\\tilde", "\u{304}": "\\bar",
  ]

  private static let special: [Unicode.Scalar: String] = [
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%",
    "_": "\\_", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "—": "---", "–": "--",
    "\u{2009}": "\\,", "\u{A0}": "~", "`": "\\textasciigrave{}", "…": "\\dots{}", "‘": "`",
    // An optional argument would be begun or ended.
    "[": "{[}", "]": "{]}",
    "“": "``", "”": "''", "’": "'", "§": "\\S{}", "±": "\\ensuremath{\\pm}", "<": "\\ensuremath{<}",
    ">": "\\ensuremath{>}", "|": "\\ensuremath{|}", "\"": "''", "°": "\\ensuremath{^\\circ}",
    "Ñ": "\\~N", "ñ": "\\~n",
  ]

  private static let mathematics: [Unicode.Scalar: String] = [
    "η": "\\eta", "λ": "\\lambda", "α": "\\alpha", "β": "\\beta", "ε": "\\varepsilon", "κ": "\\kappa",
    "τ": "\\tau", "ρ": "\\rho", "π": "\\pi", "ω": "\\omega", "σ": "\\sigma", "γ": "\\gamma", "Γ": "\\Gamma",
    "Δ": "\\Delta", "δ": "\\delta", "Σ": "\\Sigma", "ν": "\\nu", "θ": "\\theta", "φ": "\\phi",
    "ℓ": "\\ell", "‖": "\\|",
    "√": "\\surd", "∛": "\\sqrt[3]{}", "∜": "\\sqrt[4]{}", "≪": "\\ll", "≫": "\\gg", "≤": "\\le", "≥": "\\ge",
    "≈": "\\approx", "∝": "\\propto", "→": "\\to", "←": "\\gets", "−": "-", "×": "\\times", "·": "\\cdot",
    "∞": "\\infty", "∠": "\\angle", "⟨": "\\langle", "⟩": "\\rangle", "⊥": "\\perp", "∈": "\\in",
    "⅔": "^{2/3}",
    "₀": "{}_0", "₁": "{}_1", "₂": "{}_2", "₃": "{}_3", "ₖ": "{}_k", "ₜ": "{}_t", "ₙ": "{}_n", "ₑ": "{}_e",
    "ᵤ": "{}_u", "ᵢ": "{}_i", "ⱼ": "{}_j", "₊": "{}_+", "⁰": "{}^0", "¹": "{}^1", "²": "{}^2", "³": "{}^3",
    "⁴": "{}^4", "⁵": "{}^5", "⁶": "{}^6", "⁷": "{}^7", "⁸": "{}^8", "⁹": "{}^9", "⁻": "{}^-", "ⁿ": "{}^n",
    "ⁱ": "{}^i", "ʲ": "{}^j", "ᵏ": "{}^k", "ᵖ": "{}^p", "′": "'", "″": "''", "Ω": "\\Omega",
  ]
}
