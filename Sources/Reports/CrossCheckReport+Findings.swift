import CrossChecks
import Equilibrium
import Formulas
import Training

extension CrossCheckReport {
  /// What the walks show of the printed formulas, in sentences with their numbers.
  var findings: [Prose] {
    var findings: [Prose] = []
    if let lion = one("lion-999") { findings.append(printedLion(lion)) }
    if let short = one("adam-l2") { findings.append(slowNeurons(short, one("adam-l2-equal"))) }
    if let small = one("adam-l2-small-gradient") { findings.append(cubic(small)) }
    if !moving.isEmpty { findings.append(inTimeOnly) }
    let wrong = disagreements
    findings.append(
      wrong.isEmpty
        ? "The best prediction of every number that was judged is within three standard errors or the stated error of its model."
        : Prose(
          "Beyond three standard errors and the stated error of the model: \(wrong.joined(separator: "; ")).")
    )
    return findings
  }

  /// By how much the prediction in time of a walk that is still moving may be off: a few windows decide over it.
  static let errorInTime = 0.02

  /// Which numbers the best prediction does not get right, and by how much; of a walk that is still moving, the prediction in
  /// time.
  var disagreements: [String] {
    cases.flatMap { one -> [String] in
      if let curve = one.curve, one.verdict(.equilibriumNorm) == .moving {
        return [("norm", curve.norm), ("rotation", curve.rotation)].compactMap { name, series in
          let error = series.deviation(\.moments)
          return error <= Self.errorInTime
            ? nil : "\(one.paper.title), \(name) in time \(Numbers.short(100 * error, digits: 3)) %"
        }
      }
      return Triple.quantities.compactMap { quantity in
        guard one.verdict(quantity) == .disagrees, let deviation = one.best(quantity) else { return nil }
        return "\(one.paper.title), \(quantity.symbol.meaning) \(percent(deviation))"
      }
    }
  }

  private var moving: [Case] { cases.filter { $0.verdict(.equilibriumNorm) == .moving } }

  /// Walks that say nothing of equilibrium.
  private var inTimeOnly: Prose {
    let walks = moving.map { one in
      let curve = one.curve.map {
        " (norm \(Numbers.short(100 * $0.norm.deviation(\.moments), digits: 2)) %, rotation \(Numbers.short(100 * $0.rotation.deviation(\.moments), digits: 2)) %)"
      }
      return one.paper.title + (curve ?? "")
    }
    return Prose(
      "Not judged in equilibrium, because the norm still moves: \(walks.joined(separator: ", ")). In brackets how far the second moments in time are off, which may be \(Numbers.short(100 * Self.errorInTime)) %."
    )
  }

  private func one(_ name: String) -> Case? { cases.first { $0.paper.name == name } }

  private func percent(_ deviation: SampleMean?) -> String {
    guard let deviation else { return "unknown" }
    let error = deviation.standardError.map { " ± \(Numbers.short(100 * $0, digits: 2))" } ?? ""
    return "\(deviation.mean > 0 ? "+" : "")\(Numbers.short(100 * deviation.mean, digits: 3))\(error) %"
  }

  private func printedLion(_ lion: Case) -> Prose {
    func number(_ quantity: Quantity, _ fidelity: Fidelity) -> String {
      percent(lion.comparison.deviation(quantity, .formula(fidelity)))
    }
    return Prose(
      "Lion at β₂ = 0.999: Table 1 assumes that the momentum forgets much faster than the decay, 1 − β₂ ≫ ηλ, and here it does not. Against Table 1 the norm is \(number(.equilibriumNorm, .leading)), the rotation \(number(.expectedRotation, .leading)); against the second moments \(number(.equilibriumNorm, .moments)) and \(number(.expectedRotation, .moments)), with the tails of the gradient \(percent(lion.best(.equilibriumNorm))) and \(percent(lion.best(.expectedRotation)))."
    )
  }

  private func slowNeurons(_ short: Case, _ equal: Case?) -> Prose {
    func eighth(_ isSmallest: Bool) -> String {
      percent(short.comparison.deviationOfNorm(ofSmallest: isSmallest, .formula(.moments)))
    }
    var text =
      "Adam+ℓ2: neurons with a large gradient settle last. After \(Numbers.short(Double(short.paper.walk.steps))) steps the norm of the eighth with the largest gradient is \(eighth(false)) off its equilibrium, that of the eighth with the smallest \(eighth(true)): Figure 9 shows a transient."
    if let curve = short.curve {
      text +=
        " In time the second moments follow it within \(Numbers.short(100 * curve.norm.deviation(\.moments), digits: 2)) %."
    }
    if let equal {
      text +=
        " With equal gains and \(Numbers.short(Double(equal.paper.walk.steps))) steps the norm settles at \(percent(equal.best(.equilibriumNorm))) of the second moments."
    }
    return Prose(text)
  }

  private func cubic(_ small: Case) -> Prose {
    func number(_ fidelity: Fidelity) -> String {
      percent(small.comparison.deviation(.equilibriumNorm, .formula(fidelity)))
    }
    let λ = small.paper.walk.settings.values[.weightDecay] ?? .nan
    let share = small.comparison.decayShare(weightDecay: λ)
    return Prose(
      "Adam+ℓ2 with λ²E‖ω‖²/E‖g‖² = \(Numbers.short(share, digits: 2)): the norm is \(number(.leading)) off (91), \(number(.geometric)) off the cubic without Assumption 4, and \(number(.moments)) off the second moments. The cubic is exact for the geometric model, which has no momentum, and moves the wrong way."
    )
  }
}

extension WalkComparison {
  /// λ²E‖ω‖²/E‖g‖²: how much of v the decay makes up.
  func decayShare(weightDecay λ: Double) -> Double {
    let (norm, gradient) = (mean(.norm).mean, mean(.gradientNorm).mean)
    return λ * λ * norm * norm / (gradient * gradient)
  }
}
