import Formulas

extension Formula {
  /// What the formula's named parts and solved unknowns stand for.
  var whereBlocks: [Block] {
    definitions.map { .equation(Equation(.symbol($0.symbol), "=", $0.formula)) }
      + solutions.flatMap { solution -> [Block] in
        let (left, right) = solution.sides
        return [
          .paragraph("with \(solution.unknown) the positive root of"), .equation(Equation(left, "=", right)),
        ]
      }
  }

  /// The formula with its symbols replaced by their numbers, as it is shown to explain a value.
  public func withNumbers(_ values: [Symbol: Double]) -> Formula {
    var replacements: [Symbol: Formula] = [:]
    for symbol in symbols {
      guard let value = values[symbol] else { continue }
      let text = Numbers.short(value, digits: 6).filter { $0 != "\u{2009}" }
      let plain = text.contains("e") || text.hasPrefix("-") ? "(\(text))" : text
      replacements[symbol] = .symbol(
        Symbol(
          symbol.name, plain: plain, latex: "\\num{\(text)}", sympy: text, meaning: symbol.meaning,
          unit: symbol.unit, domain: symbol.domain))
    }
    return substituting(replacements)
  }
}
