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
  /// ‖ω‖ of the neurons whose squares leave the range of a double, though their norms do not; only `F64` has such.
  var rescaled: [Int: Double] = [:]
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
  public func norm(_ neuron: Int) -> Double { rescaled[neuron] ?? squares[neuron].squareRoot() }

  /// ‖W‖ of all neurons together, without those that are not finite; infinite where no double holds it.
  public var norm: Double {
    guard !rescaled.isEmpty else { return squares.reduce(0) { $1.isNaN ? $0 : $0 + $1 }.squareRoot() }
    let norms = squares.indices.map(norm).filter(\.isFinite)
    guard let largest = norms.max(), largest > 0 else { return 0 }
    // In units of the largest, so that no square over- or underflows.
    return largest * norms.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
  }

  /// How many neurons are zero.
  public var zeros: Int {
    squares.indices.reduce(0) { squares[$1] == 0 && rescaled[$1] == nil ? $0 + 1 : $0 }
  }

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
    // Below that the squares of coordinates are lost; above it they are not finite.
    let sound = 0x1p-900 ... .greatestFiniteMagnitude
    guard sound.contains(pp), sound.contains(ww), dd.isFinite else { return .nan }
    // In units of ‖p‖, so that no product over- or underflows.
    let (along, relative) = (pd / pp, dd / pp)
    return atan2(max(0, relative - along * along).squareRoot(), 1 + along)
  }
}
