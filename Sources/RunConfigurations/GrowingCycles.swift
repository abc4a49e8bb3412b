import RealModule

/// Cycles of a schedule, each a factor longer than the one before.
struct GrowingCycles {
  /// Length of the first, above 0.
  let length: Double
  /// At least 0.
  let factor: Double

  /// When they are spent: below a factor of 1 even all of them together are not longer.
  var end: Double { factor < 1 ? length / (1 - factor) : .infinity }

  /// The cycle at a time before ``end``: its number from 0, start and length.
  func cycle(at time: Double) -> (index: Double, start: Double, length: Double) {
    if factor == 1 {
      let index = (time / length).rounded(.down)
      return (index, index * length, length)
    }
    let index = (Double.log(1 - time / length * (1 - factor)) / Double.log(factor)).rounded(.down)
    let growth = Double.pow(factor, index)
    return (index, (1 - growth) / (1 - factor) * length, growth * length)
  }

  /// When the cycles after the first start, as far as that is before `time`; at most one more than a table may have.
  func starts(before time: Double) -> [Double] {
    var (starts, next, span) = ([Double](), length, length)
    while next < time, starts.count <= LearningRateSchedule.breakLimit {
      starts.append(next)
      span *= factor
      next += span
    }
    return starts
  }
}
