import Formulas
import OutsideText

/// A figure as LaTeX for pgfplots 1.17 or later, with its data inside.
public struct PGFPlots: Sendable {
  /// Whether only the picture is written, to be read into a paper.
  public let isFragment: Bool

  /// A whole document, or a fragment.
  public init(isFragment: Bool = false) { self.isFragment = isFragment }

  /// The most points of a series that are drawn; more would burden TeX and not be seen.
  private static let limit = 800
  /// The room of a character and of a line, in centimetres.
  private static let (character, line) = (0.15, 0.42)

  /// The version whose rules are followed; set in the preamble.
  static let compatibility: Written<TeX> = "\\pgfplotsset{compat=1.17}"

  /// The whole text.
  public func render(_ figure: Figure) -> Written<TeX> {
    let layout = Figure.Layout(figure, on: .page(width: 104))
    return document(picture(figure, layout), layout)
  }

  /// The picture alone, as it stands in a document.
  func picture(_ figure: Figure) -> Written<TeX> {
    picture(figure, Figure.Layout(figure, on: .page(width: 104)))
  }

  private func picture(_ figure: Figure, _ layout: Figure.Layout) -> Written<TeX> {
    var lines: [Written<TeX>] = ["\\begin{tikzpicture}[every node/.append style={font=\\small}]"]
    lines += Figure.Color.allCases.map { "\\definecolor{roteq-\("\($0)")}{HTML}{\($0.hexadecimal)}" }
    lines.append(
      "\\useasboundingbox (0,0) rectangle (\(across(layout.width)), \(down(layout.height)));")
    lines.append(
      """
      \\pgfplotsset{every axis/.append style={
        anchor=north west, scale only axis, axis lines=left, axis line style={-, black!50}, clip=false,
        tick align=outside, tick style={black!50}, minor tick style={draw=none}, ymajorgrids, grid style={black!12}, scaled ticks=false,
        legend cell align=left, legend style={
          draw=none, fill=none, inner sep=0pt, anchor=north west, /tikz/every even column/.append style={
            column sep=1.5em}}}}
      """)
    if let title = figure.title {
      lines.append(node(title, layout.left, layout.title, "anchor=west, font=\\normalsize"))
    }
    for (index, panel) in figure.panels.enumerated() {
      lines += axis(panel, layout.frames[index], layout.rulers[index], layout)
      if index == 0 { lines += legend(figure, layout) }
      for series in panel.series {
        for run in series.lines(
          along: layout.rulers[index].x, upward: layout.rulers[index].y, limit: Self.limit)
        {
          let points: [Written<TeX>] = run.map {
            "(\(Numbers.rounded($0.x, digits: 7)),\(Numbers.rounded($0.y, digits: 6)))"
          }
          lines.append(
            "\\addplot[\(style(series.style, series.color, isLone: series.isLone)), forget plot] coordinates {\n"
              + Self.lines(points) + "};")
        }
      }
      lines.append("\\end{axis}")
      lines += labels(panel, layout.frames[index], layout)
    }
    lines.append("\\end{tikzpicture}")
    return lines.joined(separator: "\n") + "\n"
  }

  /// Some points a line: a long curve is not a long file.
  private static func lines(_ points: [Written<TeX>]) -> Written<TeX> {
    stride(from: 0, to: points.count, by: 6).map {
      "  \(points[$0..<min($0 + 6, points.count)].joined(separator: " "))\n" as Written
    }.joined()
  }

  private func document(_ picture: Written<TeX>, _ layout: Figure.Layout) -> Written<TeX> {
    let preamble: [Written<TeX>] = ["\\usepackage{amsmath,amssymb,pgfplots}", Self.compatibility]
    if isFragment {
      return preamble.map { "% needs \($0)\n" as Written }.joined()
        + "% to fit a column: \\resizebox{\\linewidth}{!}{\\input{this file}}\n" + picture
    }
    let size: Written<TeX> =
      "paperwidth=\(across(layout.width + 4)), paperheight=\(number(layout.height * Self.line + 0.7))cm"
    return "\\documentclass{article}\n\\usepackage[\(size), margin=0.3cm]{geometry}\n"
      + preamble.joined(separator: "\n")
      + "\n\\pagestyle{empty}\n\\setlength{\\parindent}{0pt}\n\\begin{document}\n" + picture
      + "\\end{document}\n"
  }

  // MARK: Axes

