import Equilibrium
import Formulas
import Foundation
import Optimizers
import Testing

/// What scaling rules keep and what they change, against exponents worked out by hand from Tables 1 and 6.
@Suite struct ScalingTests {
  static let batch = ScalingChange.batchSize(from: 256, to: 2048, noiseShare: 1)
  static let signal = ScalingChange.batchSize(from: 256, to: 2048, noiseShare: 0)
  static let width = ScalingChange.dimension(to: 2048)

  struct Case: Sendable, CustomTestStringConvertible {
    let optimizer: Optimizer
    let change: ScalingChange
    let rule: String
    /// The factor of a measure is k to this power.
    let exponents: [ScalingMeasure: Double]
    var testDescription: String { "\(optimizer.identifier), \(change), \(rule)" }

    init(
      _ optimizer: Optimizer, _ change: ScalingChange, _ rule: String, _ exponents: [ScalingMeasure: Double]
    ) {
      self.optimizer = optimizer
      self.change = change
      self.rule = rule
      self.exponents = exponents
    }
  }

  /// ‖ω̂‖⁴ ∝ ηE‖g̃‖²/(λ(1 − α)), η̂_r² ∝ ηλ/(1 + α), τ̂_r² ∝ ηλ/(1 − α), τ̂_g² ∝ η²E‖g‖²/(1 − α)².
  static let sgdm: [Case] = [
    Case(
      .sgdm, batch, "none",
      [
        .rotation: 0, .diffusion: 0, .diffusionPerExample: -0.5, .norm: -0.25, .freeDiffusionPerExample: -1,
        .timescale: 0, .timescaleInExamples: 1,
      ]),
    Case(
      .sgdm, batch, "linear",
      [
        .rotation: 0.5, .diffusion: 0.5, .diffusionPerExample: 0, .norm: 0, .freeDiffusionPerExample: 0,
        .timescale: -1, .timescaleInExamples: 0,
      ]),
    Case(
      .sgdm, batch, "square-root",
      [.rotation: 0.25, .diffusionPerExample: -0.25, .norm: -0.125, .freeDiffusionPerExample: -0.5]),
    Case(
      .sgdm, batch, "decay",
      [.rotation: 0.5, .diffusionPerExample: 0, .norm: -0.5, .freeDiffusionPerExample: -1]),
    Case(.sgdm, batch, "momentum", [.diffusionPerExample: 0, .norm: 0, .freeDiffusionPerExample: 0]),
    Case(.sgdm, batch, "linear-memory", [.diffusionPerExample: 0, .norm: 0, .freeDiffusionPerExample: 0]),
    Case(.sgdm, signal, "linear", [.diffusionPerExample: 0, .norm: 0.25, .freeDiffusionPerExample: 0.5]),
    Case(.sgdm, width, "none", [.rotation: 0, .diffusion: 0, .norm: 0.25, .rmsWeight: -0.25]),
    Case(.sgdm, width, "inverse", [.rotation: -0.5, .diffusion: -0.5, .timescale: 1, .norm: 0]),
    Case(.sgdm, width, "inverse-independent", [.rotation: 0, .diffusion: 0, .norm: -0.25]),
    Case(.sgdm, width, "square-root-independent", [.rotation: 0, .diffusion: 0, .norm: 0]),
  ]

  /// ‖ω̂‖² ∝ ηC/λ, η̂_r² ∝ τ̂_r² ∝ ηλ, τ̂_g ∝ η.
  static let decoupled: [Case] = [Optimizer.adamW, .lion].flatMap { optimizer -> [Case] in
    [
      Case(
        optimizer, batch, "none",
        [
          .rotation: 0, .diffusionPerExample: -0.5, .norm: 0, .freeDiffusionPerExample: -0.5,
          .timescaleInExamples: 1,
        ]),
      Case(
        optimizer, batch, "linear",
        [
          .rotation: 0.5, .diffusionPerExample: 0, .norm: 0.5, .freeDiffusionPerExample: 0.5,
          .timescaleInExamples: 0,
        ]),
      Case(
        optimizer, batch, "square-root",
        [
          .rotation: 0.25, .diffusionPerExample: -0.25, .norm: 0.25, .freeDiffusionPerExample: 0,
          .timescaleInExamples: 0.5,
        ]),
      Case(
        optimizer, batch, "decay",
        [.rotation: 0.5, .diffusionPerExample: 0, .norm: -0.5, .freeDiffusionPerExample: -0.5]),
      Case(
        optimizer, batch, "square-root-both",
        [
          .rotation: 0.5, .diffusionPerExample: 0, .norm: 0, .freeDiffusionPerExample: 0,
          .timescaleInExamples: 0,
        ]),
      Case(optimizer, batch, "linear-independent", [.rotation: 0, .diffusion: 0, .norm: 1, .timescale: 0]),
      Case(
        optimizer, width, "none", [.rotation: 0, .diffusion: 0, .timescale: 0, .norm: 0.5, .rmsWeight: 0]),
      Case(
        optimizer, width, "inverse",
        [.rotation: -0.5, .diffusion: -0.5, .timescale: 1, .norm: 0, .rmsWeight: -0.5]),
      Case(
        optimizer, width, "inverse-independent",
        [.rotation: 0, .diffusion: 0, .timescale: 0, .norm: -0.5, .rmsWeight: -1]),
      Case(
        optimizer, width, "square-root-independent",
        [.rotation: 0, .diffusion: 0, .timescale: 0, .norm: 0, .rmsWeight: -0.5]),
    ]
  }

