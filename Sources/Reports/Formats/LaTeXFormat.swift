import Formulas
import OutsideText

/// A document as LaTeX for pdflatex, with booktabs and siunitx.
public struct LaTeXFormat: DocumentFormat {
  /// Whether only what stands between `\begin{document}` and `\end{document}` is written.
  public let isFragment: Bool

  /// A whole document, or a fragment to paste into one.
  public init(isFragment: Bool = false) { self.isFragment = isFragment }

  /// What a preamble needs for a document: packages, and with figures the settings of pgfplots.
  static func preamble(hasFigures: Bool) -> [Written<TeX>] {
    let packages: Written<TeX> = "amsmath,amssymb,booktabs,graphicx,siunitx"
    return hasFigures
      ? ["\\usepackage{\(packages),pgfplots}", PGFPlots.compatibility] : ["\\usepackage{\(packages)}"]
  }

  /// The whole document.
  public func render(_ document: Document) -> Written<TeX> {
    let body = document.blocks.map(render).joined(separator: "\n") + Self.note(document.texts)
    let preamble = Self.preamble(hasFigures: !document.figures.isEmpty)
    if isFragment { return preamble.map { "% needs \($0)\n" as Written }.joined() + body }
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
  public func render(_ block: Block) -> Written<TeX> {
    switch block {
    case .heading(let level, let text):
      let commands: [Written<TeX>] = ["section*", "subsection*", "subsubsection*"]
      return "\\\(commands[min(max(level, 1), 3) - 1]){\(text)}\n"
    case .paragraph(let prose): return render(prose) + "\n"
    case .list(let points):
      return "\\begin{itemize}\n" + points.map { "  \\item \(render($0))\n" as Written }.joined()
        + "\\end{itemize}\n"
    case .equation(let equation):
      let relation: Written<TeX> = equation.relation == "≈" ? "\\approx" : "="
      let tag: Written<TeX> = equation.tag.map { " \\tag*{\($0)}" } ?? ""
      let formula: Written<TeX> = "\(mathematics(equation.left)) \(relation) \(mathematics(equation.right))"
      guard formula.text.utf8.count > 300 else { return "\\[ \(formula)\(tag) \\]\n" }
      // A formula that may be wider than the line is scaled down to it.
      return "\\[ \\resizebox{\\ifdim\\width>0.85\\linewidth 0.85\\linewidth\\else\\width\\fi}{!}{%\n"
        + "  $\\displaystyle \(formula)$}\(tag) \\]\n"
    case .table(let table): return render(table)
    case .figure(let caption, let figure, _):
      return "\\begin{figure}[!htbp]\n\\centering\n\\resizebox{\\linewidth}{!}{%\n"
        + PGFPlots().picture(figure) + "}\n\\caption{\(render(caption))}\n\\end{figure}\n"
    }
  }

  private func render(_ table: Table) -> Written<TeX> {
    let columns = table.columns.map { ($0.isNumeric ? "r" : "l") as Written<TeX> }.joined()
    func line(_ cells: [Written<TeX>]) -> Written<TeX> { "    \(cells.joined(separator: " & ")) \\\\\n" }
    let caption: Written<TeX> = table.caption.map { "  \\caption{\(render($0))}\n" } ?? ""
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
  public func render(_ cell: Table.Cell) -> Written<TeX> {
    switch cell.available {
    case .number(let value): "\\num{\(Numbers.short(value).filter { $0 != "\u{2009}" })}"
    case .prose(let prose): render(prose)
    case .empty: "---"
    }
  }

  /// A sentence.
  public func render(_ prose: Prose) -> Written<TeX> {
    prose.fragments.map { fragment -> Written<TeX> in
      switch fragment {
      case .text(let text): "\(text)"
      case .code(let code): "\\texttt{\(code)}"
      case .formula(let formula): "$\(mathematics(formula))$"
      }
    }.joined()
  }

  private func mathematics(_ formula: Formula) -> Written<TeX> { Written(verbatim: LaTeX.render(formula)) }

  /// What tells the reader that names are not written as they were; empty where all are.
  static func note(_ texts: [String]) -> Written<TeX> {
    texts.contains(where: TeX.transliterates)
      ? "\n\\medskip\n{\\small Names in other scripts are written in Latin letters.\\par}\n" : ""
  }
}
