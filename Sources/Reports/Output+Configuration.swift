import Formulas
import RunConfigurations

extension Output {
  /// The same with what a configuration warns of and notes: warnings above the numbers, notes below them.
  public func with(_ run: TrainingRun) -> Output {
    guard !run.warnings.isEmpty || !run.notes.isEmpty else { return self }
    var blocks = document.blocks
    let start = blocks.firstIndex { if case .heading = $0 { true } else { false } }.map { $0 + 1 } ?? 0
    if !run.warnings.isEmpty {
      blocks.insert(
        contentsOf: [.heading(2, "Warnings of the configuration"), .list(run.warnings.map { Prose($0) })],
        at: start)
    }
    if !run.notes.isEmpty {
      blocks += [.heading(2, "Notes on the configuration"), .list(run.notes.map { Prose($0) })]
    }
    let configuration: JSONValue = [
      "warnings": .array(run.warnings.map { .string($0) }), "notes": .array(run.notes.map { .string($0) }),
    ]
    return Output(document: Document(blocks), json: json.adding("configuration", configuration), table: table)
  }
}
