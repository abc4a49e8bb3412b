/// What was meant by a misspelt name.
public enum Spelling {
  /// "; did you mean 'adamw'?", or "; known: …" where none is near.
  public static func suggestion(for name: String, among known: [String]) -> String {
    nearest(to: name, among: known).map { "; did you mean '\($0)'?" }
      ?? "; known: \(known.joined(separator: ", "))"
  }

  /// The known name that is nearest, if it is near enough to have been meant.
  static func nearest(to name: String, among known: [String]) -> String? {
    guard name.count <= 64 else { return nil }
    let ranked = known.map { (name: $0, distance: distance(name.lowercased(), $0)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    let near = min(max(2, best.name.count / 3), best.name.count - 1, name.count - 1)
    return best.distance <= near ? best.name : nil
  }

  /// Whether a name differs from a known one by one or two letters, or by signs between its words.
  static func isSlip(_ name: String, of known: some Sequence<String>) -> Bool {
    let name = plain(name)
    return known.contains { known in
      let known = plain(known)
      return known.count > 5 && abs(known.count - name.count) <= 2 && distance(name, known) <= 2
    }
  }

  /// Whether a name differs from a short one by a letter.
  static func isSlip(_ name: String, ofShort known: some Sequence<String>) -> Bool {
    let name = plain(name)
    return known.contains { known in
      let known = plain(known)
      return known.count <= 5 && abs(known.count - name.count) <= 1 && distance(name, known) <= 1
    }
  }

  /// Whether a name differs from a known one by no more than a letter.
  static func isNearSlip(_ name: String, of known: some Sequence<String>) -> Bool {
    let name = plain(name)
    return known.contains { known in
      let known = plain(known)
      return known.count > 3 && abs(known.count - name.count) <= 1 && distance(name, known) <= 1
    }
  }

  /// A name without what parts its words, in lower case.
  private static func plain(_ name: String) -> String { name.lowercased().filter { $0 != "_" && $0 != "-" } }

  /// Insertions, deletions, replacements and exchanges of neighbours between two words.
  private static func distance(_ first: String, _ second: String) -> Int {
    let (first, second) = (Array(first), Array(second))
    var before = [Int](repeating: 0, count: second.count + 1)
    var row = Array(0...second.count)
    for i in first.indices {
      var next = [Int](repeating: i + 1, count: second.count + 1)
      for j in second.indices {
        let replaced = row[j] + (first[i] == second[j] ? 0 : 1)
        next[j + 1] = min(replaced, row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
          next[j + 1] = min(next[j + 1], before[j - 1] + 1)
        }
      }
      (before, row) = (row, next)
    }
    return row[second.count]
  }
}

extension StringProtocol {
  /// The text in one line of at most 60 scalars, for a message.
  var excerpt: String {
    let start = unicodeScalars.prefix(240)
    let words = start.split { $0.properties.isWhitespace }.map { String(String.UnicodeScalarView($0)) }
    let line = words.joined(separator: " ").unicodeScalars
    let isWhole = line.count <= 60 && start.endIndex == unicodeScalars.endIndex
    return isWhole ? String(line) : String(String.UnicodeScalarView(line.prefix(59))) + "…"
  }
}
