import ArgumentParser

struct SolveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "solve", abstract: "")
}
