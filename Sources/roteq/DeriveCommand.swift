import ArgumentParser
import Reports

struct DeriveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "derive",
    abstract: "Derive an optimizer's entries of Tables 1 and 6, from the total update contributions on.",
    discussion: """
      EXAMPLES
        roteq derive adamw
        roteq derive adam-l2 --format markdown
        roteq derive lion --format latex --fragment

      Each step carries its equation number in the paper, and says where the printed text is off.
      """)

  @Argument(help: "Optimizer.") var optimizer: OptimizerName
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws { output.print(DerivationReport(try optimizer.optimizer()).output) }
}
