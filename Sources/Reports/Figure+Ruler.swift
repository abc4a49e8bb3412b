#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Figure {
  /// An axis as it is drawn: its ends, and where numbers stand.
  struct Ruler: Sendable {
    let scale: Scale
    let lower: Double
    let upper: Double
    let ticks: [(value: Double, label: String)]

    /// Whether a value has a place on an axis of this scale, whose length must be a number, too.
    static func holds(_ value: Double, _ scale: Scale) -> Bool {
      switch scale {
      case .linear: abs(value) < 1e300
      case .logarithmic: value > 1e-150 && value < 1e150
      }
    }
    func holds(_ value: Double) -> Bool { Self.holds(value, scale) }

    /// Where a value stands, from 0 at the lower end to 1 at the upper.
    func fraction(_ value: Double) -> Double {
      switch scale {
      case .linear: (value - lower) / (upper - lower)
      case .logarithmic: log(value / lower) / log(upper / lower)
      }
    }

    /// What stands there: the inverse of `fraction`.
    func value(at fraction: Double) -> Double {
      switch scale {
      case .linear: lower + fraction * (upper - lower)
      case .logarithmic: lower * pow(upper / lower, fraction)
      }
    }
  }

  /// The axes of each panel; panels that share a horizontal axis have the same ends.
  func rulers(horizontalTicks: Int, verticalTicks: Int) -> [(x: Ruler, y: Ruler)] {
    var rulers: [(x: Ruler, y: Ruler)] = []
    for (index, panel) in panels.enumerated() {
      let first = (0..<index).reversed().prefix { sharesAxisBelow($0) }.last ?? index
      let last = (index..<panels.count).first { !sharesAxisBelow($0) } ?? index
      var x = Extent()
      for panel in panels[first...last] {
        for series in panel.series {
          for value in series.x where Ruler.holds(value, panel.x.scale) { x.include(value) }
        }
      }
      var y = Extent()
      for series in panel.series {
        for value in series.y where Ruler.holds(value, panel.y.scale) { y.include(value) }
      }
      rulers.append(
        (
          Ruler(panel.x.scale, x, headroom: 0, zeroBelow: 0.05, atMost: horizontalTicks),
          Ruler(panel.y.scale, y, headroom: 0.05, zeroBelow: 0.5, atMost: verticalTicks)
        ))
    }
    return rulers
  }
}

/// The lowest and highest of some values.
private struct Extent {
  var lower = Double.infinity
  var upper = -Double.infinity
  mutating func include(_ value: Double) {
    lower = min(lower, value)
    upper = max(upper, value)
  }
}

