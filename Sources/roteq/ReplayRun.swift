import RealModule
import Reports
import Safetensors
import Training

/// A replay, watched at every step.
struct ReplayRun {
  private let replay: Replay
  private let recording: Recording
  private let wrapper: RotationalWrapper?
  private let steps: Int
  private let before: [String: Tensor]
  /// The numbers of each parameter after the step taken last.
  private var values: [String: [Double]]
  /// The sum over the steps of the mean angle of a weight's vectors.
  private var angles: [String: Double] = [:]
  /// What is written: the parameters at the end, those of the steps between, the moments.
  private(set) var tensors: [String: Tensor] = [:]
  private(set) var comparison: TensorComparison?

  init(_ replay: Replay, _ recording: Recording, wrapper: RotationalWrapper?, steps: Int) {
    (self.replay, self.recording, self.wrapper, self.steps) = (replay, recording, wrapper, steps)
    before = replay.tensors()
    values = before.mapValues(\.values)
  }

  /// Compares with another implementation, which has to have the tensors that will be written.
  ///
  /// A tensor's own name stands for one step only; at any other the run ends with `NAME/after.N`.
  mutating func compare(with other: TensorComparison, every: Int?, moments: Bool) throws {
    let between = every.map { Array(stride(from: $0, to: steps, by: $0)) } ?? []
    try other.require(before.keys.sorted(), after: steps)
    try other.require(
      before.keys.flatMap { name in between.map { "\(name)/after.\($0)" } }
        + (steps == other.lastStep ? Array(replay.tensors(moments: moments).keys) : []))
    comparison = other
  }

  /// Takes all steps.
  mutating func run(every: Int?, moments: Bool, _ settings: (Int) -> StepSettings) throws {
    var progress = ProgressBar(total: steps)
    defer { progress.finish() }
    for step in 1...steps {
      try advance(settings(step - 1))
      let now = replay.tensors()
      for (name, tensor) in now {
        let after = "\(name)/after.\(step)"
        try comparison?.compare(tensor, after, as: name, step: step)
        if let every, step % every == 0, step < steps { tensors[after] = tensor }
      }
      follow(now)
      progress.advance(by: 1)
    }
    let last = replay.tensors(moments: moments)
    if comparison?.lastStep == steps {
      for (name, tensor) in last { try comparison?.compare(tensor, name, as: name, step: steps) }
    }
    tensors.merge(last) { _, new in new }
  }

  private func advance(_ settings: StepSettings) throws {
    var gradients: [String: Tensor] = [:]
    for name in replay.names {
      let name = replay.gradientName(of: name, step: replay.step)
      gradients[name] = try recording.gradient(name)
    }
    do throws(TrainingError) { try replay.advance(settings) { gradients[$0] } } catch {
      throw Failure("\(recording.gradientsPath): \(error)", .badData)
    }
  }

  // MARK: What is measured

  /// Numbers in a weight vector; nil for parameters that are no weights.
  private func length(_ name: String) -> Int? {
    guard let tensor = recording.weights[name], tensor.shape.count > 1 else { return nil }
    return wrapper?.granularity == .layer ? tensor.count : tensor.count / tensor.shape[0]
  }

  private mutating func follow(_ now: [String: Tensor]) {
    for (name, tensor) in now {
      let new = tensor.values
      if let length = length(name), let old = values[name] {
        angles[name, default: 0] += meanAngle(old, new, length: length)
      }
      values[name] = new
    }
  }

  /// The parameters, for the report.
  var parameters: [ReplayReport.Parameter] {
    before.sorted { $0.key < $1.key }.map { name, tensor in
      let isWeight = length(name) != nil
      let role: ReplayReport.Role =
        recording.weights[name] == nil ? .gain : isWeight ? wrapper == nil ? .decayed : .rotated : .bias
      return ReplayReport.Parameter(
        name: name, shape: tensor.shape, type: recording.weights[name]?.type.rawValue, role: role,
        norms: (norm(tensor.values[...]), norm(values[name, default: []][...])),
        rotation: angles[name].map { $0 / Double(steps) })
    }
  }
}

/// The mean over vectors of `length` numbers of the angle between old and new, in radians.
///
/// From the chord between the directions, which keeps the digits of small angles.
private func meanAngle(_ old: [Double], _ new: [Double], length: Int) -> Double {
  let angles = stride(from: 0, to: old.count, by: length).map { start in
    let (a, b) = (old[start..<start + length], new[start..<start + length])
    let (sizeA, sizeB) = (norm(a), norm(b))
    // A vector that is zero has no direction to turn from.
    guard sizeA > 0, sizeB > 0 else { return 0.0 }
    let chord = zip(a, b).reduce(0.0) { sum, pair in
      let difference = pair.0 / sizeA - pair.1 / sizeB
      return sum + difference * difference
    }.squareRoot()
    return 2 * Double.asin(min(1, chord / 2))
  }
  return angles.reduce(0, +) / Double(angles.count)
}

private func norm(_ vector: ArraySlice<Double>) -> Double {
  vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
}
