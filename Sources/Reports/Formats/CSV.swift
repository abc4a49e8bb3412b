import Formulas
import OutsideText

/// A table as comma-separated values (RFC 4180, but lines end with a newline): numbers in full, formulas as text.
public struct CSV: Sendable {
  /// The format.
  public init() {}

  /// The header line and a line for each row.
  public func render(_ table: Table) -> Written<CSVText> {
    ([header(table.columns)] + table.rows.map(line)).joined()
  }

  /// The header line.
  public func header(_ columns: [Table.Column]) -> Written<CSVText> {
    columns.map { "\($0.name)" }.joined(separator: ",") + "\n"
  }

  /// One row.
  public func line(_ row: [Table.Cell]) -> Written<CSVText> {
    row.map { cell in
      switch cell {
      case .number(let value): value.isFinite ? Written(verbatim: Numbers.full(value)) : ""
      case .prose(let prose): "\(prose.plain)"
      case .empty: ""
      }
    }.joined(separator: ",") + "\n"
  }
}
