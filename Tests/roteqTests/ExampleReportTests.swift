import Foundation
import Testing

/// Every configuration in `examples/`, with the flags that give what it leaves open.
@Suite struct ExampleReportTests {
  struct Example: CustomTestStringConvertible {
    let file: String
    var flags = ""
    /// What `roteq config` has to say of it.
    let optimizer: String
    let steps: Int
    var testDescription: String { file }
  }

  static let examples = [
    Example(file: "gpt2-openwebtext.py", optimizer: "adamw", steps: 5000),
    Example(file: "gpt2-openwebtext.sh", optimizer: "adamw", steps: 5000),
    Example(file: "gpt2-openwebtext-trainer/training_args.json", optimizer: "adamw", steps: 5000),
    Example(file: "gpt2-openwebtext-trainer/trainer_state.json", optimizer: "adamw", steps: 5000),
    Example(file: "mpt-125m-llm-foundry.yaml", optimizer: "adamw", steps: 5000),
    Example(file: "llama3-8b-torchtitan.toml", optimizer: "adamw", steps: 100_000),
    Example(file: "gpt-345m-megatron.sh", optimizer: "adamw", steps: 500_000),
    Example(
      file: "deit-tiny-imagenet.yaml", flags: "--dataset-size 1281167 --world-size 4", optimizer: "adamw",
      steps: 375_300),
    Example(file: "resnet50-imagenet.sh", optimizer: "sgdm", steps: 450_360),
    Example(file: "transformer-s-iwslt14.sh", optimizer: "adamw", steps: 22_021),
    Example(
      file: "resnet20-cifar10-lightning.yaml", flags: "--dataset-size 50000", optimizer: "sgdm", steps: 78_200
    ),
    Example(
      file: "resnet20-cifar10-param-groups.json", flags: "--steps 78000", optimizer: "adamw", steps: 78_000),
    Example(file: "resnet20-cifar10.yaml", optimizer: "sgdm", steps: 78_000),
    Example(file: "transformer.yaml", optimizer: "adamw", steps: 3000),
  ]

  /// No example is forgotten.
  @Test func all() throws {
    let folder = Roteq.root.appending(path: "examples")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { path in
      [".py", ".sh", ".yaml", ".toml", ".json"].contains { path.hasSuffix($0) }
    }
    #expect(Set(files) == Set(Self.examples.map(\.file)))
  }

  @Test(arguments: examples) func config(_ example: Example) throws {
    let run = try Roteq(line: "roteq config examples/\(example.file) \(example.flags)")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("\noptimizer:\n  name: \(example.optimizer)\n"))
    #expect(run.output.contains("\nsteps: \(example.steps)\n"), "\(run.output.prefix(400))")
  }

  /// The whole report is written: pages, figures, data.
  @Test(arguments: examples) func report(_ example: Example) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "roteq-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Roteq(
      line: "roteq report --config examples/\(example.file) \(example.flags) -o \(folder.path)")
    #expect(run.exitCode == 0, "\(run.errors)")
    let files = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    #expect(files.isSuperset(of: ["report.html", "report.md", "report.tex", "report.json"]))
    let page = try String(contentsOf: folder.appending(path: "report.md"), encoding: .utf8)
    for line in page.split(separator: "\n") where line.hasPrefix("![") {
      let file = try #require(line.split(separator: "](").last).dropLast()
      #expect(files.contains(String(file)), "\(line)")
    }
    let data = try Data(contentsOf: folder.appending(path: "report.json"))
    let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(json["steps"] as? Int == example.steps)
    let rotation = (json["rotational"] as? [String: Any])?["expected_rotation"] as? Double
    #expect((rotation ?? 0) > 0)
  }

  /// The other commands read every example, too.
  @Test(arguments: examples) func predict(_ example: Example) throws {
    let run = try Roteq(line: "roteq predict --config examples/\(example.file) \(example.flags)")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.output.contains("expected rotation"))
  }
}
