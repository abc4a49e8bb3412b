import Dynamics
import Equilibrium
import Formulas

extension TrainingRun {
  /// The same run told from the highest learning rate that its table reaches, where that is below the stated peak.
  ///
  /// What is predicted at the peak is then predicted at a learning rate that the run really has.
  public func atReachedPeak() -> TrainingRun {
    guard case .table(let table) = schedule, let reached = table.learningRates.max(), reached > 0,
      let peak = hyperparameters[.learningRate], reached < peak * (1 - 1e-9)
    else { return self }
    var run = self
    let share = reached / peak
    func lower(_ values: inout [Symbol: Double]) {
      if let rate = values[.learningRate] { values[.learningRate] = rate * share }
      // Both are written relative to the peak.
      if decayConvention == .decoupled || decayConvention == .corrected, let decay = values[.weightDecay] {
        values[.weightDecay] = decay * share
      }
    }
    lower(&run.hyperparameters)
    for index in run.layers.indices { lower(&run.layers[index].hyperparameters) }
    run.warnings.append(
      "The learning rate never reaches the \(peak) that is stated; its highest, \(reached), is taken for the peak."
    )
    return run
  }
}
