import Dynamics
import Equilibrium
import Formulas
import Training

extension Walk {
  /// Steps of a short check at most: a few seconds.
  static let mostSteps = 200_000

  /// A small walk at a run's peak hyperparameters, long enough to settle where that takes seconds: 32 neurons of dimension 128,
  /// for eight times as long as the weights remember, measured in the last quarter.
  ///
  /// - Throws: ``WalkError``.
  public static func short(_ run: Settings) throws(WalkError) -> Walk {
    var values: [Symbol: Double] = [.dimension: 128]
    for (symbol, value) in run.hyperparameters { values[symbol] = value }
    let settings: Settings
    do { settings = try Settings(run.optimizer, values, nesterov: run.variant.nesterov) } catch {
      throw .settings(error)
    }
    let memory = settings.timescale ?? 15_000
    let steps = Int(min(Double(mostSteps), max(6000, 8 * memory)))
    var walk = try Walk(
      settings,
      plan: RunPlan(
        steps: steps, learningRate: values[.learningRate] ?? .nan, weightDecay: values[.weightDecay] ?? .nan),
      system: SimpleSystem(neurons: 32), settledFrom: steps / 4 * 3)
    walk.followsEngine = false
    return walk
  }
}
