extension Schedule {
  /// Straight lines between given values; the first and the last are kept beyond the ends.
  ///
  /// - Parameters:
  ///   - steps: steps in rising order, counted from 1 as in a log.
  ///   - values: the value at each step, at least 0; taken as they are.
  ///   - name: where the table comes from.
  /// - Throws: ``ScheduleError`` with the row.
  public static func table(
    steps: [Double], values: [Double], name: String = "table"
  ) throws(ScheduleError) -> Schedule {
    guard !steps.isEmpty, steps.count == values.count else { throw .emptyTable }
    for (index, value) in values.enumerated() where !(value.isFinite && value >= 0) {
      throw .tableValue(row: index + 1, value: value)
    }
    for index in steps.indices {
      let previous = index == 0 ? -Double.infinity : steps[index - 1]
      guard steps[index].isFinite, steps[index] > previous else {
        throw .unsortedTable(row: index + 1, step: steps[index], previous: previous)
      }
    }
    guard values.contains(where: { $0 > 0 }) else { throw .zeroTable }
    return Schedule(name) { taken in
      let step = Double(taken + 1)
      // The first row beyond the step, by halving.
      var (low, high) = (0, steps.count)
      while low < high {
        let middle = (low + high) / 2
        if steps[middle] > step { high = middle } else { low = middle + 1 }
      }
      guard low > 0 else { return values[0] }
      guard low < steps.count else { return values[values.count - 1] }
      let share = (step - steps[low - 1]) / (steps[low] - steps[low - 1])
      return values[low - 1] + share * (values[low] - values[low - 1])
    }
  }
}
