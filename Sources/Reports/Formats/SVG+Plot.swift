import Formulas
import OutsideText

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SVG {
  /// A pair of axes on the page, in dots.
  struct Plot {
    let left: Double
    let right: Double
    let top: Double
    let bottom: Double
    let ruler: (x: Figure.Ruler, y: Figure.Ruler)
  }
}

extension SVG.Plot {
  private func across(_ value: Double) -> String { SVG.dots(left + ruler.x.fraction(value) * (right - left)) }
  private func down(_ value: Double) -> String { SVG.dots(bottom - ruler.y.fraction(value) * (bottom - top)) }

  /// Lines at the numbers of the vertical axis, axes at the left and below, ticks, and the numbers.
  func grid(isNumbered: Bool) -> [Written<Markup>] {
    func path(_ data: [String], width: String, opacity: String) -> Written<Markup> {
      "<path fill=\"none\" stroke=\"currentColor\" stroke-width=\"\(width)\" stroke-opacity=\"\(opacity)\" "
        + "d=\"\(data.joined())\" />"
    }
    let (length, low) = (SVG.dots(right - left), SVG.dots(bottom))
    let lines = ruler.y.ticks.map { "M\(SVG.dots(left)) \(down($0.value))h\(length)" }
    var ticks = ["M\(SVG.dots(left)) \(SVG.dots(top))V\(low)H\(SVG.dots(right))"]
    ticks +=
      ruler.x.ticks.map { "M\(across($0.value)) \(low)v6" }
      + ruler.x.between.map { "M\(across($0)) \(low)v3" }
    ticks += ruler.y.ticks.map { "M\(SVG.dots(left)) \(down($0.value))h-6" }
    ticks += ruler.y.between.map { "M\(SVG.dots(left)) \(down($0))h-3" }
    var numbers: [Written<Markup>] = ruler.y.ticks.map {
      "<text x=\"\(SVG.dots(left - 10))\" y=\"\(down($0.value))\" dy=\"5\" text-anchor=\"end\">\($0.label)</text>"
    }
    if isNumbered {
      numbers += ruler.x.ticks.map {
        "<text x=\"\(across($0.value))\" y=\"\(SVG.dots(bottom + 22))\" text-anchor=\"middle\">\($0.label)</text>"
      }
    }
    return [path(lines, width: "1", opacity: "0.12"), path(ticks, width: "1", opacity: "0.55")] + numbers
  }

  /// Vertical lines at events.
  func marks(_ panel: Figure.Panel) -> [Written<Markup>] {
    panel.marks(along: ruler.x).map {
      "<path fill=\"none\" stroke=\"currentColor\" stroke-opacity=\"0.4\" "
        + "d=\"M\(across($0.position)) \(SVG.dots(top))V\(SVG.dots(bottom))\" />"
    }
  }

  /// The data of a curve or of its points; empty where nothing can be drawn.
  func path(_ series: Figure.Series, limit: Int) -> String {
    series.lines(along: ruler.x, upward: ruler.y, limit: limit).map { run in
      let places = run.map { "\(across($0.x)) \(down($0.y))" }
      if series.style == .points { return places.map { "M\($0)h0" }.joined() }
      // A curve of one point would have no length.
      return places.count == 1 ? "M\(places[0])h2" : "M" + places.joined(separator: "L")
    }.joined()
  }
}

extension Figure.Ruler {
  /// Where a logarithmic axis with a number at each power of ten has ticks without one.
  fileprivate var between: [Double] {
    guard scale == .logarithmic, ticks.count >= 2,
      zip(ticks, ticks.dropFirst()).allSatisfy({ abs($1.value / $0.value - 10) < 1e-6 })
    else { return [] }
    let decades = [ticks[0].value / 10] + ticks.map(\.value)
    return decades.flatMap { decade in (2...9).map { Double($0) * decade } }
      .filter { (lower...upper).contains($0) }
  }
}
