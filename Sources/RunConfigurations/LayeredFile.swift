/// A file over others that it names: what they say holds where it says nothing.
enum LayeredFile {
  /// More files than any configuration lies over, itself among them.
  private static let limit = 50

  /// The values of a file and of those under it.
  ///
  /// - Parameters:
  ///   - key: the key that names them: a path, relative to the file, or a list of paths.
  ///   - parse: what a file under it says.
  static func merged(
    _ root: ConfigurationValue, over key: String, _ input: InputText,
    _ parse: (InputText) throws(ConfigurationError) -> ConfigurationValue
  ) throws(ConfigurationError) -> ConfigurationValue {
    var count = 0
    return try merged(root, over: key, input, parse, &count)
  }

  private static func merged(
    _ root: ConfigurationValue, over key: String, _ input: InputText,
    _ parse: (InputText) throws(ConfigurationError) -> ConfigurationValue, _ count: inout Int
  ) throws(ConfigurationError) -> ConfigurationValue {
    count += 1
    guard case .mapping(let values) = root.content, let names = root.member(key) else { return root }
    guard count <= limit else {
      throw names.invalid(.syntax("files lie under one another without end", language: key))
    }
    var base = ConfigurationValue(key: "", content: .mapping([]), place: root.place)
    let paths = if case .list(let list) = names.content { list } else { [names] }
    for path in paths {
      let name = try path.text()
      guard !name.isEmpty else { continue }
      guard input.isFile, !name.hasPrefix("/"), !name.contains("://"), !name.contains("::"),
        !name.hasPrefix("~")
      else {
        throw path.invalid(.otherFile(name))
      }
      let file: InputText
      do throws(ConfigurationError) { file = try InputText(path: input.folder + name) } catch {
        if case .missing = error { throw path.invalid(.otherFile(name)) }
        throw error
      }
      base = merge(try merged(parse(file), over: key, file, parse, &count), over: base)
    }
    let own = ConfigurationValue(
      key: root.key, content: .mapping(values.filter { $0.key != key }), place: root.place)
    return merge(own, over: base)
  }

  /// Mappings are merged key by key, and everything else is replaced; so is a mapping that has `_delete_`.
  static func merge(_ value: ConfigurationValue, over base: ConfigurationValue) -> ConfigurationValue {
    guard case .mapping(let own) = value.content, case .mapping(var merged) = base.content else {
      return value
    }
    if value.member("_delete_") != nil {
      return ConfigurationValue(
        key: value.key, content: .mapping(own.filter { $0.key != "_delete_" }), place: value.place)
    }
    for member in own {
      if let index = merged.firstIndex(where: { $0.key == member.key }) {
        merged[index] = merge(member, over: merged[index])
      } else {
        merged.append(member)
      }
    }
    return ConfigurationValue(key: value.key, content: .mapping(merged), place: value.place)
  }
}
