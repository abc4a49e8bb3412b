import Foundation
import Testing

/// Configurations on the command line: `roteq config`, `--config` in every command that takes it, and the report.
@Suite struct ConfigurationCommandTests {
  private static let gpt2 = "examples/gpt2-openwebtext.py"

  struct Case: CustomTestStringConvertible {
    let line: String
    let code: Int32
    let message: String
    var testDescription: String { line }
  }

  @Test(arguments: [
    Case(line: "roteq config", code: 64, message: "missing FILE: the configuration to read"),
    Case(
      line: "roteq report", code: 64, message: "missing CONFIG: the report needs the configuration of a run"),
    Case(
      line: "roteq config --schema \(gpt2)", code: 64, message: "--schema goes without a configuration"),
    Case(
      line: "roteq config \(gpt2) --config examples/transformer.yaml", code: 64,
      message: "\(gpt2): examples/transformer.yaml is no part of a run that is read as nanoGPT's config/*.py"),
    Case(
      line: "roteq config \(gpt2) --config-format nanogpd", code: 64,
      message: "--config-format: unknown format 'nanogpd'; did you mean 'nanogpt'?"),
    Case(
      line: "roteq config \(gpt2) --dataset-size 0", code: 64,
      message: "--dataset-size: 0 is not allowed, expected a whole number from 1 to 1000000000"),
    Case(
      line: "roteq config \(gpt2) --set beta3=1", code: 64,
      message: "--beta3=1: unknown key 'beta3'; did you mean 'beta1'?"),
    Case(
      line: "roteq config \(gpt2) -o none/run.yaml", code: 73, message: "none/run.yaml: cannot be written"),
    Case(line: "roteq predict --dataset-size 3", code: 64, message: "--dataset-size needs --config"),
    Case(line: "roteq predict --layer wte", code: 64, message: "--layer needs --config"),
    Case(
      line: "roteq predict --lr 1", code: 64,
      message: "missing --optimizer or --config: whose equilibrium is to be predicted"),
    Case(
      line: "roteq predict --config \(gpt2) --layer wtf", code: 64,
      message: "--layer: unknown layer 'wtf'; did you mean 'wte'?"),
    Case(
      line: "roteq predict --config \(gpt2) --explain", code: 64,
      message: "--explain needs --layer: the configuration has several"),
    Case(
      line: "roteq predict --config \(gpt2) --dimension 3", code: 64,
      message: "--dimension does not go with a configuration file, which holds it"),
    Case(
      line: "roteq predict --config \(gpt2) --lr 20", code: 65,
      message: "\(gpt2): learning rate times weight decay, ηλ, is 2.0, expected below 1; lower one of them"),
    Case(
      line: "roteq convert --to lion", code: 64,
      message: "missing --from or --config: what is to be converted"),
    Case(
      line: "roteq convert --from adamw --config \(gpt2) --to lion", code: 64,
      message: "--from does not go with a configuration file, which holds it"),
    Case(
      line: "roteq convert --config \(gpt2) --to lion -o run.csv", code: 64,
      message:
        "-o: a schedule needs the optimizer's own rotational variant and a layer with an initial norm (--initialization)"
    ),
    Case(
      line: "roteq trajectory --config \(gpt2) --schedule cosine", code: 64,
      message: "--schedule does not go with a configuration file, which holds it"),
    Case(
      line: "roteq report \(gpt2) --initialization default", code: 64,
      message: "--initialization: the configuration gives every layer its initial norm"),
  ])
  func message(_ test: Case) throws {
    let run = try Roteq(line: test.line)
    #expect(run.errors.hasPrefix("roteq: \(test.message)"), "\(run.errors)")
    #expect(run.exitCode == test.code)
    #expect(run.output.isEmpty)
  }