  /// ‖ω̂‖³ ∝ ηΓ/λ, η̂_r³ ∝ τ̂_r³ ∝ η²λ·√C³/Γ; Γ² ∝ E‖g̃‖² over batch sizes, Γ ∝ C over widths.
  static let adamL2: [Case] = [
    Case(
      .adamL2, batch, "none",
      [.rotation: 1 / 6, .diffusionPerExample: -1 / 3, .norm: -1 / 6, .freeDiffusionPerExample: -0.5]),
    Case(.adamL2, batch, "linear", [.rotation: 5 / 6, .diffusionPerExample: 1 / 3, .norm: 1 / 6]),
    Case(
      .adamL2, batch, "square-root",
      [.rotation: 0.5, .diffusionPerExample: 0, .norm: 0, .freeDiffusionPerExample: 0]),
    Case(.adamL2, batch, "decay", [.rotation: 0.5, .diffusionPerExample: 0, .norm: -0.5]),
    // η ∝ k^(−1/4).
    Case(.adamL2, batch, "keep-rotation", [.rotation: 0, .diffusion: 0, .norm: -0.25]),
    Case(.adamL2, signal, "none", [.rotation: 0, .diffusionPerExample: -0.5, .norm: 0]),
    // η ∝ k^(3/4).
    Case(.adamL2, signal, "keep-diffusion", [.rotation: 0.5, .diffusionPerExample: 0, .norm: 0.25]),
    Case(.adamL2, width, "none", [.rotation: 1 / 6, .diffusion: 1 / 6, .norm: 1 / 3, .rmsWeight: -1 / 6]),
    Case(.adamL2, width, "inverse", [.rotation: -0.5, .diffusion: -0.5, .timescale: 1, .norm: 0]),
    Case(.adamL2, width, "inverse-independent", [.rotation: -1 / 6, .diffusion: -1 / 6, .norm: -1 / 3]),
    Case(.adamL2, width, "square-root-independent", [.rotation: 0, .diffusion: 0, .timescale: 0, .norm: 0]),
  ]

  static func row(_ rule: String, of scaling: Scaling) throws -> ScaledSettings {
    try #require(scaling.rows.first { $0.rule.name == rule })
  }

  /// A stage in which no formula lacks an input, and one in which all but the hyperparameters do.
  static func sources(_ optimizer: Optimizer, _ change: ScalingChange) throws -> [Settings] {
    let known = ContractTests.values(optimizer)
    var bare = known.filter {
      ![.gradientPower, .unitGradientPower, .initialNorm, .dimension].contains($0.key)
    }
    if case .dimension = change { bare[.dimension] = known[.dimension] }
    return [try Settings(optimizer, known), try Settings(optimizer, bare)]
  }

  @Test(arguments: sgdm + decoupled + adamL2)
  func factorsArePowersOfTheChange(_ test: Case) throws {
    for source in try Self.sources(test.optimizer, test.change) {
      let row = try Self.row(test.rule, of: Scaling(source, test.change))
      for (measure, exponent) in test.exponents {
        let factor = try #require(row.ratios[measure])
        #expect(abs(factor / pow(8, exponent) - 1) < 1e-12, "\(measure.rawValue) \(factor)")
        #expect(row.keeps(measure) == (exponent == 0))
      }
    }
  }

  @Test func momentsThatRememberAsManyExamples() throws {
    for optimizer in [Optimizer.adamW, .adamL2] {
      let source = try Settings(optimizer, ContractTests.values(optimizer))
      let row = try Self.row("sde", of: Scaling(source, .batchSize(from: 256, to: 1024, noiseShare: 1)))
      let values = try #require(row.state).settings.values
      #expect(abs((values[.beta1] ?? 0) - 0.6) < 1e-15)
      #expect(abs((values[.beta2] ?? 0) - 0.92) < 1e-15)
      for measure in [ScalingMeasure.diffusionPerExample, .freeDiffusionPerExample, .norm] {
        #expect(row.keeps(measure), "\(measure.rawValue)")
      }
      // (1 − β₁)/(1 + β₁) is 0.1/1.9 before and 0.4/1.6 after.
      let rotation = (4 * (0.4 / 1.6) / (0.1 / 1.9)).squareRoot()
      #expect(abs((row.ratios[.rotation] ?? 0) / rotation - 1) < 1e-12)
    }
  }

