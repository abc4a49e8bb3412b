import ArgumentParser
import Equilibrium
import Formulas
import Optimizers
import Reports

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Print the paper's Table 1, 6 or 4: in symbols, or with your numbers.",
    discussion: """
      EXAMPLES
        roteq table 1
        roteq table 6 --format latex --fragment
        roteq table 1 --lr 1e-3 --weight-decay 0.1 --dimension 768 \\
            --optimizer adamw --optimizer lion
        roteq table 4 --matched --format markdown
      """)

  @Argument(help: "1: update dynamics; 6: with diffusion rates; 4: the paper's runs.") var number: Int
  @Option(help: "Columns, where not all optimizers; may be repeated.") var optimizer: [OptimizerName] = []
  @Flag(help: "Table 4: follow every baseline's run and match the rotational variant to it.")
  var matched = false
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    let chosen = try optimizer.map { try $0.optimizer() }
    let known = try values.values()
    switch number {
    case 4:
      guard known.isEmpty, chosen.isEmpty else {
        throw Failure("table 4 holds the paper's runs and takes no values", .usage)
      }
      if matched { return try printMatches() }
      let runs = try PaperRun.table4.compactMap { run in
        try Optimizer.named(run.optimizer).map { optimizer in
          var values = run.zeroShot
          values[.dimension] = 1
          return (run: run, settings: try Settings(optimizer, values))
        }
      }
      output.print(PaperTables.table4(runs))
    case 1, 6:
      guard !matched else { throw Failure("--matched goes with table 4 only", .usage) }
      let optimizers = chosen.isEmpty ? Optimizer.catalogue : chosen
      guard !known.isEmpty else {
        output.print(PaperTables.symbolic(number: number, optimizers: optimizers))
        return
      }
      // Each optimizer takes from the values what it is set by.
      let coefficients: Set<Symbol> = [.momentum, .dampening, .beta1, .beta2, .epsilon]
      let settings = try optimizers.map { optimizer in
        let own = Set(optimizer.hyperparameters.map(\.symbol))
        return try weight.settings(
          optimizer, known.filter { !coefficients.contains($0.key) || own.contains($0.key) })
      }
      output.print(PaperTables.numeric(number: number, settings: settings))
    default: throw Failure("table \(number) is not known, expected 1, 4 or 6", .usage)
    }
  }

  private func printMatches() throws {
    var progress = ProgressBar(total: PaperRun.table4.count)
    let matches = try PaperRun.table4.compactMap { run in
      defer { progress.advance(by: 1) }
      return try Optimizer.named(run.optimizer).map { (run: run, match: try run.match($0)) }
    }
    progress.finish()
    output.print(PaperTables.matches(matches))
  }
}
