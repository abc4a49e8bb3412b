/// What one pass over a tensor says of each of its neurons.
///
/// All sums are over the coordinates of a neuron, ω now and p in the earlier checkpoint, with Δ = ω − p.
public struct NeuronScan: Sendable, Equatable {
  /// How many neurons the tensor has.
  public let neurons: Int
  /// How many coordinates each neuron has, C.
  public let dimension: Int
  /// ‖ω‖² of each neuron; NaN for one that has a number that is not finite.
  public internal(set) var squares: [Double]
  /// What the earlier checkpoint adds; nil without one.
  public internal(set) var change: Change?
  /// The neurons that have numbers that are not finite (in either checkpoint), with how many; empty in a sound tensor.
  public internal(set) var nonFinite: [Int: Int] = [:]

  /// From an earlier checkpoint to this one.
  public struct Change: Sendable, Equatable {
    /// ‖p‖² of each neuron.
    public internal(set) var previousSquares: [Double]
    /// ⟨p, Δ⟩ of each neuron.
    public internal(set) var products: [Double]
    /// ‖Δ‖² of each neuron.
    public internal(set) var differenceSquares: [Double]
  }

  /// ‖ω‖ of a neuron.
  public func norm(_ neuron: Int) -> Double { squares[neuron].squareRoot() }

  /// ‖W‖ of all neurons together, without those that are not finite.
  public var norm: Double { squares.reduce(0) { $1.isNaN ? $0 : $0 + $1 }.squareRoot() }

  /// How many neurons are zero.
  public var zeros: Int { squares.reduce(0) { $1 == 0 ? $0 + 1 : $0 } }

  /// How many numbers are not finite.
  public var nonFiniteNumbers: Int { nonFinite.values.reduce(0, +) }
}

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension NeuronScan {
  /// ∠(p, ω) of a neuron in radians, 0 to π; nil without an earlier checkpoint, NaN where either is zero or not finite.
  ///
  /// Its tangent is √(‖p‖²‖Δ‖² − ⟨p, Δ⟩²)/(‖p‖² + ⟨p, Δ⟩), the area that both span over their product: small angles
  /// keep their digits, which an arc cosine would lose.
  public func rotation(_ neuron: Int) -> Double? {
    guard let change else { return nil }
    return Self.angle(
      change.previousSquares[neuron], change.products[neuron], change.differenceSquares[neuron],
      now: squares[neuron])
  }

  /// ∠(p, ω) of all neurons taken as one vector, without those that are not finite; nil without an earlier checkpoint.
  public var rotation: Double? {
    guard let change else { return nil }
    var (pp, pd, dd, ww) = (0.0, 0.0, 0.0, 0.0)
    for neuron in 0..<neurons where !squares[neuron].isNaN {
      pp += change.previousSquares[neuron]
      pd += change.products[neuron]
      dd += change.differenceSquares[neuron]
      ww += squares[neuron]
    }
    return Self.angle(pp, pd, dd, now: ww)
  }

  private static func angle(_ pp: Double, _ pd: Double, _ dd: Double, now ww: Double) -> Double {
    guard pp > 0, ww > 0 else { return .nan }
    // In units of ‖p‖, so that no product over- or underflows.
    let (along, relative) = (pd / pp, dd / pp)
    return atan2(max(0, relative - along * along).squareRoot(), 1 + along)
  }
}
