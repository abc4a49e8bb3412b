import Equilibrium
import Formulas
import Foundation
import Testing

@testable import Reports

/// Curves thinned for drawing.
@Suite struct ThinningTests {
  /// A walk with single peaks, from a fixed generator.
  static func walk(_ count: Int) -> (x: [Double], y: [Double]) {
    var state: UInt64 = 1
    let y = (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return 1 + Double(state >> 40) / Double(1 << 24)
    }
    return ((1...count).map(Double.init), y)
  }

  static func runs(_ series: Figure.Series, x: Figure.Scale = .linear, y: Figure.Scale = .linear)
    -> (runs: [[Figure.Point]], ruler: Figure.Ruler)
  {
    let figure = Figure(panels: [
      Figure.Panel(x: Figure.Axis("x", scale: x), y: Figure.Axis("y", scale: y), series: [series])
    ])
    let rulers = figure.rulers(horizontalTicks: 7, verticalTicks: 6)[0]
    return (series.runs(along: rulers.x, upward: rulers.y, limit: 2000), rulers.x)
  }

  @Test(arguments: Figure.Scale.allCases) func keepsExtremesOrderAndEnds(scale: Figure.Scale) throws {
    let (x, y) = Self.walk(600_000)
    let (runs, ruler) = Self.runs(Figure.Series("walk", x: x, y: y), x: scale)
    let points = try #require(runs.first)
    #expect(runs.count == 1)
    #expect(points.count <= 2000)
    #expect(points.first == Figure.Point(x: x[0], y: y[0]))
    #expect(points.last == Figure.Point(x: x[599_999], y: y[599_999]))
    #expect(zip(points, points.dropFirst()).allSatisfy { $0.x < $1.x })
    #expect(points.allSatisfy { y[Int($0.x) - 1] == $0.y })
    // The lowest and highest of every length of the axis are there.
    let kept = Set(points)
    let lengths = Dictionary(grouping: x.indices) { min(Int(ruler.fraction(x[$0]) * 999), 998) }
    for indices in lengths.values {
      let lowest = try #require(indices.min { (y[$0], $0) < (y[$1], $1) })
      let highest = try #require(indices.max { (y[$0], -$0) < (y[$1], -$1) })
      #expect(kept.contains(Figure.Point(x: x[lowest], y: y[lowest])))
      #expect(kept.contains(Figure.Point(x: x[highest], y: y[highest])))
    }
  }

  @Test func keepsShortCurvesWhole() {
    let (x, y) = Self.walk(2000)
    let (runs, _) = Self.runs(Figure.Series("walk", x: x, y: y))
    #expect(runs == [zip(x, y).map { Figure.Point(x: $0, y: $1) }])
  }

  @Test(
    arguments: [
      ([1, 2, .nan, 4, 5], .linear, [[1, 2], [4, 5]]), ([.nan, .infinity, 3, -.infinity], .linear, [[3]]),
      ([1, 0, 2, -1, 3], .logarithmic, [[1], [3], [5]]), ([1, 0, -1], .linear, [[1, 2, 3]]),
      ([.nan], .linear, []), ([], .linear, []),
    ] as [([Double], Figure.Scale, [[Double]])])
  func breaksAtMissingValues(y: [Double], scale: Figure.Scale, kept: [[Double]]) {
    let x = y.indices.map { Double($0 + 1) }
    let (runs, _) = Self.runs(Figure.Series("y", x: x, y: y), y: scale)
    #expect(runs.map { $0.map(\.x) } == kept)
  }

  @Test func keepsWideGapsInLongCurves() throws {
    var (x, y) = Self.walk(100_000)
    // One gap much shorter than a 999th of the axis, one much longer.
    y[30_000] = .nan
    for index in 50_000..<60_000 { y[index] = .nan }
    x = x.map { $0 / 1000 }
    let (runs, _) = Self.runs(Figure.Series("walk", x: x, y: y))
    try #require(runs.count == 2)
    // The ends of the gap are off by one length of the axis at most.
    let gap = try [#require(runs[0].last).x, #require(runs[1].first).x]
    #expect(gap[0] <= 50 && gap[0] > 50 - 0.101)
    #expect(gap[1] > 60 && gap[1] < 60 + 0.101)
    #expect(runs.joined().count <= 2000)
  }
}

/// Points that a straight line makes needless.
@Suite struct LinesTests {
  static func lines(_ series: Figure.Series, _ scale: Figure.Scale = .linear)
    -> (lines: [[Figure.Point]], ruler: (x: Figure.Ruler, y: Figure.Ruler))
  {
    let figure = Figure(panels: [Figure.Panel(x: "x", y: Figure.Axis("y", scale: scale), series: [series])])
    let ruler = figure.rulers(horizontalTicks: 7, verticalTicks: 6)[0]
    return (series.lines(along: ruler.x, upward: ruler.y, limit: 5000), ruler)
  }

