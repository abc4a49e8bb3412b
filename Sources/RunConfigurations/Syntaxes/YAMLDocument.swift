import Yams

/// A YAML text as values that know their line.
///
/// Anchors and aliases are refused before anything is built, so that no text grows while it is read; the parser itself
/// stops at a nesting of 1000.
enum YAMLDocument {
  /// The value that the text consists of.
  static func root(of input: InputText) throws(ConfigurationError) -> ConfigurationValue {
    try refuseAnchors(in: input)
    // The parser compares the keys of a mapping with one another; every key has a colon.
    guard input.text.utf8.count(where: { $0 == UInt8(ascii: ":") }) <= keyLimit else {
      throw .invalid(.tooManyValues(limit: keyLimit), at: .file(input.path))
    }
    return try value(of: input)
  }

  /// More keys than any configuration has.
  static let keyLimit = 20_000

  /// The value of a text that is known to have no anchors.
  static func value(of input: InputText) throws(ConfigurationError) -> ConfigurationValue {
    let node: Node?
    do {
      node = try Parser(yaml: input.text).singleRoot()
    } catch {
      throw translated(error, path: input.path)
    }
    guard let node else { throw .invalid(.empty, at: .file(input.path)) }
    return try value(node, key: "", at: .file(input.path), path: input.path)
  }

  private static func value(
    _ node: Node, key: String, at place: ConfigurationError.Place, path: String
  ) throws(ConfigurationError) -> ConfigurationValue {
    func mark(of node: Node) -> ConfigurationError.Place {
      node.mark.map { .line($0.line, of: path) } ?? place
    }
    let content: ConfigurationValue.Content
    switch node {
    case .scalar(let scalar): content = scalar.style == .plain ? .word(scalar.string) : .text(scalar.string)
    case .sequence(let nodes):
      var items: [ConfigurationValue] = []
      for (index, node) in nodes.enumerated() {
        let key = ConfigurationValue.itemKey(key, index + 1)
        items.append(try value(node, key: key, at: mark(of: node), path: path))
      }
      content = .list(items)
    case .mapping(let pairs):
      var values: [ConfigurationValue] = []
      for (name, node) in pairs {
        guard case .scalar(let scalar) = name else {
          let kind = if case .mapping = name { "a mapping" } else { "a list" }
          throw .invalid(.wrongKind(key: "a key", found: kind, expected: "a word"), at: mark(of: name))
        }
        values.append(try value(node, key: scalar.string, at: mark(of: name), path: path))
      }
      content = .mapping(values)
    case .alias: throw .invalid(.alias, at: mark(of: node))
    }
    return ConfigurationValue(key: key, content: content, place: place)
  }

  /// An anchor is an ampersand before a word where a value may begin; without an anchor no alias resolves. Text in
  /// which an ampersand merely looks like one is refused as well.
  private static func refuseAnchors(in input: InputText) throws(ConfigurationError) {
    let lines = input.text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      var previous = UInt8(ascii: " ")
      for position in line.indices {
        defer { previous = line[position] }
        guard line[position] == UInt8(ascii: "&"), !isWord(previous) else { continue }
        let word = line[position...].dropFirst().prefix { isWord($0) || "_-".utf8.contains($0) }
        if !word.isEmpty {
          throw .invalid(.anchor("&\(Substring(word))"), at: .line(index + 1, of: input.path))
        }
      }
    }
  }

  /// An ASCII letter or digit.
  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  /// A parser's error in one line.
  private static func translated(_ error: any Error, path: String) -> ConfigurationError {
    func invalid(_ problem: Problem, _ mark: Mark) -> ConfigurationError {
      .invalid(problem, at: .line(mark.line, of: path))
    }
    func syntax(_ problem: String, _ context: YamlError.Context?) -> Problem {
      .syntax(context.map { "\(problem) (\($0.text))" } ?? problem, language: "YAML")
    }
    guard let error = error as? YamlError else {
      return .invalid(.syntax("\(error)".excerpt, language: "YAML"), at: .file(path))
    }
    switch error {
    case .parser(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting level"):
      return invalid(.syntax("nested too deeply", language: "YAML"), mark)
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
      return invalid(syntax(problem, context), mark)
    case .composer(_, "found undefined alias", let mark, _): return invalid(.alias, mark)
    case .composer(let context, let problem, let mark, _): return invalid(syntax(problem, context), mark)
    case .duplicatedKeysInMapping(let keys, let context):
      return invalid(.repeatedKey(keys.first ?? ""), context.mark)
    case .reader(let problem, _, _, _):
      return .invalid(.syntax(problem, language: "YAML"), at: .file(path))
    default: return .invalid(.syntax("\(error)".excerpt, language: "YAML"), at: .file(path))
    }
  }
}

extension Syntax {
  static let yaml = Syntax(
    name: "YAML", pathExtensions: ["yaml", "yml"],
    isTypical: { line in
      let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let rest = line[name.endIndex...]
      return !name.isEmpty && rest.first == ":" && (rest.dropFirst().first ?? " ") == " "
    }
  ) { (input, _) throws(ConfigurationError) in ParsedFile(try YAMLDocument.root(of: input)) }
}
