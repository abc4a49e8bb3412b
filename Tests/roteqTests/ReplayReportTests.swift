import Foundation
import Testing

/// What `roteq replay` compares and says.
@Suite struct ReplayReportTests {
  /// A shorter replay is held against the steps that it takes; PyTorch's file has every fifth.
  @Test func aShorterReplayIsComparedAtItsSteps() throws {
    let expected = "--expected examples/replay-adamw.safetensors"
    for steps in [5, 10] {
      let run = try Roteq(
        line:
          "\(ReplayCommandTests.adamW) --steps \(steps) \(expected) --moments --precision single --format json"
      )
      #expect(run.exitCode == 0, "\(run.errors)")
      let report = try #require(
        JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      let comparison = try #require(report["comparison"] as? [String: Any])
      let deviations = try #require(comparison["deviations"] as? [[String: Any]])
      #expect(deviations.map { $0["steps_compared"] as? Int } == Array(repeating: steps / 5, count: 4))
      let ignored = try #require(comparison["not_compared"] as? [String])
      #expect(ignored.contains("0.weight"))
      #expect(!ignored.contains("0.weight/after.\(steps)"))
    }
    // What was replayed in five steps says nothing of the twentieth.
    let folder = try Folder()
    let path = try folder.path("out.safetensors")
    try #require(try Roteq(line: ReplayCommandTests.adamW + " --steps 5 -o \(path)").exitCode == 0)
    #expect(try Roteq(line: ReplayCommandTests.adamW + " --steps 5 --expected \(path)").exitCode == 0)
    let run = try Roteq(line: ReplayCommandTests.adamW + " --expected \(path)")
    #expect(
      run.errors
        == "roteq: \(path): nothing to compare after step 20: no tensor '0.bias/after.20', and '0.bias' is after step 5\n"
    )
    #expect(run.exitCode == 64)
  }

  /// A table that ends before the run is held, which the report says.
  @Test func aShortTableIsNoted() throws {
    let folder = try Folder()
    let rates = try folder.file(
      "rates.csv", "step,learning_rate,rotation\n" + (1...12).map { "\($0),0.01,0.05\n" }.joined())
    let line = ReplayCommandTests.rotational + " --schedule \(rates) --rotation \(rates)"
    let held = "\(rates) ends before the run: held from step 13 on."
    #expect(
      try ReplayCommandTests.json(line)["notes"] as? [String] == ["--schedule \(held)", "--rotation \(held)"])
    #expect(try ReplayCommandTests.json(line + " --steps 12")["notes"] as? [String] == [])
    #expect(
      try Roteq(line: line + " -o \(try folder.path("out.safetensors"))").output.contains(
        "• --rotation \(held)"))
  }

  /// 0.5 turns by arctan 0.5; with β = 0 exactly, but for ε = 1e-8 beside a size of about 1.
  @Test func theAngleIsTheArcTangentOfTheRotation() throws {
    let report = try ReplayCommandTests.json(ReplayCommandTests.rotational + " --rotation 0.5 --rv-beta 0")
    let tensors = try #require(report["tensors"] as? [[String: Any]])
    let angles = tensors.compactMap { $0["mean_rotation"] as? Double }
    #expect(angles.count == 2)
    for angle in angles { #expect(abs(angle / atan(0.5) - 1) < 1e-6) }
  }

  @Test func helpSaysWhatIsRefused() throws {
    // Lines are broken where the terminal ends.
    let help = try Roteq(["replay", "--help"]).output.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    for words in [
      "ε of Adam and AdamW is 1e-8", "its arc tangent: 0.5 turns by 0.464",
      "Refused are flags that play no part: --initial-norm,",
    ] { #expect(help.contains(words), "\(words)") }
  }
}
