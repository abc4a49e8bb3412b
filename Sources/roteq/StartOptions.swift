import ArgumentParser
import Dynamics
import Equilibrium
import Formulas

/// Where a run starts, if not from `--initial-norm`.
struct StartOptions: ParsableArguments {
  @Option(help: "Initial norm by the initialisation: \(Initialization.forms.joined(separator: ", ")).")
  var initialization: String?

  /// Where a weight vector starts.
  struct Start {
    let norm: Double
    var distribution = InitialDistribution.uniform
  }

  /// The initial norm, from either flag.
  func start(_ known: [Symbol: Double], dimension: Double) throws -> Start {
    guard initialization == nil || known[.initialNorm] == nil else {
      throw Failure("--initialization does not go with --initial-norm", .usage)
    }
    if let norm = known[.initialNorm] { return Start(norm: norm) }
    guard let initialization else {
      throw Failure(
        "missing --initial-norm or --initialization: the run starts from the initial norm", .usage)
    }
    return try Self.start(initialization, dimension, flag: "--initialization")
  }

  /// A norm, or the norm that an initialisation gives.
  static func start(_ text: String, _ dimension: Double, flag: String) throws -> Start {
    if let initialization = Initialization(parsing: text) {
      return Start(
        norm: initialization.norm(dimension: dimension), distribution: initialization.distribution)
    }
    guard let number = Double(text) else {
      throw Failure(
        "\(flag): '\(text)' is neither a norm nor an initialisation, expected a number, \(Initialization.forms.joined(separator: ", "))",
        .usage)
    }
    return Start(norm: try check(number, flag: flag, symbol: .initialNorm, isRoot: false))
  }
}
