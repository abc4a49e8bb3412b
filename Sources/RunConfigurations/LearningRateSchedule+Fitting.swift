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

  /// A kind of schedule after a rise, as ``following(_:_:key:peak:steps:breaks:rate:)`` may find it in a program's rule.
  ///
  /// - Parameters:
  ///   - rise: updates of the rise; it need not be whole.
  ///   - first: the factor of the first update.
  ///   - end: the update at which the schedule ends; that of the run where it is nil.
  static func rising(
    _ name: String, over rise: Double, from first: Double = 0, to floor: Double, end: Int? = nil
  ) -> ScheduleSpecification? {
    guard let warmup = Int(exactly: rise) else { return nil }
    var named = ScheduleSpecification(name)
    if name != "constant" { named.parameters["floor"] = [floor] }
    if warmup > 0 { named.warmup = warmup }
    if warmup > 0, first > 0 { named.warmupFrom = first }
    named.end = end
    return named
  }

  /// The learning rates of all updates as a table; straight lines stay within a millionth of the peak.
  static func following(
    _ rates: [Double], _ settings: RunSettings, key: String, peak: Double
  ) throws(ConfigurationError) -> LearningRateSchedule {
    var breaks: [Int] = []
    for index in rates.indices.dropFirst().dropLast() {
      let bend = (rates[index + 1] - rates[index]) - (rates[index] - rates[index - 1])
      if abs(bend) > 1e-5 * peak { breaks += [index, index + 1] }
    }
    return try .following(nil, settings, key: key, peak: peak, steps: rates.count, breaks: breaks) {
      rates[$0]
    }
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
