import Dynamics

extension LearningRateSchedule {
  /// The schedule as a factor of the peak, for the trajectory.
  ///
  /// - Parameter peak: the peak learning rate, above 0.
  public func schedule(peak: Double) -> Schedule {
    let start = warmup?.steps ?? 0
    let rest: Schedule =
      switch decay {
      case .constant: .constant
      case .cosine(let final, let end) where end > start: .cosine(to: final / peak, span: end - start)
      case .linear(let final, let end) where end > start: .linear(to: final / peak, span: end - start)
      case .cosine(let final, _), .linear(let final, _): Schedule("constant") { _ in final / peak }
      }
    guard let warmup else { return rest }
    return rest.warmedUp(over: warmup.steps, from: warmup.initialLearningRate / peak)
  }
}
