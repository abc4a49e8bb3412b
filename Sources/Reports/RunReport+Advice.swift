import Equilibrium
import Formulas
import RunConfigurations

// How long the run is out of equilibrium, and what would change that.
extension RunReport {
  /// Half-lives longer than this share of the run leave a visible transient.
  private static let shortTransient = 0.05
  /// Initial norms within this factor of the equilibrium norm need no change.
  private static let nearNorm = 1.2
  /// Weight decays are tuned by factors of two; beyond this one no advice is given.
  private static let largestFactor = 16.0

  var advice: [Prose] {
    var points: [Prose] = []
    if let product = productAdvice { points.append(product) }
    points += normAdvice
    if let end = endAdvice { points.append(end) }
    if !points.isEmpty, !RunReport.isLong(shareOfRun) {
      points.append(
        "Or hold the angle from the first step: a rotational variant has no transient, see below.")
    }
    if points.isEmpty, shareOfRun != nil {
      points = [
        courses.isEmpty
          ? "The transient is short against the run. No layer could be followed, so how near to equilibrium they start is not known."
          : "Nothing: the transient is short, and the layers followed start near their equilibrium."
      ]
    }
    return points
  }

  private static func isLong(_ share: Double?) -> Bool { share.map { $0 > 0.25 } ?? true }

  /// The weight decay for which the half-life would be a twentieth of the run, and what it costs.
  private var productAdvice: Prose? {
    guard let halfLife, let shareOfRun, shareOfRun > Self.shortTransient,
      let decay = settings.values[.weightDecay], let rotation
    else { return nil }
    let tooLong: Prose =
      "The half-life, \(Prose.steps(halfLife, of: run)), is far too long for the run: no weight decay near the given one shortens it to a twentieth of it. Train longer, or use the rotational variant, which has no transient."
    // The half-life falls with some power of the decay; each round corrects what is left.
    var factor = 1.0
    for _ in 0..<40 {
      guard let half = prediction(decay: decay * factor)?.transient.halfLife.value else { return tooLong }
      factor *= half / (Self.shortTransient * Double(run.steps))
    }
    guard factor <= Self.largestFactor, let other = prediction(decay: decay * factor),
      let faster = value(.expectedRotation, of: other)
    else { return tooLong }
    let given = (run.hyperparameters[.weightDecay] ?? decay) * factor
    let product =
      settings.timescale == nil
      ? "To shorten the transient without turning faster, train longer."
      : "Both follow from the product ηλ: to shorten the transient without turning faster, train longer."
    return Prose(
      "A half-life of a twentieth of the run needs a weight decay \(Numbers.short(factor, digits: 3)) times as large, \(Numbers.short(given, digits: 3)); neurons then turn \(Numbers.short(faster / rotation, digits: 3)) times as fast in equilibrium. \(product)"
    )
  }

  /// What is predicted at another weight decay in PyTorch's convention.
  private func prediction(decay: Double) -> Prediction? {
    var values = settings.values.filter { symbol, _ in
      settings.hyperparameters.contains { $0.symbol == symbol }
        || [.dimension, .unitGradientPower, .gradientPower, .gradientMass].contains(symbol)
    }
    values[.weightDecay] = decay
    return
      (try? Settings(
        settings.optimizer, values, weight: settings.variant.weight, nesterov: settings.variant.nesterov))
      .map { Prediction($0) }
  }

  /// The factors by which the initial norms would have to change to start in equilibrium.
  private var normAdvice: [Prose] {
    let far = layers.compactMap { shape, prediction -> String? in
      guard let initial = shape.initialNorm,
        let norm = prediction.estimate(.equilibriumNorm, .leading)?.value,
        max(norm / initial, initial / norm) > Self.nearNorm
      else { return nil }
      return "\(shape.name) by \(Numbers.short(norm / initial, digits: 3))"
    }
    guard !far.isEmpty else { return [] }
    let shown = far.prefix(8).joined(separator: ", ") + (far.count > 8 ? " and \(far.count - 8) more" : "")
    return [
      Prose(
        "To start at the equilibrium norm of the peak learning rate, scale the initial weights: \(shown). A layer that normalisation makes scale-invariant computes the same; elsewhere add a gain of the inverse factor."
      )
    ]
  }

  /// Whether the learning rate falls faster at the end than the norm can follow.
  private var endAdvice: Prose? {
    guard
      let course = courses.first(where: {
        $0.layer.summary.rotation.leaves != nil && !$0.layer.summary.rotation.onlyPasses(halfLife: halfLife)
      }), let leaves = course.layer.summary.rotation.leaves, course.layer.summary.finalFactor.isFinite
    else { return nil }
    return Prose(
      "From step \(Numbers.short(Double(leaves))) on, the learning rate falls faster than the norm of \(course.title) can follow; the last step turns by \(Numbers.short(course.layer.summary.finalFactor, digits: 3)) times its equilibrium rotation. That belongs to the schedule: a floor for the learning rate, or a weight decay that rises as it falls (roteq convert --hold decay), keeps the equilibrium."
    )
  }
}
