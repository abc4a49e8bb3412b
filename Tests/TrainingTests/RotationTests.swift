import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Algorithm 1 in a random walk: norms stay, weights turn as they are told.
@Suite struct RotationTests {
  private static func norms(_ simulation: Simulation) -> [Double] {
    let columns = simulation.settings.system.dimension
    return (0..<simulation.settings.system.neurons).map { neuron in
      simulation.weights[neuron * columns..<(neuron + 1) * columns].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  private static func run(
    _ walk: Walk, _ system: SimpleSystem, steps: Int, precision: Precision = .single,
    set: InstructionSet = .best
  ) throws -> (simulation: Simulation, measurement: Measurement, drift: Double) {
    let simulation = try Simulation(walk.settings(system, window: steps, precision: precision, set: set))
    let before = norms(simulation)
    let measurement = try simulation.advance().measurement
    let drift = zip(norms(simulation), before).reduce(0) { max($0, abs($1.0 / $1.1 - 1)) }
    return (simulation, measurement, drift)
  }

  /// The norm of every neuron after 10⁵ steps in single precision, against the norm at the start.
  @Test(arguments: [Walk.rotational(RotationalWrapper())[2]], InstructionSet.available)
  func normsDoNotDrift(_ walk: Walk, _ set: InstructionSet) throws {
    let system = SimpleSystem(dimension: 16, neurons: 16, batch: 4)
    let drift = try Self.run(walk, system, steps: 100_000, set: set).drift
    #expect(drift <= 1e-6)
  }

  @Test(.enabled(if: SlowTests.areWanted), arguments: Walk.rotational(RotationalWrapper()))
  func normsDoNotDriftInALargeSystem(_ walk: Walk) throws {
    #expect(try Self.run(walk, SimpleSystem(dimension: 128, neurons: 128), steps: 100_000).drift <= 1e-6)
    // A sum of so many squares has its own rounding; it does not add up over steps.
    #expect(
      try Self.run(walk, SimpleSystem(dimension: 4096, neurons: 16, batch: 8), steps: 1000).drift <= 1e-6)
  }

  /// The angle over neurons and steps is the request, within 0.5 %, as a root mean square, which is what ν averages.
  ///
  /// A neuron's angle varies from step to step by a relative σ, so its plain mean is less, by σ²/2: 0.1 % for Lion, whose updates
  /// have one size, to 1.3 % for Nesterov's momentum, where the latest gradient weighs most.
  @Test(arguments: [0.9, 0.99])
  func theMeanRotationIsTheRequest(_ decayFactor: Double) throws {
    for walk in Walk.rotational(RotationalWrapper(decayFactor: decayFactor)) {
      let simulation = try Simulation(
        walk.settings(SimpleSystem(dimension: 128, neurons: 32, batch: 16), window: 1000))
      // The moments settle first: a first step of Adam is √((1 + β₁)/(1 − β₁)) = 4.4 times as large as later ones, and ν remembers.
      _ = try simulation.advance()
      var measured = try simulation.advance().measurement
      measured += try simulation.advance().measurement
      #expect(abs(measured[.rotation] / walk.step.rotation - 1) < 5e-3, "\(walk.testDescription)")
      let variance = pow(measured[.rotation] / measured[.meanRotation], 2) - 1
      #expect(
        abs(measured[.meanRotation] / walk.step.rotation - (1 - variance / 2)) < 5e-3,
        "\(walk.testDescription)")
    }
  }

