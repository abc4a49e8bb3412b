import ArgumentParser
import CrossChecks
import Equilibrium
import Formulas
import OutsideText
import Reports
import RunConfigurations

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write a report on a training run from its configuration.",
    discussion: """
      EXAMPLES
        roteq report examples/gpt2-openwebtext.py -o report
        roteq report examples/gpt2-openwebtext.py --learning_rate=6e-4
        roteq report examples/deit-tiny-imagenet.yaml -o report \\
            --dataset-size 1281167 --world-size 4
        roteq report examples/resnet20-cifar10.yaml --unit-gradient-norm 0.1
        roteq report examples/transformer.yaml -o report \\
            --checkpoint examples/transformer-step-1600.safetensors
        roteq report examples/gpt2-openwebtext.py -o report --cross-check
        roteq report run.yaml -o report --templates my-templates

      CONFIG is a configuration as the training program has it (docs/configuration.md); nothing in it is executed. \
      The program's own --key=value overrides may follow. With -o, report.html, report.md, report.tex, \
      report.json and the figures as .svg are written there; without it the report is printed.
      """)

  @Argument(help: "Configuration of the run; --config says the same.", completion: .file()) var config:
    String?
  @Argument(
    parsing: .allUnrecognized, help: "Overrides as the training program takes them: --learning_rate=6e-4.")
  var overrides: [String] = []
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @OptionGroup(title: "Parameters") var parameters: ParameterOptions
  @OptionGroup(title: "Checkpoints") var auditing: AuditOptions
  @Option(parsing: .unconditional, help: "Steps of the run, where the configuration does not say.")
  var steps: String?
  @Option(
    help:
      "Initial norm of layers whose norm is not known, by the initialisation: \(Initialization.forms.joined(separator: ", "))."
  )
  var initialization: String?
  @Option(
    name: .shortAndLong, help: "Directory to write the report to; made where missing.", completion: .directory
  )
  var output: String?
  @Option(
    help: "Directory with report.html.mustache, report.md.mustache and report.tex.mustache to use instead.",
    completion: .directory)
  var templates: String?
  @OptionGroup(title: "Gradient") var gradient: GradientNormOptions
  @Flag(
    help:
      "Run the optimizer itself on a random walk of some seconds, and put what it measured beside the predictions."
  )
  var crossCheck = false
  @OptionGroup(title: "Output") var options: OutputOptions

  func run() throws {
    if output != nil, options.format != .text {
      throw Failure("--format does not go with -o, which writes every format", .usage)
    }
    if options.fragment, output == nil, options.format != .latex, options.format != .html {
      throw Failure("--fragment goes with --format latex, --format html or -o", .usage)
    }
    if let growth = try makeGrowth() { return try write(growth) }
    var report = try makeReport()
    let templates = try makeTemplates()
    if let output {
      try FileSet.probe(["html", "md", "tex", "json"].map { "report.\($0)" }, in: output)
    }
    report.follow()
    if crossCheck {
      report.crossCheck = try shortCheck(report)
      try Interruption.passOn(isKept: false)
    }
    guard let directory = output else {
      switch options.format {
      case .markdown: Standard.output.write(try markdown(report, templates))
      case .latex: Standard.output.write(try latex(report, templates))
      case .html: Standard.output.write(try html(report, templates))
      case .text, .csv, .json: options.print(report.output)
      }
      return
    }
    // Everything is made before the first file is written.
    let content = report.output
    var pages = content.document.figures.map { ("\($0.file).svg", SVG().render($0.figure).data) }
    pages += [
      ("report.html", try html(report, templates).data), ("report.md", try markdown(report, templates).data),
      ("report.tex", try latex(report, templates).data), ("report.json", content.json.text.data),
    ]
    try FileSet.write(pages, in: directory)
  }

  /// What is said of a run without weight decay; nil where it has one.
  private func makeGrowth() throws -> Output? {
    guard let path = try configuration.path(config) else { return nil }
    let stated = try configuration.run(path, overrides: overrides, steps: steps)
    guard stated.hyperparameters[.weightDecay] == 0 else { return nil }
    guard !crossCheck, templates == nil, auditing.given.allSatisfy({ !$0.1 }) else {
      throw Failure(
        "\(path): weight decay 0 has no equilibrium to check: leave --cross-check, --templates and the flags of checkpoints out",
        .usage)
    }
    var run = try parameters.layers(for: stated)
    if let initialization { try run.initialize(initialization) }
    return try PredictCommand.growth(run, path)
  }

  private func write(_ content: Output) throws {
    guard let directory = output else { return options.print(content) }
    try FileSet.write(
      [
        ("report.html", HTMLFormat(isFragment: options.fragment).render(content.document).data),
        ("report.md", MarkdownFormat().render(content.document).data),
        ("report.tex", LaTeXFormat(isFragment: options.fragment).render(content.document).data),
        ("report.json", content.json.text.data),
      ], in: directory)
  }

  private func makeReport() throws -> RunReport {
    guard let path = try configuration.path(config) else {
      throw Failure("missing CONFIG: the report needs the configuration of a run", .usage)
    }
    var stated = try configuration.run(path, overrides: overrides, steps: steps)
    try gradient.add(to: &stated)
    var run = try parameters.layers(for: stated)
    if let initialization { try run.initialize(initialization) }
    var report: RunReport
    do { report = try RunReport(run, source: path) } catch { throw Failure("\(path): \(error)", .badData) }
    report.audit = try audit(of: stated.atReachedPeak())
    return report
  }

  /// The checkpoint held against the predictions, where one is given.
  private func audit(of run: TrainingRun) throws -> AuditReport? {
    guard let checkpoint = parameters.checkpoint else {
      if let flag = auditing.given.first(where: \.1)?.0 {
        throw Failure("\(flag) needs --checkpoint", .usage)
      }
      return nil
    }
    return try auditing.report(on: run, checkpoint: checkpoint, tensors: parameters.tensors)
  }

  /// Three seeds of a short walk at the run's hyperparameters.
  private func shortCheck(_ report: RunReport) throws -> WalkComparison? {
    do throws(WalkError) {
      let walk = try Walk.short(report.settings)
      let progress = SharedProgress(total: 3 * walk.steps)
      Interruption.watch()
      let queue = WalkQueue(
        progress: { progress.advance(by: $0) }, isCancelled: { Interruption.isRequested })
      let runs = try queue.run([walk], seeds: [1, 2, 3])[0]
      progress.finish()
      return Interruption.isRequested ? nil : try WalkComparison(walk, runs)
    } catch { throw Failure(error) }
  }

  private func makeTemplates() throws -> ReportTemplates {
    guard let templates else { return ReportTemplates() }
    for name in ReportTemplates.names { InputFile.note("\(templates)/\(name)") }
    do { return try ReportTemplates(directory: templates) } catch {
      throw Failure(error.description, .noInput)
    }
  }

  private func html(_ report: RunReport, _ templates: ReportTemplates) throws -> Written<Markup> {
    try page { () throws(TemplateError) in
      try templates.html(report, version: Roteq.version, isFragment: options.fragment)
    }
  }

  private func markdown(_ report: RunReport, _ templates: ReportTemplates) throws -> Written<Markdown> {
    try page { () throws(TemplateError) in
      try templates.markdown(report, version: Roteq.version, showsFigures: output != nil)
    }
  }

  private func latex(_ report: RunReport, _ templates: ReportTemplates) throws -> Written<TeX> {
    try page { () throws(TemplateError) in
      try templates.latex(report, version: Roteq.version, isFragment: options.fragment)
    }
  }

  private func page<Tongue>(_ make: () throws(TemplateError) -> Written<Tongue>) throws -> Written<Tongue> {
    do throws(TemplateError) { return try make() } catch { throw Failure(error.description, .badData) }
  }
}
