import Testing

@testable import Training

/// The same run on every instruction set of this processor.
@Suite struct InstructionSetTests {
  /// Neither neurons nor outputs nor the inputs of a batch fill their panels.
  private static let sizes = SimpleSystem(dimension: 23, neurons: 37, batch: 7)

  private static func run(
    _ walk: Walk, _ normalisation: SimpleSystem.Normalisation, _ precision: Precision, _ set: InstructionSet
  ) throws -> Simulation {
    var system = sizes
    system.normalisation = normalisation
    let simulation = try Simulation(
      walk.settings(system, window: 100, precision: precision, set: set))
    return simulation
  }

  /// Sets with a fused multiply-add give the same bits.
  @Test(
    .enabled(if: InstructionSet.avx2.isAvailable && InstructionSet.avx512.isAvailable),
    arguments: Walk.plain + Walk.rotational(RotationalWrapper()), SimpleSystem.Normalisation.allCases)
  func avx512GivesTheBitsOfAVX2(_ walk: Walk, _ normalisation: SimpleSystem.Normalisation) throws {
    for precision in Precision.allCases {
      let runs = try [InstructionSet.avx2, .avx512].map { set in
        let simulation = try Self.run(walk, normalisation, precision, set)
        return (try simulation.advance(), simulation.weights)
      }
      #expect(runs[0].0 == runs[1].0)
      #expect(runs[0].1 == runs[1].1)
    }
  }

  /// `plain` rounds products before it adds them, so runs part slowly: in the first 100 steps by 1e-5 of the largest weight at most.
  /// In double precision, too: random numbers are always drawn in single precision.
  ///
  /// Lion's signs turn where rounding decides: one in 10⁷, none of the 85,000 here.
  @Test(
    arguments: Walk.plain + Walk.rotational(RotationalWrapper()), SimpleSystem.Normalisation.allCases)
  func allAgreeWithThePlainOne(_ walk: Walk, _ normalisation: SimpleSystem.Normalisation) throws {
    for precision in Precision.allCases {
      let tolerance = 1e-5
      let plain = try Self.run(walk, normalisation, precision, .plain)
      let expected = try plain.advance().measurement
      for set in InstructionSet.available where set != .plain {
        let simulation = try Self.run(walk, normalisation, precision, set)
        let found = try simulation.advance().measurement
        #expect(deviation(simulation.weights, from: plain.weights) < tolerance, "\(set), \(precision)")
        for quantity in NeuronQuantity.allCases {
          // Cosines may vanish.
          let size = max(abs(expected[quantity]), quantity.isRootMeanSquare ? 0 : 1)
          #expect(
            abs(found[quantity] - expected[quantity]) <= tolerance * size, "\(quantity), \(set), \(precision)"
          )
        }
      }
    }
  }

  /// Over thousands of steps weights part further: with few examples in a batch a rounding grows as a run goes on, and a sign of
  /// Lion turns now and then. What is measured over the run stays the same to 1e-5.
  @Test(arguments: Walk.plain)
  func longRunsMeasureTheSame(_ walk: Walk) throws {
    func measured(_ set: InstructionSet) throws -> Measurement {
      try walk.windows(1, of: 2000, Self.sizes, set: set)[0].measurement
    }
    let expected = try measured(.plain)
    for set in InstructionSet.available where set != .plain {
      let found = try measured(set)
      for quantity in [NeuronQuantity.norm, .rotation, .updateSize, .gradientNorm] {
        #expect(abs(found[quantity] / expected[quantity] - 1) < 1e-5, "\(quantity), \(set)")
      }
    }
  }

  /// The walk does not know how many bits it is computed with: both precisions draw the same numbers.
  @Test(arguments: InstructionSet.available)
  func bothPrecisionsWalkAlike(_ set: InstructionSet) throws {
    let walk = try #require(Walk.plain.first { $0.name == "adamw" })
    let runs = try Precision.allCases.map { precision in
      let simulation = try Self.run(walk, .batch, precision, set)
      _ = try simulation.advance()
      return simulation.weights
    }
    #expect(deviation(runs[0], from: runs[1]) < 1e-5)
    #expect(runs[0] != runs[1])
  }

  // MARK: Panels that are not full

  static let smallSystems = [
    SimpleSystem(dimension: 1, neurons: 3, batch: 4), SimpleSystem(dimension: 5, neurons: 1, batch: 2),
    SimpleSystem(dimension: 3, neurons: 17, batch: 3), SimpleSystem(dimension: 2, neurons: 2, batch: 5),
    SimpleSystem(dimension: 9, neurons: 33, batch: 1, normalisation: .layer),
    SimpleSystem(dimension: 1, neurons: 1, batch: 1, normalisation: .none),
  ]

  /// Every size gives finite numbers, but for what is refused.
  @Test(arguments: smallSystems, Arithmetic.available)
  func smallSystemsStayFinite(_ system: SimpleSystem, _ arithmetic: Arithmetic) throws {
    for walk in Walk.all {
      let nothingToTurn = walk.wrapper?.granularity == .neuron && system.dimension == 1
      let nothingInAll = walk.wrapper != nil && system.dimension * system.neurons == 1
      guard !nothingToTurn && !nothingInAll else { continue }
      let windows = try walk.windows(
        2, of: 10, system, precision: arithmetic.precision, set: arithmetic.set)
      for window in windows {
        for neuron in 0..<system.neurons {
          for quantity in NeuronQuantity.allCases {
            #expect(
              window.measurement[quantity, neuron: neuron].isFinite, "\(walk.testDescription) \(quantity)")
          }
        }
        #expect(window.rotationOverWindow.count == system.neurons)
        #expect(!window.rotationOverWindow.contains { !$0.isFinite })
      }
    }
  }

  /// What fills up the last panel never reaches a neuron, a measurement of one or of the layer.
  @Test(arguments: Walk.all, SimpleSystem.Normalisation.allCases)
  func neuronsThatFillUpAPanelDoNotMatter(_ walk: Walk, _ normalisation: SimpleSystem.Normalisation) throws {
    let runs = try [nil, 1.0, -1e3, .nan].map { filling in
      let simulation = try Self.run(walk, normalisation, .single, .best)
      if let filling { simulation.weight.value.fillUp(with: filling) }
      return (try simulation.advance(), simulation.weights)
    }
    for run in runs.dropFirst() {
      #expect(run.0 == runs[0].0)
      #expect(run.1 == runs[0].1)
    }
  }

  /// They do not fade or grow either: numbers close to zero would be slow.
  @Test(arguments: Walk.all)
  func neuronsThatFillUpAPanelStaySound(_ walk: Walk) throws {
    let simulation = try Simulation(
      walk.settings(SimpleSystem(dimension: 8, neurons: 5, batch: 4), window: 500))
    func largest() -> Double { simulation.weight.value.raw.reduce(0) { max($0, abs($1)) } }
    func smallestPower() -> Double {
      let raw = simulation.weight.value.raw
      return (0..<lanes).map { lane in
        stride(from: lane, to: raw.count, by: lanes).reduce(0) { $0 + raw[$1] * raw[$1] }
      }.min() ?? 0
    }
    let (before, powerBefore) = (largest(), smallestPower())
    _ = try simulation.advance()
    #expect(!simulation.weight.value.raw.contains { !$0.isFinite })
    #expect(largest() < 100 * before)
    #expect(smallestPower() > 1e-3 * powerBefore)
  }
}