extension Figure.Ruler {
  /// An axis from the lowest to the highest value.
  ///
  /// - Parameters:
  ///   - headroom: what is added at the ends, as a share of the length.
  ///   - zeroBelow: a linear axis begins at zero where the lowest value is below this share of the highest.
  ///   - count: how many numbers there is room for.
  fileprivate init(
    _ scale: Figure.Scale, _ extent: Extent, headroom: Double, zeroBelow: Double, atMost count: Int
  ) {
    self.scale = scale
    var (lower, upper) = (extent.lower, extent.upper)
    let isEmpty = lower > upper
    switch scale {
    case .linear:
      let size = max(abs(lower), abs(upper))
      if isEmpty || size < 1e-290 {
        (lower, upper) = (0, 1)
      } else if upper - lower <= 1e-9 * size {
        (lower, upper) = (min(0, lower), max(0, upper))
      }
      let startsAtZero = lower >= 0 && lower < zeroBelow * upper
      let margin = headroom * (upper - (startsAtZero ? 0 : lower))
      lower = startsAtZero ? 0 : lower - margin
      upper += margin
      ticks = Self.linearTicks(lower, upper, atMost: count)
    case .logarithmic:
      if isEmpty { (lower, upper) = (1, 10) }
      if upper <= lower * (1 + 1e-9) { (lower, upper) = (lower / 2, upper * 2) }
      let margin = pow(upper / lower, headroom)
      lower /= margin
      upper *= margin
      ticks = Self.logarithmicTicks(lower, upper, atMost: count)
    }
    self.lower = lower
    self.upper = upper
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private static func linearTicks(_ lower: Double, _ upper: Double, atMost count: Int) -> [(Double, String)] {
    let finest = Int(log10((upper - lower) / Double(count)).rounded(.down))
    // The finest steps that leave no more than `count` numbers.
    var (factor, exponent, first, last) = (1, finest, 0, count)
    candidates: for candidate in finest...finest + 2 {
      for multiple in [1, 2, 5] {
        let step = Double(multiple) * power(candidate)
        (factor, exponent) = (multiple, candidate)
        first = Int((lower / step - 1e-6).rounded(.up))
        last = Int((upper / step + 1e-6).rounded(.down))
        if last - first < count { break candidates }
      }
    }
    let highest = Int(log10(max(abs(lower), abs(upper))).rounded(.down))
    let common = highest >= 7 || highest < -4 ? highest : nil
    return (first...last).map { tick($0 * factor, exponent, common) }
  }

  /// Powers of ten; 1, 2 and 5 times them on a short axis, and equal steps on a very short one.
  private static func logarithmicTicks(_ lower: Double, _ upper: Double, atMost count: Int)
    -> [(Double, String)]
  {
    let first = Int((log10(lower) - 1e-9).rounded(.up))
    let last = Int((log10(upper) + 1e-9).rounded(.down))
    let isWrittenOut = lower > 9e-5 && upper < 2e6
    func label(_ factor: Int, _ exponent: Int) -> (Double, String) {
      tick(factor, exponent, isWrittenOut ? nil : exponent)
    }
    if last - first >= 2 {
      let stride = (last - first) / max(count - 1, 1) + 1
      return Swift.stride(from: first, through: last, by: stride).map { label(1, $0) }
    }
    let ticks = (first - 1...last + 1).flatMap { exponent in
      [1, 2, 5].filter { (lower...upper).contains(Double($0) * power(exponent)) }.map { label($0, exponent) }
    }
    return ticks.count >= 3 ? ticks : linearTicks(lower, upper, atMost: count)
  }

  private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }

  /// The number mantissa · 10^exponent, written out or with a power of ten.
  private static func tick(_ mantissa: Int, _ exponent: Int, _ common: Int?) -> (Double, String) {
    let value = Double("\(mantissa)e\(exponent)") ?? 0
    guard let common, mantissa != 0 else { return (value, decimal(mantissa, exponent)) }
    let digits: [Character: Character] = [
      "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
      "-": "⁻",
    ]
    let factor = decimal(mantissa, exponent - common)
    if factor == "1", (0...1).contains(common) { return (value, common == 0 ? "1" : "10") }
    let power = "10" + String(String(common).map { digits[$0] ?? $0 })
    return (value, factor == "1" ? power : "\(factor)·\(power)")
  }

  /// mantissa · 10^exponent as a decimal fraction; thousands are set apart from five digits on.
  private static func decimal(_ mantissa: Int, _ exponent: Int) -> String {
    var (mantissa, exponent) = (mantissa, exponent)
    while mantissa != 0, mantissa % 10 == 0 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    if mantissa == 0 { return "0" }
    var whole = String(abs(mantissa))
    var fraction = ""
    if exponent >= 0 {
      whole += String(repeating: "0", count: exponent)
    } else {
      whole = String(repeating: "0", count: max(0, 1 - exponent - whole.count)) + whole
      fraction = "." + whole.suffix(-exponent)
      whole = String(whole.dropLast(-exponent))
    }
    if whole.count > 4 {
      for place in stride(from: whole.count - 3, to: 0, by: -3) {
        whole.insert("\u{2009}", at: whole.index(whole.startIndex, offsetBy: place))
      }
    }
    return (mantissa < 0 ? "−" : "") + whole + fraction
  }
}
