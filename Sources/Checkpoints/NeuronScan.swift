/// What one pass over a tensor says of each of its neurons.
///
/// All sums are over the coordinates of a neuron, ω now and p in the earlier checkpoint, with Δ = ω − p. Norms and ratios are
/// kept, since their squares may leave the range of a double.
public struct NeuronScan: Sendable, Equatable {
  /// How many neurons the tensor has.
  public let neurons: Int
  /// How many coordinates each neuron has, C.
  public let dimension: Int
  /// ‖ω‖ of each neuron; NaN for one that has a number that is not finite, infinite where no double holds it.
  public internal(set) var norms: [Double]
  /// What the earlier checkpoint adds; nil without one.
  public internal(set) var change: Change?
  /// The neurons that have numbers that are not finite (in either checkpoint), with how many; empty in a sound tensor.
  public internal(set) var nonFinite: [Int: Int] = [:]

  /// From an earlier checkpoint to this one; NaN for neurons that have numbers that are not finite.
  public struct Change: Sendable, Equatable {
    /// ‖p‖ of each neuron.
    public internal(set) var previousNorms: [Double]
    /// ‖Δ‖ of each neuron.
    public internal(set) var differenceNorms: [Double]
    /// ⟨p, Δ⟩/‖p‖² of each neuron, 0 where p is 0; NaN where no double holds it.
    public internal(set) var along: [Double]
  }

  /// ‖W‖ of all neurons together, without those that are not finite; infinite where no double holds it.
  public var norm: Double { Self.norm(of: norms) }

  /// How many neurons are zero.
  public var zeros: Int { norms.count { $0 == 0 } }

  /// How many numbers are not finite.
  public var nonFiniteNumbers: Int { nonFinite.values.reduce(0, +) }

  /// The norm of what has these norms, without those that are NaN.
  private static func norm(of norms: [Double]) -> Double {
    let largest = norms.reduce(0) { $1 > $0 ? $1 : $0 }
    guard largest > 0, largest.isFinite else { return largest }
    // In units near the largest, so that no square over- or underflows.
    let unit = Double(sign: .plus, exponent: largest.exponent, significand: 1)
    return norms.reduce(0) { $1.isNaN ? $0 : $0 + ($1 / unit) * ($1 / unit) }.squareRoot() * unit
  }
}

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension NeuronScan {
  /// ∠(p, ω) of a neuron in radians, 0 to π; nil without an earlier checkpoint, NaN where either is zero or not finite, or ω is
  /// too small beside p for its direction to be known.
  ///
  /// Its tangent is √(‖p‖²‖Δ‖² − ⟨p, Δ⟩²)/(‖p‖² + ⟨p, Δ⟩), the area that both span over their product: small angles
  /// keep their digits, which an arc cosine would lose.
  public func rotation(_ neuron: Int) -> Double? {
    guard let change else { return nil }
    return Self.angle(
      change.previousNorms[neuron], change.differenceNorms[neuron], along: change.along[neuron],
      now: norms[neuron])
  }

  /// What the earlier checkpoint says of all neurons taken as one vector.
  public struct Total: Sendable, Equatable {
    /// ‖p‖.
    public let previousNorm: Double
    /// ∠(p, ω) in radians; NaN as for a neuron.
    public let rotation: Double
    /// ⟨p, ω⟩/‖p‖²: the share of p that is left.
    public let retention: Double
  }

  /// All neurons taken as one vector, without those that are not finite; nil without an earlier checkpoint.
  public var total: Total? {
    guard let change else { return nil }
    let previous = Self.norm(of: change.previousNorms)
    var along = 0.0
    for neuron in 0..<neurons where change.previousNorms[neuron] > 0 {
      let share = change.previousNorms[neuron] / previous
      along += change.along[neuron] * share * share
    }
    return Total(
      previousNorm: previous,
      rotation: Self.angle(previous, Self.norm(of: change.differenceNorms), along: along, now: norm),
      retention: 1 + along)
  }

  /// ∠(p, ω) of all neurons taken as one vector, without those that are not finite; nil without an earlier checkpoint.
  public var rotation: Double? { total?.rotation }

  private static func angle(_ p: Double, _ d: Double, along: Double, now w: Double) -> Double {
    // Δ holds an ω that is this much smaller than p to 12 bits.
    let least = 0x1p-20
    let relative = d / p
    guard p > 0, w > 0, w >= least * p, relative.isFinite, along.isFinite else { return .nan }
    // Two roots, so that no product over- or underflows.
    let area = max(0, relative - along).squareRoot() * max(0, relative + along).squareRoot()
    return atan2(area, 1 + along)
  }
}
