import Formulas
import OutsideText

/// A document for the terminal.
public struct TextFormat: DocumentFormat {
  /// Whether headings are set in bold.
  public let usesColor: Bool

  /// The format, with or without colour.
  public init(usesColor: Bool = false) { self.usesColor = usesColor }

  /// The whole document.
  public func render(_ document: Document) -> Written<TerminalText> {
    document.blocks.map(render).joined(separator: "\n")
  }

  private func render(_ block: Block) -> Written<TerminalText> {
    switch block {
    case .heading(let level, let text):
      return level <= 1 && !usesColor
        ? "\(text)\n\(String(repeating: "=", count: width("\(text)")))\n" : bold("\(text)") + "\n"
    case .paragraph(let prose): return "\(prose.plain)\n"
    case .list(let points): return points.map { "• \($0.plain)\n" as Written }.joined()
    case .equation(let equation):
      let tag = equation.tag.map { "   \($0)" } ?? ""
      return
        "    \(PlainText.render(equation.left)) \(equation.relation) \(PlainText.render(equation.right))\(tag)\n"
    case .table(let table): return render(table)
    case .figure(let caption, _, let file): return "\(caption.plain): \(file).svg\n"
    }
  }

  private func render(_ table: Table) -> Written<TerminalText> {
    let headings = table.columns.map { "\($0.heading.plain)" as Written<TerminalText> }
    let rows = [headings] + table.rows.map { $0.map(text) }
    let widths = table.columns.indices.map { column in rows.map { width($0[column]) }.max() ?? 0 }
    let lines = rows.map { row in
      // Nothing is filled up behind the last cell that says something.
      let last = row.lastIndex { !$0.isEmpty } ?? 0
      return row[...last].enumerated().map { column, cell -> Written<TerminalText> in
        let padding = String(repeating: " ", count: widths[column] - width(cell))
        if table.columns[column].isNumeric { return "\(padding)\(cell)" }
        return column == last ? cell : "\(cell)\(padding)"
      }.joined(separator: "  ")
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    let caption = table.caption.map { [bold("\($0.plain)")] } ?? []
    return (caption + [bold(lines[0]), "\(rule)"] + lines.dropFirst()).joined(separator: "\n") + "\n"
  }

  private func text(_ cell: Table.Cell) -> Written<TerminalText> {
    switch cell.available {
    case .number(let value): "\(Numbers.short(value))"
    case .prose(let prose): "\(prose.plain)"
    case .empty: "—"
    }
  }

  private func bold(_ text: Written<TerminalText>) -> Written<TerminalText> {
    usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text
  }

  /// Columns on a terminal: characters, since combining marks are part of theirs.
  private func width(_ text: Written<TerminalText>) -> Int { text.text.count }
}
