import Dynamics
import Equilibrium
import Formulas
import RealModule
import Testing

@testable import Optimizers

/// The moments of Adam+ℓ2 by classes of coordinates.
@Suite struct AdamL2MomentsTests {
  static let spectrum: [Double] = (0..<12).map { Double($0 % 4 + 1) * 1e-5 }

  struct Settling: Sendable, CustomTestStringConvertible {
    var distribution = InitialDistribution.uniform
    var spectrum: [Double]?
    var weight = WeightKind.scaleInvariant
    var radialDecay: Double?
    var testDescription: String { "\(distribution) \(spectrum?.count ?? 1) \(weight) \(radialDecay ?? 0)" }
  }

  /// 40 time constants leave e⁻⁴⁰ of the start, whatever its distribution.
  @Test(arguments: [
    Settling(distribution: .equal), Settling(), Settling(distribution: .normal),
    Settling(weight: .scaleSensitive), Settling(radialDecay: -0.01), Settling(spectrum: spectrum),
    Settling(distribution: .normal, spectrum: spectrum), Settling(spectrum: spectrum, radialDecay: 0.02),
  ])
  func settlesAtTheClosedForms(_ test: Settling) throws {
    var values: [Symbol: Double] = [.learningRate: 0.02, .weightDecay: 0.05, .beta2: 0.98]
    if test.spectrum == nil {
      values.merge([.dimension: 12, .unitGradientPower: 3e-4, .gradientPower: 1e-2]) { $1 }
    }
    values[.radialDecay] = test.radialDecay
    var settings = try Settings(.adamL2, values, weight: test.weight, spectrum: test.spectrum)
    settings.initialDistribution = test.distribution
    let norm = try settings.value(.equilibriumNorm, .moments)
    var process = try #require(settings.optimizer.process(settings, 2 * norm * norm))
    var angle = 0.0
    for _ in 0..<10_000 {
      let power = settings.values[.unitGradientPower].map { $0 / process.normPower } ?? 0
      angle = process.step(
        StepInput(
          learningRate: 0.02, weightDecay: 0.05,
          gradientPower: test.weight == .scaleInvariant ? power : 1e-2, radialDecay: test.radialDecay ?? 0))
    }
    // By then the classes have forgotten their starts: one is left of each gradient power.
    #expect((process as? AdamL2.Moments)?.classes.count == (test.spectrum == nil ? 1 : 4))
    #expect(abs(process.normPower.squareRoot() / norm - 1) < 1e-12)
    #expect(abs(angle / (try settings.value(.expectedRotation, .moments)) - 1) < 1e-12)
  }

  static func rate(_ step: Int) -> Double {
    2e-3 * (step < 40 ? Double(step) / 40 : (1 + Double.cos(.pi * Double(step - 40) / 360)) / 2)
  }

  static func process(
    _ powers: [Double], counts: [Double], squares: [Double], epsilon: Double = 0
  ) -> AdamL2.Moments {
    var process = AdamL2.Moments(
      beta1: 0.9, beta2: 0.999,
      classes: zip(powers, zip(counts, squares)).map {
        AdamL2.CoordinateClass(count: $1.0, gradientShare: $0, normPower: $1.1)
      })
    process.epsilon = epsilon
    return process
  }

  /// Splitting a class changes nothing but rounding.
  @Test func equalClassesAreOneClass() {
    var one = Self.process([1.0 / 128], counts: [128], squares: [1e-4])
    let count = 7
    var many = Self.process(
      Array(repeating: 1.0 / 128, count: count), counts: (1...count).map { 128 * Double($0) / 28 },
      squares: Array(repeating: 1e-4, count: count))
    for step in 0..<400 {
      func input(_ normPower: Double) -> StepInput {
        StepInput(
          learningRate: Self.rate(step), weightDecay: 1e-3, gradientPower: 3.2e-12 / normPower)
      }
      let (first, second) = (one.step(input(one.normPower)), many.step(input(many.normPower)))
      #expect(abs(first - second) <= 1e-12 * first)
      #expect(abs(one.normPower / many.normPower - 1) < 1e-12)
    }
  }