  /// Without a memory each step has the size asked for. It is taken along the tangent, so its tangent is the request, and the
  /// angle arctan(request).
  @Test(arguments: Arithmetic.available)
  func withoutMemoryEveryStepIsTheRequest(_ arithmetic: Arithmetic) throws {
    for granularity in RotationalWrapper.Granularity.allCases {
      for walk in Walk.rotational(
        RotationalWrapper(granularity: granularity, decayFactor: 0, epsilon: 0))
      {
        let measured = try Self.run(
          walk, SimpleSystem(dimension: 32, neurons: 20, batch: 8), steps: 50,
          precision: arithmetic.precision,
          set: arithmetic.set
        ).measurement
        let expected = atan(walk.step.rotation)
        let tolerance = arithmetic.precision == .single ? 1e-5 : 1e-12
        #expect(abs(measured.layerRotation / expected - 1) < tolerance, "\(walk.testDescription)")
        guard granularity == .neuron else { continue }
        for neuron in 0..<20 {
          let found = measured[.meanRotation, neuron: neuron]
          #expect(abs(found / expected - 1) < tolerance, "\(walk.testDescription)")
        }
        // The chord of the angle, and the step before the norm is set back.
        #expect(abs(measured[.relativeUpdate] / (2 * sin(expected / 2)) - 1) < tolerance)
        let size = walk.step.rotation * measured[.norm]
        #expect(abs(measured[.updateSize] / size - 1) < tolerance)
      }
    }
  }

  /// The mean of every weight vector stays zero, and a layer keeps its norm.
  ///
  /// Rounding adds 6e-8 of a coordinate's size at random in each of 2000 steps: 3e-6 of it for a mean of a single one, less for more.
  @Test(arguments: RotationalWrapper.Granularity.allCases, [true, false])
  func theMeanStaysOut(_ granularity: RotationalWrapper.Granularity, _ zeroMean: Bool) throws {
    for walk in Walk.rotational(RotationalWrapper(granularity: granularity, zeroMean: zeroMean)) {
      let system = SimpleSystem(dimension: 24, neurons: 18, batch: 6, normalisation: .layer)
      let simulation = try Simulation(walk.settings(system, window: 2000))
      func size() -> Double { simulation.weights.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let before = size()
      _ = try simulation.advance()
      let weights = simulation.weights
      #expect(abs(size() / before - 1) <= 1e-6, "\(walk.testDescription)")
      guard zeroMean else { continue }
      let width = granularity == .layer ? weights.count : system.dimension
      for start in stride(from: 0, to: weights.count, by: width) {
        let vector = weights[start..<start + width]
        let scale = (vector.reduce(0) { $0 + $1 * $1 } / Double(width)).squareRoot()
        let mean = abs(vector.reduce(0, +)) / Double(width) / scale
        #expect(mean < 3e-6, "\(walk.testDescription)")
      }
    }
  }

  /// A share of the neurons turns faster, another slower, by the factor; the rest as asked for.
  @Test func imbalancedNeuronsTurnByTheirFactor() throws {
    let imbalance = Imbalance(fasterShare: 0.25, slowerShare: 0.5, factor: 4)
    let walk = Walk.rotational(RotationalWrapper(decayFactor: 0, imbalance: imbalance))[0]
    let measured = try Self.run(walk, SimpleSystem(dimension: 32, neurons: 20, batch: 8), steps: 20)
      .measurement
    for neuron in 0..<20 {
      let factor = neuron < 5 ? 4 : neuron < 15 ? 0.25 : 1
      let expected = atan(walk.step.rotation * factor)
      #expect(abs(measured[.rotation, neuron: neuron] / expected - 1) < 2e-5)
    }
  }

  /// Nothing turns where nothing is asked for, and Adam's rate does not matter to the angle.
  @Test func rotationIsIndependentOfTheLearningRate() throws {
    let walk = Walk.rotational(RotationalWrapper())[2]
    func measured(_ step: StepSettings) throws -> Measurement {
      let other = Walk(name: walk.name, rule: walk.rule, step: step, wrapper: walk.wrapper)
      return try Self.run(other, SimpleSystem(dimension: 16, neurons: 16, batch: 4), steps: 50).measurement
    }
    let still = try measured(StepSettings(learningRate: 0.1, weightDecay: 0.1, rotation: 0))
    #expect(still[.rotation] < 1e-6)
    let rates = try [0, 0.1, 3].map {
      try measured(StepSettings(learningRate: $0, weightDecay: 0.1, rotation: 0.01))[.rotation]
    }
    #expect(rates[0] == rates[1] && rates[1] == rates[2])
  }
}
