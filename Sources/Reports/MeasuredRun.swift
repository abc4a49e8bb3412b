import Equilibrium

/// Norm and rotation of a layer as they were logged, to be held against the prediction.
public struct MeasuredRun: Sendable {
  /// The logged steps in rising order, from 1.
  public let steps: [Double]
  /// Root mean square norm of the weight vectors after each step, above 0; nil where it was not logged.
  public let norms: [Double]?
  /// Rotation of each step in radians; nil where it was not logged.
  public let rotations: [Double]?
  /// Steps that each rotation is the root mean square of, its step being the last.
  public let window: Int

  /// A logged run; lists are as long as `steps`, and `window` is at least 1.
  public init(steps: [Double], norms: [Double]?, rotations: [Double]?, window: Int = 1) {
    (self.steps, self.norms, self.rotations, self.window) = (steps, norms, rotations, window)
  }

  /// Mean relative deviations of a prediction from the log, by either way of predicting; nil where nothing was logged.
  public struct Deviation: Sendable {
    /// Of the norm.
    public internal(set) var norm: Trajectory.Predicted?
    /// Of the rotation, where the logged one is above 0.
    public internal(set) var rotation: Trajectory.Predicted?
  }

  /// Gathers deviations as the run goes by.
  struct Comparison {
    private let run: MeasuredRun
    private var next = 0
    private var norm = (sum: Trajectory.Predicted(), count: 0.0)
    private var rotation = (sum: Trajectory.Predicted(), count: 0.0)
    /// Squared rotations of the last steps, the oldest overwritten first.
    private var recent: [Trajectory.Predicted] = []

    init(_ run: MeasuredRun) { self.run = run }

    mutating func add(_ point: Trajectory.Point) {
      var square = Trajectory.Predicted()
      square.recurrence = point.rotation.recurrence * point.rotation.recurrence
      square.moments = point.rotation.moments * point.rotation.moments
      if recent.count < run.window {
        recent.append(square)
      } else {
        recent[(point.step - 1) % run.window] = square
      }
      guard next < run.steps.count, run.steps[next] == Double(point.step) else { return }
      defer { next += 1 }
      func add(
        _ values: [Double]?, _ predicted: Trajectory.Predicted,
        _ mean: inout (sum: Trajectory.Predicted, count: Double)
      ) {
        guard let value = values?[next], value > 0 else { return }
        mean.sum.recurrence += abs(predicted.recurrence / value - 1)
        mean.sum.moments += abs(predicted.moments / value - 1)
        mean.count += 1
      }
      add(run.norms, point.norm, &norm)
      var mean = Trajectory.Predicted()
      let count = Double(recent.count)
      mean.recurrence = (recent.reduce(0) { $0 + $1.recurrence } / count).squareRoot()
      mean.moments = (recent.reduce(0) { $0 + $1.moments } / count).squareRoot()
      add(run.rotations, mean, &rotation)
    }

    var deviation: Deviation {
      func mean(_ gathered: (sum: Trajectory.Predicted, count: Double)) -> Trajectory.Predicted? {
        guard gathered.count > 0 else { return nil }
        var mean = gathered.sum
        mean.recurrence /= gathered.count
        mean.moments /= gathered.count
        return mean
      }
      return Deviation(norm: mean(norm), rotation: mean(rotation))
    }
  }
}
