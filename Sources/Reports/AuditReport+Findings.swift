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
    var points = [Prose(standing), Prose(place)]
    points += inference + expectation + rotation + balance + lacks + damage
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
    let sound = total - count(.dead) - count(.broken)
    guard sound > 0 else {
      return count(.broken) == total
        ? "No weight vector has finite numbers only: there is nothing to hold against the predictions."
        : "No tensor has weights other than 0: there is nothing to hold against the predictions."
    }
    let lacking = tensors.filter { $0.standing == .unknown && $0.equilibriumNorm == nil }
    if lacking.count == sound {
      let names = Set(lacking.flatMap(\.missing)).sorted { $0.name < $1.name }
        .map { "\($0.meaning) \($0.plain)" }
      let needs =
        names.isEmpty
        ? "" : ": with \(audit.run.optimizer.title) it depends on the \(names.joined(separator: " and the "))"
      return "The equilibrium norm is not known\(needs). \(remedy)"
    }
    var parts = [
      "\(count(.inEquilibrium)) of \(total) \(total == 1 ? "tensor is" : "tensors are") in equilibrium (norm within 5 %)"
    ]
    for (standing, word) in [(TensorAudit.Standing.above, "above"), (.below, "below"), (.dead, "dead")]
    where count(standing) > 0 {
      parts.append("\(count(standing)) \(count(standing) == 1 ? "is" : "are") \(word)")
    }
    let open = count(.unknown) + count(.broken)
    if open > 0 { parts.append("of \(open) it is not known") }
    return parts.joined(separator: ", ") + (lacking.isEmpty ? "." : ". \(remedy)")
  }

  /// What makes the equilibrium norm known.
  private var remedy: String {
    let gradient = "Give --unit-gradient-norm (--gradient-norm for scale-sensitive tensors)"
    guard audit.stepsBetween != nil else { return "\(gradient), or an earlier checkpoint with --previous." }
    return "\(gradient): the change since the earlier checkpoint does not tell it."
  }

  /// What the earlier checkpoint had to say of the gradient.
  private var inference: [Prose] {
    guard tensors.contains(where: { $0.change?.gradientNorm != nil }) else { return [] }
    let contradicted = tensors.filter { $0.change?.isContradicted == true }
    var points: [Prose] = [
      "The gradient norm, which \(audit.run.optimizer.title) needs, is inferred from the change of each norm, with the weight decay as configured."
    ]
    if !contradicted.isEmpty {
      points.append(
        Prose(
          "For \(contradicted.count) of \(tensors.count) tensors the angle denies that gradient norm: they turned by more than a quarter more or less than it predicts. Their change of norm and their rotation measure the gradient differently, so whether they are in equilibrium is not known. --unit-gradient-norm can tell\(audit.stepsBetween ?? 0 > 20 ? ", or checkpoints some 10 steps apart" : "")."
        ))
    }
    return points
  }

  /// Where in the schedule the checkpoint is.
  private var place: String {
    let share = (try? audit.run.plan())?.learningRateSchedule.factor(after: audit.step - 1)
    let rate =
      share.map { ", where the learning rate is \(Numbers.short($0 * 100, digits: 3)) % of its peak" } ?? ""
    return
      "The checkpoint counts as step \(Numbers.count(audit.step)) of \(Numbers.count(audit.run.steps)), \(stepSource)\(rate)."
  }

  /// Whether the schedule explains it, and what will become of it.
  private var expectation: [Prose] {
    var points: [Prose] = []
    let frozen = tensors.filter { $0.change?.isFrozen == true }
    if !frozen.isEmpty {
      points.append(
        Prose(
          "\(frozen[0].tensor.name)\(frozen.count == 1 ? "" : " and \(frozen.count - 1) more tensors") did not move since the earlier checkpoint: neither gradients nor the weight decay reach what is frozen."
        ))
    }
    let off = tensors.filter { [.above, .below].contains($0.standing) && $0.change?.isFrozen != true }
    let strange = off.filter { tensor in
      tensor.expectedNorm.map { abs(tensor.norm / $0 - 1) > 0.1 } ?? true
    }
    if strange.count < off.count {
      points.append(
        Prose(
          "\(off.count == 1 ? "It is" : "\(off.count - strange.count) of the \(off.count) that are not in equilibrium \(off.count - strange.count == 1 ? "is" : "are")") where the schedule leads to (within 10 %): the learning rate changes faster than the weights can follow. Nothing is wrong with that."
        ))
    }
    let waits = strange.compactMap(\.stepsToEquilibrium).sorted()
    if !waits.isEmpty {
      points.append(
        Prose(
          "\(strange.count < off.count ? "Of the others, " : "")\(waits.count) \(waits.count == 1 ? "reaches" : "reach") equilibrium under the rest of the schedule, after \(Numbers.short(Double(waits[waits.count / 2]))) steps in the median."
        ))
    }
    let unforgotten = tensors.filter(\.remembersStart).count
    if unforgotten > 0 {
      points.append(
        Prose(
          "What norm to expect at this step is not known for \(unforgotten) \(unforgotten == 1 ? "tensor" : "tensors"): after fewer than some 3/(ηλ) steps it still depends on the initial norm. The layers of the configuration, or --initial-checkpoint, can give that."
        ))
    }
    let late = strange.filter { $0.stepsToEquilibrium == nil }
    if !late.isEmpty, audit.step < audit.run.steps {
      let them = late.count == 1 ? "it" : "them"
      let advice =
        late.allSatisfy(\.isHidden)
        ? " A larger learning rate times weight decay, or initial norms nearer to equilibrium, would bring \(them) there earlier."
        : ""
      points.append(Prose("\(late.count) will not reach it before the end of the run.\(advice)"))
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
    let ratios = tensors.filter { $0.change?.isFrozen != true }.compactMap { $0.change?.ratio }.filter(
      \.isFinite
    ).sorted()
    guard let first = ratios.first, let last = ratios.last, let steps = audit.stepsBetween else { return [] }
    let median = ratios[ratios.count / 2]
    var text =
      "Over \(Numbers.count(steps)) \(steps == 1 ? "step" : "steps") the tensors turned by \(Numbers.short(median, digits: 3)) times the predicted angle in the median (\(Numbers.short(first, digits: 3)) to \(Numbers.short(last, digits: 3)))."
    if tensors.contains(where: { $0.change?.isRounded == true }) {
      text +=
        " The numbers are stored in 16 bits, and rounding alone turns some tensors by more than a tenth of that: compare checkpoints in single precision, or farther apart."
    } else if median > 1.15 {
      text +=
        " More than predicted: successive gradients agree, as they do early in training, or more steps lie between the checkpoints than told."
    } else if median < 0.85, steps > 20 {
      text +=
        " Less than predicted is usual over so many steps once the loss has settled: the loss pulls the weights back, so later gradients undo earlier ones. Checkpoints some 10 steps apart show the rotation itself."
    } else if median < 0.85 {
      text +=
        " Less than predicted: the learning rate is lower than configured, or some coordinates see no gradient."
    }
    return [Prose(text)]
  }

  /// The balance of rotation between neurons.
  private var balance: [Prose] {
    let hidden = tensors.filter(\.isHidden)
    let measured = hidden.contains { $0.change?.rotations != nil }
    let spreads = hidden.compactMap { tensor -> (TensorAudit, Spread)? in
      (measured ? tensor.change?.rotations : tensor.norms).map { (tensor, $0) }
    }
    let uneven = spreads.filter { $0.1.range > Self.imbalance }
    guard let worst = spreads.max(by: { $0.1.range < $1.1.range }) else { return [] }
    let what = measured ? "turn" : "should turn, by their norms,"
    let times = worst.1.range.isFinite ? "\(Numbers.short(worst.1.range, digits: 3)) times" : "infinitely"
    guard !uneven.isEmpty else {
      guard worst.1.range > 1.0005 else {
        return [Prose("Rotation is balanced: all neurons of a tensor \(what) alike.")]
      }
      return [
        Prose(
          "Rotation is balanced: the fastest tenth of a tensor's neurons \(what) at most \(times) as fast as the slowest tenth (\(worst.0.tensor.name))."
        )
      ]
    }
    return [
      Prose(
        "Rotation is imbalanced in \(uneven.count) of \(spreads.count) \(spreads.count == 1 ? "tensor" : "tensors"): in \(worst.0.tensor.name) the fastest tenth of the neurons \(what) at least \(times) as fast as the slowest tenth. Imbalance costs accuracy (§5.3, Figure 16). Weight standardisation or a rotational variant balances it."
      )
    ]
  }

  /// What no number can be given for.
  private var lacks: [Prose] {
    func names(_ some: [TensorAudit]) -> String {
      some[0].tensor.name + (some.count == 1 ? "" : " and \(some.count - 1) more tensors")
    }
    var points: [Prose] = []
    let unturned = tensors.filter(\.lacksRotation)
    if !unturned.isEmpty {
      points.append(
        Prose(
          "By which angle \(names(unturned)) turned is not known: in one of the checkpoints the weights are 0 or not finite, or too large or small to compare with the other's."
        ))
    }
    let unheld = tensors.filter(\.norm.isInfinite)
    if !unheld.isEmpty {
      points.append(
        Prose("The norm of \(names(unheld)) is not known: it is larger than double precision holds."))
    }
    return points
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

extension TensorAudit {
  /// Whether it is inside the network: no embedding and no output head.
  fileprivate var isHidden: Bool { tensor.role == .matrix || tensor.role == .convolution }
}
