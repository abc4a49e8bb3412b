import Dynamics

extension LearningRateSchedule {
  /// A named schedule, or, where the run ends within its warmup, the part of the rise that it gets to.
  ///
  /// - Parameters:
  ///   - peak: the peak learning rate, above 0.
  ///   - steps: steps of the run, at least 1.
  ///   - warnings: where it is said that the peak is not reached.
  static func fitting(
    _ specification: ScheduleSpecification, peak: Double, steps: Int, warnings: inout [String]
  ) -> LearningRateSchedule {
    guard let warmup = specification.warmup, warmup >= steps else {
      // What cannot be written down by name is a table, where the run is short enough for one.
      guard !isAllowed(specification), steps <= LearningRateTable.limit,
        let schedule = try? specification.unchecked(steps: steps)
      else { return .named(specification) }
      return .table(LearningRateTable(everyStepOf: steps) { peak * schedule.factor(after: $0) })
    }
    warnings.append(endsWithinWarmup(warmup, steps: steps))
    let first = specification.warmupFrom ?? 0
    func rate(_ taken: Int) -> Double { peak * (first + (1 - first) * Double(taken) / Double(warmup)) }
    return .table(
      LearningRateTable(
        steps: steps == 1 ? [1] : [1, steps],
        learningRates: steps == 1 ? [rate(0)] : [rate(0), rate(steps - 1)]))
  }

  /// That the peak is not reached, a sentence.
  static func endsWithinWarmup(_ warmup: Int, steps: Int) -> String {
    "The warmup takes \(warmup) of \(steps) steps: the learning rate stays below its peak."
  }
}

extension LearningRateTable {
  /// The most steps, or epochs, that are tabulated one by one.
  static let limit = 2_000_000

  /// The learning rate of every step; what lies on a straight line is left out.
  ///
  /// - Parameters:
  ///   - steps: steps of the run, from 1 to ``limit``.
  ///   - learningRate: the learning rate after a number of steps, at least 0.
  init(everyStepOf steps: Int, _ learningRate: (_ taken: Int) -> Double) {
    self.init(steps: [], learningRates: [])
    let rates = (0..<steps).map(learningRate)
    for index in rates.indices {
      let isEnd = index == 0 || index == steps - 1
      let bend = isEnd ? 0 : (rates[index + 1] - rates[index]) - (rates[index] - rates[index - 1])
      // Rounding alone bends a line by some units in the last place.
      if isEnd || abs(bend) > 8 * rates[index].ulp {
        self.steps.append(index + 1)
        learningRates.append(rates[index])
      }
    }
  }

  /// A learning rate that is kept for an epoch.
  ///
  /// - Parameters:
  ///   - length: steps of an epoch, at least 1.
  ///   - steps: steps of the run, at least 1; at most ``limit`` epochs.
  ///   - learningRate: the learning rate after a number of epochs, at least 0.
  init(everyEpochOf length: Int, steps: Int, _ learningRate: (_ epochs: Int) -> Double) {
    self.init(steps: [], learningRates: [])
    for start in stride(from: 0, to: steps, by: length) {
      let rate = learningRate(start / length)
      let end = min(start + length, steps)
      if learningRates.last == rate, learningRates.dropLast().last == rate, self.steps.count > 1 {
        self.steps[self.steps.count - 1] = end
      } else {
        self.steps += start + 1 == end ? [end] : [start + 1, end]
        learningRates += start + 1 == end ? [rate] : [rate, rate]
      }
    }
  }
}
