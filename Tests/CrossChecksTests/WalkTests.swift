import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Synchronization
import Testing
import Training

@Suite struct WalkTests {
  @Test func stepsFollowThePlan() throws {
    let values: [Symbol: Double] = [.learningRate: 1e-2, .weightDecay: 0.5, .beta1: 0.9, .beta2: 0.98]
    let plain = try walk(.adamW, values, steps: 1000, schedule: .cosine(span: 1000))
    #expect(plain.steps == 1000)
    #expect(plain.settledFrom == 498, "whole windows of 1000/150 = 6 steps")
    let run = try WalkRun(plain, seed: 1)
    #expect(run.steps.suffix(2) == [996, 1000], "the last window is shorter")
    #expect(run.curve?.steps == run.steps)
    #expect(plain.isScheduled)
    // The variant's η̂_r goes as √(η_tλ): half the learning rate is reached in the middle of a cosine.
    let variant = try walk(
      .adamW, values, steps: 1000, schedule: .cosine(span: 1000), wrapper: RotationalWrapper())
    let peak = (2 * 1e-2 * 0.5 * 0.1 / 1.9).squareRoot()
    #expect(abs(variant.rotation / peak - 1) < 1e-12)
  }

  @Test func whatCannotBeRunIsRefused() throws {
    func message(_ make: () throws -> Walk) -> String {
      do {
        _ = try make()
        return "nothing"
      } catch { return "\(error)" }
    }
    let adamL2 = quick[2].values
    #expect(
      message { try walk(.adamL2, adamL2, steps: 100, wrapper: RotationalWrapper()) }
        == "the rotation of the rotational variant of Adam+ℓ2 depends on its gradient, which is not known before the run; give the rotation"
    )
    #expect(
      message { try walk(.adamL2, adamL2, steps: 100, settledFrom: 100) }
        == "equilibrium would be measured from step 100 on, but the run has 100 steps; expected fewer")
    let single = try walk(
      .lion, quick[3].values, steps: 10, system: SimpleSystem(dimension: 8, neurons: 4, batch: 1))
    #expect(throws: WalkError.self) { try WalkRun(single, seed: 1) }
  }

  @Test func jobsSideBySideGiveWhatOneAfterAnotherGives() throws {
    let walks = try quick.map { try walk($0.optimizer, $0.values, steps: 200) }
    let alone = try WalkQueue(width: 1).run(walks, seeds: [1, 2])
    let together = try WalkQueue(width: 4).run(walks, seeds: [1, 2])
    for (one, other) in zip(alone.joined(), together.joined()) {
      #expect(one.seed == other.seed)
      #expect(one.layer == other.layer)
      #expect(one.settled == other.settled)
    }
    #expect(alone[0][0].layer != alone[0][1].layer, "seeds differ")
  }

  @Test func anInterruptedWalkKeepsItsWindows() throws {
    let long = try walk(.adamW, quick[1].values, steps: 1_000_000, window: 10)
    let taken = Counter()
    let queue = WalkQueue(width: 1, progress: { taken.add($0) }, isCancelled: { taken.value >= 50 })
    let runs = try queue.run([long], seeds: [1, 2])[0]
    #expect(runs.count == 1, "the second was not started")
    #expect(runs[0].steps == [10, 20, 30, 40, 50])
    #expect(runs[0].isInterrupted)
    #expect(throws: WalkError.self) { try WalkComparison(long, runs) }
  }

  /// A gradient that drives the weight outwards makes it grow until it overflows.
  @Test func aRunThatBreaksKeepsWhatItMeasured() throws {
    let system = SimpleSystem(
      dimension: 16, neurons: 4, batch: 8, normalisation: .none, gains: .ones, radialDecay: -1)
    let run = try WalkRun(try walk(.sgdm, quick[0].values, steps: 1000, system: system, window: 1), seed: 1)
    guard case .notFinite(_, _, let step)? = run.failure else {
      Issue.record("expected the run to stop, found \(String(describing: run.failure))")
      return
    }
    #expect(step > 10)
    #expect(run.steps == Array(1..<step))
    #expect(run.layer.allSatisfy { $0[.norm].isFinite })
  }

  @Test func sampleMeansKnowTheirError() {
    let sample = SampleMean([1, 2, 3, 4])
    #expect(sample.mean == 2.5)
    // s² = 5/3, s.e. = √(5/12).
    #expect(abs((sample.standardError ?? 0) - (5.0 / 12).squareRoot()) < 1e-15)
    #expect(SampleMean([7]).standardError == nil)
    #expect(abs((sample.inStandardErrors ?? 0) - 2.5 / (5.0 / 12).squareRoot()) < 1e-12)
  }
}

/// Counts from any thread.
final class Counter: Sendable {
  private let storage = Atomic(0)
  func add(_ count: Int) { storage.add(count, ordering: .relaxed) }
  var value: Int { storage.load(ordering: .relaxed) }
}
