import Equilibrium
import Formulas
import Optimizers
import RunConfigurations

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// What replay refuses before it reads tensors, and what it notes.
extension ReplayCommand {
  /// Why a replay has no use for a value that predictions need.
  private static let idle: [(symbols: [Symbol], reason: String)] = [
    ([.dimension], "each recorded weight has its own"),
    ([.initialNorm], "it begins with the recorded weights"),
    (
      [.gradientPower, .unitGradientPower, .gradientMass, .activeFraction, .gradientKurtosis],
      "it takes the gradients as recorded"
    ),
    (
      [.radialDecay, .decayErrorFactor, .dimensionErrorFactor],
      "it corrects the prediction of an equilibrium, and a replay predicts none"
    ),
  ]

  /// What a rotation of Table 1 may be told of the gradient.
  private static let gradientFlags: Set<Symbol> = [
    .dimension, .gradientMass, .unitGradientPower, .activeFraction,
  ]

  /// Refuses flags that would change nothing.
  func refuseIdle(_ target: ConversionTarget) throws {
    let formula = target.optimizer.formula(.expectedRotation, .leading, Variant())
    let needsGradient = target.isRotational && formula?.formula.symbols.contains(.gradientMass) == true
    func check(_ flag: String, _ reason: String, tellsGradient: Bool) throws {
      if needsGradient, tellsGradient {
        guard let rotation = rotational.rotation else { return }
        throw Failure(
          "\(flag) does not go with --rotation \(rotation), which gives the rotation itself", .usage)
      }
      throw Failure("\(flag) does not apply to a replay: \(reason)", .usage)
    }
    for given in values.given {
      guard let reason = Self.idle.first(where: { $0.symbols.contains(given.symbol) })?.reason else {
        continue
      }
      try check(given.flag, reason, tellsGradient: Self.gradientFlags.contains(given.symbol))
    }
    if weight.gradientMoments != nil {
      try check("--gradient-moments", "it takes the gradients as recorded", tellsGradient: true)
    }
    if weight.scaleSensitive {
      try check("--scale-sensitive", "it takes the gradients as recorded", tellsGradient: false)
    }
  }

  /// Refuses an output that is no safetensors file by its name, or that is one of the files read.
  func checkOutput(_ path: String) throws {
    guard path.hasSuffix(".safetensors") else {
      throw Failure("-o: '\(path)' is not allowed, expected a name that ends in .safetensors", .usage)
    }
    guard let identity = Self.identity(path) else { return }
    for (flag, input) in [("--weights", weights), ("--gradients", gradients), ("--expected", expected)] {
      guard let input, Self.identity(input) == identity else { continue }
      throw Failure("-o: '\(path)' is the file of \(flag), which would be overwritten", .usage)
    }
  }

  /// What is the same however a path is spelled; nil where there is no file.
  private static func identity(_ path: String) -> [UInt64]? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return [UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)]
  }

  /// What the report has to say of tables that end before the run.
  func notes(steps: Int) throws -> [String] {
    let rates = ["factor", "learning_rate", "weight_decay", "gradient_norm"]
    let tables: [(flag: String, path: String?, columns: [String])] = [
      ("--schedule", plan.schedule, rates), ("--decay-schedule", plan.decaySchedule, rates),
      ("--rotation", rotational.rotation, ["rotation"]),
    ]
    return try tables.compactMap { flag, path, columns in
      guard let path, path.lowercased().hasSuffix(".csv") else { return nil }
      let table = try InputFile.table(path, using: columns)
      // A bad table has been refused when the run was planned.
      guard let last = try table.column("step")?.last, last < Double(steps) else { return nil }
      return "\(flag) \(path) ends before the run: held from step \(Int(last.rounded(.down)) + 1) on."
    }
  }
}
