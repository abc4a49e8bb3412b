import OutsideText

/// A way to write a document down.
public protocol DocumentFormat: Sendable {
  /// What the document is written in.
  associatedtype Tongue: Language
  /// The whole document, ending with a newline.
  func render(_ document: Document) -> Written<Tongue>
}

/// What a command has to say: as a document, as data, and as the one table that CSV prints.
public struct Output: Sendable {
  /// For text, Markdown, LaTeX and HTML.
  public var document: Document
  /// For JSON.
  public var json: JSONValue
  /// For CSV.
  public var table: Table

  /// The three views of one content.
  public init(document: Document, json: JSONValue, table: Table) {
    self.document = document
    self.json = json
    self.table = table
  }
}
