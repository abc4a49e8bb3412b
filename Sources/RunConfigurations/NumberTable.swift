/// A table read from CSV: a header line, then rows. A column is read as numbers when it is asked for, so that others may
/// hold text.
///
/// Blank lines and lines that begin with # are skipped, and so are rows in which a column that is asked for is blank.
public struct NumberTable: Sendable {
  /// The file, for messages.
  public let path: String
  /// The column names in order, lower case.
  public let columns: [String]
  private let rows: [Row]

  private struct Row: Sendable {
    /// The line of the file.
    let line: Int
    let cells: [String]
  }

  /// How many rows there are.
  public var count: Int { rows.count }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - text: the file.
  ///   - path: its name, for messages.
  /// - Throws: ``TableError`` with the line.
  public init(_ text: String, path: String) throws(TableError) {
    var header: [String]?
    var rows: [Row] = []
    let lines = text.drop { $0 == "\u{FEFF}" }.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      if line.allSatisfy(\.isWhitespace) || line.hasPrefix("#") { continue }
      let cells = NumberTable.cells(line)
      guard let known = header else {
        header = cells.map { $0.lowercased() }
        guard Set(header ?? []).count == cells.count else {
          throw TableError(path, index + 1, .repeatedColumn)
        }
        continue
      }
      guard cells.count == known.count else {
        throw TableError(path, index + 1, .cells(cells.count, expected: known.count))
      }
      rows.append(Row(line: index + 1, cells: cells))
    }
    guard let header, !rows.isEmpty else { throw TableError(path, nil, .empty) }
    (self.path, columns, self.rows) = (path, header, rows)
  }

  /// The numbers of a column, nil where there is none of that name.
  public func column(_ name: String) throws(TableError) -> [Double]? {
    guard let index = columns.firstIndex(of: name) else { return nil }
    var numbers: [Double] = []
    for row in rows {
      guard let number = Double(row.cells[index]), number.isFinite else {
        throw TableError(path, row.line, .notANumber(row.cells[index], column: name))
      }
      numbers.append(number)
    }
    return numbers
  }

  /// The cells of a column as they are written, nil where there is none of that name.
  public func texts(_ name: String) -> [String]? {
    columns.firstIndex(of: name).map { index in rows.map { $0.cells[index] } }
  }

  /// The numbers of a column that has to be there.
  public func required(_ name: String) throws(TableError) -> [Double] {
    guard let column = try column(name) else { throw missing([name]) }
    return column
  }

  /// The first of several columns that is there.
  public func first(of known: [String]) throws(TableError) -> (name: String, values: [Double]) {
    for name in known { if let values = try column(name) { return (name, values) } }
    throw missing(known)
  }

  /// The rows in which none of these columns is blank; columns that are not there do not count.
  public func complete(in names: [String]) throws(TableError) -> NumberTable {
    let indices = columns.indices.filter { names.contains(columns[$0]) }
    let kept = rows.filter { row in indices.allSatisfy { !row.cells[$0].isEmpty } }
    guard !kept.isEmpty else { throw TableError(path, nil, .empty) }
    return NumberTable(path: path, columns: columns, rows: kept)
  }

  /// The rows with a name in the column `layer`, or all where there is no such column or no name is asked for.
  public func rows(ofLayer name: String?) throws(TableError) -> NumberTable {
    guard let name, let index = columns.firstIndex(of: "layer") else { return self }
    let chosen = rows.filter { $0.cells[index] == name }
    guard !chosen.isEmpty else {
      var seen: Set<String> = []
      throw TableError(
        path, nil, .unknownName(name, known: rows.map { $0.cells[index] }.filter { seen.insert($0).inserted })
      )
    }
    return NumberTable(path: path, columns: columns, rows: chosen)
  }

  /// The line of the file on which a row stands; rows count from 0.
  public func line(ofRow row: Int) -> Int { rows[row].line }

  private init(path: String, columns: [String], rows: [Row]) {
    (self.path, self.columns, self.rows) = (path, columns, rows)
  }

  private func missing(_ known: [String]) -> TableError {
    TableError(path, nil, .missingColumn(known, found: columns))
  }

  /// The cells of a line, without blanks around them; a quoted cell may hold commas, and quotes that are doubled.
  ///
  /// It is read scalar by scalar: a mark joins a comma or a quote into one character with itself.
  private static func cells(_ line: Substring) -> [String] {
    var cells: [String] = []
    var (cell, isQuoted, wasQuote) = (String.UnicodeScalarView(), false, false)
    for scalar in line.unicodeScalars {
      switch scalar {
      case "\"":
        if wasQuote { cell.append(scalar) }
        isQuoted.toggle()
        wasQuote = !wasQuote && !isQuoted
        continue
      case "," where !isQuoted:
        cells.append(String(cell))
        cell = String.UnicodeScalarView()
      default: cell.append(scalar)
      }
      wasQuote = false
    }
    return (cells + [String(cell)]).map { cell in
      let bare = cell.drop(while: \.isWhitespace)
      return String(bare.reversed().drop(while: \.isWhitespace).reversed())
    }
  }
}

/// Why a table cannot be used, with the file and where possible the line.
public struct TableError: Error, CustomStringConvertible {
  /// What is wrong.
  public enum Reason: Sendable, Equatable {
    /// No row of numbers.
    case empty
    /// A row with more or fewer cells than the header.
    case cells(Int, expected: Int)
    /// Two columns of the same name.
    case repeatedColumn
    /// A cell that is not a finite number.
    case notANumber(String, column: String)
    /// A cell that is no shape of a tensor.
    case notAShape(String)
    /// A number that is no count.
    case notACount(Double, column: String)
    /// A cell that is no kind of weight.
    case unknownKind(String)
    /// None of the columns that one is needed of.
    case missingColumn([String], found: [String])
    /// A name that no row has.
    case unknownName(String, known: [String])
  }
  /// The file.
  public let path: String
  /// The line, from 1; nil where the whole file is meant.
  public let line: Int?
  /// What is wrong.
  public let reason: Reason

  /// What is wrong with a file, and where.
  public init(_ path: String, _ line: Int?, _ reason: Reason) {
    (self.path, self.line, self.reason) = (path, line, reason)
  }

  /// One line that names file, line, the offending value and what is allowed.
  public var description: String {
    let place = line.map { "\(path):\($0)" } ?? path
    let text =
      switch reason {
      case .empty: "no rows; expected a header line, such as step,gradient_norm, and numbers below it"
      case .cells(let found, let expected): "\(found) cells, expected \(expected) as in the header"
      case .repeatedColumn: "a column name is repeated, expected each once"
      case .notANumber(let cell, let column):
        "'\(cell.excerpt)' in column '\(column)' is not a finite number"
      case .notAShape(let cell): "'\(cell.excerpt)' is not a shape, expected whole numbers such as 768x3072"
      case .notACount(let number, let column):
        "\(number) in column '\(column)' is not a count, expected a whole number from 1"
      case .unknownKind(let cell):
        "'\(cell.excerpt)' is not a kind of weight, expected scale_invariant, scale_sensitive or nothing"
      case .missingColumn(let known, let found):
        "no column \(known.map { "'\($0)'" }.joined(separator: " or ")); it has \(found.map(\.excerpt).joined(separator: ", "))"
      case .unknownName(let name, let known):
        "no rows named '\(name)'; it has \(known.prefix(8).map(\.excerpt).joined(separator: ", "))"
      }
    return "\(place): \(text)"
  }
}
