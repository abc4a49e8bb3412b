import Formulas
import OutsideText

/// A figure as a script for gnuplot 5.4 or later, with its data inside: `gnuplot fig.gp > fig.svg`.
public struct GnuplotScript: Sendable {
  /// What gnuplot draws on.
  public enum Terminal: Sendable, Hashable {
    /// A vector graphic for the screen.
    case svg
    /// A vector graphic for print, 18 cm across.
    case pdf
    /// A picture of 1800 dots across.
    case png
    /// Characters, so many across and down; in colour by ANSI escapes where asked for.
    case text(columns: Int, rows: Int, usesColor: Bool)
  }
  /// What gnuplot draws on.
  public let terminal: Terminal

  /// A script for this terminal.
  public init(_ terminal: Terminal) { self.terminal = terminal }

  /// The most points of a series that are drawn.
  private static let limit = 2000

  /// The whole script.
  public func render(_ figure: Figure) -> Written<GnuplotSource> {
    let layout = Figure.Layout(figure, on: terminal.medium)
    let curves = zip(figure.panels, layout.rulers).map { panel, ruler in
      panel.series.map { series in
        let runs = series.runs(along: ruler.x, upward: ruler.y, limit: Self.limit)
        return isText && [.dashed, .dotted].contains(series.style)
          ? runs.map { filled($0, ruler, layout) } : runs
      }
    }
    let words = Words(figure, isText: isText)
    var lines: [Written<GnuplotSource>] = [
      "# gnuplot 5.4 or later", "set encoding utf8", "set terminal \(terminal.setting(layout))",
    ]
    lines += words.definition
    for (panel, curves) in curves.enumerated() {
      for (series, runs) in curves.enumerated() where !runs.isEmpty {
        lines += ["\(block(panel, series)) << END", data(runs), "END"]
      }
    }
    lines += appearance + ["set multiplot"]
    for (index, panel) in figure.panels.enumerated() {
      var plots = index == 0 ? legend(figure, words) : []
      for (number, series) in panel.series.enumerated() where !curves[index][number].isEmpty {
        plots.append("\(block(index, number)) \(style(series.style, series.color)) notitle")
      }
      lines += ["unset label", "unset arrow"] + axes(index, layout)
      lines += labels(of: panel, index, layout, words)
      lines += index == 0 ? heading(figure, layout, words) : ["unset key"]
      lines.append(plots.isEmpty ? "plot NaN notitle" : "plot " + plots.joined(separator: ", \\\n  "))
    }
    return (lines + ["unset multiplot"]).joined(separator: "\n") + "\n"
  }

  private var isText: Bool { terminal.isText }
  private var look: Look { terminal.look }

  // MARK: Places

  /// A column as a share of the width; gnuplot counts characters from the first to the last.
  private func across(_ column: Double, _ layout: Figure.Layout) -> Written<GnuplotSource> {
    Written(column / (isText ? layout.width - 1 : layout.width), digits: 4)
  }

  /// A line as a share of the height, from below. On a terminal gnuplot rounds down.
  private func down(_ line: Double, _ layout: Figure.Layout) -> Written<GnuplotSource> {
    Written(
      1 - (isText ? (line - 0.05) / (layout.height - 1) : line / layout.height), digits: isText ? 6 : 4)
  }

  // MARK: Data

  private func block(_ panel: Int, _ series: Int) -> Written<GnuplotSource> {
    "$panel\(panel + 1)_series\(series + 1)"
  }

