import Formulas
import RealModule

/// Which two numbers stay the same when settings move to another optimizer.
public enum Match: String, Sendable, CaseIterable {
  /// RMS update size η_g and expected rotation η_r: the same step.
  case rotationAndUpdate = "rotation-and-update"
  /// Diffusion rates τ_g and τ_r: the same long-run speed.
  case diffusion
  /// RMS update size η_g and the product ηλ: the same update, the same memory of 1/(ηλ) steps.
  case product

  /// The quantities that are matched.
  public var quantities: [Quantity] {
    switch self {
    case .rotationAndUpdate: [.rmsUpdateSize, .expectedRotation]
    case .diffusion: [.rmsDiffusionRate, .rotationalDiffusionRate]
    case .product: [.rmsUpdateSize]
    }
  }
}

/// Why settings could not be moved.
public enum MatchingError: Error, Sendable, CustomStringConvertible {
  /// Inputs that the source or the target needs.
  case missing([Symbol])
  /// The decay contains a radial part or an error factor, which were measured under the source.
  case measuredDecay
  /// The two conditions do not fix learning rate and weight decay.
  case degenerate(Optimizer)
  /// The settings found are not valid.
  case settings(SettingsError)
  /// A formula has no value.
  case formula(FormulaError)

  /// One line.
  public var description: String {
    switch self {
    case .missing(let symbols):
      "missing: \(symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", "))"
    case .measuredDecay:
      "a radial decay or decay error factor was measured under the source optimizer and says nothing of the target; leave it out"
    case .degenerate(let optimizer):
      "the conditions do not fix learning rate and weight decay of \(optimizer.title)"
    case .settings(let error): "the matched settings are not valid: \(error)"
    case .formula(let error): error.description
    }
  }
}

extension Settings {
  /// The settings of another optimizer with the same two numbers, from the formulas of leading order.
  ///
  /// Tables 1 and 6 are power laws in η and λ, so the two conditions are linear in ln η′ and ln λ′.
  ///
  /// - Parameters:
  ///   - target: the optimizer to move to.
  ///   - values: its other hyperparameters; its defaults where not given.
  ///   - match: what stays the same.
  /// - Throws: ``MatchingError``.
  public func matched(
    to target: Optimizer, with values: [Symbol: Double], by match: Match
  ) throws(MatchingError) -> Settings {
    guard !variant.radial else { throw .measuredDecay }
    var known = self.values.filter {
      !Settings.hyperparameterSymbols.union(Symbol.solvedFromSpectrum).contains($0.key)
    }
    for hyperparameter in target.hyperparameters {
      known[hyperparameter.symbol] = values[hyperparameter.symbol] ?? hyperparameter.defaultValue
    }
    // Everything but the unknown η′ and λ′, which the formulas see at 1 as the coefficient of their power law.
    known[.learningRate] = 1
    known[.weightDecay] = 1
    do throws(SettingsError) { _ = try Settings.gradientMass(target, &known) } catch {
      throw .settings(error)
    }
    var rows: [(eta: Double, lambda: Double, target: Double)] = []
    for quantity in match.quantities {
      guard let own = formula(quantity, .leading)?.formula,
        let other = target.formula(quantity, .leading, Variant(weight: variant.weight))?.formula
      else { throw .degenerate(target) }
      guard let eta = other.exponent(of: .learningRate), let lambda = other.exponent(of: .weightDecay) else {
        throw .degenerate(target)
      }
      let missing = Set(
        own.symbols.filter { self.values[$0] == nil } + other.symbols.filter { known[$0] == nil })
      guard missing.isEmpty else { throw .missing(missing.sorted { $0.name < $1.name }) }
      do throws(FormulaError) {
        let ratio = try own.evaluated(self.values) / other.evaluated(known)
        rows.append((eta.value, lambda.value, Double.log(ratio)))
      } catch { throw .formula(error) }
    }
    if match == .product {
      let product = (self.values[.learningRate] ?? .nan) * (self.values[.weightDecay] ?? .nan)
      rows.append((1, 1, Double.log(product)))
    }
    let determinant = rows[0].eta * rows[1].lambda - rows[0].lambda * rows[1].eta
    guard determinant != 0 else { throw .degenerate(target) }
    known[.learningRate] = Double.exp(
      (rows[0].target * rows[1].lambda - rows[0].lambda * rows[1].target) / determinant)
    known[.weightDecay] = Double.exp(
      (rows[0].eta * rows[1].target - rows[0].target * rows[1].eta) / determinant)
    do throws(SettingsError) {
      return try Settings(target, known, weight: variant.weight)
    } catch { throw .settings(error) }
  }

  private static let hyperparameterSymbols: Set<Symbol> = [
    .learningRate, .weightDecay, .momentum, .dampening, .beta1, .beta2, .epsilon, .effectiveDecay,
  ]
}

extension Optimizer {
  /// Whether a hyperparameter means the same to both, so that its value carries over: all shared defaults agree.
  ///
  /// Adam's β₂ averages squares, Lion's averages gradients; their defaults differ as their meanings do.
  public func sharesCoefficients(with other: Optimizer) -> Bool {
    hyperparameters.allSatisfy { own in
      other.hyperparameters.first { $0.symbol == own.symbol }.map { $0.defaultValue == own.defaultValue }
        ?? true
    }
  }
}