  @Test(arguments: Figure.Scale.allCases) func nothingThatCanBeSeenIsLeftOut(scale: Figure.Scale) throws {
    let (x, walk) = ThinningTests.walk(3000)
    let smooth = x.map { exp(-$0 / 500) + 0.1 }
    // Smooth, then noise, then straight.
    let y = zip(x, zip(smooth, walk)).map { $0 < 1500 ? $1.0 : $0 < 1600 ? $1.1 : 1.5 }
    let (lines, ruler) = Self.lines(Figure.Series("y", x: x, y: y), scale)
    let kept = try #require(lines.first)
    #expect(kept.count < 100 + 60)
    #expect(kept.first == Figure.Point(x: 1, y: y[0]) && kept.last == Figure.Point(x: 3000, y: 1.5))
    for (from, to) in zip(kept, kept.dropFirst()) {
      for index in Int(from.x) - 1..<Int(to.x) {
        let share = (x[index] - from.x) / (to.x - from.x)
        let (low, high) = (ruler.y.fraction(from.y), ruler.y.fraction(to.y))
        // 4·10⁻⁴ is the tolerance; rounding is far below a billionth of the axis.
        #expect(abs(low + share * (high - low) - ruler.y.fraction(y[index])) <= 4e-4 + 1e-9)
      }
    }
  }

  @Test(
    arguments: [
      (Figure.Style.line, [1, 2, 3, 4, 5], [1, 5]), (.points, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
      (.dashed, [1, 1, .nan, 1, 1], [1, 2, 4, 5]), (.line, [1, 2, 3, 2, 1], [1, 3, 5]), (.dotted, [7], [1]),
      (.line, [], []), (.line, [1, 2], [1, 2]),
    ] as [(Figure.Style, [Double], [Double])])
  func straightLines(style: Figure.Style, y: [Double], kept: [Double]) {
    let series = Figure.Series("y", x: y.indices.map { Double($0 + 1) }, y: y, style: style)
    #expect(Self.lines(series).lines.joined().map(\.x) == kept)
  }

  @Test func stepsAreKept() {
    let series = Figure.Series("y", x: [1, 2, 2, 3], y: [0, 0, 1, 1])
    #expect(Self.lines(series).lines.joined().map(\.y) == [0, 0, 1, 1])
  }
}

/// Ends and numbers of axes.
@Suite struct RulerTests {
  static func ruler(_ values: [Double], _ scale: Figure.Scale) -> Figure.Ruler {
    Figure(panels: [
      Figure.Panel(
        x: "x", y: Figure.Axis("y", scale: scale), series: [Figure.Series("y", x: values, y: values)])
    ]).rulers(horizontalTicks: 7, verticalTicks: 6)[0].y
  }

