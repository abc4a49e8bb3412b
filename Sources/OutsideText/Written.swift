/// A language that the program writes, and how text from outside stands in it.
public protocol Language: Sendable {
  /// A text from outside as it may stand anywhere in this language; with its quotes, where the language has quotes.
  ///
  /// It is decided scalar by scalar. A mark before or after a special character makes one `Character` of both, so that a
  /// comparison of characters would not find it, while every reader of the language does.
  static func escape(_ text: String) -> String
}

/// Something written in a language, into which text comes through the escaping of that language alone.
///
/// What stands in a string literal is the language itself; what is interpolated is text, and is escaped:
///
/// ```swift
/// let cell: Written<Markup> = "<td>\(name)</td>"
/// ```
///
/// Outputs take this type, not `String`: to forget the escaping does not compile.
public struct Written<Tongue: Language>: Sendable, Hashable {
  /// The language's own text.
  public private(set) var text: String

  /// Text from outside, escaped.
  public init(_ text: some StringProtocol) { self.text = Tongue.escape(String(text)) }

  /// What is in the language already: of the program's own making, never of text from outside.
  public init(verbatim text: String) { self.text = text }

  /// Lines of text from outside, each escaped and ended.
  public init(lines text: String) {
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    self.text = lines.map { Tongue.escape(String(decoding: $0, as: UTF8.self)) }.joined(separator: "\n")
  }

  /// Whether nothing is written.
  public var isEmpty: Bool { text.isEmpty }

  /// One after the other.
  public static func + (left: Written, right: Written) -> Written {
    Written(verbatim: left.text + right.text)
  }

  /// Adds what comes next.
  public static func += (left: inout Written, right: Written) { left.text += right.text }
}

extension Written: ExpressibleByStringInterpolation {
  /// Collects the language's own text and escapes what is put into it.
  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    /// An empty text.
    public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(2 * literalCapacity) }
    /// Appends the language's own text.
    public mutating func appendLiteral(_ literal: String) { text += literal }
    /// Appends what is written in the same language.
    public mutating func appendInterpolation(_ written: Written) { text += written.text }
    /// Appends text from outside, escaped.
    public mutating func appendInterpolation(_ outside: some StringProtocol) {
      text += Tongue.escape(String(outside))
    }
    /// Appends a whole number.
    public mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
  }
  /// The language's own text.
  public init(stringLiteral value: String) { text = value }
  /// The language's own text with what is put into it.
  public init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
}

extension Sequence {
  /// All of them in one, with what stands between them.
  public func joined<Tongue>(separator: Written<Tongue> = "") -> Written<Tongue>
  where Element == Written<Tongue> {
    Written(verbatim: map(\.text).joined(separator: separator.text))
  }
}
