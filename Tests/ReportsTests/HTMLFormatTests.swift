import Equilibrium
import Formulas
import Foundation
import OutsideText
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct HTMLFormatTests {
  /// Whether it is well-formed, as the body of a page.
  static func isWellFormed(_ body: String) -> Bool {
    XMLParser(data: Data("<body>\(body)</body>".utf8)).parse()
  }

  @Test func fragment() {
    let η = "<mi>η</mi>"
    #expect(
      HTMLFormat(isFragment: true).render(FormatTests.document).text == """
        <h1>Title_1</h1>
        <p>take <math><mfrac><mi>λ</mi><mn>2</mn></mfrac></math>, `not code`, run <code>a_b</code></p>
        <ul>
        <li>first ≪ 2</li>
        <li>second</li>
        </ul>
        <div class="equation"><math display="block">\(η)<mo>≈</mo><mn>2</mn></math><span class="tag">(18)</span></div>
        <figure class="table">
        <figcaption>A caption with η̂_r &amp; 5\u{A0}%</figcaption>
        <div class="scroll" tabindex="0">
        <table>
        <thead><tr><th scope="col">name, &quot;quoted&quot;</th><th scope="col" class="number">value</th></tr></thead>
        <tbody>
        <tr><th scope="row">x | y</th><td class="number">0.3333</td></tr>
        <tr><th scope="row">norm <math>\(MathML.render(.symbol(Quantity.equilibriumNorm.symbol)).text)</math></th><td class="number">—</td></tr>
        <tr><th scope="row"><math><mroot>\(η)<mn>3</mn></mroot></math></th><td class="number">12\u{2009}345</td></tr>
        </tbody>
        </table>
        </div>
        </figure>

        """)
  }

  @Test func page() {
    let page = HTMLFormat().render(FormatTests.document).text
    let body = HTMLFormat(isFragment: true).render(FormatTests.document).text
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"))
    #expect(page.contains("<title>Title_1</title>"))
    #expect(page.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"))
    #expect(page.contains("default-src 'none'"))
    #expect(page.contains("<main>\n\(body)</main>"))
    #expect(HTMLFormat().render(Document([.paragraph("p")])).text.contains("<title>roteq</title>"))
    // Nothing is asked for from elsewhere.
    for word in ["http:", "https:", "url(", "@import", "<link", "<script", "src="] {
      #expect(!page.replacing("http://www.w3.org/2000/svg", with: "").contains(word), "\(word)")
    }
  }

  @Test func sectionsHaveAnchorsOfTheirOwn() {
    let text = HTMLFormat(isFragment: true).render(
      Document([
        .heading(1, "T"), .paragraph("lead"), .heading(2, "Notes & more"), .heading(3, "η̂"),
        .heading(2, "notes, more"), .heading(2, "—"), .heading(3, "Section"),
      ])
    ).text
    func mark(_ anchor: String) -> String {
      "<a class=\"anchor\" href=\"#\(anchor)\" aria-label=\"Link here\">#</a>"
    }
    #expect(
      text == """
        <h1>T</h1>
        <p>lead</p>
        <section id="notes-more">
        <h2>Notes &amp; more \(mark("notes-more"))</h2>
        <h3 id="section-2">η̂ \(mark("section-2"))</h3>
        </section>
        <section id="notes-more-2">
        <h2>notes, more \(mark("notes-more-2"))</h2>
        </section>
        <section id="section">
        <h2>— \(mark("section"))</h2>
        <h3 id="section-3">Section \(mark("section-3"))</h3>
        </section>

        """)
  }

  @Test(arguments: [(5, false), (6, true)]) func manySectionsAreListed(count: Int, isListed: Bool) {
    let text = HTMLFormat().render(
      Document([.heading(1, "T"), .paragraph("lead")] + (1...count).map { .heading(2, "Part <\($0)>") })
    ).text
    #expect(text.contains("<h1>T</h1>\n<nav aria-label=\"Contents\">") == isListed)
    #expect(text.contains("<li><a href=\"#part-1\">Part &lt;1&gt;</a></li>") == isListed)
  }

  @Test(
    arguments: [
      (1.2367e-7, "1.237\u{2009}×\u{2009}10<sup>−7</sup>"),
      (-6.931e22, "−6.931\u{2009}×\u{2009}10<sup>22</sup>"),
      (-0.5, "−0.5"), (12345, "12\u{2009}345"), (.nan, "—"), (-.infinity, "—"),
    ] as [(Double, String)])
  func number(value: Double, text: String) {
    let table = Table(columns: [Table.Column("v", name: "v")], rows: [[.number(value)]])
    #expect(
      HTMLFormat(isFragment: true).render(Document([.table(table)])).text.contains(
        "<td class=\"number\">\(text)</td>"))
  }

  /// Whatever stands in a configuration.
  @Test func anyWordsAreEscaped() {
    let bad = "\"><script>alert(1)</script><img src=x onerror='a'> &amp; </title></style>\u{0}"
    let prose = Prose([.text(bad), .code(bad)])
    let symbol = Symbol("s", plain: bad, latex: bad, sympy: bad, meaning: bad, domain: .real)
    let document = Document([
      .heading(1, bad), .heading(2, bad), .heading(3, bad), .paragraph(prose), .list([prose]),
      .equation(Equation(.symbol(symbol), bad, .symbol(symbol), tag: bad)),
      .table(
        Table(
          caption: prose,
          columns: [Table.Column(prose, name: bad, isNumeric: false), Table.Column(prose, name: bad)],
          rows: [[.prose(prose), .prose(prose)]])),
      .figure(
        prose,
        Figure(
          title: prose,
          panels: [Figure.Panel(x: "x", y: "y", series: [Figure.Series(prose, x: [1, 2], y: [1, 2])])]),
        file: bad),
    ])
    let body = HTMLFormat(isFragment: true).render(document).text
    #expect(Self.isWellFormed(body))
    for page in [body, HTMLFormat().render(document).text] {
      #expect(!page.contains("<script") && !page.contains("<img") && !page.contains("\u{0}"))
      #expect(page.split(separator: "</title>").count == (page == body ? 2 : 3))
    }
  }

  @Test func figuresInEveryFormat() {
    let figure = FigureFormatTests.figure
    let document = Document([.figure("caption", figure, file: "run")])
    #expect(
      HTMLFormat(isFragment: true).render(document).text
        == "<figure>\n<div class=\"scroll\" tabindex=\"0\">\n"
        + SVG(isFragment: true).render(figure).text + "</div>\n<figcaption>caption</figcaption>\n</figure>\n")
    #expect(MarkdownFormat().render(document).text == "![caption](run.svg)\n")
    #expect(TextFormat().render(document).text == "caption: run.svg\n")
    let picture = PGFPlots().picture(figure).text
    #expect(PGFPlots(isFragment: true).render(figure).text.hasSuffix(picture))
    #expect(
      LaTeXFormat(isFragment: true).render(document).text
        == "% needs \\usepackage{amsmath,amssymb,booktabs,graphicx,siunitx,pgfplots}\n"
        + "% needs \\pgfplotsset{compat=1.17}\n\\begin{figure}[!htbp]\n\\centering\n\\resizebox{\\linewidth}{!}{%\n"
        + picture + "}\n\\caption{caption}\n\\end{figure}\n")
    #expect(
      LaTeXFormat().render(document).text.contains(
        "\\usepackage{amsmath,amssymb,booktabs,graphicx,siunitx,pgfplots}\n\\pgfplotsset{compat=1.17}\n"))
    #expect(document.figures.map(\.file) == ["run"])
    #expect(document.withoutFigures.blocks.isEmpty)
  }
}
