import CrossChecks
import Equilibrium
import Formulas

extension RunReport {
  /// What a short random walk at the run's settings measured.
  var crossCheckBlocks: [Block] {
    guard let crossCheck else { return [] }
    var blocks: [Block] = [
      .paragraph(
        Prose(
          "The optimizer itself was run at the peak hyperparameters. \(crossCheck.walk.systemSummary) Rotation and relative errors do not depend on the dimension; the norm grows as its root where the optimizer normalises the gradient."
        )), .table(crossCheck.table()),
    ]
    blocks.append(
      .list([
        "Off by, and its standard error, compare each seed with the prediction for its own gradients: the seeds differ in those, so a measured mean may spread far more than its deviation. Refined, where it is shown: second moments with the measured tails of the gradient and, for AdamW, the fluctuation of v. Standard errors are of three seeds and uncertain themselves."
      ]))
    if crossCheck.isMoving(), let drift = crossCheck.drift {
      blocks.append(
        .paragraph(
          Prose(
            "The norm still moved by \(Numbers.short(100 * drift.mean, digits: 2)) % while it was measured: these weights remember too long for a short check."
          )))
    }
    return blocks
  }
}