  /// A blank line breaks the curve.
  private func data(_ runs: [[Figure.Point]]) -> Written<GnuplotSource> {
    runs.map { run in
      run.map {
        "\(Written<GnuplotSource>($0.x, digits: 7)) \(Written<GnuplotSource>($0.y, digits: 6))" as Written
      }
      .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// On a terminal a broken line is a row of characters: a point for each that it crosses.
  private func filled(
    _ run: [Figure.Point], _ ruler: (x: Figure.Ruler, y: Figure.Ruler), _ layout: Figure.Layout
  ) -> [Figure.Point] {
    zip(run, run.dropFirst()).flatMap { from, to in
      let (x, y) = (ruler.x.fraction(from.x), ruler.y.fraction(from.y))
      let (width, height) = (ruler.x.fraction(to.x) - x, ruler.y.fraction(to.y) - y)
      let count = Int(max(abs(width) * layout.width, abs(height) * layout.height, 1).rounded(.up))
      return (0..<count).map { index in
        let share = Double(index) / Double(count)
        return Figure.Point(
          x: ruler.x.value(at: x + share * width), y: ruler.y.value(at: y + share * height))
      }
    } + run.suffix(1)
  }

  // MARK: Axes

  /// Thin grey axes at the left and below.
  private var appearance: [Written<GnuplotSource>] {
    guard !isText else { return ["set border 3", "set tics nomirror scale 0"] }
    return [
      "set border 3 linecolor rgb '#888888'", "set tics nomirror out scale 0.6 textcolor rgb '#333333'",
      "set grid ytics linetype 1 linewidth 0.7 linecolor rgb '#E4E4E4'",
      "set xtics offset 0,\(Written<GnuplotSource>(look.numberOffset))",
      "set pointsize \(Written<GnuplotSource>(look.pointSize))",
    ]
  }

  private func axes(_ index: Int, _ layout: Figure.Layout) -> [Written<GnuplotSource>] {
    let frame = layout.frames[index]
    return [
      "set lmargin at screen \(across(layout.left, layout))",
      "set rmargin at screen \(across(layout.right, layout))",
      "set tmargin at screen \(down(frame.top, layout))",
      "set bmargin at screen \(down(frame.bottom, layout))",
    ]
      + axis("x", layout.rulers[index].x, isNumbered: frame.xLabel != nil)
      + axis("y", layout.rulers[index].y, isNumbered: true)
  }

  private func axis(_ name: Written<GnuplotSource>, _ ruler: Figure.Ruler, isNumbered: Bool) -> [Written<
    GnuplotSource
  >] {
    let ticks: [Written<GnuplotSource>] = ruler.ticks.map {
      "\(isNumbered ? $0.label : "") \(Written<GnuplotSource>($0.value))"
    }
    return [
      "unset logscale \(name)",
      "set \(name)range [\(Written<GnuplotSource>(ruler.lower)):\(Written<GnuplotSource>(ruler.upper))]",
    ]
      + (ruler.scale == .logarithmic ? ["set logscale \(name)"] : [])
      + ["set \(name)tics (\(ticks.joined(separator: ", ")))"]
  }

  // MARK: Words

  private func labels(
    of panel: Figure.Panel, _ index: Int, _ layout: Figure.Layout, _ words: Words
  ) -> [Written<GnuplotSource>] {
    let frame = layout.frames[index]
    var lines: [Written<GnuplotSource>] = []
    if let title = panel.title, let line = frame.title {
      lines.append(label(words.reference(title), layout, layout.margin, line, .left, "#222222"))
    }
    lines.append(
      isText
        ? label(words.reference(panel.y.label), layout, 0, frame.yLabel, .left, "#333333")
        : label(words.reference(panel.y.label), layout, 1.6, frame.yLabel, .center, "#333333")
          + " rotate by 90")
    if let line = frame.xLabel {
      lines.append(
        label(
          words.reference(panel.x.label), layout, (layout.left + layout.right) / 2, line, .center, "#333333"))
    }
    for mark in panel.marks(along: layout.rulers[index].x) {
      let position = Written<GnuplotSource>(mark.position)
      if isText {
        lines += stride(from: frame.top, to: frame.bottom, by: 1).map {
          "set label '│' at first \(position), screen \(down($0, layout)) center"
        }
      } else {
        lines.append(
          "set arrow from \(position), graph 0 to \(position), graph 1 nohead linewidth 0.8 linecolor rgb '#999999'"
        )
      }
    }
    return lines
      + frame.marks.map {
        label(words.reference($0.text), layout, $0.column, $0.line, $0.anchor, "#666666", size: 13)
      }
  }

  private func heading(
    _ figure: Figure, _ layout: Figure.Layout, _ words: Words
  ) -> [Written<GnuplotSource>] {
    let title = figure.title.map {
      label(words.reference($0), layout, layout.margin, layout.title, .left, "#222222", size: 17)
    }
    let place: Written<GnuplotSource> =
      "\(across(layout.margin, layout)), screen \(down(layout.legend + look.keyOffset, layout)) left top"
    let key: Written<GnuplotSource> =
      "set key at screen \(place) horizontal maxcols \(layout.legendColumns) Left reverse samplen 2 "
      + "spacing \(Written<GnuplotSource>(look.keySpacing))" + keyWidth(figure)
    return (title.map { [$0] } ?? []) + [isText ? key : key + " textcolor rgb '#333333'"]
  }

  /// For SVG gnuplot takes letters to be nine dots wide, and breaks the legend sooner than need be.
  private func keyWidth(_ figure: Figure) -> Written<GnuplotSource> {
    let longest = figure.legend.map(\.name.plain.count).max() ?? 0
    return terminal == .svg ? " width -\(longest / 9 + 2)" : ""
  }

  private func label(
    _ words: Written<GnuplotSource>, _ layout: Figure.Layout, _ column: Double, _ line: Double,
    _ anchor: Figure.Layout.MarkLabel.Anchor, _ color: String, size: Int? = nil
  ) -> Written<GnuplotSource> {
    let side = Written<GnuplotSource>(verbatim: "\(anchor)")
    let place: Written<GnuplotSource> =
      "set label \(words) at screen \(across(column, layout)), screen \(down(line, layout)) \(side)"
    return isText ? place : place + " textcolor rgb \(color)" + (size.map { " font ',\($0)'" } ?? "")
  }

  private func legend(_ figure: Figure, _ words: Words) -> [Written<GnuplotSource>] {
    figure.legend.map { "keyentry \(style($0.style, $0.color)) title \(words.reference($0.name))" }
  }

  // MARK: Curves

  private func style(_ style: Figure.Style, _ color: Figure.Color) -> Written<GnuplotSource> {
    if case .text(_, _, let usesColor) = terminal {
      let pen: Written<GnuplotSource> =
        switch style {
        case .line: "lines"
        case .dashed: "points pointtype '-'"
        case .dotted: "points pointtype '.'"
        case .points: "points pointtype 'o'"
        }
      // A line's character goes by its type; the terminal's own colour is type −1.
      let type = Figure.Color.allCases.firstIndex(of: color).map { $0 == 0 ? 7 : $0 } ?? 1
      if !usesColor { return "with \(pen) linetype \(type)" }
      return color == .neutral
        ? "with \(pen) linetype -1" : "with \(pen) linecolor rgb \("#" + color.hexadecimal)"
    }
    let pen: Written<GnuplotSource> =
      switch style {
      case .line: "lines linewidth 2.2"
      case .dashed: "lines linewidth 1.4 dashtype \(dash(9, 5))"
      case .dotted: "lines linewidth 1.8 dashtype \(dash(2, 4))"
      case .points: "points pointtype 7"
      }
    return "with \(pen) linecolor rgb \("#" + color.hexadecimal)"
  }

  private func dash(_ length: Double, _ gap: Double) -> Written<GnuplotSource> {
    "(\(Written<GnuplotSource>(length * look.dash)),\(Written<GnuplotSource>(gap * look.dash)))"
  }
}

extension Written<GnuplotSource> {
  /// A number with every digit, or to so many.
  fileprivate init(_ number: Double, digits: Int? = nil) {
    self.init(verbatim: digits.map { Numbers.rounded(number, digits: $0) } ?? Numbers.full(number))
  }
}
