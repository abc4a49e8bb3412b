import CrossChecks
import Equilibrium
import Formulas
import Training

extension CrossCheckReport {
  /// What the walks show of the printed formulas, in sentences with their numbers.
  var findings: [Prose] {
    var findings: [Prose] = []
    if let lion = one("lion-999") { findings.append(printedLion(lion)) }
    if let short = one("adam-l2") { findings += slowNeurons(short, one("adam-l2-long")) }
    if let small = one("adam-l2-small-gradient") { findings.append(cubic(small)) }
    let wrong = disagreements
    findings.append(
      wrong.isEmpty
        ? "The best prediction of every number is within three standard errors or the stated error of its model."
        : Prose(
          "Beyond three standard errors and the stated error of the model: \(wrong.joined(separator: "; ")).")
    )
    return findings
  }

  /// Which numbers the best prediction does not get right, and by how much.
  var disagreements: [String] {
    cases.flatMap { one in
      Triple.quantities.compactMap { quantity in
        guard one.agrees(quantity) == false, let deviation = one.best(quantity) else { return nil }
        return "\(one.paper.title), \(quantity.symbol.meaning) \(percent(deviation))"
      }
    }
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
      "Lion at β₂ = 0.999: Table 1 assumes that the momentum forgets much faster than the decay, 1 − β₂ ≫ ηλ, and here it does not. Against Table 1 the norm is \(number(.equilibriumNorm, .leading)), the rotation \(number(.expectedRotation, .leading)); against the second moments \(number(.equilibriumNorm, .moments)) and \(number(.expectedRotation, .moments))."
    )
  }

  private func slowNeurons(_ short: Case, _ long: Case?) -> [Prose] {
    func eighth(_ one: Case, _ isSmallest: Bool) -> String {
      percent(one.comparison.deviationOfNorm(ofSmallest: isSmallest, .formula(.moments)))
    }
    var text =
      "Adam+ℓ2: neurons with a large gradient settle last. After \(Numbers.short(Double(short.paper.walk.steps))) steps the eighth with the largest gradient is \(eighth(short, false)) off its equilibrium norm, the eighth with the smallest \(eighth(short, true)): Figure 9 shows a transient."
    if let long {
      text +=
        " After \(Numbers.short(Double(long.paper.walk.steps))) steps it is \(eighth(long, false)) and \(eighth(long, true))."
    }
    return [Prose(text)]
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
