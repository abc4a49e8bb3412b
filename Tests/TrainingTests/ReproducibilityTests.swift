import Safetensors
import Testing

@testable import Training

/// The same run twice, stopped and resumed.
@Suite struct ReproducibilityTests {
  private static let system = SimpleSystem(dimension: 11, neurons: 19, batch: 5)

  @Test(arguments: Walk.plain, Precision.allCases)
  func theSeedDecides(_ walk: Walk, _ precision: Precision) throws {
    func windows(_ seed: UInt64) throws -> [Simulation.Window] {
      try walk.windows(2, of: 10, Self.system, seed: seed, precision: precision)
    }
    let (first, again, other) = (try windows(7), try windows(7), try windows(8))
    for (one, two) in zip(first, again) { #expect(one == two) }
    for (one, two) in zip(first, other) { #expect(one.measurement != two.measurement) }
  }

  /// From one window to the next nothing lives but what is saved.
  @Test(arguments: Walk.all, Arithmetic.available)
  func aResumedRunGoesOnBitForBit(_ walk: Walk, _ arithmetic: Arithmetic) throws {
    for normalisation in SimpleSystem.Normalisation.allCases {
      var system = Self.system
      system.normalisation = normalisation
      let settings = walk.settings(
        system, window: 13, precision: arithmetic.precision, set: arithmetic.set)
      let whole = try Simulation(settings)
      for _ in 0..<2 { _ = try whole.advance() }
      let saved = whole.state.encoded()
      let resumed = try Simulation(settings)
      try resumed.resume(from: TensorFile(saved))
      #expect(resumed.step == 26)
      for _ in 0..<2 {
        let (expected, found) = (try whole.advance(), try resumed.advance())
        #expect(expected == found)
      }
      #expect(resumed.weights == whole.weights)
      #expect(resumed.coordinatePowers(neuron: 17) == whole.coordinatePowers(neuron: 17))
      #expect(resumed.state.encoded() == whole.state.encoded())
    }
  }

  /// A run may be longer, or follow another schedule, once it was stopped; it has to be the same system.
  @Test func aStateFitsEverySchedule() throws {
    let walk = Walk.plain[0]
    let saved = try Simulation(walk.settings(Self.system)).state
    var settings = walk.settings(Self.system, window: 3)
    settings.schedule = { _ in StepSettings(learningRate: 0, weightDecay: 0) }
    try Simulation(settings).resume(from: saved)
  }

  /// Memory: a state is as large after a thousand steps as at the start.
  @Test func stateDoesNotGrow() throws {
    let simulation = try Simulation(Walk.all[7].settings(Self.system, window: 500))
    let size = simulation.state.encoded().count
    for _ in 0..<2 { _ = try simulation.advance() }
    #expect(simulation.state.encoded().count == size)
  }

  // MARK: States that do not fit

  private static let wrapped = Walk(
    name: "adamw", rule: AdamWRule(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), step: Walk.plain[2].step,
    wrapper: RotationalWrapper())

  private struct Damage: Sendable {
    let text: String
    let apply: @Sendable (inout TensorFile) -> Void
  }

  private static let damages = [
    Damage(text: "the saved state is not of this run: it does not say its optimizer.beta1") {
      $0.metadata = [:]
    },
    Damage(text: "there is no tensor 'weight/second_moment'") {
      $0.tensors["weight/second_moment"] = nil
    },
    Damage(text: "there is no tensor 'random'") { $0.tensors["random"] = nil },
    Damage(text: "there is no tensor 'weight/rotation'") { $0.tensors["weight/rotation"] = nil },
    Damage(text: "tensor 'bias' has the shape [3], expected [2, 1, 16]") {
      $0.tensors["bias"] = Tensor([1, 2, 3] as [Float])
    },
    Damage(text: "tensor 'step' has the shape [0], expected [1]") {
      $0.tensors["step"] = Tensor([] as [UInt64])
    },
    Damage(text: "the saved state is not of this run: 'step' is stored as F64, expected U64") {
      $0.tensors["step"] = Tensor([1.0])
    },
    Damage(text: "the saved state is not of this run: 'step' is 18446744073709551615, expected less than 2⁵³")
    {
      $0.tensors["step"] = Tensor([UInt64.max])
    },
    Damage(text: "tensor 'weight' is not finite at step 0") {
      $0.tensors["weight"] = Tensor(
        [Float](repeating: .nan, count: 2 * 11 * 16), shape: [2, 11, 16])
    },
  ]

  @Test(arguments: damages.indices)
  func aDamagedStateIsRefused(_ index: Int) throws {
    let damage = Self.damages[index]
    let simulation = try Simulation(Self.wrapped.settings(Self.system))
    _ = try simulation.advance()
    let before = simulation.state
    var file = before
    damage.apply(&file)
    let error = #expect(throws: TrainingError.self) { try simulation.resume(from: file) }
    #expect(error?.description == damage.text)
    #expect(simulation.state == before)
  }

  @Test func aStateOfOtherSettingsIsRefused() throws {
    let settings = Self.wrapped.settings(Self.system)
    let saved = try Simulation(settings).state
    func refusal(_ change: (inout SimulationSettings) -> Void) throws -> String? {
      var other = settings
      change(&other)
      let simulation = try Simulation(other)
      return #expect(throws: TrainingError.self) { try simulation.resume(from: saved) }?.description
    }
    let changes: [(field: String, change: (inout SimulationSettings) -> Void)] = [
      ("seed is 1, here it is 2", { $0.seed = 2 }),
      ("precision is single, here it is double", { $0.precision = .double }),
      ("wrapper is Algorithm 1, here it is none", { $0.wrapper = nil }),
      ("wrapper.decayFactor is 0.9, here it is 0.5", { $0.wrapper?.decayFactor = 0.5 }),
      ("system.gains is normal, here it is ones", { $0.system.gains = .ones }),
      ("system.neurons is 19, here it is 18", { $0.system.neurons = 18 }),
      (
        "optimizer.beta2 is 0.999, here it is 0.99",
        { $0.rule = AdamWRule(beta1: 0.9, beta2: 0.99, epsilon: 1e-8) }
      ),
    ]
    for (field, change) in changes {
      #expect(try refusal(change) == "the saved state is not of this run: its \(field)")
    }
    let lion = try #require(try refusal { $0.rule = LionRule(beta1: 0.9, beta2: 0.999) })
    #expect(lion.hasPrefix("the saved state is not of this run: its optimizer."))
  }
}
