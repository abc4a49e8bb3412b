#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A value that a Python expression can have here; what would have to be executed is kept as it is written.
indirect enum PythonValue: Equatable, Sendable {
  case number(Double)
  case text(String)
  case boolean(Bool)
  case nothing
  case list([PythonValue])
  case mapping([PythonMember])
  /// A call that is not carried out: `torch.optim.SGD(…)`.
  case call(PythonCall)
  /// What is not known, as it is written.
  case unknown(String)
}

/// A value under a key: of a dictionary or of an argument.
struct PythonMember: Equatable, Sendable {
  let key: String
  let value: PythonValue
  /// The line on which it stands, counted from 1.
  let line: Int
}

/// A call with its arguments.
struct PythonCall: Equatable, Sendable {
  /// What is called, with dots: `torch.optim.SGD`.
  let name: String
  let positional: [PythonValue]
  let named: [PythonMember]
  let line: Int
  /// As it is written.
  let source: String
}

extension PythonValue {
  /// Whether nothing of it would have to be executed.
  var isKnown: Bool {
    switch self {
    case .number, .text, .boolean, .nothing: true
    case .list(let items): items.allSatisfy(\.isKnown)
    case .mapping(let members): members.allSatisfy(\.value.isKnown)
    case .call, .unknown: false
    }
  }

  /// The value of a dictionary's key.
  func member(_ key: String) -> PythonValue? {
    guard case .mapping(let members) = self else { return nil }
    return members.last { $0.key == key }?.value
  }

  /// The value as that of a setting.
  func content(_ key: String, in path: String, isNested: Bool = false) -> ConfigurationValue.Content {
    func value(_ key: String, _ value: PythonValue, _ place: ConfigurationError.Place) -> ConfigurationValue {
      ConfigurationValue(key: key, content: value.content(key, in: path, isNested: true), place: place)
    }
    switch self {
    case .number(let number): return .number(number)
    case .text(let text): return .text(text)
    case .boolean(let value): return .word(value ? "True" : "False")
    // As an argument it stands for what is not given.
    case .nothing: return .word(isNested ? "null" : "None")
    case .list(let items):
      return .list(
        items.enumerated().map {
          value(ConfigurationValue.itemKey(key, $0 + 1), $1, .line($1.line ?? 1, of: path))
        })
    case .mapping(let members):
      return .mapping(members.map { value($0.key, $0.value, .line($0.line, of: path)) })
    case .call(let call): return .unevaluated(call.source)
    case .unknown(let source): return .unevaluated(source)
    }
  }

  private var line: Int? {
    switch self {
    case .mapping(let members): members.first?.line
    case .list(let items): items.first?.line
    case .call(let call): call.line
    default: nil
    }
  }
}

/// Works out literals, lists, dictionaries, names with known values, and + - * / // ** of numbers; calls are taken apart,
/// and everything else is kept as it is written.
struct PythonExpression {
  private var rest: ArraySlice<PythonToken>
  /// The line of each token.
  private let lines: [Int]
  private let names: (String) -> PythonValue?
  /// Brackets, signs and powers within one another.
  private var depth = 0
  private static let depthLimit = 100

  /// The value of an expression, nil where it would have to be executed.
  static func value(
    of tokens: ArraySlice<PythonToken>, lines: [Int] = [], names: @escaping (String) -> PythonValue?
  ) -> PythonValue? {
    var expression = PythonExpression(rest: tokens, lines: lines, names: names)
    guard let value = expression.value(), expression.rest.isEmpty else { return nil }
    return value
  }

  /// Every call of a statement whose name passes, with its arguments; a call within another follows it.
  static func calls(
    in statement: PythonStatement, names: @escaping (String) -> PythonValue?, where isWanted: (String) -> Bool
  ) -> [PythonCall] {
    let tokens = statement.tokens
    var calls: [PythonCall] = []
    var index = 0
    while index < tokens.count {
      defer { index += 1 }
      guard case .name = tokens[index], index == 0 || tokens[index - 1] != .symbol("."),
        tokens.indices.contains(index + 1), let path = path(tokens[index...]), isWanted(path.name)
      else { continue }
      var expression = PythonExpression(
        rest: tokens[index...], lines: statement.lines, names: names)
      if case .call(let call)? = expression.atom() { calls.append(call) }
    }
    return calls
  }

  /// The call of the name at an index; nil where there is none.
  static func call(
    in tokens: [PythonToken], at index: Int, lines: [Int], names: @escaping (String) -> PythonValue?
  ) -> PythonValue? {
    var expression = PythonExpression(rest: tokens[index...], lines: lines, names: names)
    expression.isWithinChain = true
    return expression.atom()
  }
  /// Whether what follows a call does not matter.
  private var isWithinChain = false

