import Formulas
import Testing

@Suite struct RenderingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let formula: Formula
    let text: String
    let latex: String
    let sympy: String
    var testDescription: String { text }
  }

  static let cases: [Case] = [
    Case(formula: 2, text: "2", latex: "2", sympy: "2"),
    Case(formula: -3, text: "−3", latex: "-3", sympy: "-3"),
    Case(formula: .number(Rational(1, 2)), text: "1/2", latex: "\\frac{1}{2}", sympy: "Rational(1, 2)"),
    Case(formula: .pi * x, text: "πx", latex: "\\pi x", sympy: "pi*x"),
    Case(formula: x + y, text: "x + y", latex: "x+y", sympy: "x + y"),
    Case(formula: x - y, text: "x − y", latex: "x-y", sympy: "x - y"),
    Case(formula: x - (y - 1), text: "x − (y − 1)", latex: "x-\\left(y-1\\right)", sympy: "x - (y - 1)"),
    Case(formula: -(x + y), text: "−(x + y)", latex: "-\\left(x+y\\right)", sympy: "-(x + y)"),
    Case(formula: x * (y + 1), text: "x·(y + 1)", latex: "x\\left(y+1\\right)", sympy: "x*(y + 1)"),
    Case(formula: x / (y * z), text: "x/(yz)", latex: "\\frac{x}{yz}", sympy: "x/(y*z)"),
    Case(formula: x / y * z, text: "(x/y)·z", latex: "\\frac{x}{y}z", sympy: "x/y*z"),
    Case(formula: x / (y / z), text: "x/(y/z)", latex: "\\frac{x}{\\frac{y}{z}}", sympy: "x/(y/z)"),
    Case(formula: x.squared, text: "x²", latex: "x^2", sympy: "x**2"),
    Case(formula: (x + 1).squared, text: "(x + 1)²", latex: "\\left(x+1\\right)^2", sympy: "(x + 1)**2"),
    Case(
      formula: x.power(Rational(-1, 2)), text: "x⁻¹ᐟ²", latex: "x^{-\\frac{1}{2}}",
      sympy: "x**Rational(-1, 2)"),
    Case(formula: x.squareRoot, text: "√x", latex: "\\sqrt{x}", sympy: "sqrt(x)"),
    Case(formula: .root(x * y, 3), text: "∛(xy)", latex: "\\sqrt[3]{xy}", sympy: "root(x*y, 3)"),
    Case(formula: .root(x, 4), text: "∜x", latex: "\\sqrt[4]{x}", sympy: "root(x, 4)"),
    Case(
      formula: (x * y).arccosOneMinus, text: "arccos(1 − xy)", latex: "\\arccos\\left(1-xy\\right)",
      sympy: "acos(1 - x*y)"),
    Case(
      formula: .function(.logOneMinus, x + y), text: "ln(1 − (x + y))",
      latex: "\\ln\\left(1-\\left(x+y\\right)\\right)", sympy: "log(1 - (x + y))"),
    Case(
      formula: .function(.absolute, x - 1), text: "|x − 1|", latex: "\\left|x-1\\right|", sympy: "Abs(x - 1)"),
    Case(formula: 2 * 3 * x, text: "2·3x", latex: "2\\cdot 3x", sympy: "2*3*x"),
    Case(formula: cubic.squareRoot, text: "√z", latex: "\\sqrt{z}", sympy: "sqrt(z)"),
  ]

  @Test(arguments: cases)
  func notations(_ test: Case) {
    #expect(PlainText.render(test.formula) == test.text)
    #expect(LaTeX.render(test.formula) == test.latex)
    #expect(SymPy.render(test.formula) == test.sympy)
  }

  @Test func solvedEquation() throws {
    let solution = try #require(cubic.solutions.first)
    #expect(PlainText.render(solution) == "z³ − xz² − y = 0")
    #expect(LaTeX.render(solution) == "z^3-xz^2-y = 0")
    #expect(SymPy.render(solution) == "Eq(z**3 - x*z**2 - y, 0)")
  }
}
