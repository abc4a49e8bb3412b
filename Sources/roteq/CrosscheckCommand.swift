import ArgumentParser
import CrossChecks
import Formulas
import OutsideText
import Reports
import Training

struct CrosscheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crosscheck",
    abstract: "Run every optimizer on the random walks of the paper's Figure 9, against all predictions.",
    discussion: """
      EXAMPLES
        roteq crosscheck
        roteq crosscheck -o crosscheck
        roteq crosscheck --steps 3000 --seeds 2 --only sgdm,adamw --format markdown

      SGDM, AdamW, Adam+ℓ2 and Lion with the settings of Appendix F, their rotational variants, and what Figure 9 cannot \
      show: Adam+ℓ2 four times as long, and with a small gradient. With -o, crosscheck.html, crosscheck.md, crosscheck.tex, \
      crosscheck.json and a figure for each walk are written there. The exit code is 65 where the best prediction of \
      a number is off by more than three standard errors and the stated error of its model.
      """)

  @Option(parsing: .unconditional, help: "Steps of a walk. (default: 15000, the paper's)") var steps: String?
  @Option(parsing: .unconditional, help: "Seeds of each walk. (default: 5)") var seeds: String?
  @Option(help: "Some of the walks only, by name: sgdm, adamw, lion-999, rv-adamw, …") var only: String?
  @OptionGroup(title: "Computing") var computing: ComputingOptions
  @Option(parsing: .unconditional, help: "Runs at a time. (default: one a core)") var jobs: String?
  @Option(name: .shortAndLong, help: "Directory to write to; made where missing.", completion: .directory)
  var output: String?
  @OptionGroup(title: "Output") var options: OutputOptions

  func run() throws {
    let walks = try chosen()
    let count = try whole(seeds, "--seeds", from: 2) ?? 5
    if let output {
      let figures = walks.map { "\($0.name).svg" }
      try FileSet.probe(["html", "md", "tex", "json"].map { "crosscheck.\($0)" } + figures, in: output)
    }
    let progress = SharedProgress(total: count * walks.reduce(0) { $0 + $1.walk.steps })
    Interruption.watch()
    let queue = WalkQueue(
      width: try whole(jobs, "--jobs", from: 1), progress: { progress.advance(by: $0) },
      isCancelled: { Interruption.isRequested })
    let runs: [[WalkRun]]
    do throws(WalkError) {
      runs = try queue.run(walks.map(\.walk), seeds: (1...count).map { UInt64($0) })
    } catch { throw Failure(error) }
    progress.finish()
    var cases: [CrossCheckReport.Case] = []
    var notes: [String] = []
    for (walk, runs) in zip(walks, runs) {
      do throws(WalkError) { cases.append(try CrossCheckReport.Case(walk, runs)) } catch {
        notes.append("\(walk.title) is left out: \(error).")
      }
    }
    if Interruption.isRequested { notes.append("The cross-check was interrupted.") }
    let report = CrossCheckReport(cases, notes: notes)
    if !cases.isEmpty {
      if let output { try write(report.output, to: output) } else { options.print(report.output) }
    }
    try Interruption.passOn(isKept: !cases.isEmpty)
    guard !cases.isEmpty else { throw Failure(notes.joined(separator: " "), .badData) }
    guard report.agrees else {
      throw Failure("the best predictions do not all agree with the walks; see Findings", .badData)
    }
  }

  private func chosen() throws -> [PaperWalk] {
    let steps = try whole(steps, "--steps", from: 150) ?? 15_000
    let (precision, instructions) = (
      try computing.chosenPrecision(default: .single), try computing.instructionSet()
    )
    let all: [PaperWalk]
    do throws(WalkError) {
      all = try PaperWalk.all(steps: steps, precision: precision, instructionSet: instructions)
    } catch { throw Failure(error) }
    guard let only else { return all }
    let names = only.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for name in names where !all.contains(where: { $0.name == name }) {
      throw Failure(unknown("walk", name, among: all.map(\.name)), .usage)
    }
    return all.filter { names.contains($0.name) }
  }

  /// Figures first: the pages show them.
  private func write(_ output: Output, to directory: String) throws {
    let document = output.document
    let pages =
      document.figures.map { ("\($0.file).svg", SVG().render($0.figure).data) } + [
        ("crosscheck.html", HTMLFormat(isFragment: options.fragment).render(document).data),
        ("crosscheck.md", MarkdownFormat().render(document).data),
        ("crosscheck.tex", LaTeXFormat(isFragment: options.fragment).render(document).data),
        ("crosscheck.json", output.json.text.data),
      ]
    try FileSet.write(pages, in: directory)
  }
}
