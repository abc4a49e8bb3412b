import Formulas

/// Curves in panels, one below the other, before any drawing program.
///
/// A format decides layout and thins long curves for drawing; the figure holds every point.
///
/// ```swift
/// Figure(
///   title: "AdamW under a cosine schedule",
///   panels: [
///     Figure.Panel(
///       x: "step", y: "weight norm \(Quantity.equilibriumNorm.symbol)",
///       series: [Figure.Series("moments", x: steps, y: norms)],
///       marks: [Figure.Mark(at: 17_000, "falls out of equilibrium")])
///   ])
/// ```
public struct Figure: Sendable {
  /// What the figure shows.
  public var title: Prose?
  /// From top to bottom; neighbours whose horizontal axes are equal share one.
  public var panels: [Panel]

  /// A figure of these panels.
  public init(title: Prose? = nil, panels: [Panel]) {
    self.title = title
    self.panels = panels
  }

  /// A pair of axes with curves.
  public struct Panel: Sendable {
    /// What tells the panel from the others, where its vertical axis does not.
    public var title: Prose?
    /// The horizontal axis.
    public var x: Axis
    /// The vertical axis.
    public var y: Axis
    /// The curves, a later one above an earlier one.
    public var series: [Series]
    /// Vertical lines.
    public var marks: [Mark]

    /// A panel.
    public init(title: Prose? = nil, x: Axis, y: Axis, series: [Series], marks: [Mark] = []) {
      self.title = title
      self.x = x
      self.y = y
      self.series = series
      self.marks = marks
    }
  }

  /// What an axis measures, and how.
  public struct Axis: Sendable, Hashable {
    /// The quantity, with its unit.
    public var label: Prose
    /// How its values are laid out.
    public var scale: Scale

    /// An axis.
    public init(_ label: Prose, scale: Scale = .linear) {
      self.label = label
      self.scale = scale
    }
  }

  /// How an axis lays out its values.
  public enum Scale: Sendable, Hashable, CaseIterable {
    /// Equal differences take equal lengths.
    case linear
    /// Equal ratios take equal lengths; what is not positive has no place and is a gap.
    case logarithmic
  }

  /// A curve or a set of points.
  public struct Series: Sendable {
    /// What the legend says; nil where the curve has no line there. A series without points is a line of the
    /// legend alone: "dashed: equilibrium".
    public var name: Prose?
    /// Horizontal values, ascending.
    public var x: [Double]
    /// Vertical values, as many; what is not finite is a gap.
    public var y: [Double]
    /// How it is drawn.
    public var style: Style
    /// Its colour.
    public var color: Color

    /// Whether it is a single point, which is drawn larger.
    var isLone: Bool { x.count == 1 }

    /// A series; `x` and `y` have to be of the same length.
    public init(
      _ name: Prose?, x: [Double] = [], y: [Double] = [], style: Style = .line, color: Color = .blue
    ) {
      precondition(x.count == y.count, "a series needs as many x as y")
      self.name = name
      self.x = x
      self.y = y
      self.style = style
      self.color = color
    }
  }

  /// How a series is drawn, and so what kind of number it holds.
  public enum Style: Sendable, Hashable, CaseIterable {
    /// A prediction.
    case line
    /// The equilibrium of the moment.
    case dashed
    /// A second prediction, beside a first.
    case dotted
    /// Measurements.
    case points
  }

  /// The colours of Okabe and Ito, which stay distinct to colour-blind readers, and a grey.
  public enum Color: Sendable, Hashable, CaseIterable {
    /// Dark grey: the equilibrium, and what belongs to no layer.
    case neutral
    /// The first prediction or layer.
    case blue
    /// The second.
    case vermilion
    /// The third.
    case green
    /// The fourth.
    case purple
    /// The fifth.
    case orange
    /// The sixth.
    case sky

    /// The colour of a layer or prediction by its position from 0; after six they repeat.
    public static func numbered(_ index: Int) -> Color {
      let colors = allCases.dropFirst()
      return colors[colors.startIndex + index % colors.count]
    }

    /// Red, green and blue, six hexadecimal digits.
    var hexadecimal: String {
      switch self {
      case .neutral: "444444"
      case .blue: "0072B2"
      case .vermilion: "D55E00"
      case .green: "009E73"
      case .purple: "CC79A7"
      case .orange: "E69F00"
      case .sky: "56B4E9"
      }
    }
  }

  /// A vertical line at an event.
  public struct Mark: Sendable {
    /// Where it stands on the horizontal axis.
    public var position: Double
    /// What happens there; nil where a panel above says it.
    public var label: Prose?

    /// A line.
    public init(at position: Double, _ label: Prose? = nil) {
      self.position = position
      self.label = label
    }
  }
}

extension Figure.Axis: ExpressibleByStringInterpolation {
  /// A linear axis, labelled in words.
  public init(stringLiteral value: String) { self.init(Prose(value)) }
  /// A linear axis, labelled in words and formulas.
  public init(stringInterpolation: Prose.StringInterpolation) {
    self.init(Prose(stringInterpolation: stringInterpolation))
  }
}

extension Figure {
  /// One line for each name, style and colour, in order of appearance.
  var legend: [(name: Prose, style: Style, color: Color)] {
    struct Key: Hashable {
      let name: Prose
      let style: Style
      let color: Color
    }
    var seen: Set<Key> = []
    return panels.flatMap(\.series).compactMap { series in
      guard let name = series.name,
        seen.insert(Key(name: name, style: series.style, color: series.color)).inserted
      else { return nil }
      return (name, series.style, series.color)
    }
  }

  /// Whether a panel leaves numbers and label of its horizontal axis to the one below.
  func sharesAxisBelow(_ index: Int) -> Bool {
    index + 1 < panels.count && panels[index].x == panels[index + 1].x
  }
}
