import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RealModule
import Testing

@Suite struct RotationMatchTests {
  @Test(.enabled(if: SlowTests.areWanted), arguments: PaperRun.table4.indices)
  func table4(_ index: Int) throws {
    let run = PaperRun.table4[index]
    let match = try run.match(try #require(Optimizer.named(run.optimizer)))
    print(
      run.dataset, run.model, run.optimizer, run.batch, "mean", match.meanFactor, "rms", match.rmsFactor,
      "few", (run.fewShotDecay ?? .nan) / run.zeroShot[.weightDecay]!, match.advice,
      match.summary.shareOutOfEquilibrium, match.summary.norm, match.summary.rotation,
      match.summary.overRotation as Any)
  }
}
