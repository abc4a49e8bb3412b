extension Schedule {
  /// A linear rise to the peak, then this schedule.
  ///
  /// - Parameters:
  ///   - steps: steps of the rise, at least 1; the step after them is the first at the peak.
  ///   - start: factor of the first step, in [0, 1].
  ///   - restarts: whether this schedule begins when the rise is over; otherwise it counts from the start of the run.
  public func warmedUp(over steps: Int, from start: Double = 0, restarts: Bool = true) -> Schedule {
    let offset = restarts ? steps : 0
    let separator = name.contains(":") ? "," : ":"
    return Schedule("\(name)\(separator)warmup=\(steps)") { taken in
      taken < steps
        ? start + (1 - start) * Double(taken) / Double(steps) : factor(after: taken - offset)
    }
  }
}

extension Schedule {
  /// This schedule, looked at every `steps` steps only: an epoch's learning rate.
  ///
  /// - Parameter steps: steps over which the factor is kept, at least 1.
  public func held(over steps: Int) -> Schedule {
    Schedule(name) { taken in factor(after: taken / steps * steps) }
  }
}
