import Formulas
import OutsideText

/// A schedule found by a conversion, as a file: CSV with every step, or PyTorch code that sets it a step.
public struct ScheduleFile: Sendable {
  /// One step.
  public struct Row: Sendable {
    /// The step, from 1.
    public let step: Int
    /// Learning rate η_t.
    public let learningRate: Double
    /// Weight decay of the step, in PyTorch's convention.
    public let weightDecay: Double
    /// Rotation of the step, in radians; nil where it is not part of the schedule.
    public let rotation: Double?

    /// One step of a schedule.
    public init(step: Int, learningRate: Double, weightDecay: Double, rotation: Double? = nil) {
      (self.step, self.learningRate) = (step, learningRate)
      (self.weightDecay, self.rotation) = (weightDecay, rotation)
    }
  }

  private let rows: [Row]
  private let title: String

  /// A schedule.
  ///
  /// - Parameters:
  ///   - title: what it does, a sentence.
  ///   - rows: one a step.
  public init(_ title: String, _ rows: [Row]) { (self.title, self.rows) = (title, rows) }

  /// Columns step, learning_rate, weight_decay and, where known, rotation.
  public var csv: Written<CSVText> {
    let hasRotation = rows.contains { $0.rotation != nil }
    let names = ["step", "learning_rate", "weight_decay"] + (hasRotation ? ["rotation"] : [])
    let columns = names.map { Table.Column(Prose([.text($0)]), name: $0) }
    let format = CSV()
    return format.header(columns)
      + rows.map { row in
        let numbers: [Double?] =
          [Double(row.step), row.learningRate, row.weightDecay] + (hasRotation ? [row.rotation] : [])
        return format.line(numbers.map { $0.map { $0.isFinite ? .number($0) : .empty } ?? .empty })
      }.joined()
  }

  /// The largest relative error of the knots that the code interpolates between.
  public static let tolerance = 1e-3

  /// A Python module: knots, and a function that sets the weight decay of an optimizer's groups.
  public var python: Written<PythonText> {
    let knots = Self.knots(rows.map(\.weightDecay), tolerance: Self.tolerance)
    func list(_ values: [String]) -> Written<PythonText> {
      var lines: [String] = []
      var line = "   "
      for value in values {
        if line.utf8.count + value.utf8.count > 100 {
          lines.append(line)
          line = "   "
        }
        line += " \(value),"
      }
      return Written(verbatim: "[\n" + (lines + [line]).joined(separator: "\n") + "\n]")
    }
    return """
      \"\"\"Written by roteq. Call set_weight_decay(optimizer, step) before each optimizer.step(); steps count from 1.
      The weight decay is PyTorch's, which a step multiplies with its learning rate. Between the knots it is
      interpolated, to within 0.1 %. It is that of one shape of layer: norm and fan-in decide the transient.
      \"\"\"

      from bisect import bisect_right

      PURPOSE = \(title)
      STEPS = \(list(knots.map { "\(rows[$0].step)" }))
      WEIGHT_DECAY = \(list(knots.map { Numbers.rounded(rows[$0].weightDecay, digits: 7) }))


      def weight_decay(step):
          index = bisect_right(STEPS, step)
          if index == 0 or index == len(STEPS):
              return WEIGHT_DECAY[max(0, index - 1)]
          share = (step - STEPS[index - 1]) / (STEPS[index] - STEPS[index - 1])
          return WEIGHT_DECAY[index - 1] + share * (WEIGHT_DECAY[index] - WEIGHT_DECAY[index - 1])


      def set_weight_decay(optimizer, step):
          \"\"\"Sets the weight decay of every group that decays; groups with weight_decay 0 are left alone.\"\"\"
          for group in optimizer.param_groups:
              if group["weight_decay"] != 0 or group.get("roteq"):
                  group["roteq"] = True
                  group["weight_decay"] = weight_decay(step)

      """
  }

  /// Positions between which straight lines stay within a relative `tolerance` of the finite values.
  ///
  /// Values are cut in two where the line between the ends is furthest off, until none is.
  static func knots(_ values: [Double], tolerance: Double) -> [Int] {
    let finite = values.indices.filter { values[$0].isFinite }
    guard let first = finite.first, let last = finite.last else { return [] }
    var knots = [first]
    var pending = [(first, last)]
    while let (start, end) = pending.popLast() {
      var worst: (index: Int, error: Double) = (start, 0)
      for index in stride(from: start + 1, to: end, by: 1) where values[index].isFinite {
        let share = Double(index - start) / Double(end - start)
        let line = values[start] + share * (values[end] - values[start])
        let error =
          line == values[index]
          ? 0 : abs(line - values[index]) / max(abs(values[index]), .leastNormalMagnitude)
        if error > worst.error { worst = (index, error) }
      }
      if worst.error > tolerance {
        pending += [(worst.index, end), (start, worst.index)]
      } else {
        knots.append(end)
      }
    }
    return knots
  }
}
