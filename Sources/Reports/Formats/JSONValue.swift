import OutsideText

/// JSON whose keys keep their order and whose numbers keep every digit.
public indirect enum JSONValue: Sendable, Hashable {
  /// An object, in order.
  case object([Member])
  /// An array.
  case array([JSONValue])
  /// A text.
  case string(String)
  /// A number; one that is not finite is written as null.
  case number(Double)
  /// True or false.
  case bool(Bool)
  /// No value.
  case null

  /// A name and its value.
  public struct Member: Sendable, Hashable {
    /// The key.
    public let name: String
    /// Its value.
    public let value: JSONValue
  }

  /// The number, or null.
  public static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  /// The text, indented by two spaces, ending with a newline.
  public var text: Written<JSONText> { render(indent: "") + "\n" }

  /// The text on one line, without the newline.
  public var line: Written<JSONText> { render(indent: nil) }

  private func render(indent: String?) -> Written<JSONText> {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .number(let value): return value.isFinite ? Written(verbatim: Numbers.full(value)) : "null"
    case .string(let value): return "\(value)"
    case .array(let values) where values.allSatisfy(\.isNumber):
      return JSONValue.enclose("[", values.map { $0.render(indent: nil) }, "]", nil)
    case .array(let values):
      return JSONValue.enclose("[", values.map { $0.render(indent: indent.map { $0 + "  " }) }, "]", indent)
    case .object(let members):
      let lines: [Written<JSONText>] = members.map {
        "\($0.name): \($0.value.render(indent: indent.map { $0 + "  " }))"
      }
      return JSONValue.enclose("{", lines, "}", indent)
    }
  }

  /// A number, or null in its place: a series stands on one line.
  private var isNumber: Bool {
    switch self {
    case .number, .null: true
    default: false
    }
  }

  private static func enclose(
    _ open: Written<JSONText>, _ items: [Written<JSONText>], _ close: Written<JSONText>, _ indent: String?
  ) -> Written<JSONText> {
    guard !items.isEmpty else { return open + close }
    guard let indent else { return open + items.joined(separator: ", ") + close }
    let outer = Written<JSONText>(verbatim: "\n" + indent)
    let inner = outer + "  "
    return open + inner + items.joined(separator: "," + inner) + outer + close
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
  ExpressibleByFloatLiteral, ExpressibleByNilLiteral, ExpressibleByBooleanLiteral
{
  /// An object in the order written.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member(name: $0.0, value: $0.1) })
  }
  /// An object in the order given.
  public init(_ members: [(String, JSONValue)]) {
    self = .object(members.map { Member(name: $0.0, value: $0.1) })
  }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Null.
  public init(nilLiteral: ()) { self = .null }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
