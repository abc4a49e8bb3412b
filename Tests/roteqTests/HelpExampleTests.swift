import Foundation
import Testing

/// The examples of the help texts, as somebody would copy them.
@Suite struct HelpExampleTests {
  /// Files that stand for the reader's own.
  private static let placeholders = [
    "moments.txt", "weights.safetensors", "gradients.safetensors", "rates.csv", "model.safetensors",
    "my-templates", "run.yaml --",
  ]

  @Test(
    .timeLimit(.minutes(2)),
    arguments: [
      "predict", "trajectory", "convert", "scale", "solve", "formula", "table", "sweep", "derive", "config",
      "replay", "audit",
    ]) func examplesRun(command: String) throws
  {
    let help = try Roteq([command, "--help"]).output
    let examples = try #require(help.split(separator: "EXAMPLES\n").last?.split(separator: "\n\n").first)
    let lines = examples.replacing("\\\n", with: " ").split(separator: "\n").map {
      // A remark in brackets stands apart.
      String($0).replacing(/\s{2,}\(.*/, with: "")
    }
    #expect(lines.count > 1)
    let folder = try FileState()
    try FileManager.default.createSymbolicLink(
      at: folder.url.appending(path: "examples"), withDestinationURL: Roteq.root.appending(path: "examples"))
    for line in lines where !Self.placeholders.contains(where: line.contains) && line.contains("roteq") {
      let run = try Shell("cd \(folder.path); roteq() { \"$ROTEQ\" \"$@\"; }; \(line) >/dev/null")
      #expect(run.status == 0, "\(line): \(run.errors)")
    }
  }
}
