import Equilibrium
import Formulas
import OutsideText
import Testing

@testable import Reports

/// Whole texts of a small figure.
@Suite struct FigureFormatTests {
  static let figure = Figure(
    title: "It's \(Symbol.learningRate) = 5 % & x_1",
    panels: [
      Figure.Panel(
        x: "step", y: "norm \(Quantity.equilibriumNorm.symbol)",
        series: [
          Figure.Series("moments", x: [1, 2, 3, 4], y: [0.5, 1, .nan, 1.25]),
          Figure.Series("equilibrium", x: [1, 4], y: [1, 1.5], style: .dashed, color: .neutral),
        ],
        marks: [Figure.Mark(at: 2, "end of warmup")]),
      Figure.Panel(
        title: "Rotation", x: "step",
        y: Figure.Axis("\(Quantity.expectedRotation.symbol) in rad", scale: .logarithmic),
        series: [
          Figure.Series("measured", x: [2, 4], y: [1e-4, 0.02], style: .points, color: .vermilion),
          Figure.Series("recurrence", x: [2, 4], y: [1e-4, 0.01], style: .dotted, color: .green),
        ],
        marks: [Figure.Mark(at: 2)]),
    ])

  @Test func gnuplot() {
    #expect(
      GnuplotScript(.svg).render(Self.figure).text == #"""
        # gnuplot 5.4 or later
        set encoding utf8
        set terminal svg enhanced size 900,650 font 'Helvetica,Arial,sans-serif,15' background '#FFFFFF'
        $words << END
        |It's η = 5 % \& x\_1|
        |step|
        |norm ‖ω̂‖|
        |end of warmup|
        |Rotation|
        |η̂_{r} in rad|
        |moments|
        |equilibrium|
        |measured|
        |recurrence|
        END
        shown(line) = substr($words[line], 2, strlen($words[line]) - 1)
        $panel1_series1 << END
        1 0.5
        2 1

        4 1.25
        END
        $panel1_series2 << END
        1 1
        4 1.5
        END
        $panel2_series1 << END
        2 0.0001
        4 0.02
        END
        $panel2_series2 << END
        2 0.0001
        4 0.01
        END
        set border 3 linecolor rgb '#888888'
        set tics nomirror out scale 0.6 textcolor rgb '#333333'
        set grid ytics linetype 1 linewidth 0.7 linecolor rgb '#E4E4E4'
        set xtics offset 0,0.35
        set pointsize 0.4
        set multiplot
        unset label
        unset arrow
        set lmargin at screen 0.08889
        set rmargin at screen 0.9644
        set tmargin at screen 0.8523
        set bmargin at screen 0.5138
        unset logscale x
        set xrange [1:4]
        set xtics ('' 1, '' 1.5, '' 2, '' 2.5, '' 3, '' 3.5, '' 4)
        unset logscale y
        set yrange [0:1.575]
        set ytics ('0' 0, '0.5' 0.5, '1' 1, '1.5' 1.5)
        set label shown(3) at screen 0.01422, screen 0.6831 center textcolor rgb '#333333' rotate by 90
        set arrow from 2, graph 0 to 2, graph 1 nohead linewidth 0.8 linecolor rgb '#999999'
        set label shown(4) at screen 0.3807, screen 0.8708 center textcolor rgb '#666666' font ',13'
        set label shown(1) at screen 0.08889, screen 0.9646 left textcolor rgb '#222222' font ',17'
        set key at screen 0.08889, screen 0.9385 left top horizontal maxcols 4 Left reverse samplen 2 spacing 1 width -3 textcolor rgb '#333333'
        plot keyentry with lines linewidth 2.2 linecolor rgb '#0072B2' title shown(7), \
          keyentry with lines linewidth 1.4 dashtype (9,5) linecolor rgb '#444444' title shown(8), \
          keyentry with points pointtype 7 linecolor rgb '#D55E00' title shown(9), \
          keyentry with lines linewidth 1.8 dashtype (2,4) linecolor rgb '#009E73' title shown(10), \
          $panel1_series1 with lines linewidth 2.2 linecolor rgb '#0072B2' notitle, \
          $panel1_series2 with lines linewidth 1.4 dashtype (9,5) linecolor rgb '#444444' notitle
        unset label
        unset arrow
        set lmargin at screen 0.08889
        set rmargin at screen 0.9644
        set tmargin at screen 0.4462
        set bmargin at screen 0.1077
        unset logscale x
        set xrange [1:4]
        set xtics ('1' 1, '1.5' 1.5, '2' 2, '2.5' 2.5, '3' 3, '3.5' 3.5, '4' 4)
        unset logscale y
        set yrange [7.672704990109255e-05:0.02606642641126127]
        set logscale y
        set ytics ('10⁻⁴' 0.0001, '10⁻³' 0.001, '10⁻²' 0.01)
        set label shown(5) at screen 0.08889, screen 0.4831 left textcolor rgb '#222222'
        set label shown(6) at screen 0.01422, screen 0.2769 center textcolor rgb '#333333' rotate by 90
        set label shown(2) at screen 0.5267, screen 0.03077 center textcolor rgb '#333333'
        set arrow from 2, graph 0 to 2, graph 1 nohead linewidth 0.8 linecolor rgb '#999999'
        unset key
        plot $panel2_series1 with points pointtype 7 linecolor rgb '#D55E00' notitle, \
          $panel2_series2 with lines linewidth 1.8 dashtype (2,4) linecolor rgb '#009E73' notitle
        unset multiplot

        """#)
  }

  @Test func pgfplots() {
    #expect(
      PGFPlots().render(Self.figure).text == #"""
        \documentclass{article}
        \usepackage[paperwidth=16.2cm, paperheight=14.35cm, margin=0.3cm]{geometry}
        \usepackage{amsmath,amssymb,pgfplots}
        \pgfplotsset{compat=1.17}
        \pagestyle{empty}
        \setlength{\parindent}{0pt}
        \begin{document}
        \begin{tikzpicture}[every node/.append style={font=\small}]
        \definecolor{roteq-neutral}{HTML}{444444}
        \definecolor{roteq-blue}{HTML}{0072B2}
        \definecolor{roteq-vermilion}{HTML}{D55E00}
        \definecolor{roteq-green}{HTML}{009E73}
        \definecolor{roteq-purple}{HTML}{CC79A7}
        \definecolor{roteq-orange}{HTML}{E69F00}
        \definecolor{roteq-sky}{HTML}{56B4E9}
        \useasboundingbox (0,0) rectangle (15.6cm, -13.65cm);
        \pgfplotsset{every axis/.append style={
          anchor=north west, scale only axis, axis lines=left, axis line style={-, black!50}, clip=false,
          tick align=outside, tick style={black!50}, minor tick style={draw=none}, ymajorgrids, grid style={black!12}, scaled ticks=false,
          legend cell align=left, legend style={
            draw=none, fill=none, inner sep=0pt, anchor=north west, /tikz/every even column/.append style={
              column sep=1.5em}}}}
        \node[inner sep=0pt, anchor=west, font=\normalsize] at (1.5cm, -0.483cm) {It's $\eta$ = 5 \% \& x\_1};
        \begin{axis}[at={(1.5cm, -2.016cm)}, width=13.5cm, height=4.62cm,
          xmode=linear, xmin=1, xmax=4, xtick={1,1.5,2,2.5,3,3.5,4}, xticklabels=\empty,
          ymode=linear, ymin=0, ymax=1.575, ytick={0,0.5,1,1.5}, yticklabels={{0},{0.5},{1},{1.5}},
          legend columns=4, legend style={at={(0,1)}, yshift=1.218cm}]
        \draw[black!40] (axis cs:2,0) -- (axis cs:2,1.575);
        \addlegendimage{roteq-blue, line width=1.2pt}\addlegendentry{moments}
        \addlegendimage{roteq-neutral, line width=0.8pt, dash pattern=on 4pt off 2pt}\addlegendentry{equilibrium}
        \addlegendimage{roteq-vermilion, only marks, mark=*, mark size=0.8pt}\addlegendentry{measured}
        \addlegendimage{roteq-green, line width=1pt, dash pattern=on 1pt off 2pt}\addlegendentry{recurrence}
        \addplot[roteq-blue, line width=1.2pt, forget plot] coordinates {
          (1,0.5) (2,1)
        };
        \addplot[roteq-blue, line width=1.2pt, forget plot] coordinates {
          (4,1.25)
        };
        \addplot[roteq-neutral, line width=0.8pt, dash pattern=on 4pt off 2pt, forget plot] coordinates {
          (1,1) (4,1.5)
        };
        \end{axis}
        \node[inner sep=0pt, rotate=90] at (0.24cm, -4.326cm) {norm $\widehat{\|\boldsymbol{\omega}\|}$};
        \node[inner sep=0pt, black!60, font=\footnotesize] at (6cm, -1.764cm) {end of warmup};
        \begin{axis}[at={(1.5cm, -7.56cm)}, width=13.5cm, height=4.62cm,
          xmode=linear, xmin=1, xmax=4, xtick={1,1.5,2,2.5,3,3.5,4}, xticklabels={{1},{1.5},{2},{2.5},{3},{3.5},{4}},
          ymode=log, ymin=7.672704990109255e-05, ymax=0.02606642641126127, ytick={0.0001,0.001,0.01}, yticklabels={{10\ensuremath{{}^-}\ensuremath{{}^4}},{10\ensuremath{{}^-}\ensuremath{{}^3}},{10\ensuremath{{}^-}\ensuremath{{}^2}}},
          legend columns=4, legend style={at={(0,1)}, yshift=6.762cm}]
        \draw[black!40] (axis cs:2,7.672704990109255e-05) -- (axis cs:2,0.02606642641126127);
        \addplot[roteq-vermilion, only marks, mark=*, mark size=0.8pt, forget plot] coordinates {
          (2,0.0001) (4,0.02)
        };
        \addplot[roteq-green, line width=1pt, dash pattern=on 1pt off 2pt, forget plot] coordinates {
          (2,0.0001) (4,0.01)
        };
        \end{axis}
        \node[inner sep=0pt, anchor=west] at (1.5cm, -7.056cm) {Rotation};
        \node[inner sep=0pt, rotate=90] at (0.24cm, -9.87cm) {$\widehat{\eta_r}$ in rad};
        \node[inner sep=0pt] at (8.25cm, -13.23cm) {step};
        \end{tikzpicture}
        \end{document}

        """#)
  }

  @Test func fragmentIsThePictureAlone() throws {
    let whole = PGFPlots().render(Self.figure).text
    let start = try #require(whole.firstRange(of: "\\begin{tikzpicture}")?.lowerBound)
    let end = try #require(whole.firstRange(of: "\\end{document}")?.lowerBound)
    #expect(
      PGFPlots(isFragment: true).render(Self.figure).text
        == "% needs \\usepackage{amsmath,amssymb,pgfplots}\n% needs \\pgfplotsset{compat=1.17}\n"
        + "% to fit a column: \\resizebox{\\linewidth}{!}{\\input{this file}}\n"
        + whole[start..<end])
  }

  /// Only the first lines differ between pictures, and what follows from the terminal; a terminal shows plain text.
  @Test(
    arguments: [
      (.svg, "svg enhanced size 900,650", #"|It's η = 5 % \& x\_1|"#, "|η̂_{r} in rad|"),
      (.pdf, "pdfcairo enhanced size 18cm,13cm", #"|It's η = 5 % \& x\_1|"#, "|η̂_{r} in rad|"),
      (.png, "pngcairo enhanced size 1800,1300", #"|It's η = 5 % \& x\_1|"#, "|η̂_{r} in rad|"),
      (
        .text(columns: 60, rows: 20, usesColor: false), "dumb 60,19 noenhanced mono", "|It's η = 5 % & x_1|",
        "|η̂_r in rad|"
      ),
      (
        .text(columns: 10, rows: 3, usesColor: true), "dumb 40,19 noenhanced ansi256",
        "|It's η = 5 % & x_1|", "|η̂_r in rad|"
      ),
    ] as [(GnuplotScript.Terminal, String, String, String)])
  func terminals(terminal: GnuplotScript.Terminal, setting: String, title: String, axis: String) {
    let script = GnuplotScript(terminal).render(Self.figure).text
    #expect(script.contains("\nset terminal \(setting)"))
    let words = script.firstRange(of: "$words << END\n").map { script[$0.upperBound...] } ?? ""
    let lines = words.prefix { $0 != "E" }.split(separator: "\n").map(String.init)
    #expect(lines.first == title && lines.contains(axis))
    #expect(script.contains("\nset label shown(1) at screen "))
  }

  @Test(
    arguments: [
      (#"\ { } ^ _ @ & ~"#, #"\\ \{ \} \^ \_ \@ \& \~"#), ("two\nlines", "two[U+000A]lines"), ("'", "'"),
      ("END", "END"),
      ("a \"b\" $c `d` %e #f", "a \"b\" $c `d` %e #f"),
    ])
  func wordsAreNotMarkup(words: String, escaped: String) {
    let figure = Figure(title: Prose(words), panels: [Figure.Panel(x: "x", y: "y", series: [])])
    #expect(GnuplotScript(.svg).render(figure).text.contains("\n$words << END\n|\(escaped)|\n|x|"))
  }

  @Test func nothingToDraw() {
    let panel = Figure.Panel(x: "x", y: "y", series: [Figure.Series(nil, x: [1], y: [.nan])])
    #expect(GnuplotScript(.svg).render(Figure(panels: [panel])).text.contains("\nplot NaN notitle\n"))
    #expect(GnuplotScript(.svg).render(Figure(panels: [])).text.hasSuffix("set multiplot\nunset multiplot\n"))
  }
}
