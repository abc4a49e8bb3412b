import Formulas

/// One number of a prediction: the formula, and its value or why it has none.
public struct Estimate: Sendable {
  /// The formula with its source and assumptions.
  public let cited: CitedFormula
  /// The value, or what is missing.
  public let outcome: Result<Double, FormulaError>

  /// The value, nil where there is none.
  public var value: Double? { try? outcome.get() }

  /// The symbols without which there is no value.
  public var missing: [Symbol] {
    if case .failure(.missing(let symbols)) = outcome { symbols } else { [] }
  }

  init(_ cited: CitedFormula, value: Double) {
    self.cited = cited
    outcome = .success(value)
  }

  /// Evaluates a formula.
  public init(_ cited: CitedFormula, at values: [Symbol: Double]) {
    self.cited = cited
    do throws(FormulaError) { outcome = .success(try cited.formula.evaluated(values)) } catch {
      outcome = .failure(error)
    }
  }
}

/// How long the norm takes to reach equilibrium, from (16).
public struct Transient: Sendable {
  /// The power of the norm whose relative deviation is meant: 2, or 4 for SGDM.
  public let power: Int
  /// The factor a by which the deviation shrinks each step.
  public let decayPerStep: Estimate
  /// Steps in which it halves.
  public let halfLife: Estimate
  /// Steps from the initial norm to within 5 %; 0 where it starts inside.
  public let stepsTo5Percent: Estimate
  /// Steps from the initial norm to within 1 %; 0 where it starts inside.
  public let stepsTo1Percent: Estimate
}

/// Everything that is predicted of one weight vector.
public struct Prediction: Sendable {
  /// What was put in.
  public let settings: Settings
  /// The transient.
  public let transient: Transient
  /// The assumptions that fail, each once.
  public let warnings: [ValidityWarning]
  private let estimates: [Quantity: [Fidelity: Estimate]]

  /// Predicts from settings.
  public init(_ settings: Settings) {
    self.settings = settings
    var estimates: [Quantity: [Fidelity: Estimate]] = [:]
    for quantity in Quantity.allCases {
      for fidelity in Fidelity.allCases {
        if let cited = settings.formula(quantity, fidelity) {
          estimates[quantity, default: [:]][fidelity] = Estimate(cited, at: settings.values)
        }
      }
    }
    self.estimates = estimates
    transient = Transient(settings)
    warnings = Prediction.warnings(estimates, transient, settings)
  }

  /// The number, or nil where the fidelity has no formula for the quantity.
  public func estimate(_ quantity: Quantity, _ fidelity: Fidelity) -> Estimate? {
    estimates[quantity]?[fidelity]
  }

  private static func warnings(
    _ estimates: [Quantity: [Fidelity: Estimate]], _ transient: Transient, _ settings: Settings
  ) -> [ValidityWarning] {
    var order: [Assumption] = []
    var affected: [Assumption: [String]] = [:]
    func note(_ assumptions: [Assumption], _ name: String) {
      for assumption in assumptions where assumption.ratio != nil {
        if affected[assumption] == nil { order.append(assumption) }
        if affected[assumption]?.contains(name) != true { affected[assumption, default: []].append(name) }
      }
    }
    for quantity in Quantity.allCases {
      for fidelity in Fidelity.allCases {
        guard let estimate = estimates[quantity]?[fidelity], estimate.value != nil else { continue }
        note(estimate.cited.assumptions, "\(quantity.symbol.meaning) (\(fidelity.rawValue))")
      }
    }
    note(transient.decayPerStep.cited.assumptions, "transient")
    if let rotation = settings.formula(.expectedRotation, .leading) {
      note([.smallAngle(rotation.formula)], "expected rotation (leading, geometric)")
    }
    return order.compactMap { assumption in
      guard let value = try? assumption.ratio?.evaluated(settings.values), value > assumption.limit else {
        return nil
      }
      return ValidityWarning(assumption: assumption, value: value, affected: affected[assumption] ?? [])
    }
  }
}

extension Assumption {
  /// The relative update, of which the angle is the arc tangent, is small (3).
  static func smallAngle(_ rotation: Formula) -> Assumption {
    Assumption("the relative update is small, so that it equals the angle", small: rotation, limit: 0.2)
  }
}

extension Transient {
  /// The transient of these settings.
  public init(_ settings: Settings) {
    let law = settings.optimizer.relaxation
    power = law.power
    func estimate(_ cited: CitedFormula) -> Estimate {
      Estimate(settings.adapted(cited), at: settings.values)
    }
    decayPerStep = estimate(law.decayPerStep)
    halfLife = estimate(law.halfLife)
    func steps(_ fraction: Rational) -> Estimate {
      // The norm's own formula is adapted already, so it is put in last.
      let place = Quantity.equilibriumNorm.symbol
      let cited = settings.adapted(law.steps(toWithin: fraction, ofNorm: .symbol(place)))
      let fidelity: Fidelity = law.steps == nil ? .geometric : .leading
      guard let norm = settings.formula(.equilibriumNorm, fidelity) else {
        return Estimate(cited, at: settings.values)
      }
      let full = cited.with(cited.formula.substituting([place: .named(place, norm.formula)]))
      let found = Estimate(full, at: settings.values)
      if let value = found.value { return value < 0 ? Estimate(full, value: 0) : found }
      let start = settings.values[.initialNorm]
      return start != nil && start == (try? norm.formula.evaluated(settings.values))
        ? Estimate(full, value: 0) : found
    }
    stepsTo5Percent = steps(Rational(1, 20))
    stepsTo1Percent = steps(Rational(1, 100))
  }
}
