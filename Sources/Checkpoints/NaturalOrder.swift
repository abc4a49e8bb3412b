/// The order in which people number things: by text, and by value where both have a number.
enum NaturalOrder {
  /// Whether a name comes before another.
  static func isBefore(_ first: String, _ second: String) -> Bool {
    var (a, b) = (first.utf8[...], second.utf8[...])
    while let x = a.first, let y = b.first {
      if isDigit(x), isDigit(y) {
        let (m, n) = (takeNumber(&a), takeNumber(&b))
        if m.count != n.count { return m.count < n.count }
        if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
      } else {
        if x != y { return x < y }
        a.removeFirst()
        b.removeFirst()
      }
    }
    // `h.01` and `h.1` are the same so far; any fixed order does.
    return a.isEmpty == b.isEmpty ? first.utf8.lexicographicallyPrecedes(second.utf8) : a.isEmpty
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  /// The digits at the start, without zeros in front.
  private static func takeNumber(_ text: inout Substring.UTF8View) -> Substring.UTF8View {
    let digits = text.prefix(while: isDigit)
    text = text[digits.endIndex...]
    return digits.drop { $0 == UInt8(ascii: "0") }
  }
}
