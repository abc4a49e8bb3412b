/// The order in which people number things: by text, and by value where both have a number.
enum NaturalOrder {
  /// Whether a name comes before another.
  static func isBefore(_ first: String, _ second: String) -> Bool {
    var (first, second) = (first, second)
    return first.withUTF8 { a in second.withUTF8 { b in isBefore(a, b) } }
  }

  private static func isBefore(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if isDigit(a[i]), isDigit(b[j]) {
        let (m, n) = (number(in: a, from: &i), number(in: b, from: &j))
        if m.count != n.count { return m.count < n.count }
        if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
      } else {
        if a[i] != b[j] { return a[i] < b[j] }
        (i, j) = (i + 1, j + 1)
      }
    }
    // Names such as `h.01` and `h.1` are the same so far; any fixed order does.
    return (i < a.count) == (j < b.count) ? a.lexicographicallyPrecedes(b) : j < b.count
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  /// The digits at a place, without zeros in front.
  private static func number(
    in text: UnsafeBufferPointer<UInt8>, from place: inout Int
  ) -> Slice<UnsafeBufferPointer<UInt8>> {
    while place < text.count, text[place] == UInt8(ascii: "0") { place += 1 }
    let start = place
    while place < text.count, isDigit(text[place]) { place += 1 }
    return text[start..<place]
  }
}
