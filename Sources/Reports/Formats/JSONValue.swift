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

  /// The object with another member at its end; unchanged where this is no object.
  func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members + [Member(name: name, value: value)])
  }

  /// The number, or null.
  public static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  /// The text, indented by two spaces, ending with a newline.
  public var text: Written<JSONText> {
    var text: Written<JSONText> = ""
    write(to: &text, indent: 0)
    text += "\n"
    return text
  }

  /// The text on one line, without the newline.
  public var line: Written<JSONText> {
    var line: Written<JSONText> = ""
    write(to: &line, indent: nil)
    return line
  }

  private func write(to text: inout Written<JSONText>, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += value.isFinite ? Written(verbatim: Numbers.full(value)) : "null"
    case .string(let value): text += "\(value)"
    case .array(let values):
      let isSeries = values.allSatisfy(\.isNumber)
      Self.write("[", values, "]", to: &text, indent: isSeries ? nil : indent) {
        $0.write(to: &$1, indent: $2)
      }
    case .object(let members):
      Self.write("{", members, "}", to: &text, indent: indent) { member, text, indent in
        text += "\(member.name): "
        member.value.write(to: &text, indent: indent)
      }
    }
  }

  /// A number, or null in its place: a series stands on one line.
  private var isNumber: Bool {
    switch self {
    case .number, .null: true
    default: false
    }
  }

  private static func write<Item>(
    _ open: Written<JSONText>, _ items: [Item], _ close: Written<JSONText>, to text: inout Written<JSONText>,
    indent: Int?, item: (Item, inout Written<JSONText>, Int?) -> Void
  ) {
    func newLine(_ indent: Int?) -> Written<JSONText> {
      indent.map { Written(verbatim: "\n" + String(repeating: "  ", count: $0)) } ?? ""
    }
    let inner = indent.map { $0 + 1 }
    let separator = "," + (inner == nil ? " " : newLine(inner))
    text += open
    if !items.isEmpty {
      text += newLine(inner)
      for (index, value) in items.enumerated() {
        if index > 0 { text += separator }
        item(value, &text, inner)
      }
      text += newLine(indent)
    }
    text += close
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
