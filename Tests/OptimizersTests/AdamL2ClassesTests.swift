import Dynamics
import Equilibrium
import Formulas
import RealModule
import Testing

@testable import Optimizers

/// How a weight is divided into classes, and what that costs.
@Suite struct AdamL2ClassesTests {
  struct Squares: Sendable, CustomTestStringConvertible {
    let distribution: InitialDistribution
    let count: Int
    /// E[ω⁴]/E[ω²]² and E[ω⁶]/E[ω²]³.
    let moments: [Double]
    let tolerance: Double
    var testDescription: String { "\(distribution) \(count)" }
  }

  /// A Gauss quadrature has the moments of ω² exactly. The normal distribution is cut off at six standard deviations, where
  /// 10⁻⁵ of E[ω⁶] is lost; eight points find it to 3 %.
  @Test(arguments: [
    Squares(distribution: .uniform, count: 5, moments: [9.0 / 5, 27.0 / 7], tolerance: 1e-13),
    Squares(distribution: .uniform, count: 16, moments: [9.0 / 5, 27.0 / 7], tolerance: 1e-13),
    Squares(distribution: .normal, count: 16, moments: [3, 15], tolerance: 1e-4),
    Squares(distribution: .normal, count: 8, moments: [3, 15], tolerance: 0.03),
  ])
  func initialSquaresHaveTheMomentsOfTheirDistribution(_ test: Squares) {
    let squares = test.distribution.squares(test.count)
    #expect(squares.count == test.count)
    func moment(_ power: Double) -> Double {
      squares.reduce(0) { $0 + $1.share * Double.pow($1.square, power) }
    }
    #expect(abs(moment(0) - 1) < 1e-13)
    #expect(abs(moment(1) - 1) < 1e-13)
    for (index, expected) in test.moments.enumerated() {
      #expect(abs(moment(Double(index + 2)) / expected - 1) < test.tolerance)
    }
  }

  static func spectrum(_ kind: Int, count: Int) -> [Double] {
    var walk = RandomNumbers(seed: 11)
    return (0..<count).map { _ in
      let z = walk.normal()
      return kind == 0 ? z * z : Double.exp(Double(kind) * z)
    }
  }

  /// Squares of a normal number, as of random gains, and logarithms with a standard deviation of 1 and 2.
  @Test(arguments: [0, 1, 2], [12, 8])
  func groupingKeepsDimensionMassAndPower(kind: Int, limit: Int) {
    let spectrum = Self.spectrum(kind, count: 20_000)
    let classes = AdamL2.grouped(spectrum, into: limit)
    #expect(classes.count <= limit && classes.allSatisfy { $0.count > 0 && $0.power >= 0 })
    for power in [0, 0.5, 1] {
      let whole = spectrum.reduce(0) { $0 + Double.pow($1, power) }
      let grouped = classes.reduce(0) { $0 + $1.count * Double.pow($1.power, power) }
      #expect(abs(grouped / whole - 1) < 1e-11)
    }
  }

  @Test func fewValuesAreKeptAsTheyAre() {
    let classes = AdamL2.grouped([3, 1, 3, 2, 3], into: 12)
    #expect(
      classes == [.init(power: 1, count: 1), .init(power: 2, count: 1), .init(power: 3, count: 3)])
  }

  /// The equilibrium of twelve classes against the root over all coordinates. λ²A/G reaches 1 at the small gradient.
  @Test(arguments: [0, 1, 2], [1e-6, 3e-12])
  func groupingMovesTheEquilibriumLittle(kind: Int, power: Double) throws {
    var spectrum = Self.spectrum(kind, count: 2_000)
    let total = spectrum.reduce(0, +)
    spectrum = spectrum.map { $0 / total * power * 16 }
    let settings = try Settings(
      .adamL2, [.learningRate: 2e-3, .weightDecay: 1e-3, .beta2: 0.98], spectrum: spectrum)
    let norm = try settings.value(.equilibriumNorm, .moments)
    var process = try #require(settings.optimizer.process(settings, norm * norm))
    var angle = 0.0
    for _ in 0..<6000 {
      angle = process.step(
        StepInput(
          learningRate: 2e-3, weightDecay: 1e-3, gradientPower: power * 16 / process.normPower))
    }
    #expect(abs(process.normPower.squareRoot() / norm - 1) < 1e-3)
    #expect(abs(angle / (try settings.value(.expectedRotation, .moments)) - 1) < 4e-3)
  }
}

/// A small generator with a fixed seed (SplitMix64).
struct RandomNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func unit() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
  }

  /// Standard normal, by Box and Muller.
  mutating func normal() -> Double {
    (-2 * Double.log(1 - unit())).squareRoot() * Double.cos(2 * .pi * unit())
  }
}
