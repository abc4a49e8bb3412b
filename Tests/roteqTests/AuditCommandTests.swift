import Foundation
import Testing

@Suite struct AuditCommandTests {
  private static let audit =
    "roteq audit examples/transformer-step-1600.safetensors --config examples/transformer.yaml"

  @Test(
    "Refused with what to do instead",
    arguments: [
      ("--at-step 3001", "step 3001 is not in the run, expected 1 to 3000", 64),
      ("--at-step 0", "--at-step: 0 is not allowed, expected a whole number from 1 to 1000000000", 64),
      ("--steps-between 5", "--steps-between needs --previous", 64),
      (
        "--previous examples/transformer-step-1600.safetensors",
        "--previous: examples/transformer-step-1600.safetensors is of step 1600, expected one before step 1600",
        64
      ),
      ("--previous no.safetensors", "no.safetensors: no such file", 66),
      ("--decay-rule tim", "--decay-rule: unknown rule 'tim'; did you mean 'timm'?", 64),
      (
        "--neurons wte.wieght", "no tensor 'wte.wieght' is audited; did you mean 'wte.weight'?", 64
      ),
      (
        "--no-decay *",
        "examples/transformer-step-1600.safetensors: no tensor that decays under the rule 'req' and has weight vectors",
        65
      ),
    ])
  func refused(flags: String, message: String, code: Int32) throws {
    let result = try Roteq(line: "\(Self.audit) \(flags)")
    #expect(result.errors == "roteq: \(message)\n")
    #expect(result.exitCode == code)
    #expect(result.output.isEmpty)
  }

