import OutsideText
import Reports

/// Writes rows as they come, in the formats that can; gathers them for the others.
final class RowWriter {
  private let columns: [Table.Column]
  private let format: OutputOptions
  private var rows: [[Table.Cell]] = []
  /// What is to be printed next; the other two stay empty.
  private var (csv, markdown, json): (Written<CSVText>, Written<Markdown>, Written<JSONText>) = ("", "", "")
  private var count = 0

  init(columns: [Table.Column], format: OutputOptions) {
    self.columns = columns
    self.format = format
    switch format.format {
    case .csv: csv = CSV().header(columns)
    case .markdown: markdown = MarkdownFormat().header(columns)
    case .json: json = "[\n"
    case .text, .latex, .html: break
    }
  }

  func write(_ row: [Table.Cell]) {
    switch format.format {
    case .csv: csv += CSV().line(row)
    case .markdown: markdown += MarkdownFormat().line(row)
    case .json: json += (count == 0 ? "  " : ",\n  ") + object(row).line
    case .text, .latex, .html: rows.append(row)
    }
    count += 1
    if csv.text.utf8.count + markdown.text.utf8.count + json.text.utf8.count > 1 << 16 { flush() }
  }

  private func flush() {
    Standard.output.write(csv)
    Standard.output.write(markdown)
    Standard.output.write(json)
    (csv, markdown, json) = ("", "", "")
  }

  func finish() {
    if format.format == .json { json += "\n]\n" }
    flush()
    guard !rows.isEmpty else { return }
    let table = Table(columns: columns, rows: rows)
    format.print(Output(document: Document([.table(table)]), json: .null, table: table))
  }

  private func object(_ row: [Table.Cell]) -> JSONValue {
    JSONValue(
      zip(columns, row).map { column, cell in
        if case .number(let value) = cell { return (column.name, .number(value)) }
        return (column.name, .null)
      })
  }
}
