import Dynamics
import RealModule

extension AdamL2 {
  /// Coordinates that have the same gradient power and started from the same square; everything is of one of them.
  struct CoordinateClass: Sendable {
    /// Number of coordinates; a quadrature weight, so it need not be whole.
    var count: Double
    /// What falls to one coordinate of the weight's whole gradient power.
    let gradientShare: Double
    /// A = E[ω²].
    var normPower: Double
    /// b = E[ωm]/E[ω²], the slope of m on ω.
    var slope = 0.0
    /// E = E[m²] − b²A, the part of m that ω does not tell.
    var residualPower = 0.0
    /// V = E[v], without bias correction.
    var secondMoment = 0.0
    /// s, the step size over √v̂ + ε, of the step in progress.
    var stepSize = 0.0
    /// sP/A, the share of ω that the step in progress takes off.
    var shrink = 0.0
  }

  /// One value of E[g̃ₖ²] and the number of coordinates that have it.
  struct GradientClass: Equatable, Sendable {
    var power: Double
    var count: Double
  }

  /// The most classes that a weight is divided into.
  static let mostClasses = 64

  /// Divides a weight into classes by gradient power and initial square.
  ///
  /// - Parameters:
  ///   - spectrum: E[g̃ₖ²] of each coordinate that sees a gradient; nil where they are equal.
  ///   - dimension: number of coordinates C.
  ///   - activeFraction: share of the coordinates that see a gradient, in (0, 1].
  ///   - normPower: ‖ω‖² at the start.
  ///   - distribution: how the coordinates are distributed at the start.
  static func classes(
    spectrum: [Double]?, dimension: Double, activeFraction: Double, normPower: Double,
    distribution: InitialDistribution
  ) -> [CoordinateClass] {
    // A normal distribution needs more squares than a uniform one.
    let fewestSquares = [.equal: 1, .uniform: 5, .normal: 8][distribution] ?? 1
    var gradients = [GradientClass(power: 1, count: dimension)]
    if let spectrum {
      gradients = grouped(spectrum, into: mostClasses / fewestSquares - (activeFraction < 1 ? 1 : 0))
    }
    let total = gradients.reduce(0) { $0 + $1.count * $1.power } * activeFraction
    for index in gradients.indices { gradients[index].count *= activeFraction }
    if activeFraction < 1 {
      gradients.append(GradientClass(power: 0, count: dimension * (1 - activeFraction)))
    }
    let squares = distribution.squares(min(16, mostClasses / gradients.count))
    return gradients.flatMap { gradient in
      squares.map { square, share in
        CoordinateClass(
          count: gradient.count * share, gradientShare: gradient.power / total,
          normPower: normPower / dimension * square)
      }
    }
  }

  /// At most `limit` classes that stand for a spectrum: its own values where they are that few, otherwise two for each
  /// of `limit`/2 bins of equal width in ln E[g̃ₖ²].
  ///
  /// The two are the Gauss quadrature of the bin in √E[g̃ₖ²], so that the number of coordinates C, the gradient mass Γ and
  /// the gradient power E‖g̃‖² are those of the spectrum, up to rounding.
  static func grouped(_ spectrum: [Double], into limit: Int) -> [GradientClass] {
    var counts: [Double: Double] = [:]
    for power in spectrum {
      counts[power, default: 0] += 1
      if counts.count > limit { break }
    }
    if counts.count <= limit {
      return counts.map { GradientClass(power: $0.key, count: $0.value) }.sorted { $0.power < $1.power }
    }
    guard let lowest = spectrum.min(), let highest = spectrum.max() else { return [] }
    let bins = limit / 2
    let scale = Double(bins) / Double.log(highest / lowest)
    var members = [[Double]](repeating: [], count: bins)
    for power in spectrum {
      members[min(bins - 1, Int(Double.log(power / lowest) * scale))].append(power.squareRoot())
    }
    return members.flatMap(pair(of:))
  }

  /// The two-point Gauss quadrature of a set of √E[g̃ₖ²]: it keeps their number and their first three moments.
  private static func pair(of sizes: [Double]) -> [GradientClass] {
    let count = Double(sizes.count)
    guard count > 0 else { return [] }
    let mean = sizes.reduce(0, +) / count
    var (variance, third) = (0.0, 0.0)
    for size in sizes {
      let deviation = size - mean
      variance += deviation * deviation / count
      third += deviation * deviation * deviation / count
    }
    // Rounding alone makes a variance of this size.
    guard variance > 1e-24 * mean * mean else { return [GradientClass(power: mean * mean, count: count)] }
    let half = third / (2 * variance)
    let reach = (half * half + variance).squareRoot()
    // The deviations of the two points have the product −variance; the larger is formed first.
    let far = half < 0 ? half - reach : half + reach
    let near = -variance / far
    return [near, far].map { own in
      let other = own == far ? near : far
      return GradientClass(power: (mean + own) * (mean + own), count: count * other / (other - own))
    }
  }
}
