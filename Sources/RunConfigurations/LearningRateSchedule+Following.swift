import Dynamics

extension LearningRateSchedule {
  /// The schedule that a training program follows, by name where a kind of schedule is the same, otherwise as a table.
  ///
  /// The program's own rule decides: a name is taken only if it gives the same learning rates, to a billionth of the
  /// peak. A table has straight lines that stay within a millionth of the peak.
  ///
  /// - Parameters:
  ///   - specification: the kind that it should be, as factors of the peak; nil where there is none.
  ///   - settings: the settings, for the place of a schedule that is refused.
  ///   - key: the key of the kind of schedule.
  ///   - peak: the peak learning rate, above 0.
  ///   - steps: steps of the run, at least 1.
  ///   - breaks: steps at which the rule jumps or changes its form; of more than ``breakLimit`` no table is made.
  ///   - rate: the learning rate of the step that follows a number of others.
  static func following(
    _ specification: ScheduleSpecification?, _ settings: RunSettings, key: String, peak: Double, steps: Int,
    breaks all: [Int] = [], rate: (_ stepsTaken: Int) -> Double
  ) throws(ConfigurationError) -> LearningRateSchedule {
    let breaks = all.filter { $0 > 0 && $0 < steps }
    let last = steps - 1
    if let specification, isAllowed(specification), let schedule = try? specification.schedule(steps: steps) {
      let stride = max(1, steps / 2000)
      let looked =
        Array(Swift.stride(from: 0, through: last, by: stride)) + breaks + breaks.map { $0 - 1 } + [last]
      let isSame = looked.allSatisfy {
        abs(schedule.factor(after: $0) - rate($0) / peak) <= 1e-9
      }
      if isSame { return .named(specification) }
    }
    var rows: [(step: Int, rate: Double)] = [(0, rate(0))]
    let corners = Set(breaks + breaks.map { $0 - 1 } + [last]).subtracting([0]).sorted()
    for corner in corners where all.count <= breakLimit && rows.count <= LearningRateTable.limit {
      refine(&rows, to: (corner, rate(corner)), tolerance: 1e-6 * peak, rate)
    }
    guard all.count <= breakLimit, rows.count <= LearningRateTable.limit else {
      let name = settings.values.first { $0.key == key }?.source ?? key
      let reason = "changes too often for a table of at most \(LearningRateTable.limit) rows"
      throw settings.invalid(.unsupportedSchedule(name, because: reason), key)
    }
    return .table(LearningRateTable(steps: rows.map { $0.step + 1 }, learningRates: rows.map(\.rate)))
  }

  /// Whether every parameter is in its range; only then can the schedule be written down.
  static func isAllowed(_ specification: ScheduleSpecification) -> Bool {
    (try? specification.check()) != nil
  }

  /// More steps at which a schedule changes are not followed.
  static let breakLimit = 200_000

  /// Adds rows up to `end` so that straight lines between them are close enough, or one more than a table may have.
  private static func refine(
    _ rows: inout [(step: Int, rate: Double)], to end: (step: Int, rate: Double), tolerance: Double,
    _ rate: (Int) -> Double
  ) {
    var ends = [end]
    while let end = ends.last, rows.count <= LearningRateTable.limit {
      let start = rows[rows.count - 1]
      let length = end.step - start.step
      let middle = start.step + length / 2
      let isStraight =
        length <= 1
        || [length / 4, length / 2, length - length / 4, length / 3].allSatisfy { part in
          let line = start.rate + (end.rate - start.rate) * Double(part) / Double(length)
          return abs(rate(start.step + part) - line) <= tolerance
        }
      if isStraight {
        rows.append(end)
        ends.removeLast()
      } else {
        ends.append((middle, rate(middle)))
      }
    }
  }
}