  /// The name that is called at the start of tokens.
  private static func path(_ tokens: ArraySlice<PythonToken>) -> (name: String, end: Int)? {
    guard case .name(var name)? = tokens.first else { return nil }
    var index = tokens.startIndex + 1
    while index + 1 < tokens.endIndex, tokens[index] == .symbol("."), case .name(let next) = tokens[index + 1]
    {
      name += "." + next
      index += 2
    }
    guard index < tokens.endIndex, tokens[index] == .symbol("(") else { return nil }
    return (name, index)
  }

  // MARK: Values

  private mutating func value() -> PythonValue? {
    guard let value = sum() else { return nil }
    if case .number(let number) = value, !number.isFinite { return nil }
    return value
  }

  /// A value up to a comma or a closing bracket, whatever it takes.
  private mutating func item() -> PythonValue {
    let start = rest
    if let value = value(), isAtEnd { return value }
    rest = start
    var open = 0
    while let token = rest.first {
      if case .symbol(let symbol) = token {
        if open == 0, [",", ")", "]", "}"].contains(symbol) { break }
        if ["(", "[", "{"].contains(symbol) { open += 1 }
        if [")", "]", "}"].contains(symbol) { open -= 1 }
      }
      rest.removeFirst()
    }
    return .unknown(Self.source(start[start.startIndex..<rest.startIndex]))
  }

  private var isAtEnd: Bool {
    guard case .symbol(let symbol)? = rest.first else { return rest.isEmpty }
    return [",", ")", "]", "}"].contains(symbol)
  }

  /// The symbol that comes next, taken off if it is one of these.
  private mutating func take(_ symbols: String...) -> String? {
    guard case .symbol(let symbol) = rest.first, symbols.contains(symbol) else { return nil }
    rest.removeFirst()
    return symbol
  }

  private var line: Int { lines.indices.contains(rest.startIndex) ? lines[rest.startIndex] : lines.last ?? 1 }

  // MARK: Arithmetic

  private mutating func sum() -> PythonValue? {
    guard var value = product() else { return nil }
    while let symbol = take("+", "-") {
      switch (value, product()) {
      case (.number(let left), .number(let right)?):
        value = .number(symbol == "+" ? left + right : left - right)
      case (.text(let left), .text(let right)?) where symbol == "+": value = .text(left + right)
      case (.list(let left), .list(let right)?) where symbol == "+": value = .list(left + right)
      default: return nil
      }
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

  // MARK: Atoms

  private mutating func atom() -> PythonValue? {
    let line = line
    let start = rest
    guard let token = rest.popFirst() else { return nil }
    switch token {
    case .number(let digits): return Self.number(digits).map(PythonValue.number)
    case .string(let text):
      guard var text else { return nil }
      while case .string(let next)? = rest.first {
        guard let next else { return nil }
        text += next
        rest.removeFirst()
      }
      return .text(text)
    case .name("True"): return .boolean(true)
    case .name("False"): return .boolean(false)
    case .name("None"): return .nothing
    case .name(let name): return named(name, start, line)
    case .symbol("("):
      guard let items = items(until: ")") else { return nil }
      guard items.values.count == 1, !items.hasComma else { return .list(items.values) }
      if case .unknown = items.values[0] { return nil }
      return items.values[0]
    case .symbol("["): return items(until: "]").map { .list($0.values) }
    case .symbol("{"): return dictionary()
    case .symbol: return nil
    }
  }

  /// What follows a name: a value that is known, an item of one, or a call.
  private mutating func named(_ first: String, _ start: ArraySlice<PythonToken>, _ line: Int) -> PythonValue?
  {
    var name = first
    while case .symbol(".")? = rest.first, case .name(let next)? = rest.dropFirst().first {
      rest.removeFirst(2)
      name += "." + next
    }
    if rest.first == .symbol("(") {
      rest.removeFirst()
      let isWithinChain = isWithinChain
      self.isWithinChain = false
      guard let arguments = arguments() else { return nil }
      let call = PythonCall(
        name: name, positional: arguments.positional, named: arguments.named, line: line,
        source: Self.source(start[start.startIndex..<rest.startIndex]))
      if isWithinChain { return .call(call) }
      if case .symbol(let next)? = rest.first, [".", "(", "["].contains(next) { return nil }
      return Self.result(of: call)
    }
    var value = names(name)
    while rest.first == .symbol("[") {
      rest.removeFirst()
      guard case .text(let key)? = sum(), take("]") != nil else { return nil }
      value = value?.member(key) ?? names("\(name)[\(key)]")
    }
    return value
  }

  private mutating func items(until closing: String) -> (values: [PythonValue], hasComma: Bool)? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return nil }
    var values: [PythonValue] = []
    var hasComma = false
    while take(closing) == nil {
      values.append(item())
      guard take(",") != nil else { return take(closing) == nil ? nil : (values, hasComma) }
      hasComma = true
    }
    return (values, hasComma)
  }