  @Test(
    arguments: [
      ([0.2, 1.52], .linear, ["0", "0.5", "1", "1.5"]),
      ([1.2, 1.3], .linear, ["1.2", "1.22", "1.24", "1.26", "1.28", "1.3"]),
      ([0, 6.2e-3], .linear, ["0", "0.002", "0.004", "0.006"]),
      ([0, 2.9e-5], .linear, ["0", "10⁻⁵", "2·10⁻⁵", "3·10⁻⁵"]),
      ([0, 4.4e7], .linear, ["0", "10⁷", "2·10⁷", "3·10⁷", "4·10⁷"]),
      ([0, 9000], .linear, ["0", "2000", "4000", "6000", "8000"]),
      ([-12_000, 12_000], .linear, ["−10\u{2009}000", "−5000", "0", "5000", "10\u{2009}000"]),
      ([3, 3], .linear, ["0", "1", "2", "3"]), ([0, 0], .linear, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
      ([], .linear, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
      ([1, 1000], .logarithmic, ["1", "10", "100", "1000"]),
      ([1e-12, 1], .logarithmic, ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]),
      ([0.3, 3], .logarithmic, ["0.5", "1", "2"]),
      ([1.2, 1.3], .logarithmic, ["1.2", "1.22", "1.24", "1.26", "1.28", "1.3"]),
      ([5, 5], .logarithmic, ["4", "6", "8", "10"]), ([-1, 0], .logarithmic, ["1", "2", "5", "10"]),
    ] as [([Double], Figure.Scale, [String])])
  func numbers(values: [Double], scale: Figure.Scale, labels: [String]) {
    let ruler = Self.ruler(values, scale)
    #expect(ruler.ticks.map(\.label) == labels)
    #expect(ruler.ticks.allSatisfy { (-1e-9...1 + 1e-9).contains(ruler.fraction($0.value)) })
    for value in values where ruler.holds(value) { #expect((0...1).contains(ruler.fraction(value))) }
  }

  @Test(
    arguments: [
      [Double.leastNonzeroMagnitude, Double.leastNormalMagnitude], [-1e299, 1e299], [1e300, 1],
      [1, 1.000_000_000_000_1], [1e-299, 1e299], [1e-149, 1e149], [.infinity],
    ], Figure.Scale.allCases)
  func extremeValuesAreHarmless(values: [Double], scale: Figure.Scale) {
    let ruler = Self.ruler(values, scale)
    #expect(ruler.lower < ruler.upper)
    #expect(!ruler.ticks.isEmpty && ruler.ticks.count < 20)
  }

  @Test func neighboursWithTheSameAxisShareIt() {
    func panel(_ label: Prose, _ x: [Double]) -> Figure.Panel {
      Figure.Panel(x: Figure.Axis(label), y: "y", series: [Figure.Series("y", x: x, y: x)])
    }
    let figure = Figure(panels: [panel("step", [1, 50]), panel("step", [60, 100]), panel("epoch", [1, 2])])
    #expect((0..<3).map(figure.sharesAxisBelow) == [true, false, false])
    #expect(figure.rulers(horizontalTicks: 7, verticalTicks: 6).map(\.x.upper) == [100, 100, 2])
  }
}

/// Marks and legend.
@Suite struct LayoutTests {
  @Test func labelsOfMarksDoNotMeet() {
    let labels: [Prose] = ["end of warmup", "within 5 % of equilibrium", "falls out of equilibrium", "end"]
    let marks = zip([1.0, 30, 35, 99.9], labels).map { Figure.Mark(at: $0, $1) }
    let figure = Figure(panels: [
      Figure.Panel(
        x: "step", y: "norm", series: [Figure.Series("y", x: [0, 100], y: [0, 1])],
        marks: marks + [Figure.Mark(at: 101, "outside"), Figure.Mark(at: 50)])
    ])
    let layout = Figure.Layout(figure, on: .terminal(columns: 80, rows: 24))
    let frame = layout.frames[0]
    #expect(frame.marks.map(\.text) == labels)
    #expect(frame.marks.map(\.anchor) == [.left, .center, .center, .right])
    #expect(frame.marks.map { frame.top - $0.line } == [1, 2, 3, 1])
    #expect(layout.height == 24)
  }

  @Test func legendHasEachEntryOnce() {
    let series = [
      Figure.Series("a", x: [1], y: [1]), Figure.Series(nil, x: [1], y: [1]),
      Figure.Series("equilibrium", style: .dashed, color: .neutral),
    ]
    let panel = Figure.Panel(x: "x", y: "y", series: series)
    let other = Figure.Panel(x: "x", y: "y", series: series + [Figure.Series("a", color: .green)])
    #expect(Figure(panels: [panel, other]).legend.map(\.name.plain) == ["a", "equilibrium", "a"])
  }

  @Test func coloursRepeatAfterSix() {
    #expect(Set((0..<6).map(Figure.Color.numbered)).count == 6)
    #expect(Figure.Color.numbered(6) == Figure.Color.numbered(0))
    #expect(!(0..<6).map(Figure.Color.numbered).contains(.neutral))
  }
}
