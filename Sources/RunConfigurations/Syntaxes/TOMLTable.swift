/// What stands under a key while a document is read.
enum TOMLContent {
  case word(String)
  case text(String)
  case list([(TOMLContent, line: Int)])
  case table(TOMLTable)
  case tables(TOMLTables)
}

/// A list of tables while it grows, never empty.
final class TOMLTables {
  var items: [TOMLTable]
  init(_ first: TOMLTable) { items = [first] }
}

/// A table while it grows; a later header may add to it.
final class TOMLTable {
  private var order: [String] = []
  private var entries: [String: (content: TOMLContent, line: Int)] = [:]
  let line: Int
  /// Whether it is there only since a header names a table within it.
  var isImplied = false
  /// Whether it stands in braces, to which nothing is added.
  var isClosed = false

  init(line: Int) { self.line = line }

  subscript(key: String) -> TOMLContent? { entries[key]?.content }

  func append(_ key: String, _ content: TOMLContent, _ line: Int) {
    order.append(key)
    entries[key] = (content, line)
  }

  func value(key: String, at place: ConfigurationError.Place, path: String) -> ConfigurationValue {
    let values = order.compactMap { key in
      entries[key].map { TOMLTable.value($0.content, key: key, at: .line($0.line, of: path), path: path) }
    }
    return ConfigurationValue(key: key, content: .mapping(values), place: place)
  }

  private static func value(
    _ content: TOMLContent, key: String, at place: ConfigurationError.Place, path: String
  ) -> ConfigurationValue {
    func list(_ items: [(TOMLContent, line: Int)]) -> ConfigurationValue.Content {
      .list(
        items.enumerated().map { index, item in
          value(
            item.0, key: ConfigurationValue.itemKey(key, index + 1), at: .line(item.line, of: path),
            path: path)
        })
    }
    let made: ConfigurationValue.Content
    switch content {
    case .word(let word): made = .word(word)
    case .text(let text): made = .text(text)
    case .list(let items): made = list(items)
    case .tables(let tables): made = list(tables.items.map { (.table($0), $0.line) })
    case .table(let table): return table.value(key: key, at: place, path: path)
    }
    return ConfigurationValue(key: key, content: made, place: place)
  }
}
