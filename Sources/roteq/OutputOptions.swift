import ArgumentParser
import OutsideText
import Reports
import RunConfigurations

/// The formats that every command writes.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case text, markdown, latex, html, csv, json
}

/// How a command writes what it has to say.
struct OutputOptions: ParsableArguments {
  @Option(help: "Output format: \(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: OutputFormat = .text

  @Flag(
    help:
      "With --format latex or html: only the part to paste into a paper or page, without what stands around it."
  )
  var fragment = false

  /// Prints what is said of a configuration's run, with what the configuration warns of; a table has no place for warnings.
  func print(_ output: Output, of run: TrainingRun) {
    if format == .csv { warn(of: run) }
    print(output.with(run))
  }

  /// Says on standard error what a configuration warns of.
  func warn(of run: TrainingRun) {
    for warning in run.warnings {
      let line: Written<TerminalText> = "warning: \(warning)\n"
      Standard.error.write("roteq: " + line)
    }
  }

  func print(_ output: Output) {
    let standard = Standard.output
    switch format {
    // What is printed has no files beside it.
    case .text:
      standard.write(TextFormat(usesColor: standard.usesColor).render(output.document.withoutFigures))
    case .markdown: standard.write(MarkdownFormat().render(output.document.withoutFigures))
    case .latex: standard.write(LaTeXFormat(isFragment: fragment).render(output.document))
    case .html: standard.write(HTMLFormat(isFragment: fragment).render(output.document))
    case .csv: standard.write(CSV().render(output.table))
    case .json: standard.write(output.json.text)
    }
  }
}
