import OutsideText

extension MathML {
  /// One element of a row, with the scripts that it carries.
  struct Element {
    private let base: Written<Markup>
    private var index: Written<Markup>?
    private var exponent: Written<Markup>?
    /// Whether it begins with a digit, which must not follow another.
    private(set) var isNumber = false
    /// Whether scripts stand above and below: a sum.
    private var hasLimits = false
    /// Whether it is taller than a line.
    private var isTall = false
    private var isFraction = false
  }
}

extension MathML.Element {
  typealias Element = MathML.Element

  /// A letter, or a word set upright.
  static func identifier(_ text: String) -> Element { Element(base: "<mi>\(text)</mi>") }
  /// A letter set upright.
  static func upright(_ text: String) -> Element { Element(base: "<mi mathvariant=\"normal\">\(text)</mi>") }
  /// An operator or relation.
  static func sign(_ text: String) -> Element { Element(base: "<mo>\(text)</mo>") }
  /// A number without sign.
  static func number(_ text: String) -> Element { Element(base: "<mn>\(text)</mn>", isNumber: true) }
  /// Words.
  static func text(_ text: String) -> Element { Element(base: "<mtext>\(text)</mtext>") }
  /// The sign of a sum, with its limits above and below.
  static let sum = Element(base: "<mo>∑</mo>", hasLimits: true, isTall: true)

  /// A whole number with its sign.
  static func integer(_ value: Int) -> [Element] {
    let digits = number("\(value.magnitude)")
    return value < 0 ? [sign("−"), digits] : [digits]
  }

  /// Nothing to see, between factors; a fraction stands apart from its neighbours.
  static func times(_ left: Element?, _ right: Element?) -> Element {
    left?.isFraction == true || right?.isFraction == true
      ? Element(base: "<mo lspace=\"0.15em\">\u{2062}</mo>") : sign("\u{2062}")
  }

  /// A row between signs that grow with it where it is taller than a line.
  static func fenced(_ left: String, _ inner: [Element], _ right: String) -> Element {
    let isTall = inner.contains(where: \.isTall)
    func sign(_ text: String, _ form: String) -> Written<Markup> {
      "<mo form=\"\(form)\" stretchy=\"\("\(isTall)")\">\(text)</mo>"
    }
    return Element(
      base: "<mrow>\(sign(left, "prefix"))\(inner.joined)\(sign(right, "postfix"))</mrow>", isTall: isTall)
  }

  static func fraction(_ numerator: [Element], _ denominator: [Element]) -> Element {
    Element(
      base: "<mfrac>\(numerator.single)\(denominator.single)</mfrac>", isTall: true, isFraction: true)
  }

  static func root(_ radicand: [Element], _ degree: Int) -> Element {
    Element(
      base: degree == 2
        ? "<msqrt>\(radicand.joined)</msqrt>" : "<mroot>\(radicand.single)<mn>\(degree)</mn></mroot>",
      isTall: radicand.contains(where: \.isTall))
  }

  /// Elements under an accent.
  static func accented(_ inner: [Element], _ accent: String, isWide: Bool) -> Element {
    Element(
      base: "<mover accent=\"true\">\(inner.single)<mo stretchy=\"\("\(isWide)")\">\(accent)</mo></mover>")
  }

  /// Elements as one.
  static func group(_ inner: [Element]) -> Element {
    inner.count == 1 ? inner[0] : Element(base: inner.single, isTall: inner.contains(where: \.isTall))
  }

  /// With an index.
  func indexed(by inner: [Element]) -> Element {
    var result = self
    result.index = inner.single
    return result
  }

  /// To a power; what has an exponent already is fenced, unless that is a prime.
  func raised(to inner: [Element]) -> Element {
    guard let exponent else {
      var result = self
      result.exponent = inner.single
      return result
    }
    guard exponent == Self.prime.markup else { return Self.fenced("(", [self], ")").raised(to: inner) }
    var result = self
    result.exponent = ([Self.prime] + inner).single
    return result
  }

  /// The mark of a changed value.
  static let prime = sign("′")

  var markup: Written<Markup> {
    switch (index, exponent) {
    case (nil, nil): base
    case (let index?, nil): hasLimits ? "<munder>\(base)\(index)</munder>" : "<msub>\(base)\(index)</msub>"
    case (nil, let exponent?):
      hasLimits ? "<mover>\(base)\(exponent)</mover>" : "<msup>\(base)\(exponent)</msup>"
    case (let index?, let exponent?):
      hasLimits
        ? "<munderover>\(base)\(index)\(exponent)</munderover>"
        : "<msubsup>\(base)\(index)\(exponent)</msubsup>"
    }
  }
}

extension [MathML.Element] {
  /// As children of a row.
  var joined: Written<Markup> { map(\.markup).joined() }
  /// As one child.
  var single: Written<Markup> { count == 1 ? self[0].markup : "<mrow>\(joined)</mrow>" }
}
