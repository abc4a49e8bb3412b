import Equilibrium
import Formulas
import OutsideText
import Reports
import Testing

@Suite struct NumberTests {
  @Test(
    arguments: [
      (0.0, "0", "0"), (1, "1", "1"), (-3, "-3", "-3"), (0.00012345, "0.0001234", "0.00012345"),
      (1.2367e-7, "1.237e-07", "1.2367e-07"), (1.0 / 3, "0.3333", "0.3333333333333333"),
      (9999, "9999", "9999"),
      (12345, "12\u{2009}345", "12345"), (12345.6, "12\u{2009}346", "12345.6"), (1e6, "1e+06", "1000000"),
      (6.931e22, "6.931e+22", "6.931e+22"),
    ] as [(Double, String, String)])
  func shortAndFull(value: Double, short: String, full: String) {
    #expect(Numbers.short(value) == short)
    #expect(Numbers.full(value) == full)
    #expect(Double(full) == value)
  }
}

@Suite struct FormatTests {
  static let table = Table(
    caption: "A caption with η̂_r & 5 %",
    columns: [
      Table.Column("name, \"quoted\"", name: "a,b", isNumeric: false), Table.Column("value", name: "value"),
    ],
    rows: [
      ["x | y", .number(1.0 / 3)], [.prose("norm \(Quantity.equilibriumNorm.symbol)"), .empty],
      [.formula(.root(.symbol(.learningRate), 3)), .number(12345)],
    ])
  static let document = Document([
    .heading(1, "Title_1"), .paragraph("take \(.symbol(.weightDecay) / 2), `not code`, run \(code: "a_b")"),
    .list(["first ≪ 2", "second"]), .equation(Equation(.symbol(.learningRate), "≈", 2, tag: "(18)")),
    .table(table),
  ])

  @Test func text() {
    #expect(
      TextFormat().render(Self.document).text == """
        Title_1
        =======

        take λ/2, `not code`, run a_b

        • first ≪ 2
        • second

            η ≈ 2   (18)

        A caption with η̂_r & 5 %
        name, "quoted"   value
        ──────────────────────
        x | y           0.3333
        norm ‖ω̂‖             —
        ∛η              12\u{2009}345

        """)
  }

  @Test func colourIsOnlyAddedToHeadings() {
    let coloured = TextFormat(usesColor: true).render(Document([.heading(1, "T"), .paragraph("p")])).text
    #expect(coloured == "\u{1B}[1mT\u{1B}[0m\n\np\n")
  }

  @Test func markdown() {
    #expect(
      MarkdownFormat().render(Self.document).text == """
        # Title\\_1

        take $\\frac{\\lambda}{2}$, \\`not code\\`, run `a_b`

        - first ≪ 2
        - second

        $$\\eta \\approx 2 \\tag*{(18)}$$

        **A caption with η̂\\_r & 5 %**

        | name, "quoted" | value |
        |:---|---:|
        | x \\| y | 0.3333 |
        | norm $\\widehat{\\Vert \\boldsymbol{\\omega}\\Vert }$ | — |
        | $\\sqrt[3]{\\eta}$ | 12\u{2009}345 |

        """)
  }

  @Test func latexFragment() {
    #expect(
      LaTeXFormat(isFragment: true).render(Self.document).text == """
        % needs \\usepackage{amsmath,amssymb,booktabs,graphicx,siunitx}
        \\section*{Title\\_1}

        take $\\frac{\\lambda}{2}$, \\textasciigrave{}not code\\textasciigrave{}, run \\texttt{a\\_b}

        \\begin{itemize}
          \\item first \\ensuremath{\\ll} 2
          \\item second
        \\end{itemize}

        \\[ \\eta \\approx 2 \\tag*{(18)} \\]

        \\begin{table}[htbp]
          \\centering
          \\caption{A caption with \\ensuremath{\\hat{\\eta}}\\_r \\& 5 \\%}
          \\smallskip
          \\renewcommand{\\arraystretch}{2.4}
          \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%
          \\begin{tabular}{lr}
            \\toprule
            name, ''quoted'' & value \\\\
            \\midrule
            x \\ensuremath{|} y & \\num{0.3333} \\\\
            norm $\\widehat{\\|\\boldsymbol{\\omega}\\|}$ & --- \\\\
            $\\sqrt[3]{\\eta}$ & \\num{12345} \\\\
            \\bottomrule
          \\end{tabular}}
        \\end{table}

        """)
  }

  @Test func csv() {
    #expect(
      CSV().render(Self.table).text == """
        "a,b",value
        x | y,0.3333333333333333
        norm ‖ω̂‖,
        ∛η,12345

        """)
  }

  @Test func json() {
    let value: JSONValue = [
      "b": 1.5, "a": [.number(.nan), nil, true], "text": "line\n\"quoted\" \\ \u{1}", "empty": [:],
      "none": [],
    ]
    #expect(
      value.text.text == """
        {
          "b": 1.5,
          "a": [
            null,
            null,
            true
          ],
          "text": "line\\n\\"quoted\\" \\\\ \\u0001",
          "empty": {},
          "none": []
        }

        """)
    #expect(JSONValue([("x", 0.1)]).line == "{\"x\": 0.1}")
  }
}
