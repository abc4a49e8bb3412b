import Audits
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule
import RunConfigurations
import Safetensors
import Testing

@Suite("Checkpoints made up")
struct MadeUpTests {
  static func run(
    _ hyperparameters: [Symbol: Double], _ optimizer: Optimizer = .adamW, warmup: Int? = nil,
    convention: DecayConvention = .coupled
  ) -> TrainingRun {
    var specification = ScheduleSpecification("cosine")
    specification.warmup = warmup
    return TrainingRun(
      name: "run", optimizer: optimizer, hyperparameters: hyperparameters, decayConvention: convention,
      steps: 2000, schedule: .named(specification))
  }

  /// A warmup that begins at 0 has no decay in its first step. From equilibrium at the peak or from anywhere else, after
  /// Σηλ = 5 of 10 nothing of it is left; before Σηλ = 3 nobody can know what to expect.
  @Test("What to expect is known once the initial norm is forgotten")
  func expected() throws {
    let run = Self.run([.learningRate: 1e-2, .weightDecay: 1], warmup: 100)
    let tensors = ["a.weight": matrix(neurons: 8, dimension: 64)]
    let late = try audit(run, tensors, step: 1000).tensors[0]
    #expect(late.expectedNorm != nil)
    #expect(!late.remembersStart)
    let early = try audit(run, tensors, step: 200).tensors[0]
    #expect(early.expectedNorm == nil)
    #expect(early.remembersStart)
    var told = run
    told.layers = [LayerShape(name: "a", neurons: 8, dimension: 64, initialNorm: 1)]
    #expect(try audit(told, tensors, step: 200).tensors[0].expectedNorm != nil)
  }

  /// λ′ = ηλ at the peak.
  @Test("Weight decays are those of the configuration's convention")
  func convention() throws {
    let now = ["a.weight": matrix(neurons: 8, dimension: 64)]
    let values = try #require(now["a.weight"]?.values)
    let before = [
      "a.weight": Tensor(
        values.indices.map { Float(values[$0] * 1.01 + ($0 % 3 == 0 ? 0.02 : 0)) }, shape: [8, 64])
    ]
    let coupled = try audit(
      Self.run([.learningRate: 1e-2, .weightDecay: 1]), now, before: before, step: 1000
    ).tensors[0]
    let decoupled = try audit(
      Self.run([.learningRate: 1e-2, .weightDecay: 1e-2], convention: .decoupled), now, before: before,
      step: 1000
    ).tensors[0]
    #expect(difference(decoupled.equilibriumNorm, coupled.equilibriumNorm ?? .nan) < 1e-12)
    #expect(difference(decoupled.restingDecay, 1e-2 * (coupled.restingDecay ?? .nan)) < 1e-12)
    #expect(
      difference(
        decoupled.change?.effectiveDecay?.value, 1e-2 * (coupled.change?.effectiveDecay?.value ?? .nan))
        < 1e-9)
  }

  /// The norm stays, which SGDM's gradient in equilibrium explains; the angle is far from the one that it would turn.
  @Test("A gradient norm that the angle denies leaves the standing open")
  func contradiction() throws {
    let run = Self.run([.learningRate: 0.1, .weightDecay: 5e-4, .momentum: 0.9], .sgdm)
    let now = matrix(neurons: 8, dimension: 64)
    let other = Tensor(
      now.values.indices.map { Float(now.values[$0] * ($0 % 2 == 0 ? 1.001 : 0.999)) }, shape: [8, 64])
    let tensor = try audit(run, ["a.weight": now], before: ["a.weight": other], step: 1000).tensors[0]
    let change = try #require(tensor.change)
    #expect(change.gradientNorm != nil)
    #expect(change.isContradicted)
    #expect(tensor.standing == .unknown)
  }

  @Test("A tensor without a norm is neither above nor below")
  func damaged() throws {
    let run = Self.run([.learningRate: 1e-2, .weightDecay: 1])
    let sound = matrix(neurons: 8, dimension: 64)
    let broken = Tensor([Float](repeating: .nan, count: 512), shape: [8, 64])
    let dead = Tensor([Float](repeating: 0, count: 512), shape: [8, 64])
    let tensors = ["a.weight": broken, "b.weight": dead, "c.weight": sound]
    let audited = try audit(run, tensors, before: tensors, step: 1000).tensors
    #expect(audited.map(\.standing) == [.broken, .dead, .above])
    for tensor in audited.prefix(2) {
      #expect(tensor.ratio == nil)
      #expect(tensor.rotation == nil)
      #expect(tensor.change == nil)
    }
    // What has not moved says nothing of the weight decay.
    let change = try #require(audited[2].change)
    #expect(change.isFrozen)
    #expect(change.effectiveDecay == nil)
    #expect(audited[2].stepsToEquilibrium == nil)
  }

  @Test("Neurons that are alike have no farthest")
  func alike() throws {
    let run = Self.run([.learningRate: 1e-2, .weightDecay: 1])
    let alike = Tensor([Float](repeating: 0.3, count: 512), shape: [8, 64])
    #expect(try audit(run, ["a.weight": alike], step: 1000).neurons.isEmpty)
  }

  @Test("What does not belong together")
  func strangers() throws {
    var run = Self.run([.learningRate: 1e-2, .weightDecay: 1])
    let now = ["h.3.lin.weight": matrix(neurons: 8, dimension: 64)]
    #expect(throws: AuditError.self) {
      try audit(run, now, before: ["other.weight": matrix(neurons: 8, dimension: 64)], step: 1000)
    }
    #expect(throws: AuditError.self) {
      try audit(run, ["a.weight": Tensor([UInt32](repeating: 1, count: 512), shape: [8, 64])], step: 1000)
    }
    run.layers = [LayerShape(name: "h.*.lin", neurons: 8, dimension: 64, initialNorm: 1)]
    let matched = try audit(run, now, step: 10)
    #expect(matched.warnings.isEmpty)
    #expect(matched.tensors[0].expectedNorm != nil)
    run.layers[0].dimension = 65
    #expect(try audit(run, now, step: 10).warnings.count == 1)
  }

  /// Bits of a number with 8 bits of precision are off by u²/12 on average, u the spacing. The numbers are e^x with x in [0, 8 ln 2),
  /// uniform in the logarithm as the derivation has them; 20 000 of them leave a percent to chance.
  @Test("Rounding to 16 bits turns a tensor by as much as is said")
  func rounding() throws {
    let exact = (0..<20_000).map { Float(Double.exp(5.545 * (Double($0) + 0.5) / 20_000)) }
    let rounded = exact.map { number -> Float in
      let bits = number.bitPattern
      return Float(bitPattern: (bits &+ 0x8000) & 0xFFFF_0000)
    }
    let run = Self.run([.learningRate: 1e-2, .weightDecay: 1])
    let tensor = try audit(
      run, ["a.weight": Tensor(exact, shape: [1, 20_000])],
      before: ["a.weight": Tensor(rounded, shape: [1, 20_000])], step: 1000
    ).tensors[0]
    let expected = (Double.log(2) / 18).squareRoot() / 128
    #expect(difference(tensor.change?.rotation, expected) < 0.05)
  }
}
