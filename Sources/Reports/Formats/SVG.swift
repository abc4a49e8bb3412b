import Formulas
import OutsideText

/// A figure as SVG without script, network or ids: any number of them can stand on a page.
///
/// Words and axes have the colour of the text around them; curves change theirs where the page is dark.
public struct SVG: Sendable {
  /// Whether only the element is written, to stand in a page.
  public let isFragment: Bool

  /// A file of its own, or an element.
  public init(isFragment: Bool = false) { self.isFragment = isFragment }

  /// The most points of a series that are drawn, two to a dot.
  private static let limit = 1400
  /// The room of a character and of a line, and the height of letters, in dots.
  static let (character, line, letter) = (8.0, 20.0, 15.0)

  /// Rules for a dark page: the colours that would be too dark on it.
  static let darkStyle: Written<Markup> = ".roteq-neutral{stroke:#B8BEC7}.roteq-blue{stroke:#4A9FDC}"

  /// The whole text.
  public func render(_ figure: Figure) -> Written<Markup> {
    let layout = Figure.Layout(figure, on: .page(width: 104))
    var lines = [open(figure, layout), "<title>\(figure.title?.plain ?? "Figure")</title>"]
    if !isFragment {
      lines.append(
        "<style>@media (prefers-color-scheme:dark){svg{color:#E2E5E9}.paper{fill:#15171B}"
          + "\(Self.darkStyle)}</style>")
      lines.append("<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#FFFFFF\" />")
    }
    if let title = figure.title {
      lines.append(text(title, layout.left, layout.title, size: 17))
    }
    lines += legend(figure, layout)
    for (index, panel) in figure.panels.enumerated() {
      let frame = layout.frames[index]
      let plot = Plot(
        left: layout.left * Self.character, right: layout.right * Self.character,
        top: frame.top * Self.line, bottom: frame.bottom * Self.line, ruler: layout.rulers[index])
      lines += plot.grid(isNumbered: frame.xLabel != nil)
      lines += plot.marks(panel)
      for series in panel.series {
        let data = plot.path(series, limit: Self.limit)
        if !data.isEmpty {
          lines.append("<path \(pen(series.style, series.color, isLone: series.isLone)) d=\"\(data)\" />")
        }
      }
      lines += labels(panel, frame, layout)
    }
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func open(_ figure: Figure, _ layout: Figure.Layout) -> Written<Markup> {
    let (width, height) = (Self.dots(layout.width * Self.character), Self.dots(layout.height * Self.line))
    let family: Written<Markup> =
      isFragment ? "" : " font-family=\"Helvetica,Arial,'Liberation Sans',sans-serif\" color=\"#1F2328\""
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
      + "height=\"\(height)\" role=\"img\" fill=\"currentColor\" font-size=\"\(Self.dots(Self.letter))\"\(family)>"
  }

  private func pen(_ style: Figure.Style, _ color: Figure.Color, isLone: Bool = false) -> Written<Markup> {
    let pen: Written<Markup> =
      switch style {
      case .line: "stroke-width=\"2.2\" stroke-linejoin=\"round\""
      case .dashed: "stroke-width=\"1.5\" stroke-dasharray=\"9 5\""
      case .dotted: "stroke-width=\"2\" stroke-dasharray=\"2 4\""
      // A dot is a line without length between round ends.
      case .points: "stroke-width=\"\(isLone ? "9" : "4.4")\" stroke-linecap=\"round\""
      }
    return "class=\"roteq-\("\(color)")\" fill=\"none\" stroke=\"#\(color.hexadecimal)\" \(pen)"
  }

  // MARK: Words

  /// Entries in columns, each as wide as its longest name.
  private func legend(_ figure: Figure, _ layout: Figure.Layout) -> [Written<Markup>] {
    let (entries, columns) = (figure.legend, layout.legendColumns)
    var left = layout.left * Self.character
    var lines: [Written<Markup>] = []
    for column in 0..<min(columns, entries.count) {
      let indices = Swift.stride(from: column, to: entries.count, by: columns)
      for index in indices {
        let (entry, y) = (entries[index], (layout.legend + 1.2 * (Double(index / columns) + 0.5)) * Self.line)
        let sample: Written<Markup> =
          entry.style == .points
          ? [3.0, 14, 25].map { "M\(Self.dots(left + $0)) \(Self.dots(y))h0" as Written }.joined()
          : "M\(Self.dots(left)) \(Self.dots(y))h28"
        lines.append("<path \(pen(entry.style, entry.color)) d=\"\(sample)\" />")
        lines.append(text(entry.name, (left + 36) / Self.character, y / Self.line))
      }
      left += 36 + 24 + (indices.map { Self.width(entries[$0].name.plain) }.max() ?? 0)
    }
    return lines
  }

  private func labels(_ panel: Figure.Panel, _ frame: Figure.Layout.Frame, _ layout: Figure.Layout)
    -> [Written<Markup>]
  {
    var lines: [Written<Markup>] = []
    if let title = panel.title, let line = frame.title { lines.append(text(title, layout.left, line)) }
    let (x, y) = (Self.dots(1.6 * Self.character), Self.dots(frame.yLabel * Self.line))
    lines.append(
      "<g transform=\"translate(\(x) \(y)) rotate(-90)\">"
        + text(panel.y.label, 0, 0, anchor: "middle") + "</g>")
    if let line = frame.xLabel {
      lines.append(text(panel.x.label, (layout.left + layout.right) / 2, line, anchor: "middle"))
    }
    return lines
      + frame.marks.map { mark in
        let anchor =
          switch mark.anchor {
          case .left: "start"
          case .center: "middle"
          case .right: "end"
          }
        return text(mark.text, mark.column, mark.line, size: 13, anchor: anchor, opacity: "0.75")
      }
  }

  /// A sentence whose middle is at a column and line.
  private func text(
    _ prose: Prose, _ column: Double, _ line: Double, size: Double = letter, anchor: String = "start",
    opacity: String? = nil
  ) -> Written<Markup> {
    var attributes: Written<Markup> =
      "x=\"\(Self.dots(column * Self.character))\" y=\"\(Self.dots(line * Self.line + 0.35 * size))\""
    if size != Self.letter { attributes += " font-size=\"\(Self.dots(size))\"" }
    if anchor != "start" { attributes += " text-anchor=\"\(anchor)\"" }
    if let opacity { attributes += " fill-opacity=\"\(opacity)\"" }
    return "<text \(attributes)>\(Self.words(prose, size: size))</text>"
  }

  /// Words, with the letters after a formula's low line as an index.
  private static func words(_ prose: Prose, size: Double) -> Written<Markup> {
    let shift = dots(0.25 * size)
    var (markup, isLow): (Written<Markup>, Bool) = ("", false)
    func append(_ text: some StringProtocol) {
      guard !text.isEmpty else { return }
      markup += isLow ? "<tspan dy=\"-\(shift)\">\(text)</tspan>" : "\(text)"
      isLow = false
    }
    for fragment in prose.fragments {
      guard case .formula(let formula) = fragment else {
        append(Prose([fragment]).plain)
        continue
      }
      let pieces = PlainText.render(formula).split(separator: "_", omittingEmptySubsequences: false)
      append(pieces[0])
      for piece in pieces.dropFirst() {
        let index = piece.prefix { $0.isLetter || $0.isNumber }
        markup +=
          "<tspan dy=\"\(shift)\" font-size=\"\(dots(0.75 * size))\">\(index)</tspan>"
        isLow = true
        append(piece.dropFirst(index.count))
      }
    }
    return markup
  }

  /// About how wide a text is: fonts differ, and nobody measures them here.
  private static func width(_ text: String) -> Double {
    text.reduce(0) { width, character in
      let share =
        "ijltfrI.,:;'|!()[] ".contains(character) ? 0.31 : "mwMW%".contains(character) ? 0.86 : 0.57
      return width + share * letter
    }
  }

  /// To a tenth of a dot.
  static func dots(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
    return (tenths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
  }
}
