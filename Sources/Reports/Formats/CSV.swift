import Formulas

/// A table as comma-separated values (RFC 4180, but lines end with a newline): numbers in full, formulas as text.
public struct CSV: Sendable {
  /// The format.
  public init() {}

  /// The header line and a line for each row.
  public func render(_ table: Table) -> String {
    ([header(table.columns)] + table.rows.map(line)).joined()
  }

  /// The header line.
  public func header(_ columns: [Table.Column]) -> String {
    columns.map { quoted($0.name) }.joined(separator: ",") + "\n"
  }

  /// One row.
  public func line(_ row: [Table.Cell]) -> String {
    row.map { cell in
      switch cell {
      case .number(let value): value.isFinite ? Numbers.full(value) : ""
      case .prose(let prose): quoted(prose.plain)
      case .empty: ""
      }
    }.joined(separator: ",") + "\n"
  }

  private func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