  @Test("Steps that names contradict, and a configuration of another network, are warned of")
  func warnings() throws {
    let between = try Roteq(
      line: Self.audit + " --previous examples/transformer-step-1595.safetensors --steps-between 500")
    #expect(
      between.output.contains(
        "--steps-between says 500, the names of the checkpoints say steps 1595 and 1600"))
    let other = try Roteq(
      line:
        "roteq audit examples/transformer-step-1600.safetensors --config examples/gpt2-openwebtext.py")
    #expect(other.output.contains("is it the checkpoint of another run?"))
  }

  @Test("A file that is no checkpoint")
  func noCheckpoint() throws {
    let result = try Roteq(line: "roteq audit README.md --config examples/transformer.yaml")
    #expect(result.exitCode == 65)
    #expect(result.errors.hasPrefix("roteq: README.md: not a safetensors file"))
  }

  @Test("Every format says the same of each tensor")
  func formats() throws {
    let line = Self.audit + " --previous examples/transformer-step-1595.safetensors"
    let json = try Roteq(line: line + " --format json")
    let data = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    let tensors = try #require(data?["tensors"] as? [[String: Any]])
    #expect(tensors.count == 11)
    let csv = try Roteq(line: line + " --format csv").output.split(separator: "\n")
    let header = csv[0].split(separator: ",", omittingEmptySubsequences: false)
    let column = try #require(header.firstIndex(of: "turned"))
    for (row, tensor) in zip(csv.dropFirst(), tensors) {
      let cells = row.split(separator: ",", omittingEmptySubsequences: false)
      #expect(String(cells[0]) == tensor["name"] as? String)
      let change = try #require(tensor["change"] as? [String: Any])
      let turned = try #require(change["rotation"] as? Double)
      // Foundation reads a number back to its last digit but one.
      #expect(abs((Double(cells[column]) ?? .nan) / turned - 1) < 1e-15 * 4)
    }
    for format in ["text", "markdown", "latex"] {
      let output = try Roteq(line: line + " --format \(format)").output
      #expect(output.contains("in equilibrium"))
      #expect(output.contains("2.848"))
    }
  }

  @Test("The neurons of one tensor as CSV")
  func neurons() throws {
    let result = try Roteq(line: Self.audit + " --neurons h.0.mlp.c_proj.weight --format csv")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 25)
    #expect(lines[0] == "tensor,neuron,norm,norm_over_equilibrium,rotation,relative")
  }

  @Test("A tensor that is not finite, or dead, is counted")
  func damage() throws {
    let source = Roteq.root.appending(path: "examples/transformer-step-1600.safetensors")
    var bytes = try Data(contentsOf: source)
    let length = Int(bytes[0]) | Int(bytes[1]) << 8
    let header = try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: Any]
    let entry = try #require(header?["h.0.mlp.c_fc.weight"] as? [String: Any])
    let start = try #require((entry["data_offsets"] as? [Int])?.first) + 8 + length
    // Neuron 0 gets a NaN, neurons 1 and 2 are zero; each has 24 numbers of 4 bytes.
    bytes.replaceSubrange(start..<start + 4, with: [0, 0, 0xC0, 0x7F])
    bytes.resetBytes(in: start + 96..<start + 288)
    let path = FileManager.default.temporaryDirectory.appending(path: "damaged-\(UUID()).safetensors")
    defer { try? FileManager.default.removeItem(at: path) }
    try bytes.write(to: path)
    let result = try Roteq(["audit", path.path, "--config", "examples/transformer.yaml", "--at-step", "1600"])
    #expect(result.output.contains("2 neurons are dead"))
    #expect(result.output.contains("1 number is not finite, most of them in h.0.mlp.c_fc.weight"))
    #expect(result.exitCode == 0)
  }

  /// No tensor of the file has a row in the table of changes, so there is no table.
  @Test("What cannot be known is said, not left out")
  func unknown() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func write(_ value: Double, _ name: String) throws -> String {
      let header = #"{"a.weight":{"dtype":"F64","shape":[4,8],"data_offsets":[0,256]}}"#
      var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
      for _ in 0..<32 { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
      let path = folder.appending(path: name)
      try data.write(to: path)
      return path.path
    }
    let before = try write(1, "before.safetensors")
    let cases = [
      (1e-200, "By which angle a.weight turned is not known"), (1.5e308, "The norm of a.weight is not known"),
    ]
    for (value, message) in cases {
      let result = try Roteq([
        "audit", write(value, "now.safetensors"), "--config", "examples/transformer.yaml", "--at-step",
        "1600",
        "--previous", before, "--steps-between", "5",
      ])
      #expect(result.exitCode == 0)
      #expect(result.output.contains(message))
      #expect(!result.output.contains("Since the earlier checkpoint"))
      #expect(result.output.range(of: #"\b(nan|inf|infinity)\b"#, options: .regularExpression) == nil)
    }
  }

  /// The file is a hole: nothing but its header takes room.
  @Test(
    "Neurons that are too many are not told apart, or not listed",
    arguments: [
      (count: 1 << 22 + 1, flags: [], message: "at most 4194304 of a tensor are told apart"),
      (
        count: 1 << 18 + 1, flags: ["--neurons", "a.weight"],
        message: "the farthest are listed, since at most 262144 are"
      ),
    ])
  func manyNeurons(count: Int, flags: [String], message: String) throws {
    let header = #"{"a.weight":{"dtype":"F32","shape":[\#(count),2],"data_offsets":[0,\#(8 * count)]}}"#
    let data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
    let path = FileManager.default.temporaryDirectory.appending(path: "many-\(UUID()).safetensors")
    defer { try? FileManager.default.removeItem(at: path) }
    try data.write(to: path)
    let file = try FileHandle(forWritingTo: path)
    try file.truncate(atOffset: UInt64(data.count + 8 * count))
    try file.close()
    let line = ["audit", path.path, "--config", "examples/transformer.yaml", "--at-step", "1600"]
    let result = try Roteq(line + flags)
    #expect(result.exitCode == 0)
    #expect(result.output.contains("has \(count) neurons"))
    #expect(result.output.contains(message))
  }
}
