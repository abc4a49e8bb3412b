import Equilibrium
import Formulas
import Foundation
import Optimizers
import OutsideText
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct MathMLTests {
  /// The invisible signs of a product and of a function.
  static let (times, apply) = ("<mo>\u{2062}</mo>", "<mo>\u{2061}</mo>")
  static let apart = "<mo lspace=\"0.15em\">\u{2062}</mo>"
  static let (vx, vy, vz, one, two, less) = (
    "<mi>x</mi>", "<mi>y</mi>", "<mi>z</mi>", "<mn>1</mn>", "<mn>2</mn>", "<mo>−</mo>"
  )

  static func fenced(_ inner: String, _ left: String = "(", _ right: String = ")", tall: Bool = false)
    -> String
  {
    "<mrow><mo form=\"prefix\" stretchy=\"\(tall)\">\(left)</mo>\(inner)<mo form=\"postfix\" stretchy=\"\(tall)\">\(right)</mo></mrow>"
  }

  static let nodes: [(Formula, String)] = [
    (2, "<mn>2</mn>"), (-3, "\(less)<mn>3</mn>"), (.pi * x, "<mi>π</mi>\(times)\(vx)"),
    (.number(Rational(1, 2)), "<mfrac>\(one)\(two)</mfrac>"),
    (.number(Rational(-1, 2)), "<mfrac><mrow>\(less)\(one)</mrow>\(two)</mfrac>"),
    (x + y, "\(vx)<mo>+</mo>\(vy)"), (x - y, "\(vx)\(less)\(vy)"),
    (x - (y - 1), "\(vx)\(less)\(fenced("\(vy)\(less)\(one)"))"),
    (-(x + y), "\(less)\(fenced("\(vx)<mo>+</mo>\(vy)"))"), (-(x * y), "\(less)\(vx)\(times)\(vy)"),
    (x * (y + 1), "\(vx)\(times)\(fenced("\(vy)<mo>+</mo>\(one)"))"),
    (2 * 3 * x, "\(two)<mo>⋅</mo><mn>3</mn>\(times)\(vx)"),
    (2 * Formula.number(3).squared, "\(two)<mo>⋅</mo><msup><mn>3</mn>\(two)</msup>"),
    (x / (y * z), "<mfrac>\(vx)<mrow>\(vy)\(times)\(vz)</mrow></mfrac>"),
    (x / y * z, "<mfrac>\(vx)\(vy)</mfrac>\(apart)\(vz)"),
    (x / (y / z), "<mfrac>\(vx)<mfrac>\(vy)\(vz)</mfrac></mfrac>"), (x.squared, "<msup>\(vx)\(two)</msup>"),
    ((x + 1).squared, "<msup>\(fenced("\(vx)<mo>+</mo>\(one)"))\(two)</msup>"),
    ((x / y).squared, "<msup>\(fenced("<mfrac>\(vx)\(vy)</mfrac>", tall: true))\(two)</msup>"),
    (x.squared.squared, "<msup>\(fenced("<msup>\(vx)\(two)</msup>"))\(two)</msup>"),
    (x.power(Rational(-1, 2)), "<msup>\(vx)<mrow>\(less)\(one)<mo>/</mo>\(two)</mrow></msup>"),
    (x.squareRoot, "<msqrt>\(vx)</msqrt>"), ((x * y).squareRoot, "<msqrt>\(vx)\(times)\(vy)</msqrt>"),
    (.root(x * y, 3), "<mroot><mrow>\(vx)\(times)\(vy)</mrow><mn>3</mn></mroot>"),
    ((x * y).arccosOneMinus, "<mi>arccos</mi>\(apply)\(fenced("\(one)\(less)\(vx)\(times)\(vy)"))"),
    (
      .function(.logOneMinus, x + y),
      "<mi>ln</mi>\(apply)\(fenced("\(one)\(less)\(fenced("\(vx)<mo>+</mo>\(vy)"))"))"
    ),
    (x * y.oneMinusSquare, "\(vx)\(times)\(fenced("\(one)\(less)<msup>\(vy)\(two)</msup>"))"),
    (.function(.log, x / y), "<mi>ln</mi>\(apply)\(fenced("<mfrac>\(vx)\(vy)</mfrac>", tall: true))"),
    (.function(.arctan, x), "<mi>arctan</mi>\(apply)\(fenced(vx))"),
    (.function(.absolute, x - 1), fenced("\(vx)\(less)\(one)", "|", "|")),
    (cubic.squareRoot, "<msqrt>\(vz)</msqrt>"), (balance, vz),
    (.named(symbol("k"), x + y), "<mi>k</mi>"),
  ]

  @Test(arguments: nodes) func node(formula: Formula, markup: String) {
    #expect(MathML.render(formula).text == markup)
  }

  static let notations: [(String, String)] = [
    ("\\eta", "<mi>η</mi>"), ("\\beta_1", "<msub><mi>β</mi>\(one)</msub>"),
    ("\\lambda_{max}", "<msub><mi>λ</mi><mi>max</mi></msub>"), ("f_a", "<msub><mi>f</mi><mi>a</mi></msub>"),
    ("\\sigma^2", "<msup><mi>σ</mi>\(two)</msup>"),
    ("g_k^2", "<msubsup><mi>g</mi><mi>k</mi>\(two)</msubsup>"),
    ("\\beta_1'", "<msubsup><mi>β</mi>\(one)<mo>′</mo></msubsup>"),
    ("\\eta\\lambda", "<mi>η</mi><mi>λ</mi>"),
    ("\\|\\boldsymbol{\\omega}_0\\|", fenced("<msub><mi>𝝎</mi><mn>0</mn></msub>", "‖", "‖")),
    (
      "\\widehat{\\eta_r}",
      "<mover accent=\"true\"><msub><mi>η</mi><mi>r</mi></msub><mo stretchy=\"true\">^</mo></mover>"
    ),
    (
      "\\mathbb{E}[\\tilde{\\boldsymbol{g}}^2]",
      "<mi>𝔼</mi>"
        + fenced(
          "<msup><mover accent=\"true\"><mi>𝒈</mi><mo stretchy=\"false\">~</mo></mover>\(two)</msup>", "[",
          "]")
    ),
    ("\\langle 1,x\\rangle", fenced("\(one)<mo>,</mo>\(vx)", "⟨", "⟩")),
    (
      "\\sqrt{x}/\\hat{y}",
      "<msqrt>\(vx)</msqrt><mo>/</mo><mover accent=\"true\">\(vy)<mo stretchy=\"false\">^</mo></mover>"
    ),
    (
      "\\sum_{j=0}^{\\infty}x^{2j}",
      "<munderover><mo>∑</mo><mrow><mi>j</mi><mo>=</mo><mn>0</mn></mrow><mi>∞</mi></munderover><msup>\(vx)<mrow>\(two)<mi>j</mi></mrow></msup>"
    ),
    ("\\operatorname{sign}(x)", "<mi>sign</mi>\(apply)\(fenced(vx))"),
    ("\\Delta_g\\boldsymbol{p}", "<msub><mi mathvariant=\"normal\">Δ</mi><mi>g</mi></msub><mi>𝒑</mi>"),
    ("\\num{0.95}", "<mn>0.95</mn>"),
    ("\\num{1.2e-05}", "<mn>1.2</mn><mo>×</mo><msup><mn>10</mn><mrow>\(less)<mn>5</mn></mrow></msup>"),
    ("\\num{-2}", fenced("\(less)\(two)")),
    // What is not understood is shown as text, escaped.
    ("\\frac{x}{y}", "<mtext>a&lt;b</mtext>"), ("x_", "<mtext>a&lt;b</mtext>"),
    ("[x", "<mtext>a&lt;b</mtext>"), ("", "<mtext>a&lt;b</mtext>"), ("\\num{x}", "<mtext>a&lt;b</mtext>"),
  ]

  @Test(arguments: notations) func notation(latex: String, markup: String) {
    let symbol = Symbol("s", plain: "a<b", latex: latex, sympy: "s", meaning: "", domain: .real)
    #expect(MathML.render(.symbol(symbol)).text == markup)
  }

  /// Scripts on what has some already, and on what is set in pieces.
  @Test(arguments: [
    ("\\beta_1", "<msubsup><mi>β</mi>\(one)\(two)</msubsup>"),
    ("\\eta'", "<msup><mi>η</mi><mrow><mo>′</mo>\(two)</mrow></msup>"),
    ("\\sigma^2", "<msup>\(fenced("<msup><mi>σ</mi>\(two)</msup>"))\(two)</msup>"),
    ("\\eta\\lambda", "<msup>\(fenced("<mi>η</mi><mi>λ</mi>"))\(two)</msup>"),
  ]) func square(latex: String, markup: String) {
    let symbol = Symbol("s", plain: "s", latex: latex, sympy: "s", meaning: "", domain: .real)
    #expect(MathML.render(Formula.symbol(symbol).squared).text == markup)
  }

  /// Every formula of the catalogue, with every symbol in it, and of every derivation.
  static let everything: [Formula] = {
    var formulas = Quantity.allCases.map { Formula.symbol($0.symbol) }
    for optimizer in Optimizer.catalogue {
      for quantity in Quantity.allCases {
        for fidelity in Fidelity.allCases {
          for weight in WeightKind.allCases {
            for nesterov in [false, true] {
              let variant = Variant(weight: weight, nesterov: nesterov, radial: weight == .scaleInvariant)
              guard let cited = optimizer.formula(quantity, fidelity, variant) else { continue }
              formulas.append(cited.formula)
              formulas += cited.formula.definitions.map(\.formula)
              formulas += cited.formula.solutions.flatMap {
                [$0.sides.left, $0.sides.right, .symbol($0.unknown)]
              }
            }
          }
        }
      }
      formulas += optimizer.derivation.steps.compactMap(\.equation).flatMap { [$0.left, $0.right] }
      formulas += optimizer.hyperparameters.map { .symbol($0.symbol) }
    }
    let kept: [Symbol] = [
      .epsilon, .gradientKurtosis, .effectiveDecay, .decayErrorFactor, .dimensionErrorFactor, .activeFraction,
      .initialNorm, .gradientShare, .gradientShareOfMoments, .cosineLoss, .normSquaredOfMoments, .batchSize,
      .scaleFactor, .noiseShare, .unitGradientPower, .gradientMass,
    ]
    return formulas + kept.map { .symbol($0) }
  }()

  @Test func everyFormulaIsUnderstoodAndWellFormed() {
    #expect(Self.everything.count > 200)
    for formula in Self.everything {
      let markup = MathML.render(formula).text
      #expect(!markup.contains("<mtext>"), "\(PlainText.render(formula))")
      #expect(XMLParser(data: Data("<math>\(markup)</math>".utf8)).parse(), "\(PlainText.render(formula))")
    }
  }
}