  private func axis(
    _ panel: Figure.Panel, _ frame: Figure.Layout.Frame, _ ruler: (x: Figure.Ruler, y: Figure.Ruler),
    _ layout: Figure.Layout
  ) -> [Written<TeX>] {
    let size: Written<TeX> =
      "width=\(across(layout.right - layout.left)), height=\(number((frame.bottom - frame.top) * Self.line))cm"
    let begin: [Written<TeX>] = [
      "\\begin{axis}[at={(\(across(layout.left)), \(down(frame.top)))}, \(size),",
      "  " + settings("x", ruler.x, isNumbered: frame.xLabel != nil),
      "  " + settings("y", ruler.y, isNumbered: true),
      "  legend columns=\(layout.legendColumns), "
        + "legend style={at={(0,1)}, yshift=\(number((frame.top - layout.legend) * Self.line))cm}]",
    ]
    let marks = panel.marks(along: ruler.x).map { mark -> Written<TeX> in
      let ends: [Written<TeX>] = [ruler.y.lower, ruler.y.upper].map {
        "(axis cs:\(Numbers.full(mark.position)),\(Numbers.full($0)))"
      }
      return "\\draw[black!40] \(ends[0]) -- \(ends[1]);"
    }
    return begin + marks
  }

  private func settings(_ name: String, _ ruler: Figure.Ruler, isNumbered: Bool) -> Written<TeX> {
    let values = ruler.ticks.map { Numbers.full($0.value) }.joined(separator: ",")
    let labels = ruler.ticks.map { "{\($0.label)}" as Written<TeX> }.joined(separator: ",")
    return "\(name)mode=\(ruler.scale == .linear ? "linear" : "log"), "
      + "\(name)min=\(Numbers.full(ruler.lower)), \(name)max=\(Numbers.full(ruler.upper)), "
      + "\(name)tick={\(values)}, \(name)ticklabels=\((isNumbered ? "{\(labels)}" : "\\empty") as Written<TeX>),"
  }

  private func legend(_ figure: Figure, _ layout: Figure.Layout) -> [Written<TeX>] {
    figure.legend.map {
      "\\addlegendimage{\(style($0.style, $0.color))}\\addlegendentry{\(LaTeXFormat().render($0.name))}"
    }
  }

  private func style(_ style: Figure.Style, _ color: Figure.Color, isLone: Bool = false) -> Written<TeX> {
    let pen: Written<TeX> =
      switch style {
      case .line: "line width=1.2pt"
      case .dashed: "line width=0.8pt, dash pattern=on 4pt off 2pt"
      case .dotted: "line width=1pt, dash pattern=on 1pt off 2pt"
      case .points: "only marks, mark=*, mark size=\(isLone ? "2" : "0.8")pt"
      }
    return "roteq-\("\(color)"), \(pen)"
  }

  // MARK: Words

  private func labels(_ panel: Figure.Panel, _ frame: Figure.Layout.Frame, _ layout: Figure.Layout)
    -> [Written<TeX>]
  {
    var lines: [Written<TeX>] = []
    if let title = panel.title, let line = frame.title {
      lines.append(node(title, layout.left, line, "anchor=west"))
    }
    lines.append(node(panel.y.label, 1.6, frame.yLabel, "rotate=90"))
    if let line = frame.xLabel {
      lines.append(node(panel.x.label, (layout.left + layout.right) / 2, line, ""))
    }
    return lines
      + frame.marks.map { mark in
        let anchor: Written<TeX> =
          switch mark.anchor {
          case .left: "anchor=west, "
          case .center: ""
          case .right: "anchor=east, "
          }
        return node(mark.text, mark.column, mark.line, anchor + "black!60, font=\\footnotesize")
      }
  }

  private func node(
    _ prose: Prose, _ column: Double, _ line: Double, _ options: Written<TeX>
  ) -> Written<TeX> {
    let separator: Written<TeX> = options.isEmpty ? "" : ", "
    let place: Written<TeX> = "(\(across(column)), \(down(line)))"
    return "\\node[inner sep=0pt\(separator)\(options)] at \(place) {\(LaTeXFormat().render(prose))};"
  }

  private func across(_ columns: Double) -> Written<TeX> { "\(number(columns * Self.character))cm" }
  private func down(_ lines: Double) -> Written<TeX> { "\(number(-lines * Self.line))cm" }
  private func number(_ value: Double) -> Written<TeX> { "\(Numbers.rounded(value, digits: 4))" }
}
