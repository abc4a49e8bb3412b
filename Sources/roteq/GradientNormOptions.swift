import ArgumentParser
import Equilibrium
import Formulas
import RunConfigurations

/// The gradient norms, which no configuration knows.
struct GradientNormOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: "RMS gradient norm √E‖g‖², where the optimizer's norm depends on it.")
  var gradientNorm: String?
  @Option(parsing: .unconditional, help: "RMS gradient norm at unit weight norm, √E‖g̃‖².")
  var unitGradientNorm: String?

  /// Makes the norms that are given known to a run.
  func add(to run: inout TrainingRun) throws {
    for (flag, symbol, text) in [
      ("--gradient-norm", Symbol.gradientPower, gradientNorm),
      ("--unit-gradient-norm", .unitGradientPower, unitGradientNorm),
    ] {
      guard let text else { continue }
      run.hyperparameters[symbol] = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: true)
    }
  }
}
