import Audits
import Dynamics
import Equilibrium
import Formulas
import RunConfigurations
import Parameters

extension AuditReport {
  /// Beyond this ratio of what a tenth of the neurons exceed to what a tenth stay below, rotation counts as imbalanced. Figure
  /// 16 has half of the neurons turn f times as fast: with f = 3 the network does as well as one of half the width.
  static let imbalance = 2.0

  /// What was found, in plain words.
  var findings: [Prose] {
    var points = [Prose(standing), Prose(where_)]
    points += inference + expectation + rotation + balance + damage
    return points
  }

  private var tensors: [TensorAudit] { audit.tensors.filter { $0.twin == nil } }

  private func count(_ standing: TensorAudit.Standing) -> Int {
    tensors.filter { $0.standing == standing }.count
  }

  /// How many tensors are in equilibrium.
  private var standing: String {
    let total = tensors.count
    if count(.none) == total {
      return
        "The learning rate of step \(Numbers.count(audit.step)) is 0: nothing moves, and there is no equilibrium."
    }
    if count(.unknown) == total {
      let names = Set(tensors.flatMap(\.missing)).sorted { $0.name < $1.name }
        .map { "\($0.meaning) \($0.plain)" }.joined(separator: " and the ")
      return
        "The equilibrium norm is not known: with \(audit.run.optimizer.title) it depends on the \(names). Give --unit-gradient-norm, or an earlier checkpoint with --previous."
    }
    let (above, below) = (count(.above), count(.below))
    var parts = ["\(count(.inEquilibrium)) of \(total) tensors are in equilibrium (norm within 5 %)"]
    if above > 0 { parts.append("\(above) \(above == 1 ? "is" : "are") above") }
    if below > 0 { parts.append("\(below) \(below == 1 ? "is" : "are") below") }
    if count(.unknown) > 0 { parts.append("of \(count(.unknown)) it is not known") }
    return parts.joined(separator: ", ") + "."
  }

  /// What the earlier checkpoint had to say of the gradient.
  private var inference: [Prose] {
    guard tensors.contains(where: { $0.change?.gradientNorm != nil }) else { return [] }
    return [
      "The gradient norm, which \(audit.run.optimizer.title) needs, is inferred from the change of each norm, with the weight decay as configured."
    ]
  }

  /// Where in the schedule the checkpoint is.
  private var where_: String {
    let share = (try? audit.run.plan())?.learningRateSchedule.factor(after: audit.step - 1)
    let rate =
      share.map { ", where the learning rate is \(Numbers.short($0 * 100, digits: 3)) % of its peak" } ?? ""
    return
      "The checkpoint counts as step \(Numbers.count(audit.step)) of \(Numbers.count(audit.run.steps)), \(stepSource)\(rate)."
  }

  /// Whether the schedule explains it, and what will become of it.
  private var expectation: [Prose] {
    var points: [Prose] = []
    let off = tensors.filter { [.above, .below].contains($0.standing) }
    let strange = off.filter { tensor in
      tensor.expectedNorm.map { abs(tensor.norm / $0 - 1) > 0.1 } ?? true
    }
    if strange.count < off.count {
      points.append(
        Prose(
          "\(off.count - strange.count) of the \(off.count) that are not are where the schedule leads to (within 10 %): the learning rate changes faster than the weights can follow. Nothing is wrong with them."
        ))
    }
    let waits = strange.compactMap(\.stepsToEquilibrium).sorted()
    if !waits.isEmpty {
      points.append(
        Prose(
          "\(strange.count < off.count ? "Of the others, " : "")\(waits.count) \(waits.count == 1 ? "reaches" : "reach") equilibrium under the rest of the schedule, after \(Numbers.short(Double(waits[waits.count / 2]))) steps in the median."
        ))
    }
    let never = strange.count - waits.count
    if never > 0, audit.step < audit.run.steps {
      points.append(
        Prose(
          "\(never) will not reach it before the end of the run. A larger learning rate times weight decay, or initial norms nearer to equilibrium, would bring \(never == 1 ? "it" : "them") there earlier."
        ))
    }
    if let worst = strange.max(by: { Self.distance($0) < Self.distance($1) }), let ratio = worst.ratio {
      let reason =
        worst.tensor.kind == .scaleInvariant
        ? ""
        : " No normalisation is known to follow it, so its gradient may have a radial part, which adds to the decay or takes from it (§3.4)."
      points.append(
        Prose(
          "Farthest off: \(worst.tensor.name) with \(Numbers.short(ratio, digits: 3)) times its equilibrium norm; it turns \(ratio < 1 ? "faster" : "slower") than it would in equilibrium.\(reason)"
        ))
    }
    return points
  }

