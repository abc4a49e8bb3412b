import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RunConfigurations

// The same run with another optimizer, or with the rotational variant of its own.
extension RunReport {
  /// The run's settings moved to another optimizer so that two quantities stay; nil where they cannot be moved.
  struct Move {
    let target: Optimizer
    let match: Match
    let outcome: Result<Conversion, MatchingError>
  }

  /// To Lion, or from Lion to AdamW, matching the single step and the long run.
  var moves: [Move] {
    let target: Optimizer = settings.optimizer == .lion ? .adamW : .lion
    return [Match.rotationAndUpdate, .diffusion].map { match in
      do throws(MatchingError) {
        let conversion = try Conversion(
          from: settings, to: target, rotational: false, with: [:], by: match,
          conventions: (run.decayConvention, .coupled))
        return Move(target: target, match: match, outcome: .success(conversion))
      } catch { return Move(target: target, match: match, outcome: .failure(error)) }
    }
  }

  var conversionBlocks: [Block] {
    let conversions = moves.compactMap { move in
      (try? move.outcome.get()).map { (move.match, $0) }
    }
    guard let first = conversions.first?.1 else {
      guard let move = moves.first, case .failure(let error) = move.outcome else { return [] }
      return [
        .paragraph(Prose("The settings cannot be moved to \(move.target.title): \(error.description)."))
      ]
    }
    let target = first.target.title
    let symbols = first.target.hyperparameters.map(\.symbol).filter {
      $0 == .learningRate || $0 == .weightDecay || first.target.values[$0] != 0
    }
    return [
      .table(
        Table(
          caption: Prose("\(settings.title) → \(target), in PyTorch's decay convention"),
          columns: [
            Table.Column("setting", name: "setting", isNumeric: false),
            Table.Column(Prose(settings.title), name: settings.optimizer.identifier),
          ]
            + conversions.map { match, _ in
              Table.Column(Prose("\(target), same \(match.summary)"), name: match.rawValue)
            },
          rows: symbols.map { symbol in
            [.prose("\(symbol.meaning) \(symbol)"), .optional(settings.values[symbol])]
              + conversions.map { .optional($0.1.target.values[symbol]) }
          })),
      .paragraph(
        Prose(
          "The same step keeps the RMS update size and the expected rotation; the same diffusion keeps the speed of the random walk over many steps. Not both: the momentum of the two differs."
        )),
    ]
  }

  var rotationalBlocks: [Block] {
    guard let rotation else { return [.paragraph("The expected rotation is not known.")] }
    let tracker =
      general.transient.decayPerStep.value.map { Numbers.short($0.squareRoot(), digits: 7) } ?? "—"
    let zeroShot =
      (shareOfRun ?? 1) < 0.25
      ? "Zero-shot: the same learning rate, weight decay and coefficients."
      : "Zero-shot settings are not advised: the baseline hardly reaches equilibrium in this run, the variant would turn at the equilibrium rate from the first step. Tune the weight decay."
    var points: [Prose] = [
      Prose(zeroShot),
      "Rotate each neuron by \(Quantity.expectedRotation.symbol) = \(Numbers.short(rotation)) rad a step at the peak learning rate; as the schedule moves \(Symbol.learningRate), Table 1 moves it as \(scaling).",
    ]
    if let match = rotationMatch {
      let isNear = (0.1...10).contains(match.factor)
      points.append(
        Prose(
          "Over the run, \(match.title) turns by \(Numbers.short(match.ratio, digits: 3)) times the mean rotation of these zero-shot settings; \(isNear ? "a weight decay \(Numbers.short(match.factor, digits: 3)) times as large gives the variant the same mean" : "no weight decay near the given one gives the variant the same mean, a schedule of it does (roteq convert -o)")."
        ))
    }
    points += [
      Prose("Update RMS tracker β = 0.9 (default), or √a = \(tracker) to move as slowly as the norm does."),
      "Rotate weight vectors of neurons; leave biases, gains and embeddings to the inner optimizer. Remove the mean of each rotated vector. Add a learnable gain where no normalisation follows.",
    ]
    return [.list(points)]
  }

  /// The layers whose mean rotation is farthest from that of the zero-shot variant.
  var rotationMatch: (title: String, ratio: Double, factor: Double)? {
    guard let exponent = rotationExponent(of: .weightDecay) else { return nil }
    let ratios = courses.map { course in
      (course.title, course.layer.summary.meanRotation / course.layer.summary.rotationalVariant.mean)
    }
    return ratios.filter { $0.1.isFinite && $0.1 > 0 }
      .max { max($0.1, 1 / $0.1) < max($1.1, 1 / $1.1) }
      .map { ($0.0, $0.1, RotationMatch.decayFactor(rotationRatio: $0.1, exponent: exponent.value)) }
  }

  private func rotationExponent(of symbol: Symbol) -> Rational? {
    general.estimate(.expectedRotation, .leading)?.cited.formula.exponent(of: symbol)
  }

  /// How the expected rotation follows the learning rate.
  private var scaling: Formula {
    let exponent = rotationExponent(of: .learningRate)
    let η = Formula.symbol(.learningRate)
    return exponent == Rational(1, 2) ? η.squareRoot : η.power(exponent ?? 1)
  }
}

extension Match {
  /// What stays the same, in a word.
  fileprivate var summary: String {
    switch self {
    case .rotationAndUpdate: "step"
    case .diffusion: "diffusion"
    case .product: "memory"
    }
  }
}
