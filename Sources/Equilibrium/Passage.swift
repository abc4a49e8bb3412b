import Dynamics
import RealModule

/// What happens to a weight vector between two steps of a run, by the second moments.
public struct Passage: Sendable {
  /// √E‖ω‖² at its start.
  public let normBefore: Double
  /// √E‖ω‖² at its end.
  public let normAfter: Double
  /// E⟨ω₀, ω⟩/E‖ω₀‖²: the share of the first weight that is left at the end; nil for an optimizer where it is not known.
  public let retention: Double?

  /// The angle between the weights at the start and at the end, cos θ = E⟨ω₀, ω⟩/√(E‖ω₀‖²·E‖ω‖²), in radians; nil where it is not
  /// known.
  public var rotation: Double? {
    retention.map { retention in
      // sin²θ = 1 − cos²θ; what is orthogonal to ω₀, over what is left of it.
      let ratio = normAfter / normBefore
      return Double.atan2(
        y: max(0, (ratio - retention) * (ratio + retention)).squareRoot(), x: retention)
    }
  }
}

extension Trajectory {
  /// Follows a weight from a norm in the middle of a run to a later step.
  ///
  /// The moments that the optimizer has at that time are not stored in a checkpoint of the weights. So the run is entered `lead`
  /// steps earlier, from the norm that leads to the given one: by then momentum and step size have found their values. Where no norm
  /// does, it is entered at the norm with the momentum of that time.
  ///
  /// - Parameters:
  ///   - step: steps taken before the passage begins, from 0.
  ///   - count: steps of the passage, from 1.
  ///   - norm: ‖ω‖ at its start, above 0.
  ///   - lead: steps by which the run is entered before, if there are as many.
  /// - Throws: ``TrajectoryError``.
  public func passage(
    after step: Int, steps count: Int, from norm: Double, lead: Int
  ) throws(TrajectoryError) -> Passage {
    var moving = try entered(at: step, with: norm, lead: min(lead, step))
    let before = moving.normPower
    var past = moving.overlap
    for index in 0..<count {
      let input = input(after: step + index, normPower: moving.normPower)
      past = past.map { moving.carried($0, through: input) }
      _ = moving.step(input)
      guard moving.normPower > 0, moving.normPower < .infinity else {
        throw .notFinite(step: step + index + 1)
      }
    }
    return Passage(
      normBefore: before.squareRoot(), normAfter: moving.normPower.squareRoot(),
      retention: past.map { $0.weight / before })
  }

  /// Steps from the middle of a run until the norm is within a fraction of the equilibrium of its step; nil where it is not
  /// before the end.
  ///
  /// - Parameters:
  ///   - step: steps taken so far.
  ///   - norm: ‖ω‖ now.
  ///   - fraction: the fraction, above 0.
  public func stepsToEquilibrium(
    after step: Int, from norm: Double, lead: Int, within fraction: Double
  ) throws(TrajectoryError) -> Int? {
    var process = try entered(at: step, with: norm, lead: min(lead, step))
    var taken = step
    while taken < plan.steps {
      let points = UnsafeMutableBufferPointer<Point>.allocate(capacity: min(256, plan.steps - taken))
      points.initialize(repeating: Point())
      defer { points.deallocate() }
      for index in points.indices {
        let input = input(after: taken + index, normPower: process.normPower)
        points[index].step = taken + index + 1
        points[index].learningRate = input.learningRate
        points[index].weightDecay = input.weightDecay
        points[index].shrink = input.shrink
        points[index].gradientPower = input.gradientPower
        points[index].radialDecay = input.radialDecay
        points[index].unitGradientPower = input.gradientPower * process.normPower
        _ = process.step(input)
        guard process.normPower > 0, process.normPower < .infinity else {
          throw .notFinite(step: taken + index + 1)
        }
        points[index].norm.moments = process.normPower.squareRoot()
      }
      var recurrence = process.normPower
      reference.fill(points, recurrence: &recurrence, process: process)
      if let point = points.first(where: { abs($0.norm.moments / $0.equilibriumNorm - 1) <= fraction }) {
        return point.step - step
      }
      taken += points.count
    }
    return nil
  }

  /// The second moments at a step of the run with the given norm.
  ///
  /// Where no norm leads to it, as so many steps would turn any into a larger one, the weight is what the lead leaves of it,
  /// shrunk or grown to the norm: how it and the momentum correlate is kept, and gradients have the size that they have at the
  /// norm. So the optimizer is `step` steps old, and the next step moves the weight by an update's size.
  private func entered(
    at step: Int, with norm: Double, lead: Int
  ) throws(TrajectoryError) -> any MomentProcess {
    let target = norm * norm
    // ‖ω‖² after the lead is nearly linear in ‖ω‖² before it: secants meet it in a few steps.
    var (start, slope) = (target, 1.0)
    var last: (start: Double, miss: Double)?
    for _ in 0..<40 {
      let process = try led(from: start, to: step, lead: lead)
      let miss = process.normPower - target
      if abs(miss) < 1e-12 * target { return process }
      if let last, last.start != start { slope = (miss - last.miss) / (start - last.start) }
      last = (start, miss)
      let next = start - miss / slope
      guard slope > 0, next > 0, next < .infinity else { break }
      start = next
    }
    var process = try led(from: target, to: step, lead: lead)
    let reference = gradient.reference
    let gradients =
      reference.power(ofNorm: 1, normPower: target)
      / reference.power(ofNorm: 1, normPower: process.normPower)
    process.scale(
      weight: (target / process.normPower).squareRoot(), gradient: gradients.squareRoot())
    return process
  }

  private func led(
    from normPower: Double, to step: Int, lead: Int
  ) throws(TrajectoryError) -> any MomentProcess {
    guard var process = settings.optimizer.process(settings, normPower) else {
      throw .noProcess(settings.optimizer)
    }
    for taken in step - lead..<step {
      _ = process.step(input(after: taken, normPower: process.normPower))
      guard process.normPower > 0, process.normPower < .infinity else { throw .notFinite(step: taken + 1) }
    }
    process.age(by: step - lead)
    return process
  }

  /// What the step after so many others is done with.
  private func input(after taken: Int, normPower: Double) -> StepInput {
    let hyperparameters = plan.step(after: taken)
    return StepInput(
      learningRate: hyperparameters.learningRate, weightDecay: hyperparameters.weightDecay,
      gradientPower: gradient.reference.power(
        ofNorm: gradient.norm.factor(after: taken), normPower: normPower),
      radialDecay: settings.values[.radialDecay] ?? 0, shrink: hyperparameters.shrink)
  }
}
