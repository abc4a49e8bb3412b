import RealModule

/// How the neurons of a tensor differ in a quantity: quantiles over their root mean square.
public struct Spread: Sendable, Equatable {
  /// Root mean square over the neurons.
  public let rms: Double
  /// Root mean square over mean, at least 1: 1 where all neurons are alike.
  public let imbalance: Double
  /// The smallest, over the root mean square.
  public let least: Double
  /// The value that a tenth of the neurons stay below, over the root mean square.
  public let lowerTenth: Double
  /// The value that half of them stay below, over the root mean square.
  public let median: Double
  /// The value that a tenth of them exceed, over the root mean square.
  public let upperTenth: Double
  /// The largest, over the root mean square.
  public let greatest: Double

  /// The spread of finite numbers of at least 0, not all 0; nil where there are none.
  init?(_ values: [Double]) {
    let sorted = values.filter { $0.isFinite }.sorted()
    guard let last = sorted.last, last > 0 else { return nil }
    let count = Double(sorted.count)
    // In units of the largest, so that no square over- or underflows.
    let square = sorted.reduce(0) { $0 + ($1 / last) * ($1 / last) }
    let rms = last * (square / count).squareRoot()
    func quantile(_ share: Double) -> Double { sorted[Int((share * (count - 1)).rounded())] / rms }
    self.rms = rms
    imbalance = rms / (sorted.reduce(0) { $0 + $1 / last } / count * last)
    (least, greatest) = (sorted[0] / rms, last / rms)
    (lowerTenth, median, upperTenth) = (quantile(0.1), quantile(0.5), quantile(0.9))
  }

  /// What a tenth of the neurons exceed over what a tenth stay below; infinite where these are 0.
  public var range: Double { upperTenth / lowerTenth }
}

/// How many neurons have which multiple of their tensor's root mean square, in bins of equal ratio.
public struct Histogram: Sendable, Equatable {
  /// Bins a factor of 2.
  static let perOctave = 8
  /// Factors of 2 on either side of 1; what is further off goes to the last bin.
  static let octaves = 5
  /// Neurons in each bin.
  private(set) var counts = [Int](repeating: 0, count: 2 * perOctave * octaves)

  init() {}

  mutating func add(_ ratio: Double) {
    guard ratio > 0, ratio.isFinite else { return }
    let place = (Double.log2(ratio) * Double(Self.perOctave)).rounded(.down) + Double(counts.count / 2)
    counts[Int(min(max(place, 0), Double(counts.count - 1)))] += 1
  }

  /// Neurons counted.
  public var total: Int { counts.reduce(0, +) }

  /// The middle of each bin that is not beyond the last filled one, and the share of the neurons in it.
  public var shares: [(ratio: Double, share: Double)] {
    guard total > 0, let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return [] }
    return (max(first - 1, 0)...min(last + 1, counts.count - 1)).map { index in
      let exponent = (Double(index - counts.count / 2) + 0.5) / Double(Self.perOctave)
      return (Double.exp2(exponent), Double(counts[index]) / Double(total))
    }
  }
}
