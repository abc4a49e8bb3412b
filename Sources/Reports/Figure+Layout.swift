import Formulas

extension Figure {
  /// Where everything stands, in lines from the top and characters from the left, whatever their size.
  struct Layout: Sendable {
    /// What the figure is drawn on.
    enum Medium: Sendable {
      /// A page so many characters wide, as high as it needs to be.
      case page(width: Double)
      /// A terminal; lines and columns are whole.
      case terminal(columns: Int, rows: Int)
    }
    /// A panel, from top to bottom.
    struct Frame: Sendable {
      var title: Double?
      /// The label of the vertical axis; on a page it runs along the axis, on a terminal it lies above.
      var yLabel: Double
      var marks: [MarkLabel]
      var top: Double
      var bottom: Double
      /// The label of the horizontal axis; nil where the panel below has it.
      var xLabel: Double?
    }
    /// The label of a mark, above its panel.
    struct MarkLabel: Sendable {
      /// Which end of the text stands at `column`.
      enum Anchor: Sendable { case left, center, right }
      let text: Prose
      let column: Double
      let anchor: Anchor
      var line: Double
    }

    let isTerminal: Bool
    let width: Double
    private(set) var height = 0.0
    /// The left end of the horizontal axes.
    let left: Double
    /// Their right end.
    let right: Double
    /// Where titles and the legend begin.
    var margin: Double { isTerminal ? 0 : left }
    let rulers: [(x: Ruler, y: Ruler)]
    private(set) var title = 0.0
    /// The upper edge of the legend.
    private(set) var legend = 0.0
    let legendColumns: Int
    private(set) var frames: [Frame] = []
  }
}

extension Figure.Layout {
  /// The layout of a figure. A terminal with too few rows is taken to be higher.
  init(_ figure: Figure, on medium: Medium) {
    let panels = max(figure.panels.count, 1)
    switch medium {
    case .page(let width):
      (isTerminal, self.width) = (false, width)
      rulers = figure.rulers(horizontalTicks: 7, verticalTicks: panels == 1 ? 8 : 6)
    case .terminal(let columns, let rows):
      (isTerminal, width) = (true, Double(max(columns, 40)))
      rulers = figure.rulers(
        horizontalTicks: max(columns / 14, 2), verticalTicks: min(max(rows / panels / 3, 3), 6))
    }
    // Numbers end a character before the vertical axis; half of the last one hangs over at the right.
    let xNumber = Double(rulers.flatMap { $0.x.ticks.map(\.label.count) }.max() ?? 0)
    let yNumber = Double(rulers.flatMap { $0.y.ticks.map(\.label.count) }.max() ?? 0)
    left = yNumber + (isTerminal ? 1 : 6)
    right = width - (isTerminal ? (xNumber / 2).rounded(.up) + 1 : max(xNumber / 2 + 1, 4))
    legendColumns = figure.legendColumns(width: right - (isTerminal ? 0 : left))

    if case .terminal(_, let rows) = medium {
      arrange(figure, plotHeight: 0)
      arrange(figure, plotHeight: max(((Double(rows) - height) / Double(panels)).rounded(.down), 5))
    } else {
      arrange(figure, plotHeight: panels == 1 ? 16 : 11)
    }
  }

  /// Goes down the figure and notes where each thing stands.
  private mutating func arrange(_ figure: Figure, plotHeight: Double) {
    var line = isTerminal ? 0 : 0.4
    /// The middle of what comes next and is so high.
    func take(_ height: Double) -> Double {
      defer { line += isTerminal ? 1 : height }
      return isTerminal ? line : line + height / 2
    }
    if figure.title != nil { title = take(1.5) }
    legend = line
    for _ in 0..<(figure.legend.count + legendColumns - 1) / legendColumns { _ = take(1.2) }
    frames = figure.panels.enumerated().map { index, panel in
      let title = panel.title.map { _ in take(1.4) }
      let above = isTerminal ? take(1) : 0
      var marks = markLabels(panel, along: rulers[index].x)
      let markHeight = isTerminal ? 1 : 0.9
      line += (marks.map { $0.line + 1 }.max() ?? 0) * markHeight
      line += isTerminal ? 0 : marks.isEmpty ? 0.5 : 0.8
      let top = line
      for index in marks.indices {
        marks[index].line = top - (isTerminal ? 1 : 0.6) - marks[index].line * markHeight
      }
      line += plotHeight
      let bottom = isTerminal ? line - 1 : line
      let isShared = figure.sharesAxisBelow(index)
      if !isShared { _ = take(1.8) }
      let xLabel = isShared ? nil : take(1.4)
      line += isTerminal ? 0 : 0.3
      return Frame(
        title: title, yLabel: isTerminal ? above : (top + bottom) / 2, marks: marks, top: top, bottom: bottom,
        xLabel: xLabel)
    }
    height = line
  }

  /// The labels of a panel's marks; `line` counts rows upwards, so that none covers another.
  private func markLabels(_ panel: Figure.Panel, along ruler: Figure.Ruler) -> [MarkLabel] {
    var ends: [Double] = []
    return panel.marks(along: ruler).compactMap { mark in
      guard let text = mark.label else { return nil }
      let length = Double(text.plain.count)
      let center = left + ruler.fraction(mark.position) * (right - left)
      let start = max(min(center - length / 2, right - length), left)
      let row = ends.firstIndex { $0 + 2 <= start } ?? ends.count
      if row == ends.count { ends.append(0) }
      ends[row] = start + length
      let (column, anchor): (Double, MarkLabel.Anchor) =
        start > center - length / 2
        ? (left, .left) : start < center - length / 2 ? (right, .right) : (center, .center)
      return MarkLabel(text: text, column: column, anchor: anchor, line: Double(row))
    }
  }
}

extension Figure.Panel {
  /// The marks that stand on the axis, from left to right.
  func marks(along ruler: Figure.Ruler) -> [Figure.Mark] {
    marks.filter { ruler.holds($0.position) && (0...1).contains(ruler.fraction($0.position)) }
      .sorted { $0.position < $1.position }
  }
}

extension Figure {
  /// How many entries of the legend stand side by side: all, or as many as make rows of like length.
  fileprivate func legendColumns(width: Double) -> Int {
    // An entry has a sample of its line, and air.
    let longest = legend.map { Double($0.name.plain.count) + 8 }.max() ?? 1
    let fitting = min(max(Int(width / longest), 1), max(legend.count, 1))
    let rows = max((legend.count + fitting - 1) / fitting, 1)
    return max((legend.count + rows - 1) / rows, 1)
  }
}
