import ArgumentParser
import Audits
import Checkpoints
import Equilibrium
import Formulas
import Parameters
import Reports
import RunConfigurations

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Hold a checkpoint against the predictions for its run.",
    discussion: """
      EXAMPLES
        roteq audit examples/transformer-step-1600.safetensors \\
            --config examples/transformer.yaml
        roteq audit examples/transformer-step-1600.safetensors \\
            --previous examples/transformer-step-1595.safetensors \\
            --config examples/transformer.yaml -o audit.svg
        roteq audit model.safetensors.index.json --config run.yaml --at-step 12000 \\
            --neurons model.layers.0.mlp.up_proj.weight --format csv

      For every tensor that decays: its norm against the equilibrium norm of that step, its rotation, when it will be in \
      equilibrium, and which weight decay its norm implies. With an earlier checkpoint: the angle that it turned, against \
      the predicted one, how evenly its neurons turn, and the weight decay that really acts. docs/audit.md explains each number.
      """)

  @Argument(
    help: "Checkpoint: FILE.safetensors, FILE.safetensors.index.json or their directory.", completion: .file()
  )
  var checkpoint: String
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @Option(parsing: .unconditional, help: "Steps of the run, where the configuration does not say.")
  var steps: String?
  @OptionGroup(title: "Checkpoints") var audit: AuditOptions
  @Option(help: "List the neurons of this tensor.") var neurons: String?
  @OptionGroup(title: "Gradient") var gradient: GradientNormOptions
  @OptionGroup(title: "Tensors") var tensors: TensorOptions
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Draw the distributions here: FILE.svg, .pdf, .png, .tex or .gp.", completion: .file())
  var figurePath: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    if let figurePath { _ = try FigureFile.Format(path: figurePath) }
    let report = try makeReport()
    if let figurePath { try FigureFile.write(report.figure, to: figurePath, isFragment: output.fragment) }
    output.print(report.output)
  }

  private func makeReport() throws -> AuditReport {
    guard let path = try configuration.path() else {
      throw Failure("missing --config: the audit needs the configuration of the run", .usage)
    }
    var run = try configuration.run(path, steps: steps)
    try gradient.add(to: &run)
    return try audit.report(on: run, checkpoint: checkpoint, tensors: tensors, neurons: neurons)
  }
}
