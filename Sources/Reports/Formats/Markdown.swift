import Formulas
import OutsideText

/// A document as Markdown with TeX mathematics, as GitHub and pandoc read it.
public struct MarkdownFormat: DocumentFormat {
  /// The format.
  public init() {}

  /// The whole document.
  public func render(_ document: Document) -> Written<Markdown> {
    document.blocks.map(render).joined(separator: "\n")
  }

  /// A part alone.
  public func render(_ block: Block) -> Written<Markdown> {
    switch block {
    case .heading(let level, let text):
      return Written(verbatim: String(repeating: "#", count: level)) + " \(text)\n"
    case .paragraph(let prose): return render(prose).atStart + "\n"
    case .list(let points): return points.map { "- \(render($0).atStart)\n" as Written }.joined()
    case .equation(let equation):
      let relation: Written<Markdown> = equation.relation == "≈" ? "\\approx" : "="
      let tag: Written<Markdown> = equation.tag.map { " \\tag*{\($0)}" } ?? ""
      return "$$\(mathematics(equation.left)) \(relation) \(mathematics(equation.right))\(tag)$$\n"
    case .table(let table): return render(table)
    case .figure(let caption, _, let file): return "![\(render(caption))](\(Written(verbatim: file)).svg)\n"
    }
  }

  private func render(_ table: Table) -> Written<Markdown> {
    let caption: Written<Markdown> = table.caption.map { "**\(render($0))**\n\n" } ?? ""
    return caption + header(table.columns) + table.rows.map(line).joined()
  }

  /// The heading and the rule below it.
  public func header(_ columns: [Table.Column]) -> Written<Markdown> {
    let rules = columns.map { ($0.isNumeric ? "---:|" : ":---|") as Written<Markdown> }
    return "| \(columns.map { render($0.heading) }.joined(separator: " | ")) |\n|\(rules.joined())\n"
  }

  /// One row.
  public func line(_ row: [Table.Cell]) -> Written<Markdown> {
    "| \(row.map(render).joined(separator: " | ")) |\n"
  }

  private func render(_ cell: Table.Cell) -> Written<Markdown> {
    switch cell.available {
    case .number(let value): "\(Numbers.short(value))"
    case .prose(let prose): render(prose)
    case .empty: "—"
    }
  }

  /// A sentence.
  public func render(_ prose: Prose) -> Written<Markdown> {
    prose.fragments.map { fragment -> Written<Markdown> in
      switch fragment {
      case .text(let text): "\(text)"
      // What would end the code, or the cell of a table, is set as words.
      case .code(let code):
        code.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "|") }
        )
          ? Written(verbatim: "`\(code)`") : "\(code)"
      case .formula(let formula): "$\(mathematics(formula))$"
      }
    }.joined()
  }

  /// A formula as KaTeX and MathJax set it, which have no siunitx. A bar would end the cell of a table, and a dollar sign after a
  /// space would not end the formula.
  private func mathematics(_ formula: Formula) -> Written<Markdown> {
    var latex = LaTeX.render(formula)
    while let command = latex.firstRange(of: "\\num{"),
      let end = latex[command.upperBound...].firstIndex(of: "}")
    {
      let pieces = latex[command.upperBound..<end].split(separator: "e").map(String.init)
      let number =
        pieces.count == 2 ? "{\(pieces[0])\\times 10^{\(Int(pieces[1]) ?? 0)}}" : pieces[0]
      latex.replaceSubrange(command.lowerBound...end, with: number)
    }
    latex = latex.replacing("\\|", with: "\\Vert ").replacing("|", with: "\\vert ")
    while latex.hasSuffix(" ") { latex.removeLast() }
    return Written(verbatim: latex)
  }
}