  private func json(_ line: String) throws -> [String: Any] {
    let run = try Roteq(line: line + " --format json")
    #expect(run.exitCode == 0, "\(run.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }

  /// What `config` writes is what it reads, and the report of it is the same report.
  @Test(arguments: [gpt2, "examples/resnet20-cifar10.yaml"])
  func thereAndBack(file: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "roteq-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "run.yaml").path
    #expect(try Roteq(line: "roteq config \(file) -o \(path)").exitCode == 0)
    let written = try String(contentsOfFile: path, encoding: .utf8)
    #expect(try Roteq(line: "roteq config --config \(path)").output == written)
    var (own, other) = (try json("roteq report \(file)"), try json("roteq report \(path)"))
    own["source"] = nil
    other["source"] = nil
    #expect(own as NSDictionary == other as NSDictionary)
  }

  /// A given flag replaces what the configuration says.
  @Test func flagsWin() throws {
    let given = try Roteq(
      line:
        "roteq predict --optimizer adamw --lr 1e-3 --weight-decay 0.1 --beta1 0.9 --beta2 0.95 --epsilon 1e-8 --dimension 3072 --initial-norm \(0.02 / 24.0.squareRoot() * 3072.0.squareRoot()) --format json"
    )
    let configured = try Roteq(
      line: "roteq predict --config \(Self.gpt2) --layer mlp.c_proj --lr 1e-3 --format json")
    #expect(given.exitCode == 0)
    // Beside the same numbers stands what the configuration warns of and notes.
    #expect(configured.output.hasPrefix(given.output.dropLast(3)))
    #expect(configured.output.contains("Gradients are clipped (grad_clip)"))
    let replaced = try Roteq(
      line: "roteq predict --config \(Self.gpt2) --layer mlp.c_proj --set learning_rate=1e-3 --format json")
    #expect(replaced.output.hasPrefix(given.output.dropLast(3)))
  }

  /// The weight decay that the report proposes does what it says, and costs what it says.
  @Test func adviceHolds() throws {
    let report = try json("roteq report \(Self.gpt2)")
    let advice = try #require((report["advice"] as? [String])?.first)
    let numbers = advice.split { !"0123456789.".contains($0) }.compactMap { Double($0) }
    let (factor, decay, faster) = (numbers[0], numbers[1], numbers[2])
    #expect(abs(decay / (0.1 * factor) - 1) < 0.01)
    func transient(_ report: [String: Any]) throws -> Double {
      try #require((report["transient"] as? [String: Any])?["half_life_share_of_run"] as? Double)
    }
    func rotation(_ report: [String: Any]) throws -> Double {
      try #require((report["rotational"] as? [String: Any])?["expected_rotation"] as? Double)
    }
    let changed = try json("roteq report \(Self.gpt2) --weight_decay=\(decay)")
    // Three digits are printed.
    #expect(abs(try transient(changed) / 0.05 - 1) < 0.01)
    #expect(abs(try rotation(changed) / rotation(report) / faster - 1) < 0.01)
  }

  /// The report's course of a layer is what `trajectory` says of it.
  @Test func courseIsTheTrajectory() throws {
    let report = try json("roteq report \(Self.gpt2)")
    let courses = try #require(report["course"] as? [[String: Any]])
    let shares = courses.flatMap { course in
      (course["layers"] as? [String] ?? []).map { ($0, course["share_out_of_equilibrium"] as? Double) }
    }
    #expect(
      shares.map(\.0).sorted() == ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj", "wpe", "wte"])
    for (name, share) in shares {
      let run = try json("roteq trajectory --config \(Self.gpt2) --layer \(name) --every 5000")
      let layer = try #require((run["layers"] as? [[String: Any]])?.first ?? run)
      let found = (layer["summary"] as? [String: Any] ?? layer)["share_out_of_equilibrium"] as? Double
      #expect(share == found, "\(name)")
    }
  }

  /// Every section is in every format, and the numbers of the layers are the same.
  @Test func everyFormatSaysTheSame() throws {
    let headings = [
      "Warnings", "What these settings do", "Settings", "Predictions for each layer", "The run over time",
      "What to change",
      "Other optimizers", "Rotational variant", "Formulas", "Assumptions",
      "Notes on the configuration",
    ]
    for format in ["text", "markdown", "latex", "html"] {
      let page = try Roteq(line: "roteq report \(Self.gpt2) --format \(format)").output
      var rest = page[...]
      for heading in headings {
        let range = try #require(rest.range(of: heading), "\(format): \(heading)")
        rest = rest[range.upperBound...]
      }
      for number in ["0.007108", "4.293", "8.587", "0.06103", "1827"] {
        #expect(page.contains(number), "\(format): \(number)")
      }
    }
  }
}
