import Equilibrium
import Formulas
import Foundation
import OutsideText
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct SVGTests {
  /// The whole of a small figure: gap, mark, index, a logarithmic axis with small ticks, points and dots.
  @Test func whole() {
    #expect(
      SVG(isFragment: true).render(FigureFormatTests.figure).text == #"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 832 650" width="832" height="650" role="img" fill="currentColor" font-size="15">
        <title>It&#39;s η = 5 % &amp; x_1</title>
        <text x="80" y="29" font-size="17">It&#39;s η = 5 % &amp; x_1</text>
        <path class="roteq-blue" fill="none" stroke="#0072B2" stroke-width="2.2" stroke-linejoin="round" d="M80 50h28" />
        <text x="116" y="55.3">moments</text>
        <path class="roteq-neutral" fill="none" stroke="#444444" stroke-width="1.5" stroke-dasharray="9 5" d="M204.6 50h28" />
        <text x="240.7" y="55.3">equilibrium</text>
        <path class="roteq-vermilion" fill="none" stroke="#D55E00" stroke-width="4.4" stroke-linecap="round" d="M346.5 50h0M357.5 50h0M368.5 50h0" />
        <text x="379.5" y="55.3">measured</text>
        <path class="roteq-green" fill="none" stroke="#009E73" stroke-width="2" stroke-dasharray="2 4" d="M472.4 50h28" />
        <text x="508.4" y="55.3">recurrence</text>
        <path fill="none" stroke="currentColor" stroke-width="1" stroke-opacity="0.12" d="M80 316h720M80 246.2h720M80 176.3h720M80 106.5h720" />
        <path fill="none" stroke="currentColor" stroke-width="1" stroke-opacity="0.55" d="M80 96V316H800M80 316v6M200 316v6M320 316v6M440 316v6M560 316v6M680 316v6M800 316v6M80 316h-6M80 246.2h-6M80 176.3h-6M80 106.5h-6" />
        <text x="70" y="316" dy="5" text-anchor="end">0</text>
        <text x="70" y="246.2" dy="5" text-anchor="end">0.5</text>
        <text x="70" y="176.3" dy="5" text-anchor="end">1</text>
        <text x="70" y="106.5" dy="5" text-anchor="end">1.5</text>
        <path fill="none" stroke="currentColor" stroke-opacity="0.4" d="M320 96V316" />
        <path class="roteq-blue" fill="none" stroke="#0072B2" stroke-width="2.2" stroke-linejoin="round" d="M80 246.2L320 176.3M800 141.4h2" />
        <path class="roteq-neutral" fill="none" stroke="#444444" stroke-width="1.5" stroke-dasharray="9 5" d="M80 176.3L800 106.5" />
        <g transform="translate(12.8 206) rotate(-90)"><text x="0" y="5.3" text-anchor="middle">norm ‖ω̂‖</text></g>
        <text x="320" y="88.6" font-size="13" text-anchor="middle" fill-opacity="0.75">end of warmup</text>
        <path fill="none" stroke="currentColor" stroke-width="1" stroke-opacity="0.12" d="M80 570h720M80 483.1h720M80 396.2h720" />
        <path fill="none" stroke="currentColor" stroke-width="1" stroke-opacity="0.55" d="M80 360V580H800M80 580v6M200 580v6M320 580v6M440 580v6M560 580v6M680 580v6M800 580v6M80 570h-6M80 483.1h-6M80 396.2h-6M80 578.4h-3M80 574h-3M80 543.8h-3M80 528.5h-3M80 517.7h-3M80 509.2h-3M80 502.4h-3M80 496.5h-3M80 491.5h-3M80 487.1h-3M80 456.9h-3M80 441.6h-3M80 430.8h-3M80 422.3h-3M80 415.4h-3M80 409.6h-3M80 404.6h-3M80 400.1h-3M80 370h-3" />
        <text x="70" y="570" dy="5" text-anchor="end">10⁻⁴</text>
        <text x="70" y="483.1" dy="5" text-anchor="end">10⁻³</text>
        <text x="70" y="396.2" dy="5" text-anchor="end">10⁻²</text>
        <text x="80" y="602" text-anchor="middle">1</text>
        <text x="200" y="602" text-anchor="middle">1.5</text>
        <text x="320" y="602" text-anchor="middle">2</text>
        <text x="440" y="602" text-anchor="middle">2.5</text>
        <text x="560" y="602" text-anchor="middle">3</text>
        <text x="680" y="602" text-anchor="middle">3.5</text>
        <text x="800" y="602" text-anchor="middle">4</text>
        <path fill="none" stroke="currentColor" stroke-opacity="0.4" d="M320 360V580" />
        <path class="roteq-vermilion" fill="none" stroke="#D55E00" stroke-width="4.4" stroke-linecap="round" d="M320 570h0M800 370h0" />
        <path class="roteq-green" fill="none" stroke="#009E73" stroke-width="2" stroke-dasharray="2 4" d="M320 570L800 396.2" />
        <text x="80" y="341.3">Rotation</text>
        <g transform="translate(12.8 470) rotate(-90)"><text x="0" y="5.3" text-anchor="middle">η̂<tspan dy="3.8" font-size="11.3">r</tspan><tspan dy="-3.8"> in rad</tspan></text></g>
        <text x="440" y="635.3" text-anchor="middle">step</text>
        </svg>

        """#)
  }

  /// Only what stands around the picture differs.
  @Test func fileHasPaperAndColours() {
    let lines = SVG().render(FigureFormatTests.figure).text.split(separator: "\n")
    let fragment = SVG(isFragment: true).render(FigureFormatTests.figure).text.split(separator: "\n")
    #expect(lines[0].hasSuffix("sans-serif\" color=\"#1F2328\">"))
    #expect(lines[2].hasPrefix("<style>@media (prefers-color-scheme:dark){svg{color:"))
    #expect(lines[3] == "<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\" />")
    #expect(lines[1] == fragment[1])
    #expect(lines.dropFirst(4) == fragment.dropFirst(2))
  }

  static let hostile = "</title><script>alert(\"1\")</script> & ' \u{1}"

  @Test(arguments: [true, false]) func anyWordsAreWellFormed(isFragment: Bool) throws {
    let words = Prose(Self.hostile)
    let figure = Figure(
      title: words,
      panels: [
        Figure.Panel(
          title: words, x: Figure.Axis(words), y: Figure.Axis(words),
          series: [Figure.Series(words, x: [1, 2], y: [1, 2])], marks: [Figure.Mark(at: 1.5, words)])
      ])
    let text = SVG(isFragment: isFragment).render(figure).text
    #expect(XMLParser(data: Data(text.utf8)).parse())
    #expect(!text.contains("<script") && !text.contains(" id="))
  }

  @Test(arguments: [
    Figure(panels: []), Figure(panels: [Figure.Panel(x: "x", y: "y", series: [])]),
    Figure(panels: [
      Figure.Panel(x: "x", y: "y", series: [Figure.Series("a", x: [1, 2], y: [.nan, .infinity])])
    ]),
  ]) func nothingToDraw(figure: Figure) {
    let text = SVG().render(figure).text
    #expect(XMLParser(data: Data(text.utf8)).parse())
    #expect(!text.contains("nan") && !text.contains("inf"))
  }

  @Test func longCurvesAreThinned() {
    let (x, y) = ThinningTests.walk(600_000)
    let figure = Figure(panels: [Figure.Panel(x: "x", y: "y", series: [Figure.Series("walk", x: x, y: y)])])
    // Two points to a dot, of at most twelve characters each.
    #expect(SVG().render(figure).text.utf8.count < 1400 * 14)
  }

  @Test(
    arguments: [
      (0, "0"), (-0.04, "0"), (1.25, "1.3"), (-1.25, "-1.3"), (12, "12"), (-0.3, "-0.3"), (99.96, "100"),
    ] as [(Double, String)]) func dots(value: Double, text: String)
  { #expect(SVG.dots(value) == text) }

  @Test(
    arguments: [
      // Powers of ten with a number each have 2 to 9 between them; others have none.
      ([1, 100], 2 * 8), ([1e-12, 1], 0), ([0.3, 3], 0),
    ] as [([Double], Int)]) func smallTicks(values: [Double], count: Int)
  {
    let figure = Figure(panels: [
      Figure.Panel(
        x: Figure.Axis("x", scale: .logarithmic), y: "y",
        series: [Figure.Series("y", x: values, y: values.map { _ in 1 })])
    ])
    let text = SVG().render(figure).text
    #expect(text.split(separator: "v3", omittingEmptySubsequences: false).count - 1 == count)
  }
}