  private mutating func dictionary() -> PythonValue? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return nil }
    var members: [PythonMember] = []
    while take("}") == nil {
      let line = line
      if take("**") != nil {
        members += Self.merged(item(), line)
      } else {
        let start = rest
        guard let key = sum(), take(":") != nil else { return nil }
        let name: String
        switch key {
        case .text(let text): name = text
        case .number, .boolean: name = Self.source(start[start.startIndex..<rest.startIndex - 1])
        default: return nil
        }
        members.append(PythonMember(key: name, value: item(), line: line))
      }
      guard take(",") != nil else { return take("}") == nil ? nil : .mapping(Self.lasting(members)) }
    }
    return .mapping(Self.lasting(members))
  }

  private mutating func arguments() -> (positional: [PythonValue], named: [PythonMember])? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else { return nil }
    var (positional, named) = ([PythonValue](), [PythonMember]())
    while take(")") == nil {
      let line = line
      if take("**") != nil {
        named += Self.merged(item(), line)
      } else if take("*") != nil {
        _ = item()
        positional.append(.unknown("*"))
      } else if case .name(let name)? = rest.first, rest.dropFirst().first == .symbol("=") {
        rest.removeFirst(2)
        named.append(PythonMember(key: name, value: item(), line: line))
      } else {
        positional.append(item())
      }
      guard take(",") != nil else { return take(")") == nil ? nil : (positional, named) }
    }
    return (positional, named)
  }

  /// The members that `**value` adds; one that is not known is a member of no name.
  private static func merged(_ value: PythonValue, _ line: Int) -> [PythonMember] {
    if case .mapping(let members) = value { return members }
    return [PythonMember(key: "**", value: value.isKnown ? .unknown("**") : value, line: line)]
  }

  /// Of members with one key the last.
  static func lasting(_ members: [PythonMember]) -> [PythonMember] {
    var positions: [String: Int] = [:]
    var kept: [PythonMember] = []
    for member in members {
      if let position = positions[member.key] {
        kept[position] = member
      } else {
        positions[member.key] = kept.count
        kept.append(member)
      }
    }
    return kept
  }

  /// What a call of Python's own functions gives; other calls stay calls.
  private static func result(of call: PythonCall) -> PythonValue? {
    func numbers() -> [Double]? {
      let numbers = call.positional.compactMap { if case .number(let number) = $0 { number } else { nil } }
      return numbers.count == call.positional.count && call.named.isEmpty ? numbers : nil
    }
    switch call.name {
    case "dict":
      guard call.positional.count <= 1 else { return nil }
      var members: [PythonMember] = []
      if let first = call.positional.first {
        guard case .mapping(let base) = first else { return nil }
        members = base
      }
      return .mapping(lasting(members + call.named))
    case "tuple", "list":
      guard call.positional.count == 1, case .list = call.positional[0] else { return nil }
      return call.positional[0]
    case "int":
      if case .text(let text)? = call.positional.first { return Int(text).map { .number(Double($0)) } }
      return numbers().flatMap { $0.count == 1 ? .number($0[0].rounded(.towardZero)) : nil }
    case "float":
      if case .text(let text)? = call.positional.first { return Double(text).map { .number($0) } }
      return numbers().flatMap { $0.count == 1 ? .number($0[0]) : nil }
    case "round":
      return numbers().flatMap { $0.count == 1 ? .number($0[0].rounded(.toNearestOrEven)) : nil }
    case "max": return numbers().flatMap { $0.count > 1 ? $0.max().map(PythonValue.number) : nil }
    case "min": return numbers().flatMap { $0.count > 1 ? $0.min().map(PythonValue.number) : nil }
    default: return .call(call)
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

  /// Tokens in a line.
  static func source(_ tokens: ArraySlice<PythonToken>) -> String {
    var text = ""
    for token in tokens.prefix(200) {
      let word: String
      switch token {
      case .name(let name): word = name
      case .number(let digits): word = digits
      case .string(let content): word = content.map { "'\($0)'" } ?? "f'…'"
      case .symbol(let symbol): word = symbol
      }
      let isWord = word.first.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "'" } ?? false
      let endsInWord = text.last.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "'" } ?? false
      let isOperator = ["+", "-", "*", "/", "//", "**", "==", "<", ">", "%", "<=", ">=", "!="].contains(word)
      if text.last == "," || (isWord && endsInWord) || (isOperator && endsInWord) { text += " " }
      text += word
      if isOperator, text.count > word.count { text += " " }
    }
    return text
  }
}
