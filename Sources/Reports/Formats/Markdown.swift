import Formulas

/// A document as Markdown with TeX mathematics, as GitHub and pandoc read it.
public struct MarkdownFormat: DocumentFormat {
  /// The format.
  public init() {}

  /// The whole document.
  public func render(_ document: Document) -> String {
    document.blocks.map(render).joined(separator: "\n")
  }

  /// A part alone.
  public func render(_ block: Block) -> String {
    switch block {
    case .heading(let level, let text):
      return String(repeating: "#", count: level) + " " + escape(text) + "\n"
    case .paragraph(let prose): return render(prose) + "\n"
    case .list(let points): return points.map { "- \(render($0))\n" }.joined()
    case .equation(let equation):
      let relation = equation.relation == "≈" ? "\\approx" : equation.relation
      let tag = equation.tag.map { " \\tag*{\($0)}" } ?? ""
      return "$$\(LaTeX.render(equation.left)) \(relation) \(LaTeX.render(equation.right))\(tag)$$\n"
    case .table(let table): return render(table)
    case .figure(let caption, _, let file): return "![\(render(caption))](\(file).svg)\n"
    case .code(let language, let source): return "```\(language)\n\(source)\n```\n"
    }
  }

  private func render(_ table: Table) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    let caption = table.caption.map { "**\(render($0))**\n\n" } ?? ""
    return caption + header(table.columns) + table.rows.map { line($0.map(render)) }.joined()
  }

  /// The heading and the rule below it.
  public func header(_ columns: [Table.Column]) -> String {
    "| " + columns.map { render($0.heading) }.joined(separator: " | ") + " |\n"
      + "|" + columns.map { $0.isNumeric ? "---:|" : ":---|" }.joined() + "\n"
  }

  /// One row.
  public func line(_ row: [Table.Cell]) -> String { "| " + row.map(render).joined(separator: " | ") + " |\n" }

  private func render(_ cell: Table.Cell) -> String {
    switch cell {
    case .number(let value): Numbers.short(value)
    case .prose(let prose): render(prose)
    case .empty: "—"
    }
  }

  /// A sentence.
  public func render(_ prose: Prose) -> String {
    prose.fragments.map { fragment in
      switch fragment {
      case .text(let text): escape(text)
      case .code(let code): "`\(code)`"
      // A bar would end the cell of a table.
      case .formula(let formula):
        "$"
          + LaTeX.render(formula).split(separator: "\\|", omittingEmptySubsequences: false).joined(
            separator: "\\Vert ") + "$"
      }
    }.joined()
  }

  private func escape(_ text: String) -> String {
    var escaped = ""
    for character in text {
      if "\\`*_|<>$".contains(character) { escaped.append("\\") }
      escaped.append(character)
    }
    return escaped
  }
}
