import Dynamics
import Equilibrium
import Formulas
import Optimizers
import OutsideText
import RunConfigurations
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The learning rate of every update against what the programs themselves set (Tests/ReferenceData/Schedules).
@Suite struct CommandScheduleTests {
  struct Case: CustomTestStringConvertible {
    let command: String
    let rates: [Double]
    var testDescription: String { command }
  }

  private static func cases(_ name: String) throws -> [Case] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "ReferenceData/Schedules/\(name).txt"), encoding: .utf8)
    let lines = text.split(separator: "\n")
    return stride(from: 0, to: lines.count, by: 2).map { index in
      Case(
        command: String(lines[index]),
        rates: lines[index + 1].split(separator: " ").map { Double($0) ?? .nan })
    }
  }

  /// A schedule by name is the program's own up to rounding; a table keeps within a millionth of the peak.
  private func check(_ item: Case) throws {
    var facts = RunFacts()
    if let comment = item.command.split(separator: "#").dropFirst().first {
      facts.known[.datasetSize] = Int(comment.drop { $0 == " " })
    }
    let run = try RunConfiguration.read(
      text: item.command, path: "train.sh", overrides: Self.unstated(item.command), facts: facts)
    #expect(run.steps == item.rates.count)
    let peak = try #require(run.hyperparameters[.learningRate])
    let plan = try run.plan()
    var tolerance = 1e-12
    if case .table = run.schedule { tolerance = 1e-6 }
    let wrong = item.rates.indices.first {
      !(abs(plan.step(after: $0).learningRate - item.rates[$0]) <= tolerance * peak)
    }
    #expect(
      wrong == nil,
      "\(wrong.map { "\(plan.step(after: $0).learningRate), expected \(item.rates[$0])" } ?? "")")
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
  }

  /// The optimizer that timm's own script has where a command states none; the learning rates hardly depend on it.
  private static func unstated(_ command: String) -> [String] {
    guard command.contains("train.py"), command.contains("--epochs") else { return [] }
    return (command.contains("--opt ") ? [] : ["--opt=sgd"])
      + (command.contains("--weight-decay") ? [] : ["--weight_decay=2e-5"])
  }

  @Test(arguments: try cases("timm")) func timm(_ item: Case) throws { try check(item) }
  @Test(arguments: try cases("fairseq")) func fairseq(_ item: Case) throws { try check(item) }
  @Test(arguments: try cases("megatron")) func megatron(_ item: Case) throws { try check(item) }

  /// What has a name goes by it.
  @Test func names() throws {
    var names: [String: Int] = [:]
    for item in try Self.cases("timm") + Self.cases("fairseq") + Self.cases("megatron") {
      let facts = RunFacts([.datasetSize: 107])
      let run = try? RunConfiguration.read(
        text: item.command, path: "train.sh", overrides: Self.unstated(item.command), facts: facts)
      switch run?.schedule {
      case .named(let specification): names[specification.name, default: 0] += 1
      case .table: names["table", default: 0] += 1
      case nil: names["none", default: 0] += 1
      }
    }
    #expect(
      names == [
        "polynomial": 2, "cosine": 19, "multistep": 3, "table": 24, "constant": 6, "step": 5, "trapezoid": 6,
        "inverse-sqrt": 4, "linear": 5,
      ])
  }
}
