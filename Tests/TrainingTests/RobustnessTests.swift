import Safetensors
import Testing

@testable import Training

/// What does not fit is refused; what breaks down stops a run and is named.
@Suite struct RobustnessTests {
  private static let adamW = Walk.plain[2]
  private static let small = SimpleSystem(dimension: 8, neurons: 20, batch: 4)

  private static func refusal(
    _ system: SimpleSystem, change: (inout SimulationSettings) -> Void = { _ in }
  ) -> String? {
    var settings = adamW.settings(system)
    change(&settings)
    do throws(TrainingError) {
      _ = try Simulation(settings)
      return nil
    } catch {
      return error.description
    }
  }

  // MARK: Sizes

  private static let sizes: [(SimpleSystem, String)] = [
    (SimpleSystem(dimension: 0), "dimension 0 is not allowed, expected at least 1"),
    (SimpleSystem(neurons: -3), "neurons -3 is not allowed, expected at least 1"),
    (SimpleSystem(batch: 0), "batch 0 is not allowed, expected at least 1"),
    (
      SimpleSystem(batch: 1), "batch 1 leaves nothing to normalise, expected at least 2 (or no normalisation)"
    ),
    (
      SimpleSystem(neurons: 1, normalisation: .layer),
      "neurons 1 leaves nothing to normalise, expected at least 2 (or no normalisation)"
    ),
    (
      SimpleSystem(dimension: 1 << 20, neurons: 1 << 20),
      """
      1048576 neurons × dimension 1048576 with a batch of 32 need more than 8192 MiB of memory; choose fewer
      """
    ),
  ]

  @Test(arguments: sizes.indices) func sizesThatDoNotFitAreRefused(_ index: Int) {
    #expect(Self.refusal(Self.sizes[index].0) == Self.sizes[index].1)
  }

  /// Before memory is taken, and without a product that overflows.
  @Test func absurdSizesAreRefused() {
    let absurd = [1 << 33, 1 << 62, Int.max - 1, Int.max]
    for size in absurd {
      for system in [
        SimpleSystem(dimension: size), SimpleSystem(neurons: size), SimpleSystem(batch: size),
        SimpleSystem(dimension: size, neurons: size, batch: size),
        SimpleSystem(dimension: 1, neurons: size, batch: 2),
        SimpleSystem(dimension: size, neurons: 1, batch: 1, normalisation: .none),
      ] {
        for limit in [8 << 30, 64 << 30] {
          let text = Self.refusal(system) { $0.memoryLimit = limit }
          #expect(text?.hasSuffix("choose fewer") == true, "\(system)")
        }
      }
    }
    #expect(Self.refusal(Self.small) { $0.memoryLimit = 0 } != nil)
    #expect(Self.refusal(Self.small) { $0.memoryLimit = 1 << 20 } == nil)
  }

