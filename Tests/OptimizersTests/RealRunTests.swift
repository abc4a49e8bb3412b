import Dynamics
import Equilibrium
import Formulas
import Foundation
import Optimizers
import Testing

/// A batch-normalised network trained on Fashion-MNIST elsewhere: its logged gradients give its norms and rotations.
@Suite struct RealRunTests {
  /// A layer of a run, what is known of its gradient, and the mean relative errors allowed in norm and rotation.
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let layer: Int
    var column = "gradient_norm"
    var knowsCosine = false
    var norm = 0.03
    var rotation = 0.05
    var testDescription: String { "\(file) layer \(layer), \(column)\(knowsCosine ? " and cosine" : "")" }
  }

  @Test(arguments: [
    // AdamW looks at ratios of gradients only, so the geometric mean over neurons is what counts.
    Case(file: "real_adamw", layer: 2, column: "geometric_gradient_norm"),
    Case(file: "real_adamw", layer: 3, column: "geometric_gradient_norm"),
    // With the agreement of successive gradients, which is large in the first hundred steps.
    Case(file: "real_adamw", layer: 2, knowsCosine: true),
    Case(file: "real_adamw", layer: 3, knowsCosine: true),
    Case(file: "real_sgdm", layer: 1, knowsCosine: true),
    Case(file: "real_sgdm", layer: 2, knowsCosine: true),
    Case(file: "real_sgdm", layer: 3, knowsCosine: true),
    // A quarter of the inputs are dead; of the others some see gradients that differ from the layer's mean, which v
    // takes in coordinate by coordinate: the rotation comes out too large.
    Case(file: "real_adamw", layer: 1, rotation: 0.1),
  ])
  func aLoggedGradientGivesTheRun(_ test: Case) throws {
    let error = try Self.errors(test, Self.logged(test))
    #expect(error.norm <= test.norm, "norm off by \(error.norm * 100) %")
    #expect(error.rotation <= test.rotation, "rotation off by \(error.rotation * 100) %")
  }

  /// What the same layers get from (16), and from the engine if the gradient is taken to be constant.
  @Test(arguments: [2, 3])
  func withoutTheLogTheRunIsMissed(_ layer: Int) throws {
    let test = Case(file: "real_adamw", layer: layer)
    let constant = GradientTrace(constant: 1, reference: .unitNorm)
    let engine = try Self.errors(test, constant)
    #expect(engine.norm > 0.25 && engine.rotation > 0.1)
    let recurrence = try Self.errors(test, constant, \.norm.recurrence, \.rotation.recurrence)
    #expect(recurrence.norm > 0.4 && recurrence.rotation > 0.2)
  }

  /// The gradient as it was logged: means over windows, which stand for the middle of their window.
  private static func logged(_ test: Case) throws -> GradientTrace {
    let log = try StoredTrajectory("\(test.file)_layer\(test.layer)_gradients")
    func schedule(_ steps: [Double], _ values: [Double]) throws -> Schedule {
      let delay = (steps[1] - steps[0] - 1) / 2
      return try .table(steps: steps.map { $0 - delay }, values: values)
    }
    let norm = try schedule(log.column("step"), log.column(test.column))
    guard test.knowsCosine else { return GradientTrace(norm: norm, reference: .weight) }
    let run = try StoredTrajectory(test.file)
    let cosines = try run.column("momentum_cosine", layer: "\(test.layer)")
    // A schedule is not negative, a cosine may be.
    let above = try schedule(run.column("step", layer: "\(test.layer)"), cosines.map { $0 + 1 })
    return GradientTrace(
      norm: norm, reference: .weight, momentumCosine: Schedule("cosine") { above.factor(after: $0) - 1 })
  }

  private static func errors(
    _ test: Case, _ gradient: GradientTrace, _ norm: KeyPath<Trajectory.Point, Double> = \.norm.moments,
    _ rotation: KeyPath<Trajectory.Point, Double> = \.rotation.moments
  ) throws -> (norm: Double, rotation: Double) {
    let stored = try StoredTrajectory(test.file)
    let layer = "\(test.layer)"
    let rows = try stored.column("step", layer: layer).map { Int($0) }
    let points = try points(test, stored, gradient)
    // The measured rotation is the root mean square of a window.
    let every = Int(try stored.number("every"))
    let rotations = rows.map { row in
      let squares = points[(row - every)..<row].map { $0[keyPath: rotation] * $0[keyPath: rotation] }
      return (squares.reduce(0, +) / Double(every)).squareRoot()
    }
    return (
      StoredTrajectory.meanError(
        rows.map { points[$0 - 1][keyPath: norm] }, try stored.column("norm", layer: layer)
      ) { _ in true },
      StoredTrajectory.meanError(rotations, try stored.column("rotation_pooled", layer: layer)) { _ in true }
    )
  }

  private static func points(
    _ test: Case, _ stored: StoredTrajectory, _ gradient: GradientTrace
  ) throws -> [Trajectory.Point] {
    let optimizer = try Optimizer.stored(try #require(stored.header["optimizer"]))
    func number(_ key: String) throws -> Double {
      let words = try #require(stored.header[key]).split(separator: " ")
      return try #require(Double(words[test.layer - 1]))
    }
    var values: [Symbol: Double] = [:]
    for symbol in optimizer.hyperparameters.map(\.symbol) where stored.header[symbol.name] != nil {
      values[symbol] = try stored.number(symbol.name)
    }
    values[.dimension] = try number("dimensions")
    values[.initialNorm] = try number("initial_norms")
    values[.activeFraction] = try number("active_fractions")
    values[.unitGradientPower] = 1
    let (steps, warmup) = (Int(try stored.number("steps")), Int(try stored.number("warmup")))
    let plan = RunPlan(
      steps: steps, learningRate: try stored.number("learning_rate"),
      schedule: .cosine(span: steps - warmup).warmedUp(over: warmup),
      weightDecay: try stored.number("weight_decay"))
    var points: [Trajectory.Point] = []
    try Trajectory(try Settings(optimizer, values), plan, gradient: gradient).forEach { points.append($0) }
    return points
  }
}
