/// Reads the notation of a symbol, so that it is written down once: the part of LaTeX that symbols use.
struct MathMLNotation {
  private typealias Element = MathML.Element
  private var rest: Substring

  init(_ latex: String) { rest = latex[...] }

  /// The elements; nil where something is not understood.
  mutating func elements() -> [MathML.Element]? {
    guard let elements = row(until: nil), !elements.isEmpty else { return nil }
    return elements
  }

  /// Everything up to a closing sign, which is taken, too.
  private mutating func row(until closing: String?) -> [Element]? {
    var elements: [Element] = []
    while !rest.isEmpty {
      if let closing, take(closing) { return elements }
      if take(" ") || take("\\,") { continue }
      if take("'") {
        guard let last = elements.popLast() else { return nil }
        elements.append(last.raised(to: [.prime]))
      } else if take("_") {
        guard let last = elements.popLast(), let index = argument(isIndex: true) else { return nil }
        elements.append(last.indexed(by: index))
      } else if take("^") {
        guard let last = elements.popLast(), let exponent = argument() else { return nil }
        elements.append(last.raised(to: exponent))
      } else {
        guard let next = item() else { return nil }
        elements += next
      }
    }
    return closing == nil ? elements : nil
  }

  /// What a command or script applies to: a group, or what comes next. The letters of an index are a word.
  private mutating func argument(isIndex: Bool = false) -> [Element]? {
    guard take("{") else { return item() }
    let start = rest
    let word = rest.prefix { $0 != "}" }
    if isIndex, word.count > 1, word.allSatisfy(\.isLetter) {
      rest = start.dropFirst(word.count + 1)
      return [.identifier(String(word))]
    }
    return row(until: "}")
  }

  private mutating func item() -> [Element]? {
    for (left, right, leftSign, rightSign) in Self.fences where take(left) {
      return row(until: right).map { [.fenced(leftSign, $0, rightSign)] }
    }
    if take("{") { return row(until: "}").map { [.group($0)] } }
    let digits = rest.prefix { $0.isNumber || $0 == "." }
    if !digits.isEmpty {
      rest = rest.dropFirst(digits.count)
      return [.number(String(digits))]
    }
    guard let character = rest.popFirst() else { return nil }
    if character == "\\" { return command() }
    if character.isLetter { return [.identifier(String(character))] }
    return Self.signs[character].map { [.sign($0)] }
  }

  private mutating func command() -> [Element]? {
    let name = String(rest.prefix(while: \.isLetter))
    rest = rest.dropFirst(name.count)
    if let letter = Self.letters[name] {
      return letter.first?.isUppercase == true ? [.upright(letter)] : [.identifier(letter)]
    }
    switch name {
    case "boldsymbol": return literal().flatMap { Self.bold[$0] }.map { [.identifier($0)] }
    case "mathbb": return literal().flatMap { $0 == "E" ? [.identifier("𝔼")] : nil }
    case "operatorname": return literal().map { [.identifier($0), .sign("\u{2061}")] }
    case "num": return literal().flatMap(Self.number)
    case "sqrt": return argument().map { [.root($0, 2)] }
    case "sum": return [.sum]
    case "tilde": return argument().map { [.accented($0, "~", isWide: false)] }
    case "hat": return argument().map { [.accented($0, "^", isWide: false)] }
    case "widehat": return argument().map { [.accented($0, "^", isWide: true)] }
    default: return nil
    }
  }

  /// The text between braces.
  private mutating func literal() -> String? {
    guard take("{"), let end = rest.firstIndex(of: "}") else { return nil }
    defer { rest = rest[rest.index(after: end)...] }
    return String(rest[..<end])
  }

  private mutating func take(_ sign: String) -> Bool {
    guard rest.hasPrefix(sign) else { return false }
    rest = rest.dropFirst(sign.count)
    return true
  }

  /// A decimal number, with a power of ten where it has an exponent; a negative one is fenced.
  private static func number(_ text: String) -> [Element]? {
    guard Double(text) != nil else { return nil }
    let isNegative = text.hasPrefix("-")
    let pieces = text.drop { $0 == "-" }.split(separator: "e")
    var elements = [Element.number(String(pieces[0]))]
    if pieces.count == 2, let exponent = Int(pieces[1]) {
      elements += [.sign("×"), Element.number("10").raised(to: Element.integer(exponent))]
    }
    return isNegative ? [.fenced("(", [.sign("−")] + elements, ")")] : elements
  }

  private static let fences = [
    ("\\|", "\\|", "‖", "‖"), ("\\langle", "\\rangle", "⟨", "⟩"), ("[", "]", "[", "]"),
    ("(", ")", "(", ")"),
  ]
  private static let signs: [Character: String] = [
    ",": ",", "/": "/", "=": "=", "+": "+", "-": "−",
  ]
  private static let letters = [
    "alpha": "α", "beta": "β", "gamma": "γ", "Delta": "Δ", "ell": "ℓ", "eta": "η", "infty": "∞",
    "kappa": "κ", "lambda": "λ", "omega": "ω", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "varepsilon": "ε", "varphi": "φ",
  ]
  /// Vectors; the letters that are bold in themselves.
  private static let bold = [
    "\\omega": "𝝎", "d": "𝒅", "g": "𝒈", "m": "𝒎", "n": "𝒏", "p": "𝒑", "u": "𝒖", "v": "𝒗",
  ]
}
