import CrossChecks
import Dynamics
import Equilibrium
import Foundation
import Formulas
import Optimizers
import Training

/// Tests that take long are run by `make test-slow` alone.
enum SlowTests {
  static let areWanted = ProcessInfo.processInfo.environment["ROTEQ_SLOW_TESTS"] != nil
}

/// The hyperparameters of a walk that settles within some hundred steps: ηλ = 5e-3.
let quick: [(optimizer: Optimizer, values: [Symbol: Double])] = [
  (.sgdm, [.learningRate: 1, .weightDecay: 5e-3, .momentum: 0.9]),
  (.adamW, [.learningRate: 1e-2, .weightDecay: 0.5, .beta1: 0.9, .beta2: 0.98]),
  (.adamL2, [.learningRate: 1e-2, .weightDecay: 2e-3, .beta1: 0.9, .beta2: 0.98]),
  (.lion, [.learningRate: 5e-3, .weightDecay: 1, .beta1: 0.9, .beta2: 0.95]),
]

/// A walk of a small system.
func walk(
  _ optimizer: Optimizer, _ values: [Symbol: Double], steps: Int, schedule: Schedule = .constant,
  system: SimpleSystem = SimpleSystem(dimension: 32, neurons: 16, batch: 16, gains: .ones),
  wrapper: RotationalWrapper? = nil, rotations: [Double]? = nil, settledFrom: Int? = nil, window: Int? = nil
) throws -> Walk {
  let settings = try Settings(
    optimizer, values.merging([.dimension: Double(system.dimension)]) { own, _ in own })
  let plan = RunPlan(
    steps: steps, learningRate: values[.learningRate] ?? .nan, schedule: schedule,
    weightDecay: values[.weightDecay] ?? .nan)
  return try Walk(
    settings, plan: plan, system: system, wrapper: wrapper, rotations: rotations, settledFrom: settledFrom,
    window: window)
}
