/// A table of numbers read from CSV: a header line, then numbers; one column may hold names.
///
/// Blank lines and lines that begin with # are skipped.
public struct NumberTable: Sendable {
  /// The file, for messages.
  public let path: String
  /// The column names in order, lower case.
  public let columns: [String]
  /// The numbers of each column; those of the name column are NaN.
  private let numbers: [[Double]]
  /// The name in each row, where there is a name column.
  private let names: [String]
  /// The line of the file on which each row stands.
  private let lines: [Int]

  /// How many rows there are.
  public var count: Int { lines.count }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - text: the file.
  ///   - path: its name, for messages.
  ///   - nameColumn: the column that holds names instead of numbers, if it is there.
  /// - Throws: ``TableError`` with the line.
  public init(_ text: String, path: String, nameColumn: String? = nil) throws(TableError) {
    var header: [String]?
    var numbers: [[Double]] = []
    var (names, lines): ([String], [Int]) = ([], [])
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(NumberTable.bare)
      if cells == [""] || line.hasPrefix("#") { continue }
      guard let header else {
        header = cells.map { $0.lowercased() }
        numbers = cells.map { _ in [] }
        guard Set(header ?? []).count == cells.count else {
          throw TableError(path, index + 1, .repeatedColumn)
        }
        continue
      }
      guard cells.count == header.count else {
        throw TableError(path, index + 1, .cells(cells.count, expected: header.count))
      }
      lines.append(index + 1)
      for (column, cell) in cells.enumerated() {
        if header[column] == nameColumn {
          names.append(cell)
          numbers[column].append(.nan)
        } else if let number = Double(cell), number.isFinite {
          numbers[column].append(number)
        } else {
          throw TableError(path, index + 1, .notANumber(cell, column: header[column]))
        }
      }
    }
    guard let header, !lines.isEmpty else { throw TableError(path, nil, .empty) }
    (self.path, columns, self.numbers, self.names, self.lines) = (path, header, numbers, names, lines)
  }

  /// The numbers of a column, nil where there is none of that name.
  public func column(_ name: String) -> [Double]? {
    columns.firstIndex(of: name).map { numbers[$0] }
  }

  /// The numbers of a column that has to be there.
  public func required(_ name: String) throws(TableError) -> [Double] {
    guard let column = column(name) else { throw missing([name]) }
    return column
  }

  /// The first of several columns that is there.
  public func first(of known: [String]) throws(TableError) -> (name: String, values: [Double]) {
    for name in known { if let values = column(name) { return (name, values) } }
    throw missing(known)
  }

  /// The rows with a name, or all where there is no name column.
  public func rows(named name: String?) throws(TableError) -> NumberTable {
    guard let name, !names.isEmpty else { return self }
    let chosen = names.indices.filter { names[$0] == name }
    guard !chosen.isEmpty else {
      var seen: Set<String> = []
      throw TableError(path, nil, .unknownName(name, known: names.filter { seen.insert($0).inserted }))
    }
    return NumberTable(
      path: path, columns: columns, numbers: numbers.map { column in chosen.map { column[$0] } },
      names: chosen.map { names[$0] }, lines: chosen.map { lines[$0] })
  }

  /// The line of the file on which a row stands; rows count from 0.
  public func line(ofRow row: Int) -> Int { lines[row] }

  /// Whether each row has a name.
  public var hasNames: Bool { !names.isEmpty }

  private init(path: String, columns: [String], numbers: [[Double]], names: [String], lines: [Int]) {
    (self.path, self.columns, self.numbers, self.names, self.lines) = (path, columns, numbers, names, lines)
  }

  private func missing(_ known: [String]) -> TableError {
    TableError(path, nil, .missingColumn(known, found: columns))
  }

  /// A cell without blanks and quotes around it.
  private static func bare(_ cell: Substring) -> String {
    var cell = cell.drop(while: \.isWhitespace)
    while cell.last?.isWhitespace == true { cell.removeLast() }
    if cell.count >= 2, cell.hasPrefix("\""), cell.hasSuffix("\"") { cell = cell.dropFirst().dropLast() }
    return String(cell)
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
    /// None of the columns that one is needed of.
    case missingColumn([String], found: [String])
    /// A name that no row has.
    case unknownName(String, known: [String])
    /// Something else, a phrase.
    case other(String)
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
      case .missingColumn(let known, let found):
        "no column \(known.map { "'\($0)'" }.joined(separator: " or ")); it has \(found.map(\.excerpt).joined(separator: ", "))"
      case .unknownName(let name, let known):
        "no rows named '\(name)'; it has \(known.prefix(8).map(\.excerpt).joined(separator: ", "))"
      case .other(let text): text
      }
    return "\(place): \(text)"
  }
}