  /// The same recurrence with D = E[m²], as it follows from (76)–(78) term by term, and the angle from its definition.
  @Test func agreesWithTheMomentsWrittenOut() {
    let (counts, powers) = ([96.0, 32], [0.2 / 96, 0.8 / 32])
    let (λ, β₁, β₂, ε) = (1e-3, 0.9, 0.999, 1e-7)
    var (a, b, d, v) = ([2e-3, 5e-4], [0.0, 0], [0.0, 0], [0.0, 0])
    var process = Self.process(powers, counts: counts, squares: a, epsilon: ε)
    for step in 1..<400 {
      let η = Self.rate(step)
      let total = counts[0] * a[0] + counts[1] * a[1]
      let angle = process.step(
        StepInput(learningRate: η, weightDecay: 0.7 * λ, gradientPower: 1e-8 / total, radialDecay: 0.3 * λ))
      var (radial, update, next) = (0.0, 0.0, 0.0)
      for j in 0...1 {
        let g² = 1e-8 / total * powers[j]
        v[j] = β₂ * v[j] + (1 - β₂) * (g² + λ * λ * a[j])
        d[j] = β₁ * β₁ * d[j] + 0.01 * (g² + λ * λ * a[j]) + 2 * β₁ * 0.1 * λ * b[j]
        let root = (v[j] / (1 - Double.pow(β₂, step))).squareRoot() + ε
        let s = η / (1 - Double.pow(β₁, step)) / root
        let p = β₁ * b[j] + 0.1 * λ * a[j]
        radial += counts[j] * s * p
        update += counts[j] * s * s * d[j]
        a[j] += s * s * d[j] - 2 * s * p
        b[j] = p - s * d[j]
        next += counts[j] * a[j]
      }
      // The written-out forms cancel: what is left of their digits here is ten.
      #expect(abs(process.normPower / next - 1) < 1e-10)
      let sine² = (total * update - radial * radial) / (total * next)
      #expect(abs(Double.sin(angle) / sine².squareRoot() - 1) < 1e-8, "step \(step)")
    }
  }

  /// A coordinate without gradient is no random walk: its moments are those of one number, and go its way to the end.
  @Test(arguments: [0, 1e-8])
  func deadCoordinatesFollowTheirOnlyPath(epsilon: Double) {
    let (λ, β₁, β₂, η) = (1e-3, 0.9, 0.999, 2e-3)
    var process = Self.process([0.1, 0], counts: [10, 1], squares: [1e-4, 1e-2], epsilon: epsilon)
    var (ω, m, v) = (0.1, 0.0, 0.0)
    var positive = true
    for step in 1...20_000 {
      let angle = process.step(
        StepInput(learningRate: η, weightDecay: λ, gradientPower: 1e-8 / process.normPower))
      #expect(angle.isFinite && process.normPower.isFinite && process.classes[1].normPower >= 0)
      m = β₁ * m + (1 - β₁) * λ * ω
      v = β₂ * v + (1 - β₂) * λ * λ * ω * ω
      ω -= η / (1 - Double.pow(β₁, step)) * m / ((v / (1 - Double.pow(β₂, step))).squareRoot() + epsilon)
      // Where ω crosses zero, rounding is amplified; from then on only the size of its swings is known.
      positive = positive && ω > 1e-3
      if positive { #expect(abs(process.classes[1].normPower / (ω * ω) - 1) < 1e-9) }
      if step > 200 { #expect(process.classes[1].normPower < 4 * η * η) }
    }
    #expect(process.classes[1].normPower < 1e-100)
  }

  @Test(arguments: [nil, (1...100).map { Double($0) }], InitialDistribution.allCases)
  func activeFractionLeavesTheGradientToTheRest(spectrum: [Double]?, distribution: InitialDistribution) {
    let classes = AdamL2.classes(
      spectrum: spectrum, dimension: 100, activeFraction: 0.75, normPower: 4, distribution: distribution)
    #expect(classes.count <= AdamL2.mostClasses)
    let sums = classes.reduce(into: (0.0, 0.0, 0.0, 0.0)) {
      $0.0 += $1.count
      $0.1 += $1.gradientShare > 0 ? $1.count : 0
      $0.2 += $1.count * $1.gradientShare
      $0.3 += $1.count * $1.normPower
    }
    for (sum, expected) in [(sums.0, 100.0), (sums.1, 75), (sums.2, 1), (sums.3, 4)] {
      #expect(abs(sum / expected - 1) < 1e-13)
    }
  }
}
