import ArgumentParser
import Reports

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

  func print(_ output: Output) {
    Standard.output.write(render(output))
  }

  private func render(_ output: Output) -> String {
    switch format {
    // What is printed has no files beside it.
    case .text: TextFormat(usesColor: Standard.output.usesColor).render(output.document.withoutFigures)
    case .markdown: MarkdownFormat().render(output.document.withoutFigures)
    case .latex: LaTeXFormat(isFragment: fragment).render(output.document)
    case .html: HTMLFormat(isFragment: fragment).render(output.document)
    case .csv: CSV().render(output.table)
    case .json: output.json.text
    }
  }
}
