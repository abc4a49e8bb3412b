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
    return best.distance <= max(2, best.name.count / 3) ? best.name : nil
  }

  /// Whether a name differs from a known one by one or two letters.
  static func isSlip(_ name: String, of known: some Sequence<String>) -> Bool {
    known.contains { abs($0.count - name.count) <= 2 && $0.count > 5 && distance(name.lowercased(), $0) <= 2 }
  }

  /// Whether a name differs from a short one by a letter.
  static func isSlip(_ name: String, ofShort known: some Sequence<String>) -> Bool {
    known.contains {
      $0.count <= 5 && abs($0.count - name.count) <= 1 && distance(name.lowercased(), $0) <= 1
    }
  }

  /// Insertions, deletions and replacements between two words.
  private static func distance(_ first: String, _ second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (i, a) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in second.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j + 1] + 1, row[j] + 1)
      }
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
