import ArgumentParser
import Equilibrium
import Formulas

/// Where a run starts, if not from `--initial-norm`.
struct StartOptions: ParsableArguments {
  @Option(help: "Initial norm by the initialisation: \(Initialization.forms.joined(separator: ", ")).")
  var initialization: String?

  /// The initial norm, from either flag.
  func norm(_ known: [Symbol: Double], dimension: Double) throws -> Double {
    guard initialization == nil || known[.initialNorm] == nil else {
      throw Failure("--initialization does not go with --initial-norm", .usage)
    }
    if let norm = known[.initialNorm] { return norm }
    guard let initialization else {
      throw Failure(
        "missing --initial-norm or --initialization: the run starts from the initial norm", .usage)
    }
    return try Self.norm(initialization, dimension, flag: "--initialization")
  }

  /// A norm, or the norm that an initialisation gives.
  static func norm(_ text: String, _ dimension: Double, flag: String) throws -> Double {
    if let initialization = Initialization(parsing: text) { return initialization.norm(dimension: dimension) }
    guard let number = Double(text) else {
      throw Failure(
        "\(flag): '\(text)' is neither a norm nor an initialisation, expected a number, \(Initialization.forms.joined(separator: ", "))",
        .usage)
    }
    return try check(number, flag: flag, symbol: .initialNorm, isRoot: false)
  }
}
