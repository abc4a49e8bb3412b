extension RunSettings {
  /// Puts in the place of `${a.b}` what stands under that key, as OmegaConf does.
  ///
  /// A reference is a whole value, or a whole item of a list. One that leads nowhere, to a function such as
  /// `${oc.env:HOME}`, to a list or in a circle counts as a value that would have to be executed.
  mutating func resolveReferences() {
    let known = Dictionary(values.map { ($0.key, $0) }) { _, last in last }
    // A list that many references lead to is resolved once.
    var lists: [String: ConfigurationValue.Content] = [:]
    var referred: Set<String> = []
    func resolved(_ value: ConfigurationValue, isItem: Bool) -> ConfigurationValue {
      var (content, source) = (value.content, value.key)
      // A chain may have some links, but no circle ends.
      for _ in 0..<10 {
        guard let key = Self.reference(content) else { break }
        guard let target = known[key] else { break }
        if isItem, case .list = target.content { break }
        (content, source) = (target.content, key)
        referred.insert(key)
      }
      if case .list(let items) = content, !isItem {
        content = lists[source] ?? .list(items.map { resolved($0, isItem: true) })
        lists[source] = content
      } else if case .word(let text) = content, text.contains("${") {
        content = .unevaluated(text)
      }
      return ConfigurationValue(key: value.key, content: content, place: value.place)
    }
    replaceValues { resolved($0, isItem: false) }
    // What others are stated by is no stray setting.
    for key in referred { _ = value(key) }
  }

  /// The key that a value refers to, nil where it is no reference.
  private static func reference(_ content: ConfigurationValue.Content) -> String? {
    let text: String
    switch content {
    case .word(let word), .text(let word): text = word
    default: return nil
    }
    guard text.hasPrefix("${"), text.hasSuffix("}"), !text.contains(":"), !text.dropFirst(2).contains("$")
    else {
      return nil
    }
    return String(text.dropFirst(2).dropLast())
  }
}
