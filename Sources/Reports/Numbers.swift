#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Numbers as people read them.
public enum Numbers {
  /// To `digits` significant digits, without trailing zeros: `0.001234`, `1.2e-05`.
  public static func short(_ value: Double, digits: Int = 4) -> String {
    // A count of steps below a million is written out.
    if value == value.rounded(), abs(value) < 1e6 { return grouped(String(Int(value))) }
    if abs(value) >= 1000, abs(value) < 1e6 { return grouped(String(Int(value.rounded()))) }
    return rounded(value, digits: digits)
  }

  /// To `digits` significant digits, for programs: no thousands are set apart.
  static func rounded(_ value: Double, digits: Int) -> String {
    withVaList([Int32(digits), value]) { arguments in
      var buffer = [CChar](repeating: 0, count: 40)
      let length = vsnprintf(&buffer, buffer.count, "%.*g", arguments)
      return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// A count, written out whatever its size.
  static func count(_ value: Int) -> String {
    var text = String(value)
    var end = text.endIndex
    while text.distance(from: text.startIndex, to: end) > 3 + (value < 10_000 ? 1 : 0) {
      end = text.index(end, offsetBy: -3)
      text.insert("\u{2009}", at: end)
    }
    return text
  }

  /// Every digit: the shortest text that reads back as the same number.
  public static func full(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : value.description
  }

  private static func grouped(_ digits: String) -> String {
    let bare = digits.drop { $0 == "-" }
    guard bare.count > 4 else { return digits }
    return digits.dropLast(3) + "\u{2009}" + digits.suffix(3)
  }
}