  @Test(arguments: [false, true])
  func momentumHasTwoRules(nesterov: Bool) throws {
    let values: [Symbol: Double] = [.learningRate: 0.1, .weightDecay: 5e-4, .momentum: 0.9]
    let source = try Settings(.sgdm, values, nesterov: nesterov)
    let scaling = try Scaling(source, .coefficient(.momentum, to: 0.95))
    #expect(scaling.rows.map(\.rule.name) == ["none", "keep-diffusion", "keep-rotation"])
    let (diffusion, rotation) = (
      try Self.row("keep-diffusion", of: scaling), try Self.row("keep-rotation", of: scaling)
    )
    // η/(1 − α) stays.
    #expect(abs((diffusion.state?.settings.values[.learningRate] ?? 0) / 0.05 - 1) < 1e-12)
    for measure in [ScalingMeasure.diffusion, .timescale, .norm, .freeDiffusion] {
      #expect(diffusion.keeps(measure), "\(measure.rawValue)")
    }
    #expect(rotation.keeps(.rotation) && !rotation.keeps(.diffusion))
    guard !nesterov else { return }
    // η/(1 + α) stays.
    #expect(abs((rotation.state?.settings.values[.learningRate] ?? 0) / (0.1 * 1.95 / 1.9) - 1) < 1e-12)
    #expect(abs((diffusion.ratios[.rotation] ?? 0) / (0.5 * 1.9 / 1.95).squareRoot() - 1) < 1e-12)
  }

  @Test func firstMomentOfAdamWChangesTheRotationAlone() throws {
    let source = try Settings(.adamW, [.learningRate: 1e-3, .weightDecay: 0.1])
    let scaling = try Scaling(source, .coefficient(.beta1, to: 0.95))
    let none = try Self.row("none", of: scaling)
    #expect(abs((none.ratios[.rotation] ?? 0) / (0.05 / 1.95 * 1.9 / 0.1).squareRoot() - 1) < 1e-12)
    #expect(scaling.measures.filter { !none.keeps($0) } == [.rotation])
    #expect(scaling.rows.map(\.rule.name) == ["none", "keep-rotation"])
  }

  static let changes: [ScalingChange] = [
    batch, signal, .batchSize(from: 4096, to: 32, noiseShare: 0.7), width, .dimension(to: 30),
    .coefficient(.momentum, to: 0), .coefficient(.beta1, to: 0.99), .coefficient(.beta2, to: 0.9),
  ]

  /// Every change that applies has a rule that keeps the angle and one that keeps the speed, seen in the predictions.
  @Test(arguments: Optimizer.catalogue, changes)
  func angleAndSpeedCanBeKept(optimizer: Optimizer, change: ScalingChange) throws {
    let source = try Settings(optimizer, ContractTests.values(optimizer))
    guard let scaling = try? Scaling(source, change) else {
      guard case .coefficient = change else {
        Issue.record("refused")
        return
      }
      return
    }
    let isBatchSize = scaling.measures.contains(.diffusionPerExample)
    let speed: ScalingMeasure = isBatchSize ? .diffusionPerExample : .diffusion
    for (measure, quantity) in [
      (ScalingMeasure.rotation, Quantity.expectedRotation), (speed, .rotationalDiffusionRate),
    ] {
      let wanted = try source.value(quantity, .leading)
      let rows = scaling.rows.filter { $0.keeps(measure) }
      #expect(!rows.isEmpty, "\(measure.rawValue)")
      for row in rows {
        let perStep = measure == .diffusionPerExample ? scaling.factor.squareRoot() : 1
        let found = try #require(row.state).settings.value(quantity, .leading)
        #expect(abs(found / (wanted * perStep) - 1) < 1e-12, "\(row.rule.name) \(measure.rawValue)")
      }
    }
  }

