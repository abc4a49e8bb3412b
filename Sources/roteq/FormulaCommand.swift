import ArgumentParser

struct FormulaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "formula", abstract: "")
}