  private static func distance(_ tensor: TensorAudit) -> Double {
    tensor.ratio.map { max($0, 1 / $0) } ?? 1
  }

  /// Measured against predicted angles.
  private var rotation: [Prose] {
    let ratios = tensors.compactMap { $0.change?.ratio }.filter(\.isFinite).sorted()
    guard let first = ratios.first, let last = ratios.last, let steps = audit.stepsBetween else { return [] }
    let median = ratios[ratios.count / 2]
    var text =
      "Over \(Numbers.count(steps)) steps the tensors turned by \(Numbers.short(median, digits: 3)) times the predicted angle in the median (\(Numbers.short(first, digits: 3)) to \(Numbers.short(last, digits: 3)))."
    if median > 1.15 {
      text +=
        " More than predicted: successive gradients agree, as they do early in training, or more steps lie between the checkpoints than told."
    } else if median < 0.85, steps > 20 {
      text +=
        " Less than predicted is usual over so many steps once the loss has settled: the loss pulls the weights back, so later gradients undo earlier ones. Checkpoints some 10 steps apart show the rotation itself."
    } else if median < 0.85 {
      text +=
        " Less than predicted: the learning rate is lower than configured, or some coordinates see no gradient, or norms are above equilibrium."
    }
    return [Prose(text)]
  }

  /// The balance of rotation between neurons.
  private var balance: [Prose] {
    let hidden = tensors.filter { $0.tensor.role == .matrix || $0.tensor.role == .convolution }
    let measured = hidden.contains { $0.change?.rotations != nil }
    let spreads = hidden.compactMap { tensor -> (TensorAudit, Spread)? in
      (measured ? tensor.change?.rotations : tensor.norms).map { (tensor, $0) }
    }
    let uneven = spreads.filter { $0.1.range > Self.imbalance }
    guard let worst = spreads.max(by: { $0.1.range < $1.1.range }) else { return [] }
    let what = measured ? "turn" : "should turn, by their norms,"
    let times = worst.1.range.isFinite ? "\(Numbers.short(worst.1.range, digits: 3)) times" : "infinitely"
    guard !uneven.isEmpty else {
      return [
        Prose(
          "Rotation is balanced: the fastest tenth of a tensor's neurons \(what) at most \(times) as fast as the slowest tenth (\(worst.0.tensor.name))."
        )
      ]
    }
    return [
      Prose(
        "Rotation is imbalanced in \(uneven.count) of \(spreads.count) tensors: in \(worst.0.tensor.name) the fastest tenth of the neurons \(what) at least \(times) as fast as the slowest tenth. Imbalance costs accuracy (§5.3, Figure 16). Weight standardisation or a rotational variant balances it."
      )
    ]
  }

  /// Zeros and numbers that are none.
  private var damage: [Prose] {
    var points: [Prose] = []
    let zeros = tensors.filter { $0.zeros > 0 }
    if let worst = zeros.max(by: { $0.zeros < $1.zeros }) {
      let total = zeros.reduce(0) { $0 + $1.zeros }
      points.append(
        Prose(
          "\(Numbers.count(total)) neuron\(total == 1 ? " is" : "s are") dead, all weights 0, most of them in \(worst.tensor.name) (\(Numbers.count(worst.zeros)) of \(Numbers.count(worst.tensor.neurons)))."
        ))
    }
    let broken = tensors.filter { $0.nonFinite > 0 }
    if let worst = broken.max(by: { $0.nonFinite < $1.nonFinite }) {
      let total = broken.reduce(0) { $0 + $1.nonFinite }
      points.append(
        Prose(
          "\(Numbers.count(total)) number\(total == 1 ? " is" : "s are") not finite, most of them in \(worst.tensor.name): the run has diverged, go back to an earlier checkpoint. Their neurons are left out of all sums."
        ))
    }
    return points
  }
}
