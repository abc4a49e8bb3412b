import RealModule

/// How the coordinates of a weight vector are distributed at the start.
///
/// The norm alone says nothing of it; it matters where an optimizer scales each coordinate by its own weight, as Adam+ℓ2
/// does through λω in the gradient.
public enum InitialDistribution: String, CaseIterable, Sendable {
  /// Every coordinate has the same square.
  case equal
  /// Uniform on ±a, PyTorch's default for linear and convolutional layers.
  case uniform
  /// Normal with mean zero.
  case normal
}

extension InitialDistribution {
  /// Squares of single coordinates, in units of their mean, with the share of the coordinates that has each: a Gauss
  /// quadrature over the size of the coordinate.
  ///
  /// - Parameter count: the number of squares; one where all are equal.
  public func squares(_ count: Int) -> [(square: Double, share: Double)] {
    switch self {
    case .equal: return [(1, 1)]
    case .uniform:
      return normalised(unitIntervalQuadrature(count).map { ($0.node * $0.node, $0.weight) })
    case .normal:
      // Beyond six standard deviations lies a share of 2·10⁻⁹.
      return normalised(
        unitIntervalQuadrature(count).map { point in
          let size = 6 * point.node
          return (size * size, point.weight * Double.exp(-size * size / 2))
        })
    }
  }

  private func normalised(_ points: [(square: Double, share: Double)]) -> [(square: Double, share: Double)] {
    let total = points.reduce(0) { $0 + $1.share }
    let mean = points.reduce(0) { $0 + $1.square * $1.share } / total
    return points.map { ($0.square / mean, $0.share / total) }
  }
}

/// Gauss–Legendre nodes and weights on (0, 1): the zeros of the Legendre polynomial, by Newton's method.
func unitIntervalQuadrature(_ count: Int) -> [(node: Double, weight: Double)] {
  (0..<count).map { index in
    var x = Double.cos(.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
    var slope = 0.0
    for _ in 0..<8 {
      var (before, here) = (0.0, 1.0)
      for degree in 0..<count {
        let k = Double(degree)
        (before, here) = (here, ((2 * k + 1) * x * here - k * before) / (k + 1))
      }
      slope = Double(count) * (x * here - before) / (x * x - 1)
      x -= here / slope
    }
    return ((1 + x) / 2, 1 / ((1 - x * x) * slope * slope))
  }
}
