import Reports

/// Writes rows as they come, in the formats that can; gathers them for the others.
final class RowWriter {
  private let columns: [Table.Column]
  private let format: OutputOptions
  private var rows: [[Table.Cell]] = []
  private var pending = ""
  private var count = 0

  init(columns: [Table.Column], format: OutputOptions) {
    self.columns = columns
    self.format = format
    switch format.format {
    case .csv: pending = CSV().header(columns)
    case .markdown: pending = MarkdownFormat().header(columns)
    case .json: pending = "[\n"
    case .text, .latex, .html: break
    }
  }

  func write(_ row: [Table.Cell]) {
    switch format.format {
    case .csv: pending += CSV().line(row)
    case .markdown: pending += MarkdownFormat().line(row)
    case .json: pending += (count == 0 ? "  " : ",\n  ") + json(row).line
    case .text, .latex, .html: rows.append(row)
    }
    count += 1
    guard pending.utf8.count > 1 << 16 else { return }
    Standard.output.write(pending)
    pending = ""
  }

  func finish() {
    if format.format == .json { pending += "\n]\n" }
    Standard.output.write(pending)
    guard !rows.isEmpty else { return }
    let table = Table(columns: columns, rows: rows)
    format.print(Output(document: Document([.table(table)]), json: .null, table: table))
  }

  private func json(_ row: [Table.Cell]) -> JSONValue {
    JSONValue(
      zip(columns, row).map { column, cell in
        if case .number(let value) = cell { return (column.name, .number(value)) }
        return (column.name, .null)
      })
  }
}
