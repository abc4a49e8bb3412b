/// A sentence with formulas in it; each format renders the formulas in its own notation.
///
/// Written as a string literal: `"with \(η) the learning rate"`.
public struct Prose: Sendable, Hashable {
  /// A piece of a sentence.
  public enum Fragment: Sendable, Hashable {
    /// Plain words.
    case text(String)
    /// A formula set in the line.
    case formula(Formula)
    /// A command, flag or file name.
    case code(String)
  }
  /// The pieces in order.
  public var fragments: [Fragment]

  /// A sentence of these pieces.
  public init(_ fragments: [Fragment]) { self.fragments = fragments }
  /// A sentence without formulas.
  public init(_ text: String) { fragments = [.text(text)] }

  /// The sentence in Unicode text.
  public var plain: String {
    fragments.map { fragment in
      switch fragment {
      case .text(let text), .code(let text): text
      case .formula(let formula): PlainText.render(formula)
      }
    }.joined()
  }
}

extension Prose: ExpressibleByStringInterpolation {
  /// Collects words and formulas.
  public struct StringInterpolation: StringInterpolationProtocol {
    var fragments: [Fragment] = []
    /// An empty sentence.
    public init(literalCapacity: Int, interpolationCount: Int) {}
    /// Appends words.
    public mutating func appendLiteral(_ literal: String) { fragments.append(.text(literal)) }
    /// Appends a formula.
    public mutating func appendInterpolation(_ formula: Formula) { fragments.append(.formula(formula)) }
    /// Appends a symbol.
    public mutating func appendInterpolation(_ symbol: Symbol) { fragments.append(.formula(.symbol(symbol))) }
    /// Appends words that are computed.
    public mutating func appendInterpolation(_ text: String) { fragments.append(.text(text)) }
    /// Appends a whole number.
    public mutating func appendInterpolation(_ number: Int) { fragments.append(.text(String(number))) }
    /// Appends a command, flag or file name.
    public mutating func appendInterpolation(code: String) { fragments.append(.code(code)) }
  }
  /// A sentence without formulas.
  public init(stringLiteral value: String) { self.init(value) }
  /// A sentence with formulas.
  public init(stringInterpolation: StringInterpolation) { fragments = stringInterpolation.fragments }
}
