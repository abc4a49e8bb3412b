import RealModule

/// Points between two ends, both included exactly.
enum Spacing {
  static func linear(_ start: Double, _ end: Double, _ count: Int) -> [Double] {
    (0..<count).map { index in
      index == count - 1 ? end : start + (end - start) * Double(index) / Double(count - 1)
    }
  }

  static func logarithmic(_ start: Double, _ end: Double, _ count: Int) -> [Double] {
    let ratio = Double.log(end / start)
    return (0..<count).map { index in
      index == count - 1 ? end : start * Double.exp(ratio * Double(index) / Double(count - 1))
    }
  }
}
