import Formulas
import Testing

@Suite struct CalculusTests {
  static let formulas: [Formula] = [
    x, x.squared, x.power(Rational(-3, 2)), .root(x, 3), .root(x * y + 1, 4), 1 / x, x / (1 + x * y),
    (x * y).squareRoot / (1 + x), (x / 8).arccosOneMinus, .function(.logOneMinus, x / 8),
    .function(.log, x + y),
    .function(.arctan, x * y), .function(.absolute, 1 - x), -x * (x - 3), cubic, cubic.squareRoot / x,
    balance,
    x * balance.squared,
  ]

  /// Central difference with step h = x·10⁻⁵: truncation about h², rounding about 10⁻¹⁶/10⁻⁵.
  @Test(arguments: formulas)
  func derivativeIsTheSlope(_ formula: Formula) throws {
    var generator = SplitMix(state: 7)
    for _ in 0..<20 {
      let at = Double.random(in: 0.2...4, using: &generator)
      let other = Double.random(in: 0.2...4, using: &generator)
      func value(_ x: Double) throws -> Double {
        try formula.evaluated([symbol("x"): x, symbol("y"): other])
      }
      let h = at * 1e-5
      let slope = try (value(at + h) - value(at - h)) / (2 * h)
      let exact = try formula.derivative(by: symbol("x")).evaluated([symbol("x"): at, symbol("y"): other])
      #expect(abs(slope - exact) <= 1e-7 * max(1, abs(exact)), "\(PlainText.render(formula)) at \(at)")
    }
  }

  @Test func elasticityOfAPowerLawIsItsExponent() throws {
    let law = Formula.root(2 * x.power(2) / y, 3) * x.squareRoot
    #expect(law.exponent(of: symbol("x")) == Rational(7, 6))
    #expect(law.exponent(of: symbol("y")) == Rational(-1, 3))
    #expect(law.exponent(of: symbol("z")) == 0)
    #expect((1 + x).exponent(of: symbol("x")) == nil)
    #expect((x * y + x).exponent(of: symbol("x")) == 1)
    #expect(try law.elasticity(by: symbol("x"), at: [:]) == 7.0 / 6)
    #expect(abs(try (1 + x).elasticity(by: symbol("x"), at: [symbol("x"): 3]) - 0.75) < 1e-15)
  }

  @Test func solvedRootsSatisfyTheirEquations() throws {
    var generator = SplitMix(state: 11)
    for _ in 0..<200 {
      let a = Double.random(in: -30...30, using: &generator)
      let values = [
        symbol("x"): exp10(a), symbol("y"): exp10(Double.random(in: -30...30, using: &generator)),
      ]
      let (x, y) = (values[symbol("x")] ?? 0, values[symbol("y")] ?? 0)
      let r = try cubic.evaluated(values)
      #expect(abs((x * r * r + y) / (r * r * r) - 1) < 4e-15)
      let s = try balance.evaluated(values)
      #expect(abs(s * (1 + s).squareRoot() / x - 1) < 4e-15)
    }
  }

  private func exp10(_ x: Double) -> Double { Double(sign: .plus, exponent: Int(x * 3.3), significand: 1.3) }
}

@Suite struct SolvingTests {
  let values = [symbol("y"): 3.0]

  @Test func powerLawsAreInvertedInClosedForm() throws {
    let law = Formula.root(2 * x.power(2) / y, 3)
    let solution = try law.solved(for: symbol("x"), equals: 5, given: values)
    #expect(abs(try law.evaluated([symbol("x"): solution, symbol("y"): 3]) / 5 - 1) < 1e-15)
  }

  @Test func otherFormulasAreBracketed() throws {
    let formula = x * (1 + x).squareRoot + y
    let solution = try formula.solved(for: symbol("x"), equals: 10, given: values)
    #expect(abs(try formula.evaluated([symbol("x"): solution, symbol("y"): 3]) / 10 - 1) < 1e-15)
  }

  @Test func noSolutionIsSaid() {
    #expect(throws: FormulaError.noSolution(symbol("x"), target: 2, range: 1e-18...1e18)) {
      try (x + y).solved(for: symbol("x"), equals: 2, given: values)
    }
  }

  @Test func severalSolutionsAreListed() throws {
    let formula = x + 1 / x
    do {
      _ = try formula.solved(for: symbol("x"), equals: 2.5, given: [:])
      Issue.record("two solutions were not noticed")
    } catch {
      guard case .severalSolutions(_, _, let roots) = error else { throw error }
      #expect(roots.count == 2)
      #expect(abs(roots[0] - 0.5) < 1e-14 && abs(roots[1] - 2) < 1e-14)
    }
  }

  @Test func independentAndMissingSymbolsAreNamed() {
    #expect(throws: FormulaError.independent(symbol("z"))) {
      try (x + y).solved(for: symbol("z"), equals: 2, given: values)
    }
    #expect(throws: FormulaError.missing([symbol("y")])) {
      try (x + y).solved(for: symbol("x"), equals: 2, given: [:])
    }
    #expect(FormulaError.missing([symbol("y")]).description == "missing: y y")
  }
}
