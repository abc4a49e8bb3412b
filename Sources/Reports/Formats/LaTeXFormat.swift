import Formulas

/// A document as LaTeX for pdflatex, with booktabs and siunitx.
public struct LaTeXFormat: DocumentFormat {
  /// Whether only what stands between `\begin{document}` and `\end{document}` is written.
  public let isFragment: Bool

  /// A whole document, or a fragment to paste into one.
  public init(isFragment: Bool = false) { self.isFragment = isFragment }

  /// What a preamble needs for a document: packages, and with figures the settings of pgfplots.
  static func preamble(hasFigures: Bool) -> [String] {
    let packages = "amsmath,amssymb,booktabs,graphicx,siunitx"
    return hasFigures
      ? ["\\usepackage{\(packages),pgfplots}", PGFPlots.compatibility] : ["\\usepackage{\(packages)}"]
  }

  /// The whole document.
  public func render(_ document: Document) -> String {
    let body = document.blocks.map(render).joined(separator: "\n")
    let preamble = Self.preamble(hasFigures: !document.figures.isEmpty)
    if isFragment { return preamble.map { "% needs \($0)\n" }.joined() + body }
    return """
      \\documentclass{article}
      \\usepackage[margin=2.5cm]{geometry}
      \(preamble.joined(separator: "\n"))
      \\setlength{\\parindent}{0pt}
      \\setlength{\\parskip}{0.6em}
      \\begin{document}

      \(body)
      \\end{document}

      """
  }

  /// A part alone.
  public func render(_ block: Block) -> String {
    switch block {
    case .heading(let level, let text):
      let command = ["section*", "subsection*", "subsubsection*"][min(max(level, 1), 3) - 1]
      return "\\\(command){\(Self.escape(text))}\n"
    case .paragraph(let prose): return render(prose) + "\n"
    case .list(let points):
      return "\\begin{itemize}\n" + points.map { "  \\item \(render($0))\n" }.joined() + "\\end{itemize}\n"
    case .equation(let equation):
      let relation = equation.relation == "≈" ? "\\approx" : equation.relation
      let tag = equation.tag.map { " \\tag*{\(Self.escape($0))}" } ?? ""
      let formula = "\(LaTeX.render(equation.left)) \(relation) \(LaTeX.render(equation.right))"
      guard formula.count > 300 else { return "\\[ \(formula)\(tag) \\]\n" }
      // A formula that may be wider than the line is scaled down to it.
      return "\\[ \\resizebox{\\ifdim\\width>0.85\\linewidth 0.85\\linewidth\\else\\width\\fi}{!}{%\n"
        + "  $\\displaystyle \(formula)$}\(tag) \\]\n"
    case .table(let table): return render(table)
    case .figure(let caption, let figure, _):
      return "\\begin{figure}[!htbp]\n\\centering\n\\resizebox{\\linewidth}{!}{%\n"
        + PGFPlots().picture(figure) + "}\n\\caption{\(render(caption))}\n\\end{figure}\n"
    case .code(_, let source): return "\\begin{verbatim}\n\(source)\n\\end{verbatim}\n"
    }
  }

  private func render(_ table: Table) -> String {
    let columns = table.columns.map { $0.isNumeric ? "r" : "l" }.joined()
    func line(_ cells: [String]) -> String { "    " + cells.joined(separator: " & ") + " \\\\\n" }
    let caption = table.caption.map { "  \\caption{\(render($0))}\n" } ?? ""
    // Fractions and roots need air; a table wider than the page is scaled down.
    let hasFormulas = table.rows.joined().contains { cell in
      if case .prose(let prose) = cell { LaTeXFormat.isTall(prose) } else { false }
    }
    return "\\begin{table}[htbp]\n  \\centering\n" + caption + (caption.isEmpty ? "" : "  \\smallskip\n")
      + "  \\renewcommand{\\arraystretch}{\(hasFormulas ? "2.4" : "1.4")}\n"
      + "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n"
      + "  \\begin{tabular}{\(columns)}\n    \\toprule\n" + line(table.columns.map { render($0.heading) })
      + "    \\midrule\n" + table.rows.map { line($0.map(render)) }.joined()
      + "    \\bottomrule\n  \\end{tabular}}\n\\end{table}\n"
  }

  /// Whether a sentence holds a fraction or a root.
  private static func isTall(_ prose: Prose) -> Bool {
    prose.fragments.contains { fragment in
      guard case .formula(let formula) = fragment else { return false }
      if case .symbol = formula { return false }
      return true
    }
  }

  /// A cell.
  public func render(_ cell: Table.Cell) -> String {
    switch cell {
    case .number(let value): "\\num{\(Numbers.short(value).filter { $0 != "\u{2009}" })}"
    case .prose(let prose): render(prose)
    case .empty: "---"
    }
  }

  /// A sentence.
  public func render(_ prose: Prose) -> String {
    prose.fragments.map { fragment in
      switch fragment {
      case .text(let text): Self.escape(text)
      case .code(let code): "\\texttt{\(Self.escape(code))}"
      case .formula(let formula): "$\(LaTeX.render(formula))$"
      }
    }.joined()
  }

  /// Text with LaTeX's special characters escaped and mathematical characters set as mathematics.
  public static func escape(_ text: String) -> String {
    text.map { character in
      special[character] ?? mathematics[character].map { "\\ensuremath{\($0)}" } ?? latin(character)
    }
    .joined()
  }

  /// A character that every TeX sets, or its number in Unicode.
  private static func latin(_ character: Character) -> String {
    let scalars = character.unicodeScalars
    if scalars.allSatisfy({
      (0x20...0x7E).contains($0.value) || (0xA1...0x17F).contains($0.value) || $0 == "\n"
    }) {
      return String(character)
    }
    return scalars.map { "[U+\(String($0.value, radix: 16, uppercase: true))]" }.joined()
  }

  private static let special: [Character: String] = [
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%",
    "_": "\\_", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "—": "---", "–": "--",
    "\u{2009}": "\\,",
    "“": "``", "”": "''", "’": "'", "§": "\\S{}", "±": "\\ensuremath{\\pm}", "<": "\\ensuremath{<}",
    ">": "\\ensuremath{>}", "|": "\\ensuremath{|}", "\"": "''",
  ]

  private static let mathematics: [Character: String] = [
    "η": "\\eta", "λ": "\\lambda", "α": "\\alpha", "β": "\\beta", "ε": "\\varepsilon", "κ": "\\kappa",
    "τ": "\\tau", "ρ": "\\rho", "π": "\\pi", "ω": "\\omega", "σ": "\\sigma", "γ": "\\gamma", "Γ": "\\Gamma",
    "Δ": "\\Delta", "δ": "\\delta", "Σ": "\\Sigma", "ν": "\\nu", "θ": "\\theta", "φ": "\\phi",
    "ω̂": "\\hat{\\omega}",
    "η̂": "\\hat{\\eta}", "τ̂": "\\hat{\\tau}", "g̃": "\\tilde{g}", "p̄": "\\bar{p}", "ℓ": "\\ell", "‖": "\\|",
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