  /// The second moments know nothing of leading order: over the same examples, rules that keep the speed turn the
  /// weight as far. What is missing is the start of the momentum's memory, at most 1/((1 − β)·n) = 80/5000 of n steps.
  @Test(arguments: Optimizer.catalogue)
  func secondMomentsTurnAsFarOverTheSameExamples(_ optimizer: Optimizer) throws {
    var values = ContractTests.values(optimizer)
    values[.learningRate] = 1e-8
    let source = try Settings(optimizer, values)
    let rotation = try #require(optimizer.rotationOverSteps)
    let before = try rotation(8 * 5_000, source)
    let rows = try Scaling(source, Self.batch).rows.filter { $0.keeps(.diffusionPerExample) }
    #expect(rows.count >= 3)
    for row in rows {
      let after = try rotation(5_000, #require(row.state).settings)
      #expect(abs(after / before - 1) < 0.016, "\(row.rule.name) \(after / before)")
    }
    let none = try rotation(5_000, #require(Scaling(source, Self.batch).rows.first?.state).settings)
    #expect(abs(none / before - 1) > 0.4)
  }

  /// Back at the old batch size or width the same rule gives the old settings.
  @Test(arguments: Optimizer.catalogue)
  func rulesUndoThemselves(_ optimizer: Optimizer) throws {
    let source = try Settings(optimizer, ContractTests.values(optimizer))
    let ways: [(ScalingChange, ScalingChange)] = [
      (.batchSize(from: 100, to: 300, noiseShare: 1), .batchSize(from: 300, to: 100, noiseShare: 1)),
      (.dimension(to: 1000), .dimension(to: 256)),
    ]
    for (there, back) in ways {
      let rows = try Scaling(source, there).rows.filter { $0.rule.kept == nil }
      #expect(rows.count >= 4)
      for row in rows {
        let between = try #require(row.state).settings
        let after = try #require(Self.row(row.rule.name, of: Scaling(between, back)).state).settings
        for (symbol, value) in source.values where value != 0 {
          #expect(abs((after.values[symbol] ?? 0) / value - 1) < 1e-12, "\(row.rule.name) \(symbol.name)")
        }
      }
    }
  }

  /// 2/τ̂_r² is the timescale of the weight as an average: 1/(ηλ), and what momentum and √v make of it.
  @Test func timescalesOfTheDecay() throws {
    for optimizer in Optimizer.catalogue {
      let source = try Settings(optimizer, ContractTests.values(optimizer))
      let values = source.values
      func value(_ symbol: Symbol) -> Double { values[symbol] ?? .nan }
      let decay = value(.learningRate) * value(.weightDecay)
      let norm = try source.value(.equilibriumNorm, .leading)
      let expected =
        switch optimizer {
        case .sgdm: (1 - value(.momentum)) / decay
        case .adamL2: value(.gradientMass) / (value(.dimension) * norm) / decay
        default: 1 / decay
        }
      let state = try Scaling(source, Self.batch, examplesPerUnit: 50_000).before
      #expect(abs(try #require(state.estimate(.timescale)).get() / expected - 1) < 1e-12)
      let epochs = try #require(state.estimate(.timescaleInExamples)).get()
      #expect(abs(epochs / (expected * 256 / 50_000) - 1) < 1e-12)
    }
  }

  @Test func impossibleRulesSayWhy() throws {
    let source = try Settings(.adamW, [.learningRate: 0.1, .weightDecay: 0.1, .beta2: 0.9])
    let scaling = try Scaling(source, .batchSize(from: 1, to: 128, noiseShare: 1))
    func failure(_ rule: String) throws -> ScalingFailure? {
      guard case .failure(let failure) = try Self.row(rule, of: scaling).outcome else { return nil }
      return failure
    }
    guard case .settings(.outOfRange(.beta1, let beta)) = try failure("sde") else {
      Issue.record("β₁ is \(1 - 12.8)")
      return
    }
    #expect(abs(beta - (1 - 12.8)) < 1e-13)
    #expect(try failure("linear") == .settings(.decayTooLarge(0.1 * 128 * 0.1)))
    #expect(try failure("linear-independent") == nil)
  }

  @Test func changesThatCannotBeMadeAreRefused() throws {
    let source = try Settings(.adamW, [.learningRate: 1e-3, .weightDecay: 0.1])
    let radial = try Settings(.adamW, [.learningRate: 1e-3, .weightDecay: 0.1, .radialDecay: 0.1])
    let refused: [(Settings, ScalingChange, ScalingError)] = [
      (radial, Self.batch, .measuredDecay), (source, Self.width, .missing(.dimension)),
      (source, .batchSize(from: 0.5, to: 8, noiseShare: 1), .outOfRange(.batchSize, 0.5)),
      (source, .batchSize(from: 8, to: -8, noiseShare: 1), .outOfRange(.batchSize, -8)),
      (source, .batchSize(from: 8, to: 8, noiseShare: 1), .noChange(.batchSize, 8)),
      (source, .batchSize(from: 8, to: 9, noiseShare: 1.1), .noiseShare(1.1)),
      (source, .coefficient(.beta1, to: 1), .outOfRange(.beta1, 1)),
      (source, .coefficient(.beta2, to: 0.9), .independent(.beta2, .adamW)),
      (source, .coefficient(.momentum, to: 0.9), .notAHyperparameter(.momentum, of: .adamW)),
    ]
    for (settings, change, error) in refused {
      #expect(throws: error) { try Scaling(settings, change) }
    }
  }
}
