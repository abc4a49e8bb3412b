import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import RunConfigurations
import Training

/// The flags of a rotational variant (Algorithm 1).
struct RotationalOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help:
      "Rate of Algorithm 1 in radians, at least 0; the angle of a step is its arc tangent (0.5 turns by 0.464): a number, or a CSV file with columns step and rotation. (default: Table 1 at each step's settings)"
  )
  var rotation: String?
  @Option(
    help:
      "What turns as one weight vector: \(RotationalWrapper.Granularity.allCases.map(\.rawValue).joined(separator: ", ")). (default: neuron)"
  )
  var rvGranularity: String?
  @Flag(help: "Leave the mean in rotated weights and their updates.")
  var rvKeepMean = false
  @Option(
    parsing: .unconditional,
    help: "How long the mean square of the update remembers, β: at least 0, below 1. (default: 0.9)")
  var rvBeta: String?
  @Option(
    parsing: .unconditional,
    help: "ε, added to the size of the update that is divided by: at least 0. (default: 1e-8)")
  var rvEpsilon: String?
  @Flag(help: "A gain for each neuron, trained without decay; the network sees gain times weight.")
  var learnGain = false
  @Option(
    help: ArgumentHelp(
      "Turn a share of the neurons faster and slower: faster=0.33,slower=0.17,factor=3.",
      valueName: "imbalance"))
  var imbalance: String?

  /// Each flag by name, and whether it was given.
  var given: [(String, Bool)] {
    [
      ("--rotation", rotation != nil), ("--rv-granularity", rvGranularity != nil),
      ("--rv-keep-mean", rvKeepMean), ("--rv-beta", rvBeta != nil), ("--rv-epsilon", rvEpsilon != nil),
      ("--learn-gain", learnGain), ("--imbalance", imbalance != nil),
    ]
  }

  /// Refuses the flags where no rotational variant runs.
  func refuse(for optimizer: Optimizer) throws {
    guard let flag = given.first(where: \.1)?.0 else { return }
    throw Failure("\(flag) needs a rotational variant: --optimizer rv-\(optimizer.identifier)", .usage)
  }

  /// Algorithm 1 as the flags describe it.
  func wrapper() throws -> RotationalWrapper {
    var wrapper = RotationalWrapper(zeroMean: !rvKeepMean, learnsGain: learnGain)
    if let rvGranularity { wrapper.granularity = try choice("granularity", rvGranularity) }
    if let rvBeta { wrapper.decayFactor = try number(rvBeta, flag: "--rv-beta", in: .coefficient) }
    if let rvEpsilon { wrapper.epsilon = try number(rvEpsilon, flag: "--rv-epsilon", in: .nonNegative) }
    if let imbalance { wrapper.imbalance = try Self.imbalance(imbalance) }
    guard wrapper.granularity == .neuron || wrapper.imbalance == .none else {
      throw Failure("--imbalance does not go with --rv-granularity layer: a layer turns as a whole", .usage)
    }
    return wrapper
  }

  private static func imbalance(_ text: String) throws -> Imbalance {
    let expected = "faster=SHARE,slower=SHARE,factor=NUMBER"
    var values = ["faster": 0.0, "slower": 0.0]
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard words.count == 2 else {
        throw Failure("--imbalance: '\(part)' is not a setting, expected \(expected)", .usage)
      }
      guard ["faster", "slower", "factor"].contains(words[0]) else {
        throw Failure(
          "--imbalance: \(unknown("setting", words[0], among: ["faster", "slower", "factor"]))", .usage)
      }
      values[words[0]] = try number(
        words[1], flag: "--imbalance: \(words[0])",
        in: words[0] == "factor" ? Domain(1, includesLower: true) : .share)
    }
    guard let factor = values["factor"], let faster = values["faster"], let slower = values["slower"] else {
      throw Failure("--imbalance: no factor, expected \(expected)", .usage)
    }
    guard faster + slower <= 1 else {
      throw Failure("--imbalance: faster and slower are \(faster + slower), expected at most 1", .usage)
    }
    return Imbalance(fasterShare: faster, slowerShare: slower, factor: factor)
  }

  /// The rate of every step of a plan, in radians, whose arc tangent is the angle: as given, or η̂_r of Table 1 at the step's settings.
  func angles(_ settings: Settings, _ plan: RunPlan) throws -> [Double] {
    guard let rotation else {
      return try (0..<plan.steps).map { try Self.predicted(settings, plan.step(after: $0), step: $0 + 1) }
    }
    if rotation.lowercased().hasSuffix(".csv") {
      let table = try InputFile.table(rotation, using: ["rotation"])
      do throws(TableError) { _ = try table.required("rotation") } catch {
        throw Failure(error.description, .badData)
      }
      let schedule = try RunOptions.tabulated(table, try table.required("rotation"))
      return (0..<plan.steps).map(schedule.factor(after:))
    }
    let angle = try number(rotation, flag: "--rotation", in: .nonNegative)
    return Array(repeating: angle, count: plan.steps)
  }

  /// η̂_r of Table 1 at the settings of a step.
  private static func predicted(_ settings: Settings, _ now: RunPlan.Step, step: Int) throws -> Double {
    guard let formula = settings.rotationalVariant else {
      throw Failure("missing --rotation: Table 1 has no rotation for these settings", .usage)
    }
    var values = settings.values
    (values[.learningRate], values[.weightDecay]) = (now.learningRate, now.weightDecay)
    do throws(FormulaError) { return try formula.evaluated(values) } catch {
      guard case .missing(let symbols) = error else {
        throw Failure(
          "missing --rotation: Table 1 has none at step \(step), with learning rate \(now.learningRate) and weight decay \(now.weightDecay)",
          .usage)
      }
      let flags = symbols.map(ValueOptions.flag).joined(separator: ", ")
      let names = symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", ")
      throw Failure("missing \(flags) or --rotation: the rotation of Table 1 needs the \(names)", .usage)
    }
  }
}

extension Domain {
  /// A share: 0 to 1, both included.
  fileprivate static let share = Domain(0, includesLower: true, upTo: 1, includesUpper: true)
}

/// The number of a flag, where the domain allows it.
func number(_ text: String, flag: String, in domain: Domain) throws -> Double {
  let value = try parseNumber(text, flag: flag, expected: "\(domain)")
  guard domain.contains(value) else {
    throw Failure("\(flag): \(value) is not allowed, expected \(domain)", .usage)
  }
  return value
}
