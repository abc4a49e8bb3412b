import ArgumentParser
import Formulas
import OutsideText

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@main
struct Roteq: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roteq",
    abstract:
      "What learning rate and weight decay really do: rotational equilibrium, from hyperparameters to numbers.",
    discussion: """
      EXAMPLES
        roteq predict --optimizer adamw --lr 6e-4 --weight-decay 0.1 --dimension 768
        roteq convert --from adamw --lr 6e-4 --weight-decay 0.1 --to lion
        roteq table 1 --format latex

      Data goes to standard output, messages to standard error. Exit codes: 64 usage, 65 bad data, \
      66 no such input, 69 gnuplot or memory is missing, 73 cannot write.
      """,
    version: version,
    subcommands: [
      PredictCommand.self, TrajectoryCommand.self, ConvertCommand.self, ScaleCommand.self, SolveCommand.self,
      FormulaCommand.self, TableCommand.self, SweepCommand.self, SimulateCommand.self, CrosscheckCommand.self,
      ReplayCommand.self, DeriveCommand.self, ConfigCommand.self, AuditCommand.self, ReportCommand.self,
    ])

  /// The version of the program.
  static let version = "0.1.0"

  /// Prints a failure as one line; ArgumentParser would add the usage below it.
  static func main() {
    do {
      try checkMemory()
      try checkCommand()
      var command = try parseAsRoot()
      try command.run()
    } catch {
      if let failure = error as? Failure { failure.exit() }
      if exitCode(for: error).isSuccess {
        // Help, the version and completions: what cannot be written is a failure, which ArgumentParser does not look for.
        Standard.output.write(Written<TerminalText>(lines: fullMessage(for: error) + "\n"))
        Platform.exit(0)
      }
      // One line, whatever list of values ArgumentParser adds.
      let lines = message(for: error).split(separator: "\n").map { $0.drop { $0 == " " } }
      Failure(lines.joined(separator: " "), .usage).exit()
    }
  }

  /// Below that no work of any size can be done, and the runtime ends the program without a word.
  private static let leastMemory: UInt64 = 120_000_000

  /// The bytes that a limit of the shell leaves for numbers; nil where there is none.
  static var memoryForNumbers: Int? {
    guard let limit = addressLimit() else { return nil }
    return Int(clamping: limit) - 100_000_000
  }

  private static func checkMemory() throws {
    guard let limit = addressLimit(), limit < leastMemory else { return }
    throw Failure(
      "memory is limited to \(limit / 1024) kB, expected at least \(leastMemory / 1024); raise ulimit -v",
      .unavailable)
  }

  private static func addressLimit() -> UInt64? {
    var limit = rlimit()
    #if canImport(Glibc)
      let status = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #else
      let status = getrlimit(RLIMIT_AS, &limit)
    #endif
    guard status == 0, limit.rlim_cur < UInt64(Int64.max) else { return nil }
    return UInt64(limit.rlim_cur)
  }

  /// ArgumentParser calls a misspelt command an unexpected argument.
  private static func checkCommand() throws {
    let known = configuration.subcommands.map { $0._commandName } + ["help"]
    guard let first = CommandLine.arguments.dropFirst().first, !first.hasPrefix("-"), !known.contains(first)
    else {
      return
    }
    throw Failure(unknown("command", first, among: known), .usage)
  }
}
