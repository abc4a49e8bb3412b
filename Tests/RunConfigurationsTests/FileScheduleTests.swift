import Dynamics
import Equilibrium
import Formulas
import OutsideText
import RunConfigurations
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Every step's learning rate against the training programs' own schedulers (`Tests/ReferenceData/Schedules-Files`).
@Suite struct FileScheduleTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let file: String
    let text: String
    let overrides: [String]
    let facts: [String: Int]
    let learning_rates: [Double]
    var testDescription: String { name }
  }

  static let cases: [Case] = {
    let path = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = "/\(path)/ReferenceData/Schedules-Files/schedules.json"
    guard let data = try? Data(contentsOf: URL(filePath: file)) else { return [] }
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  @Test func thereAreCases() { #expect(Self.cases.count > 100) }

  @Test(arguments: cases)
  func everyStep(_ test: Case) throws {
    var facts: [RunFacts.Fact: Int] = [:]
    for (flag, value) in test.facts { facts[try #require(RunFacts.Fact(rawValue: flag))] = value }
    let run = try RunConfiguration.read(
      text: test.text, path: test.file, overrides: test.overrides, facts: RunFacts(facts))
    #expect(run.steps == test.learning_rates.count)
    let plan = try run.plan()
    // The programs reach the same value by products over steps and in another order, and the file has 15 digits.
    let tolerance = 1e-12 * (run.hyperparameters[.learningRate] ?? 0)
    let wrong = test.learning_rates.indices.filter {
      abs(plan.step(after: $0).learningRate - test.learning_rates[$0]) > tolerance
    }
    #expect(
      wrong.isEmpty,
      """
      \(run.schedule) at \(wrong.prefix(4)): \(wrong.prefix(4).map { plan.step(after: $0).learningRate }) \
      for \(wrong.prefix(4).map { test.learning_rates[$0] })
      """)
    // roteq's own YAML holds the same run.
    #expect(try RoteqYAML.decode(RoteqYAML.encode(run).text, path: "run.yaml") == run)
  }
}
