import Formulas

/// What a command or a report has to say, before any format.
///
/// A format decides layout and escaping, never content.
public struct Document: Sendable {
  /// The parts from top to bottom.
  public var blocks: [Block]

  /// A document of these parts.
  public init(_ blocks: [Block]) { self.blocks = blocks }
}

extension Document {
  /// The figures and the names of their files, from top to bottom.
  public var figures: [(figure: Figure, file: String)] {
    blocks.compactMap { if case .figure(_, let figure, let file) = $0 { (figure, file) } else { nil } }
  }

  /// All words, from top to bottom.
  var texts: [String] {
    blocks.flatMap { block -> [String] in
      switch block {
      case .heading(_, let text): [text]
      case .paragraph(let prose): prose.words
      case .list(let points): points.flatMap(\.words)
      case .equation: []
      case .table(let table): (table.caption?.words ?? []) + table.rows.joined().flatMap(\.words)
      case .figure(let caption, let figure, _): caption.words + figure.legend.flatMap(\.name.words)
      }
    }
  }

  /// The document where no files lie beside it.
  public var withoutFigures: Document {
    Document(blocks.filter { if case .figure = $0 { false } else { true } })
  }
}

/// A part of a document.
public enum Block: Sendable {
  /// A heading; level 1 is the document's title.
  case heading(Int, String)
  /// Sentences.
  case paragraph(Prose)
  /// One point after another.
  case list([Prose])
  /// A displayed equation.
  case equation(Equation)
  /// A table.
  case table(Table)
  /// A figure with its caption; a format that cannot draw it points to `file`.svg beside the document.
  case figure(Prose, Figure, file: String)
}

/// A displayed equation: left = right, with its number in the paper.
public struct Equation: Sendable {
  /// What stands left of the sign.
  public let left: Formula
  /// "=" or "≈".
  public let relation: String
  /// What stands right of it.
  public let right: Formula
  /// The paper's number, such as `(18)`; nil where it has none.
  public let tag: String?

  /// An equation.
  public init(_ left: Formula, _ relation: String = "=", _ right: Formula, tag: String? = nil) {
    self.left = left
    self.relation = relation
    self.right = right
    self.tag = tag
  }
}

/// A table of values; the CSV format prints it alone.
public struct Table: Sendable {
  /// A column's heading and how its cells are aligned.
  public struct Column: Sendable {
    /// The heading.
    public let heading: Prose
    /// The name in CSV and JSON, snake case.
    public let name: String
    /// Whether the cells are numbers.
    public let isNumeric: Bool

    /// A column.
    public init(_ heading: Prose, name: String, isNumeric: Bool = true) {
      self.heading = heading
      self.name = name
      self.isNumeric = isNumeric
    }
  }
  /// What stands in a row and column.
  public enum Cell: Sendable {
    /// A number, printed to four digits in documents and in full in CSV.
    case number(Double)
    /// A sentence.
    case prose(Prose)
    /// No value.
    case empty
  }
  /// What the table shows; its caption in print.
  public var caption: Prose?
  /// The columns.
  public var columns: [Column]
  /// The rows, each as long as `columns`.
  public var rows: [[Cell]]

  /// A table.
  public init(caption: Prose? = nil, columns: [Column], rows: [[Cell]]) {
    self.caption = caption
    self.columns = columns
    self.rows = rows
  }
}

extension Table.Cell: ExpressibleByStringInterpolation {
  /// A sentence without formulas.
  public init(stringLiteral value: String) { self = .prose(Prose(value)) }
}

extension Prose {
  /// The sentence without its formulas.
  fileprivate var words: [String] {
    fragments.compactMap { fragment in
      switch fragment {
      case .text(let text), .code(let text): text
      case .formula: nil
      }
    }
  }
}

extension Table.Cell {
  fileprivate var words: [String] { if case .prose(let prose) = self { prose.words } else { [] } }

  /// The cell, empty where its number is infinite or none: no result is shown as `nan`.
  var available: Table.Cell { if case .number(let value) = self, !value.isFinite { .empty } else { self } }

  /// A number, or an empty cell.
  public static func optional(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .empty }
  /// A formula in the cell.
  public static func formula(_ formula: Formula) -> Table.Cell { .prose(Prose([.formula(formula)])) }
}