  @Test func windowsAndInstructionsAreChecked() {
    for window in [0, -1, Int.min] {
      #expect(
        Self.refusal(Self.small) { $0.window = window }
          == "window \(window) is not allowed, expected at least 1")
    }
    #expect(
      Self.refusal(SimpleSystem(dimension: 1)) { $0.wrapper = RotationalWrapper() }
        == "dimension 1 leaves nothing to turn once the mean is removed, expected at least 2 (or no zero mean)"
    )
    for set in InstructionSet.allCases where !set.isAvailable {
      let available = InstructionSet.available.map(\.rawValue).joined(separator: " or ")
      #expect(
        Self.refusal(Self.small) { $0.instructionSet = set }
          == "this processor has no \(set.rawValue), expected \(available)")
    }
  }

  // MARK: Numbers that are none

  /// Why a run stopped.
  private static func failure(_ simulation: Simulation, steps: Int = 1000) -> TrainingError? {
    do throws(TrainingError) {
      for _ in 0..<steps { _ = try simulation.advance(steps: 1) }
      return nil
    } catch {
      return error
    }
  }

  /// A loss that overflows, at once, for every optimizer; also where only the square of the gradient does, which leaves Adam's
  /// weights as they are and all that is measured of the gradient infinite.
  @Test(arguments: Walk.all, [1e25, 1e38, .infinity, .nan])
  func aLossThatOverflowsStopsTheRun(_ walk: Walk, _ lossScale: Double) throws {
    var system = Self.small
    system.lossScale = lossScale
    let error = Self.failure(try Simulation(walk.settings(system)))
    #expect(error?.description == "a weight or its gradient of neuron 0 is not finite at step 1")
  }

  /// Weights that grow without bound stop at the step at which they overflow.
  @Test func weightsThatGrowStopTheRun() throws {
    var system = Self.small
    system.normalisation = .none
    for precision in Precision.allCases {
      let walk = Walk(
        name: "sgdm", rule: SGDMRule(momentum: 0), step: StepSettings(learningRate: 1, weightDecay: 1001))
      let simulation = try Simulation(walk.settings(system, precision: precision))
      // Each step multiplies by 1000; the square of a norm near one overflows after half the exponents there are.
      let expected = precision == .single ? 38 / 6 : 308 / 6
      guard case .notFinite(_, let neuron?, let step) = Self.failure(simulation) else {
        Issue.record("it did not stop")
        return
      }
      #expect(abs(step - expected) <= 1)
      #expect(simulation.step == step)
      #expect(neuron < system.neurons)
    }
  }

  /// One neuron that breaks down is named, and what was measured before it is kept.
  @Test(arguments: Walk.all, [3, 17])
  func theBrokenNeuronIsNamed(_ walk: Walk, _ neuron: Int) throws {
    // Turned as a layer, all break down with one.
    guard walk.wrapper?.granularity != .layer else { return }
    let simulation = try Simulation(walk.settings(Self.small))
    let before = try simulation.advance()
    var weights = simulation.weight.value.values
    weights[neuron * Self.small.dimension + 5] = .nan
    simulation.weight.value.values = weights
    #expect(
      Self.failure(simulation)?.description
        == "a weight or its gradient of neuron \(neuron) is not finite at step 11")
    #expect(before.measurement[.norm].isFinite)
  }

  /// So is a bias.
  @Test func aBrokenBiasIsNamed() throws {
    let simulation = try Simulation(Self.adamW.settings(Self.small))
    var values = simulation.bias.value.values
    values[18] = .infinity
    simulation.bias.value.values = values
    #expect(
      Self.failure(simulation)?.description == "a weight or its gradient of neuron 18 is not finite at step 1"
    )
  }

  // MARK: Replay

  private static let weights = ["w": Tensor([1.0, 2, 3, 4, 5, 7], shape: [2, 3])]

  private static func replay(
    _ gradients: [String: Tensor], from weights: [String: Tensor] = weights,
    wrapper: RotationalWrapper? = nil,
    precision: Precision = .single
  ) -> String? {
    do throws(TrainingError) {
      let replay = try Replay(weights, rule: adamW.rule, wrapper: wrapper, precision: precision)
      try replay.advance(StepSettings(learningRate: 0.1, weightDecay: 0, rotation: 0.1)) { gradients[$0] }
      return nil
    } catch {
      return error.description
    }
  }

  private static func gradient(_ value: Double, shape: [Int] = [2, 3]) -> [String: Tensor] {
    ["step.0": Tensor(Array(repeating: value, count: shape.reduce(1, *)), shape: shape)]
  }

  @Test func replayNamesWhatIsWrong() {
    #expect(Self.replay(Self.gradient(1)) == nil)
    #expect(Self.replay([:]) == "there is no tensor 'step.0'")
    #expect(
      Self.replay(Self.gradient(1, shape: [3, 2]))
        == "tensor 'step.0' has the shape [3, 2], expected [2, 3]")
    #expect(
      Self.replay([:], from: ["w": Tensor([] as [Double], shape: [0, 3])])
        == "the size of tensor 'w' 0 is not allowed, expected at least 1")
    #expect(Self.replay([:], from: ["w": Tensor([1, Double.nan])]) == "tensor 'w' is not finite at step 0")
    #expect(Self.replay(Self.gradient(.nan)) == "tensor 'w' of neuron 0 is not finite at step 1")
    // In single precision the second moment overflows, and the weight would never move again.
    #expect(
      Self.replay(Self.gradient(1e25)) == "tensor 'w/second_moment' of neuron 0 is not finite at step 1")
    #expect(Self.replay(Self.gradient(1e25), precision: .double) == nil)
    #expect(Self.replay([:], from: ["w": Tensor([1e39])]) == "tensor 'w' is not finite at step 0")
    // A row that is zero, or constant, has no direction.
    let constant = ["w": Tensor([1.0, 2, 3, 5, 5, 5], shape: [2, 3])]
    #expect(
      Self.replay(Self.gradient(1), from: constant, wrapper: RotationalWrapper())
        == "tensor 'w' of neuron 1 is not finite at step 1")
  }

  /// Several parameters have gradients with their names, a single one without.
  @Test func gradientNamesSayWhoseTheyAre() throws {
    let one = try Replay(Self.weights, rule: Self.adamW.rule)
    #expect(one.gradientName(of: "w", step: 3) == "step.3")
    let two = try Replay(["w": Tensor([1.0]), "b": Tensor([1.0])], rule: Self.adamW.rule)
    #expect(two.names == ["b", "w"])
    #expect(two.gradientName(of: "w", step: 3) == "w/step.3")
  }

  // MARK: Text

  @Test func errorsSayWhatIsAllowed() {
    let texts: [(TrainingError, String)] = [
      (.notPositive(name: "steps", value: 0), "steps 0 is not allowed, expected at least 1"),
      (
        .tooLarge(neurons: 2, dimension: 3, batch: 4, limit: 5 << 20),
        "2 neurons × dimension 3 with a batch of 4 need more than 5 MiB of memory; choose fewer"
      ),
      (.notFinite(what: "a loss", neuron: nil, step: 7), "a loss is not finite at step 7"),
      (.notFinite(what: "a loss", neuron: 3, step: 7), "a loss of neuron 3 is not finite at step 7"),
      (
        .shapeMismatch(tensor: "w", expected: [2, 3], found: []),
        "tensor 'w' has the shape [], expected [2, 3]"
      ),
      (.missingTensor("w"), "there is no tensor 'w'"),
      (.stateMismatch("it is another"), "the saved state is not of this run: it is another"),
    ]
    for (error, text) in texts { #expect(error.description == text) }
  }
}
