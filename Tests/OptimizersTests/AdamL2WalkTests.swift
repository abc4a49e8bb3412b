import Dynamics
import Equilibrium
import Formulas
import RealModule
import Testing

@testable import Optimizers

/// The moments against what they are the moments of: Adam+ℓ2 on random gradients, coordinate by coordinate.
@Suite struct AdamL2WalkTests {
  /// λ²A is 35 000 times G at the start, a fifth of it in equilibrium; the fall takes 40 steps at a constant rate, and v
  /// remembers it to the end.
  @Test func fallFromTheDefaultInitialisation() {
    let (neurons, dimension, steps) = (16, 128, 160)
    let (η, λ, unitPower) = (2e-3, 1e-3, 3.2e-12)
    var walk = Walk(neurons: neurons, dimension: dimension, unitPower: unitPower)
    var process = AdamL2.Moments(
      beta1: 0.9, beta2: 0.999,
      classes: AdamL2.classes(
        spectrum: nil, dimension: Double(dimension), activeFraction: 1,
        normPower: walk.normPowers.reduce(0, +) / Double(neurons), distribution: .uniform))
    var settled: [[Double]] = []
    var predicted: [Double] = []
    for step in 1...steps {
      walk.step(learningRate: η, weightDecay: λ)
      _ = process.step(
        StepInput(learningRate: η, weightDecay: λ, gradientPower: unitPower / process.normPower))
      let mean = walk.normPowers.reduce(0, +) / Double(neurons)
      // The fall itself is hardly random: the decay, known by its start, moves every coordinate by η a step.
      if step <= 30 { #expect(abs((process.normPower / mean).squareRoot() - 1) < 0.01, "step \(step)") }
      if step > 80 {
        settled.append(walk.normPowers)
        predicted.append(process.normPower)
      }
    }
    // Afterwards the mean of ‖ω‖² over 80 steps, within four standard errors as the neurons' scatter gives them.
    let means = (0..<neurons).map { neuron in
      settled.reduce(0) { $0 + $1[neuron] } / Double(settled.count)
    }
    let mean = means.reduce(0, +) / Double(neurons)
    let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(neurons - 1)
    let error = (variance / Double(neurons)).squareRoot() / mean
    #expect(error < 0.015)
    let prediction = predicted.reduce(0, +) / Double(predicted.count)
    #expect(abs(prediction / mean - 1) < 4 * error, "\(prediction / mean) ± \(error)")
  }

  /// Neurons with gradients of fixed ‖g‖·‖ω‖, orthogonal to the weight.
  struct Walk {
    let unitPower: Double
    var random = RandomNumbers(seed: 5)
    var weights: [[Double]]
    var first: [[Double]]
    var second: [[Double]]
    var steps = 0

    /// Starts from a uniform distribution in strata, each coordinate drawn from its own.
    init(neurons: Int, dimension: Int, unitPower: Double) {
      self.unitPower = unitPower
      let limit = 1 / Double(dimension).squareRoot()
      first = Array(repeating: Array(repeating: 0, count: dimension), count: neurons)
      second = first
      weights = first
      for neuron in 0..<neurons {
        for k in 0..<dimension {
          weights[neuron][k] = limit * (2 * (Double(k) + random.unit()) / Double(dimension) - 1)
        }
      }
    }

    var normPowers: [Double] { weights.map { $0.reduce(0) { $0 + $1 * $1 } } }

    mutating func step(learningRate η: Double, weightDecay λ: Double) {
      steps += 1
      let rate = η / (1 - Double.pow(0.9, steps))
      let onset = 1 - Double.pow(0.999, steps)
      for neuron in weights.indices {
        let ω = weights[neuron]
        let power = ω.reduce(0) { $0 + $1 * $1 }
        var g = ω.map { _ in random.normal() * (unitPower / Double(ω.count) / power).squareRoot() }
        let along = zip(g, ω).reduce(0) { $0 + $1.0 * $1.1 } / power
        for k in ω.indices {
          g[k] += λ * ω[k] - along * ω[k]
          first[neuron][k] = 0.9 * first[neuron][k] + 0.1 * g[k]
          second[neuron][k] = 0.999 * second[neuron][k] + 0.001 * g[k] * g[k]
          weights[neuron][k] -= rate * first[neuron][k] / (second[neuron][k] / onset).squareRoot()
        }
      }
    }
  }
}
