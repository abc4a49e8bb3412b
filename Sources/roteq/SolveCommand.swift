import ArgumentParser
import Equilibrium
import Formulas
import Optimizers
import Reports

struct SolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "solve", abstract: "Find the setting that gives a quantity the value you want.",
    discussion: """
      EXAMPLES
        roteq solve --for weight-decay --expected-rotation 0.0025 \\
            --optimizer adamw --lr 6e-4 --beta1 0.9
        roteq solve --for lr --equilibrium-norm 1.5 --optimizer adamw \\
            --weight-decay 0.1 --dimension 768
        roteq solve --for momentum --expected-rotation 0.0075 --optimizer sgdm \\
            --lr 0.5 --weight-decay 1e-4
        roteq solve --for unit-gradient-norm --equilibrium-norm 0.8 \\
            --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9
      """)

  @Option(name: .customLong("for"), help: "The setting to find, by its flag: weight-decay, lr, beta1, …")
  var unknownName: String
  @Option(help: "Optimizer.") var optimizer: OptimizerName
  @Option(parsing: .unconditional, help: "Wanted equilibrium norm ‖ω̂‖.") var equilibriumNorm: String?
  @Option(parsing: .unconditional, help: "Wanted RMS update size η_g.") var rmsUpdateSize: String?
  @Option(parsing: .unconditional, help: "Wanted expected rotation η_r, in radians.") var expectedRotation:
    String?
  @Option(parsing: .unconditional, help: "Wanted RMS diffusion rate τ_g.") var rmsDiffusionRate: String?
  @Option(parsing: .unconditional, help: "Wanted rotational diffusion rate τ_r.") var rotationalDiffusionRate:
    String?
  @Option(help: "leading, geometric or moments.") var fidelity = FidelityName(argument: "leading")
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    let optimizer = try optimizer.optimizer()
    let unknown = try ValueOptions.symbol(ofFlag: unknownName)
    let known = try values.values()
    guard known[unknown.symbol] == nil else {
      throw Failure(
        "\(ValueOptions.flag(of: unknown.symbol)) is given, but it is what --for asks for", .usage)
    }
    guard weight.gradientMoments == nil else {
      throw Failure(
        "--gradient-moments cannot be solved with: its root is found numerically for fixed settings", .usage)
    }
    let (quantity, target) = try wanted()
    let fidelity = try fidelity.fidelity()
    let solution: SettingSolution
    do {
      solution = try SettingSolution(
        for: unknown.symbol, quantity: quantity, fidelity: fidelity, target: target, known: known
      ) { try weight.settings(optimizer, $0) }
    } catch {
      throw SolveCommand.failure(error)
    }
    output.print(
      SolutionReport(solution, quantity: quantity, fidelity: fidelity, isRoot: unknown.isRoot).output)
  }

  private static func failure(_ error: any Error) -> Failure {
    if let failure = error as? Failure { return failure }
    guard case FormulaError.missing(let symbols)? = error as? FormulaError else {
      return Failure("\(error)", .usage)
    }
    return Failure(
      "missing \(symbols.map(ValueOptions.flag).joined(separator: ", ")): the formula needs the "
        + symbols.map { "\($0.meaning) \($0.plain)" }.joined(separator: ", "), .usage)
  }

  /// The one quantity that is given.
  private func wanted() throws -> (Quantity, Double) {
    let given: [(Quantity, String)] = [
      (.equilibriumNorm, equilibriumNorm), (.rmsUpdateSize, rmsUpdateSize),
      (.expectedRotation, expectedRotation),
      (.rmsDiffusionRate, rmsDiffusionRate), (.rotationalDiffusionRate, rotationalDiffusionRate),
    ].compactMap { quantity, text in text.map { (quantity, $0) } }
    guard given.count == 1, let (quantity, text) = given.first else {
      let flags = Quantity.allCases.map { "--" + $0.flagName }.joined(separator: ", ")
      throw Failure("expected exactly one of \(flags); \(given.count) are given", .usage)
    }
    let flag = "--" + quantity.flagName
    let value = try parseNumber(text, flag: flag, expected: "\(quantity.symbol.domain)")
    return (quantity, try check(value, flag: flag, symbol: quantity.symbol, isRoot: false))
  }
}
