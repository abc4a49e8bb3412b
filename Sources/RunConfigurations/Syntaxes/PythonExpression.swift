#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A value that a Python literal can have here.
enum PythonValue: Equatable {
  case number(Double)
  case text(String)
  case boolean(Bool)
  case nothing
}

extension PythonValue: CustomStringConvertible {
  /// The value as Python writes it.
  var description: String {
    switch self {
    case .number(let number):
      Int(exactly: number).map { abs($0) < 1_000_000_000 ? String($0) : String(number) } ?? String(number)
    case .text(let text): "'\(text.excerpt)'"
    case .boolean(let value): value ? "True" : "False"
    case .nothing: "None"
    }
  }
}

/// Works out literals, names with known values, and + - * / // ** of numbers; everything else has no value.
struct PythonExpression {
  private var rest: ArraySlice<PythonToken>
  private let names: [String: PythonValue]
  /// Signs, parentheses and powers within one another.
  private var depth = 0
  private static let depthLimit = 100

  /// The value of an expression, nil where it has none that can be told without executing it.
  static func value(of tokens: ArraySlice<PythonToken>, names: [String: PythonValue]) -> PythonValue? {
    var expression = PythonExpression(rest: tokens, names: names)
    guard let value = expression.sum(), expression.rest.isEmpty else { return nil }
    if case .number(let number) = value, !number.isFinite { return nil }
    return value
  }

  private init(rest: ArraySlice<PythonToken>, names: [String: PythonValue]) {
    self.rest = rest
    self.names = names
  }

  /// The symbol that comes next, taken off if it is one of these.
  private mutating func take(_ symbols: String...) -> String? {
    guard case .symbol(let symbol) = rest.first, symbols.contains(symbol) else { return nil }
    rest.removeFirst()
    return symbol
  }

  private mutating func sum() -> PythonValue? {
    guard var value = product() else { return nil }
    while let symbol = take("+", "-") {
      guard case .number(let left) = value, case .number(let right) = product() else { return nil }
      value = .number(symbol == "+" ? left + right : left - right)
    }
    return value
  }

  private mutating func product() -> PythonValue? {
    guard var value = signed() else { return nil }
    while let symbol = take("*", "/", "//") {
      guard case .number(let left) = value, case .number(let right) = signed() else { return nil }
      switch symbol {
      case "*": value = .number(left * right)
      case "/": value = .number(left / right)
      default: value = .number((left / right).rounded(.down))
      }
    }
    return value
  }

  private mutating func signed() -> PythonValue? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return nil }
    guard let sign = take("+", "-") else { return power() }
    guard case .number(let number) = signed() else { return nil }
    return .number(sign == "-" ? -number : number)
  }

  private mutating func power() -> PythonValue? {
    guard let base = atom() else { return nil }
    guard take("**") != nil else { return base }
    guard case .number(let base) = base, case .number(let exponent) = signed() else { return nil }
    return .number(pow(base, exponent))
  }

  private mutating func atom() -> PythonValue? {
    guard let token = rest.popFirst() else { return nil }
    switch token {
    case .number(let digits): return Self.number(digits).map(PythonValue.number)
    case .string(let text): return text.map(PythonValue.text)
    case .name("True"): return .boolean(true)
    case .name("False"): return .boolean(false)
    case .name("None"): return .nothing
    case .name(let name): return names[name]
    case .symbol("("):
      guard let value = sum(), take(")") != nil else { return nil }
      return value
    case .symbol: return nil
    }
  }

  /// A decimal number, with underscores between digits.
  private static func number(_ digits: String) -> Double? {
    guard digits.utf8.allSatisfy("0123456789.eE+-_".utf8.contains) else { return nil }
    let parts = digits.split(separator: "_", omittingEmptySubsequences: false)
    for (part, next) in zip(parts, parts.dropFirst()) {
      guard part.last?.isNumber == true, next.first?.isNumber == true else { return nil }
    }
    return Double(parts.joined())
  }
}
