import Dynamics
import Formulas

/// What the Trainer's `trainer_state.json` says of a run: its steps and the learning rates that were logged.
struct TrainerState {
  /// All steps of the run, 0 where it is not said.
  let maximum: Int
  /// Steps that were taken.
  let taken: Int
  /// Optimizer steps an epoch, nil before the first step.
  let stepsPerEpoch: Int?
  /// The learning rates as logged, in the order of their steps.
  private let log: [(step: Int, rate: Double)]

  /// The highest learning rate of the log, nil where none is above 0.
  var peak: Double? { log.map(\.rate).max().flatMap { $0 > 0 ? $0 : nil } }

  /// Whether the highest learning rate is that of the first row, before which it may have been higher.
  var beginsAtItsHighest: Bool {
    guard let first = log.first, first.step > 1 else { return false }
    return log.allSatisfy { $0.rate <= first.rate } && log.contains { $0.rate < first.rate }
  }

  init(_ fields: ConfigurationMapping) throws(ConfigurationError) {
    maximum = max(0, Int(try fields["max_steps"]?.number(in: .real) ?? 0, clampedTo: 1 << 40))
    taken = try fields["global_step"]?.wholeNumber(from: 0, upTo: 0x1p40) ?? 0
    let epochs = fields["epoch"].flatMap { $0.isNull ? nil : $0 }
    let epoch = try epochs?.number(in: .nonNegative) ?? 0
    stepsPerEpoch =
      epoch > 0 && taken > 0 ? max(1, Int((Double(taken) / epoch).rounded(), clampedTo: taken)) : nil
    var log: [(step: Int, rate: Double)] = []
    for item in try fields.required("log_history").list() {
      guard let rate = item.member("learning_rate"), let step = item.member("step") else { continue }
      let row = (step: try step.wholeNumber(from: 0, upTo: 0x1p40), rate: try rate.number(in: .nonNegative))
      // A run that went on from an earlier checkpoint: what it overtook does not count.
      while let last = log.last, last.step >= row.step { log.removeLast() }
      log.append(row)
    }
    self.log = log
  }

  /// The schedule of the run: the stated one where the log bears it out, otherwise the log.
  ///
  /// - Parameters:
  ///   - stated: what the arguments say, nil where they are not known.
  ///   - peak: the peak learning rate, above 0.
  ///   - steps: steps of the run, at least 1.
  func schedule(
    _ stated: LearningRateSchedule?, peak: Double, steps: Int, path: String, _ notes: inout [String],
    _ warnings: inout [String]
  ) throws(ConfigurationError) -> LearningRateSchedule {
    guard !log.isEmpty else {
      if stated == nil { warnings.append("log_history has no learning rate: it is taken as constant.") }
      return stated ?? .constant
    }
    if let stated {
      var expected: Schedule?
      do throws(ScheduleError) { expected = try stated.schedule(peak: peak, steps: steps) } catch {
        throw .invalid(.schedule(error), at: .file(path))
      }
      for delay in [0, 1] {
        let agrees = log.allSatisfy { step, rate in
          abs(peak * (expected?.factor(after: max(0, step - 1 + delay)) ?? 0) - rate) <= 1e-6 * peak
        }
        guard agrees else { continue }
        notes.append("The \(log.count) learning rates in log_history are those of the stated schedule.")
        return stated
      }
      warnings.append(
        "The learning rates in log_history are not those of the stated schedule; the log is followed.")
    }
    if taken < steps {
      warnings.append(
        "The log ends at step \(taken) of \(steps): from there on its last learning rate is kept.")
    }
    let delay = delay(steps: steps, &notes)
    // What is logged before the first step is the learning rate of the first, unless that has a row of its own.
    var rows = log.map { (step: max(1, $0.step + delay), rate: $0.rate) }
    if rows.count > 1, rows[1].step == 1 { rows.removeFirst() }
    let table = LearningRateTable(steps: rows.map(\.step), learningRates: rows.map(\.rate))
    return .table(table.thinned(tolerance: 1e-6 * peak))
  }

  /// By how many steps the log is ahead: 1 in releases before 4.51, which logged the learning rate of the next step.
  ///
  /// The Trainer's schedules rise from 0 at the first step and those that end at 0 do so after the last, so a line
  /// through two logged values tells where it is 0.
  private func delay(steps: Int, _ notes: inout [String]) -> Int {
    if log.first?.step == 1, log.first?.rate == 0 { return 0 }
    if log.last?.step == steps, log.last?.rate == 0 { return 1 }
    // The step at which the line through two rows is 0.
    func zero(_ first: (step: Int, rate: Double), _ second: (step: Int, rate: Double)) -> Double {
      Double(first.step) - first.rate * Double(second.step - first.step) / (second.rate - first.rate)
    }
    func isNear(_ a: Double, _ b: Int) -> Bool { abs(a - Double(b)) < 0.01 }
    if log.count > 1 {
      let start = zero(log[0], log[1])
      if log[1].rate > log[0].rate, isNear(start, 0) || isNear(start, 1) { return isNear(start, 0) ? 1 : 0 }
      let end = zero(log[log.count - 2], log[log.count - 1])
      if log[log.count - 1].rate < log[log.count - 2].rate, isNear(end, steps) || isNear(end, steps + 1) {
        return isNear(end, steps) ? 1 : 0
      }
      if log.allSatisfy({ $0.rate == log[0].rate }) { return 0 }
    }
    notes.append(
      "The learning rates are taken to be logged as release 4.51 of transformers and later do, each with its own"
        + " step; earlier ones are a step ahead.")
    return 0
  }
}

extension LearningRateTable {
  /// The table with as few rows as straight lines between them need to stay near every row.
  ///
  /// From each row that is kept, the slopes that still pass near all later rows are followed; one pass.
  func thinned(tolerance: Double) -> LearningRateTable {
    guard steps.count > 2 else { return self }
    var kept = [0]
    var slopes = -Double.infinity...Double.infinity
    for row in 1..<steps.count {
      let start = kept[kept.count - 1]
      let length = Double(steps[row] - steps[start])
      let rise = learningRates[row] - learningRates[start]
      if slopes.contains(rise / length) {
        slopes =
          max(
            slopes.lowerBound, (rise - tolerance) / length)...min(
            slopes.upperBound, (rise + tolerance) / length)
      } else {
        kept.append(row - 1)
        let length = Double(steps[row] - steps[row - 1])
        let rise = learningRates[row] - learningRates[row - 1]
        slopes = (rise - tolerance) / length...(rise + tolerance) / length
      }
    }
    kept.append(steps.count - 1)
    return LearningRateTable(steps: kept.map { steps[$0] }, learningRates: kept.map { learningRates[$0] })
  }
}
