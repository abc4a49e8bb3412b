import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Testing
import Training

/// The optimizers themselves against the predictions.
@Suite struct AgreementTests {
  /// 64 independent neurons for 20 half-lives and more: a norm's standard error is √(2/32)/2/√(64·20) = 0.35 %. What the model
  /// leaves out at C = 32, one of 32 directions and the tails at a batch of 16, is some 3 %.
  @Test(arguments: quick.indices)
  func smallSystemsSettleNearTheSecondMoments(_ index: Int) throws {
    let (optimizer, values) = quick[index]
    var walk = try walk(
      optimizer, values, steps: 6000,
      system: SimpleSystem(dimension: 32, neurons: 64, batch: 16, gains: .ones), settledFrom: 2000)
    walk.followsEngine = false
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1, 2])[0])
    for quantity in Triple.quantities {
      let best = try #require(comparison.sources.last)
      let deviation = try #require(comparison.deviation(quantity, best)).mean
      #expect(abs(deviation) < 0.04, "\(optimizer.title), \(quantity)")
    }
  }

  /// The engine follows the whole run, from initialisation on and through a schedule, better than the recurrence.
  @Test(arguments: quick.indices)
  func theEngineFollowsARunInTime(_ index: Int) throws {
    let (optimizer, values) = quick[index]
    let walk = try walk(
      optimizer, values, steps: 1200, schedule: .cosine(span: 1200).warmedUp(over: 100),
      system: SimpleSystem(dimension: 32, neurons: 32, batch: 32, gains: .ones))
    let runs = try WalkQueue().run([walk], seeds: [1, 2])[0]
    let curve = try #require(WalkCurve(runs))
    #expect(curve.steps.count == walk.steps / walk.window)
    #expect(curve.norm.deviation(\.moments) < 0.03)
    #expect(curve.norm.deviation(\.moments) < curve.norm.deviation(\.recurrence) + 0.005)
  }

  @Test(arguments: [RotationalWrapper.Granularity.neuron, .layer])
  func variantsTurnAsAsked(_ granularity: RotationalWrapper.Granularity) throws {
    let walk = try walk(
      .adamW, quick[1].values, steps: 1500, wrapper: RotationalWrapper(granularity: granularity),
      settledFrom: 500)
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1])[0])
    #expect(comparison.sources == [.request])
    let rotation = try #require(comparison.deviation(.expectedRotation, .request)).mean
    #expect(abs(rotation) < 0.01)
    let norm = try #require(comparison.deviation(.equilibriumNorm, .request)).mean
    #expect(abs(norm) < 1e-6)
  }

  /// Neurons that turn on their own are judged as neurons, whatever normalises them.
  @Test func aVariantByNeuronUnderLayerNormalisationIsJudgedByNeuron() throws {
    let walk = try walk(
      .adamW, quick[1].values, steps: 900,
      system: SimpleSystem(dimension: 32, neurons: 16, batch: 16, normalisation: .layer),
      wrapper: RotationalWrapper(), settledFrom: 300)
    #expect(!walk.concernsLayer)
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1])[0])
    for quantity in Triple.quantities {
      #expect(abs(try #require(comparison.deviation(quantity, .request)).mean) < 0.01, "\(quantity)")
    }
  }

  @Test func anImbalanceIsAskedOfEachNeuron() throws {
    let imbalance = Imbalance(fasterShare: 0.5, slowerShare: 0, factor: 3)
    let walk = try walk(
      .adamW, quick[1].values, steps: 600, wrapper: RotationalWrapper(imbalance: imbalance))
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1])[0])
    let requests = comparison.predictions[0].neurons.compactMap { $0[.request]?.rotation }
    #expect(abs(requests[0] / requests[15] - 3) < 0.01)
    #expect(abs(try #require(comparison.deviation(.expectedRotation, .request)).mean) < 0.01)
  }

  /// Under layer normalisation the layer as one vector is what settles: 1024 coordinates.
  @Test func aLayerNormalisedLayerIsOneVector() throws {
    var walk = try walk(
      .adamW, quick[1].values, steps: 6000,
      system: SimpleSystem(dimension: 32, neurons: 32, batch: 16, normalisation: .layer, gains: .ones),
      settledFrom: 2000)
    walk.followsEngine = false
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1, 2])[0])
    #expect(comparison.walk.concernsLayer)
    // √(ηKC/(2λ)) with K·C = 1024 coordinates.
    let predicted = try #require(comparison.predicted(.equilibriumNorm, .formula(.leading)))
    #expect(abs(predicted / (1e-2 * 1024 / (2 * 0.5)).squareRoot() - 1) < 1e-12)
    #expect(abs(try #require(comparison.deviation(.equilibriumNorm, .refined)).mean) < 0.03)
  }

  /// Without normalisation the gradient does not know the weight; a radial part acts as weight decay.
  @Test func aRadialGradientActsAsWeightDecay() throws {
    var walk = try walk(
      .sgdm, quick[0].values, steps: 6000,
      system: SimpleSystem(
        dimension: 32, neurons: 64, batch: 16, normalisation: .none, gains: .ones, radialDecay: 5e-3),
      settledFrom: 2000)
    walk.followsEngine = false
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1, 2])[0])
    #expect(abs(try #require(comparison.deviation(.equilibriumNorm, .formula(.moments))).mean) < 0.02)
    #expect(abs(try #require(comparison.deviation(.expectedRotation, .formula(.moments))).mean) < 0.02)
    let settled = try #require(comparison.runs[0].settled)
    #expect(abs(settled[.radialDecay] / 5e-3 - 1) < 0.2)
  }

  /// The paper's settings, five seeds: within 0.5 % or three standard errors.
  @Test(
    .enabled(if: SlowTests.areWanted), arguments: ["sgdm", "adamw", "adam-l2-equal", "lion-99", "lion-999"])
  func thePapersWalksAgree(_ name: String) throws {
    let paper = try #require(try PaperWalk.all(steps: 15_000, variants: false).first { $0.name == name })
    var walk = paper.walk
    walk.followsEngine = false
    let comparison = try WalkComparison(walk, try WalkQueue().run([walk], seeds: [1, 2, 3, 4, 5])[0])
    let best = try #require(comparison.sources.last)
    for quantity in Triple.quantities {
      #expect(
        comparison.agrees(quantity, best, modelError: paper.modelError) == true,
        "\(paper.title), \(quantity): \(comparison.deviation(quantity, best)?.mean ?? .nan)")
    }
  }
}
