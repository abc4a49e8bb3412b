import Dynamics
import Equilibrium
import Formulas
import Foundation
import Optimizers
import Testing

/// Lion's moments with the refined response of the sign: against their own stationary state, and against walks.
@Suite struct LionMomentsTests {
  struct Stationary: Sendable {
    var beta1 = 0.9
    var beta2 = 0.98
    var kurtosis = 0.0
    var weight = WeightKind.scaleInvariant
    var dimension = 256.0
  }
  static let stationary = [
    Stationary(), Stationary(beta1: 0.98), Stationary(beta1: 0, kurtosis: 2),
    Stationary(beta2: 0, kurtosis: 1),
    Stationary(kurtosis: 3, weight: .scaleSensitive, dimension: 1),
    Stationary(beta1: 0.95, kurtosis: -1.2, dimension: 9),
  ]

  /// The stationary state written as sums over lags, with q = 1 − ηλ: a lag of j + 1 steps has the correlation
  /// f_n·cⁿ·β₂ⁿʲ by the n-th power of the arcsine law.
  @Test(arguments: stationary)
  func settlesAtItsOwnClosedForm(_ test: Stationary) throws {
    let (η, λ, β₁, β₂, C) = (0.02, 0.05, test.beta1, test.beta2, test.dimension)
    let settings = try Settings(
      .lion,
      [
        .learningRate: η, .weightDecay: λ, .beta1: β₁, .beta2: β₂, .dimension: C,
        .gradientKurtosis: test.kurtosis,
      ], weight: test.weight)
    var process = try #require(settings.optimizer.process(settings, 3))
    var angle = 0.0
    for _ in 0..<60_000 {
      let power = test.weight == .scaleInvariant ? 1 / process.normPower : 1
      angle = process.step(StepInput(learningRate: η, weightDecay: λ, gradientPower: power))
    }

    let S = (1 - β₁) * (1 - β₁) + β₁ * β₁ * (1 - β₂) / (1 + β₂)
    let share = (1 - β₁) * (1 - β₁) / S
    let old = β₁ * (1 - β₂) * β₁ * β₂ / (1 + β₂) / S
    let new = β₁ * (1 - β₂) * (1 - β₁) / S
    let spread = 1 + test.kurtosis * share * share / 3
    let older = pow(spread, 3.0 / 8)
    let newest = (pow(spread, -1.0 / 8) - (1 - share) * older) / share
    let orthogonal = test.weight == .scaleInvariant ? 1 + share / C : 1
    let q = 1 - η * λ
    var pull = older * orthogonal * (older * old + newest * new) / (1 - q * β₂)
    for (power, coefficient) in [(3.0, 1.0 / 6), (5, 3.0 / 40), (7, 5.0 / 112), (9, 35.0 / 1152)] {
      pull += coefficient * pow(old + new, power) / (1 - q * pow(β₂, power))
    }
    pull *= 2 / .pi
    let normPower = η * η * C * (1 + 2 * q * pull) / (1 - q * q)
    let loss = η * λ * (1 - pull * η * λ) / (1 + 2 * q * pull)
    #expect(abs(process.normPower / normPower - 1) < 1e-12)
    #expect(abs(angle / (2 * asin((loss / 2).squareRoot())) - 1) < 1e-12)
  }

  /// Walks over a whole warmup and cosine, each with one thing that the linear response leaves out.
  ///
  /// The mean error of the norm over the run stays within four standard errors of a norm, √(2/KC)/2 for K neurons,
  /// and 1/(5C) for the correlation of momentum and weight that the term p/C leaves out. The mean angle of neurons
  /// also differs from the angle of the mean moments, by less than 1/(2C). For the tails the distribution is not the
  /// log-normal that the gains take: 0.5 %.
  @Test(arguments: try LionWalk.all())
  func followsTheWalk(_ walk: LionWalk) throws {
    let C = try #require(walk.values[.dimension])
    let kurtosis = try #require(walk.values[.gradientKurtosis])
    let sampling = 4 * (2 / (walk.neurons * C)).squareRoot() / 2 + (kurtosis > 0 ? 0.005 : 0)
    let refined = try walk.errors(walk.values)
    #expect(abs(refined.norm) < sampling + 0.2 / C, "norm \(refined.norm)")
    #expect(abs(refined.rotation) < sampling + 0.5 / C, "rotation \(refined.rotation)")

    var linear = walk.values
    if walk.name == "radial" { linear[.radialDecay] = 0 } else { linear[.gradientKurtosis] = nil }
    let left = try walk.errors(linear)
    #expect(abs(left.norm) > 2 * abs(refined.norm) && abs(left.norm) > sampling + 0.2 / C)
  }
}

/// A random walk of Tests/ReferenceData/lion_walks.csv.
struct LionWalk: Sendable, CustomTestStringConvertible {
  let name: String
  let weight: WeightKind
  let neurons: Double
  let steps: Int
  let warmup: Int
  var values: [Symbol: Double]
  var measured: [(step: Int, norm: Double, rotation: Double)] = []
  var testDescription: String { name }

  static func all() throws -> [LionWalk] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: folder.appending(path: "ReferenceData/lion_walks.csv"), encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
    let symbols: [Symbol] = [
      .learningRate, .weightDecay, .beta1, .beta2, .dimension, .gradientKurtosis, .radialDecay, .initialNorm,
    ]
    var walks: [LionWalk] = []
    for line in lines.dropFirst() {
      let cells = Dictionary(uniqueKeysWithValues: zip(lines[0], line))
      func number(_ name: String) throws -> Double { try #require(cells[name].flatMap(Double.init)) }
      if walks.last?.name != cells["case"] {
        walks.append(
          LionWalk(
            name: try #require(cells["case"]),
            weight: try number("scale_invariant") == 1 ? .scaleInvariant : .scaleSensitive,
            neurons: try number("neurons"), steps: Int(try number("steps")),
            warmup: Int(try number("warmup")),
            values: try Dictionary(uniqueKeysWithValues: symbols.map { ($0, try number($0.name)) })))
      }
      walks[walks.count - 1].measured.append(
        (Int(try number("step")), try number("norm"), try number("rotation")))
    }
    return walks
  }

  /// Mean relative errors of norm and rotation, with their sign.
  func errors(_ values: [Symbol: Double]) throws -> (norm: Double, rotation: Double) {
    var known = values
    known[.radialDecay] = nil
    let settings = try Settings(.lion, known, weight: weight)
    let (η, λ) = (try #require(values[.learningRate]), try #require(values[.weightDecay]))
    let start = try #require(values[.initialNorm])
    var process = try #require(settings.optimizer.process(settings, start * start))
    var (norm, rotation) = (0.0, 0.0)
    for step in 1...steps {
      let cosine = (1 + cos(.pi * Double(step - warmup) / Double(steps - warmup))) / 2
      let angle = process.step(
        StepInput(
          learningRate: η * (step > warmup ? cosine : Double(step) / Double(warmup)), weightDecay: λ,
          gradientPower: weight == .scaleInvariant ? 1 / process.normPower : values[.dimension] ?? 0,
          radialDecay: values[.radialDecay] ?? 0))
      if let measured = measured.first(where: { $0.step == step }) {
        norm += process.normPower.squareRoot() / measured.norm - 1
        rotation += angle / measured.rotation - 1
      }
    }
    return (norm / Double(measured.count), rotation / Double(measured.count))
  }
}
