import Dynamics
import Formulas
import RealModule

/// A rotation that was logged over a run, and the weight decay at which Table 1 gives it.
public struct MeasuredRotation: Sendable {
  /// Quartiles over the run of λ_e(t), the decay at which Table 1 gives the rotation of a step: lower, median, upper.
  ///
  /// In equilibrium all three agree, and λ_e − λ is the radial decay λ_u; a wide spread is a run out of it.
  public let effectiveDecay: (lower: Double, median: Double, upper: Double)
  /// Weight decay over the given one with which the rotational variant has the same mean rotation.
  public let meanFactor: Double
  /// Weight decay over the given one with which it has the same root mean square rotation.
  public let rmsFactor: Double
  /// Mean and root mean square of the logged rotation, in radians a step.
  public let rotation: (mean: Double, rms: Double)
  /// Logged steps that were used: those with a learning rate above 0.
  public let count: Int

  /// Reads a log against a plan.
  ///
  /// - Parameters:
  ///   - settings: the baseline at the peak.
  ///   - plan: the hyperparameters of every step.
  ///   - steps: logged steps in rising order, from 1.
  ///   - rotations: the rotation of each, in radians, above 0.
  /// - Returns: nil where Table 1 lacks an input, or no logged step has a learning rate.
  public init?(_ settings: Settings, _ plan: RunPlan, steps: [Double], rotations: [Double]) {
    guard let formula = settings.rotationalVariant,
      let powerOfRate = formula.exponent(of: .learningRate)?.value,
      let powerOfDecay = formula.exponent(of: .weightDecay)?.value,
      let peak = try? formula.evaluated(settings.values), let λ = settings.values[.weightDecay]
    else { return nil }
    var (decays, weights): ([Double], [Double]) = ([], [])
    var (mean, square, variantMean, variantSquare, total) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for index in steps.indices {
      let hyperparameters = plan.step(after: Int(steps[index]) - 1)
      guard hyperparameters.learningRate > 0, hyperparameters.weightDecay > 0 else { continue }
      let variant =
        peak * Double.pow(hyperparameters.learningRate / plan.learningRate, powerOfRate)
        * Double.pow(hyperparameters.weightDecay / λ, powerOfDecay)
      // A thinned log stands for the steps around it.
      let (before, after) = (max(index - 1, 0), min(index + 1, steps.count - 1))
      let weight = steps.count == 1 ? 1 : (steps[after] - steps[before]) / Double(after - before)
      decays.append(hyperparameters.weightDecay * Double.pow(rotations[index] / variant, 1 / powerOfDecay))
      weights.append(weight)
      mean += weight * rotations[index]
      square += weight * rotations[index] * rotations[index]
      variantMean += weight * variant
      variantSquare += weight * variant * variant
      total += weight
    }
    guard !decays.isEmpty else { return nil }
    let order = decays.indices.sorted { decays[$0] < decays[$1] }
    func quantile(_ share: Double) -> Double {
      var sum = 0.0
      for index in order {
        sum += weights[index]
        if sum >= share * total { return decays[index] }
      }
      return decays[order[order.count - 1]]
    }
    effectiveDecay = (quantile(0.25), quantile(0.5), quantile(0.75))
    meanFactor = Double.pow(mean / variantMean, 1 / powerOfDecay)
    rmsFactor = Double.pow(square / variantSquare, 0.5 / powerOfDecay)
    rotation = (mean / total, (square / total).squareRoot())
    count = decays.count
  }
}
