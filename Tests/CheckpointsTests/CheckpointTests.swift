import OutsideText
import Safetensors
import Testing

@testable import Checkpoints

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct CheckpointTests {
  private static let one = Tensor([1, 2] as [Float])

  private static func index(_ map: [String: String]) -> String {
    let entries = map.sorted { $0.key < $1.key }.map { #""\#($0)":"\#($1)""# }.joined(separator: ",")
    return #"{"metadata":{"total_size":8},"weight_map":{\#(entries)}}"#
  }

  /// The one line of an error, with the folder left out.
  private static func message(_ path: String, in folder: borrowing Folder) -> (
    text: String, isMissingInput: Bool
  ) {
    do throws(CheckpointError) {
      let checkpoint = try Checkpoint(path: path)
      return ("opened \(checkpoint.tensors.map(\.name))", false)
    } catch {
      return (error.description.replacing(folder.path + "/", with: ""), error.isMissingInput)
    }
  }

  // MARK: Listing

  @Test func tensorsComeInNaturalOrder() throws {
    let folder = try Folder()
    let names = ["h.2.w", "h.10.w", "h.1.w", "a", "h.01.w", "h", "h.x", "h.2", "ω", "B"]
    let path = try folder.write(
      Dictionary(uniqueKeysWithValues: names.map { ($0, Self.one) }), to: "a.safetensors")
    let checkpoint = try Checkpoint(path: path)
    #expect(
      checkpoint.tensors.map(\.name)
        == ["B", "a", "h", "h.01.w", "h.1.w", "h.2", "h.2.w", "h.10.w", "h.x", "ω"])
    #expect(checkpoint["h.10.w"]?.name == "h.10.w" && checkpoint["h.3"] == nil)
    #expect(checkpoint.size == 80 && checkpoint.warnings.isEmpty && checkpoint.path == path)
  }

  @Test func aTensorKnowsWhereItIs() throws {
    let folder = try Folder()
    let header =
      #"{"__metadata__":{"format":"pt"},"q":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,3]},"#
      + #""i":{"dtype":"I64","shape":[],"data_offsets":[3,11]},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[11,23]}}"#
    let length = header.utf8.count
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
    let path = try folder.write(bytes + Array(repeating: 0, count: 23), to: "a.safetensors")
    let checkpoint = try Checkpoint(path: path)
    #expect(checkpoint.metadata == ["format": "pt"])
    let w = try #require(checkpoint["w"])
    #expect(w.range == 8 + length + 11..<8 + length + 23 && w.file.path == path && w.count == 6)
    #expect(w.file.size == 8 + length + 23 && w.shape == [2, 3] && w.type == .readable(.brainFloat16))
    #expect(w.isScannable && w.note == nil)
    #expect(w.layout(.first) == (2, 3) && w.layout(.last) == (3, 2) && w.layout(.whole) == (1, 6))
    #expect(checkpoint["q"]?.note == "F8_E4M3: quantised, not read")
    #expect(checkpoint["i"]?.note == "I64: no weights, not read")
    let error = #expect(throws: CheckpointError.self) {
      try NeuronScan(#require(checkpoint["q"]), neurons: .first)
    }
    #expect(error?.description == "\(path): tensor 'q' is F8_E4M3, expected one of F64, F32, BF16, F16")
  }

  // MARK: Several files

  @Test func anIndexJoinsItsFiles() throws {
    let folder = try Folder()
    try folder.write(["h.10": Self.one, "h.1": Self.one, "left": Self.one], to: "m-1.safetensors")
    try folder.write(["h.2": Tensor([3.0, 4]), "h.1": Tensor([7.0])], to: "m-2.safetensors")
    let path = try folder.write(
      Self.index(["h.1": "m-1.safetensors", "h.10": "m-1.safetensors", "h.2": "m-2.safetensors"]),
      to: "m.safetensors.index.json")
    let checkpoint = try Checkpoint(path: path)
    #expect(checkpoint.tensors.map(\.name) == ["h.1", "h.2", "h.10"])
    #expect(try NeuronScan(#require(checkpoint["h.2"]), neurons: .whole).norm == 5)
    #expect(checkpoint["h.1"]?.file.path == "\(folder.path)/m-1.safetensors")
    #expect(
      checkpoint.warnings.map { $0.description.replacing(folder.path + "/", with: "") } == [
        "m-1.safetensors: tensor 'left' is not in the index under this file; it is left out",
        "m-2.safetensors: tensor 'h.1' is not in the index under this file; it is left out",
      ])
  }

  static let indices: [(text: String, message: String, isMissing: Bool)] = [
    ("", "not JSON, expected an index of safetensors files", false),
    ("[]", "not JSON, expected an index of safetensors files", false),
    (#"{"weight_map":{"a":"a.safetensors"}"#, "not JSON, expected an index of safetensors files", false),
    (
      "{}", "'weight_map' is missing or malformed, expected a weight_map with a file name for each tensor",
      false
    ),
    (
      #"{"weight_map":{"a":7}}"#,
      "'weight_map/a' is missing or malformed, expected a weight_map with a file name for each tensor", false
    ),
    (#"{"weight_map":{}}"#, "the weight_map names no tensor", false),
    (
      #"{"weight_map":{"a":"a.safetensors","a":"b.safetensors"}}"#,
      "'weight_map/a' is given twice; write the file again",
      false
    ),
    (
      index(["a": "../a.safetensors"]),
      "names the file '../a.safetensors', expected the name of a file beside the index", false
    ),
    (
      index(["a": "/etc/passwd"]),
      "names the file '/etc/passwd', expected the name of a file beside the index", false
    ),
    (
      index(["a": "sub/a.safetensors"]),
      "names the file 'sub/a.safetensors', expected the name of a file beside the index", false
    ),
    (index(["a": ".."]), "names the file '..', expected the name of a file beside the index", false),
    (index(["a": ""]), "names the file '', expected the name of a file beside the index", false),
    (index(["a": "b.safetensors"]), "names the file 'b.safetensors', which is not beside it", true),
    (
      index(["a": "a.safetensors", "z": "a.safetensors"]),
      "says that 'a.safetensors' has the tensor 'z', which it has not", false
    ),
  ]

  @Test(arguments: indices)
  func anUnsoundIndexGivesOneLine(_ item: (text: String, message: String, isMissing: Bool)) throws {
    let folder = try Folder()
    try folder.write(["a": Self.one], to: "a.safetensors")
    let path = try folder.write(item.text, to: "m.safetensors.index.json")
    let found = Self.message(path, in: folder)
    #expect(found.text == "m.safetensors.index.json: \(item.message)")
    #expect(found.isMissingInput == item.isMissing)
  }

  @Test func anUnsoundFileOfAnIndexIsNamed() throws {
    let folder = try Folder()
    try folder.write(TensorFile(tensors: ["a": Self.one]).encoded().dropLast(), to: "a.safetensors")
    let path = try folder.write(Self.index(["a": "a.safetensors"]), to: "m.safetensors.index.json")
    #expect(
      Self.message(path, in: folder).text
        == "a.safetensors: truncated: tensor 'a' ends at byte 8 of the data, which has 7; copy or write the file again"
    )
  }

  // MARK: Directories

  static let directories: [(files: [String], opened: String)] = [
    (["x.safetensors", "config.json"], "x.safetensors"),
    (["x.safetensors", "m.safetensors.index.json"], "m.safetensors.index.json"),
    (["x.safetensors", "y.safetensors", "m.safetensors.index.json"], "m.safetensors.index.json"),
    (
      ["x.safetensors", "m.safetensors.index.json", "model.safetensors.index.json"],
      "model.safetensors.index.json"
    ),
  ]

  @Test(arguments: directories, ["", "/"])
  func aDirectoryStandsForItsCheckpoint(_ item: (files: [String], opened: String), slash: String) throws {
    let folder = try Folder()
    for file in item.files {
      if file.hasSuffix(".index.json") {
        try folder.write(Self.index(["a": "x.safetensors"]), to: file)
      } else {
        try folder.write(["a": Self.one], to: file)
      }
    }
    #expect(try Checkpoint(path: folder.path + slash).path == "\(folder.path)/\(item.opened)")
  }

  @Test func aDirectoryWithoutOrWithSeveralGivesOneLine() throws {
    let folder = try Folder()
    #expect(
      Self.message(folder.path, in: folder)
        == (
          "\(folder.path): no checkpoint in this directory, expected one *.safetensors or *.safetensors.index.json",
          true
        ))
    try folder.write("", to: "pytorch_model.bin")
    #expect(Self.message(folder.path, in: folder).text.hasPrefix("pytorch_model.bin: a PyTorch file"))
    for number in 1...10 { try folder.write(["a": Self.one], to: "x\(number).safetensors") }
    #expect(
      Self.message(folder.path, in: folder).text
        == "\(folder.path): several checkpoints, name one: "
        + (1...8).map { "x\($0).safetensors" }.joined(separator: ", ") + " and 2 more")
  }

  // MARK: Other files

  private static let command =
    #"python3 -c "import sys, torch, safetensors.torch as s; d = torch.load(sys.argv[1], map_location='cpu', "#
    + "weights_only=True); d = d.get('model', d.get('state_dict', d)); s.save_file({k: v.contiguous().clone() "
    + #"for k, v in d.items() if torch.is_tensor(v)}, sys.argv[2])""#

  static let pickles: [(name: String, bytes: [UInt8], arguments: String)] = [
    ("x.pt", Array("PK\u{3}\u{4}....................".utf8), "x.pt x.safetensors"),
    ("x.ckpt", [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], "x.ckpt x.safetensors"),
    ("weights", [0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0], "weights weights.safetensors"),
    ("x.bin", [1], "x.bin x.safetensors"),
    ("x.pth", [], "x.pth x.safetensors"),
    ("it's.pt", [], #"'it'\''s.pt' 'it'\''s.safetensors'"#),
  ]

  @Test(arguments: pickles)
  func picklesAreRefusedWithTheCommandThatExports(
    _ item: (name: String, bytes: [UInt8], arguments: String)
  ) throws {
    let folder = try Folder()
    let path = try folder.write(item.bytes, to: item.name)
    let found = Self.message(path, in: folder)
    #expect(!found.isMissingInput)
    // A quoted path is not shortened by the folder's name.
    let expected =
      "\(item.name): a PyTorch file, whose reading can run code; export its tensors: \(Self.command) "
    #expect(found.text.hasPrefix(expected))
    if !item.name.contains("'") { #expect(found.text == expected + item.arguments) }
    #expect(
      Pickle.export(item.name).text.hasSuffix(" " + item.arguments))
  }

  /// A length whose first bytes are those of a pickle: what counts is the brace behind it.
  @Test func aSafetensorsFileIsKnownByItsContent() throws {
    let folder = try Folder()
    let header = "{}" + String(repeating: " ", count: 0x280 - 2)
    let path = try folder.write([0x80, 2, 0, 0, 0, 0, 0, 0] + Array(header.utf8), to: "x.bin")
    #expect(try Checkpoint(path: path).tensors.isEmpty)
  }

  @Test func whatIsNoFileGivesOneLine() throws {
    let folder = try Folder()
    #expect(Self.message("\(folder.path)/none", in: folder) == ("none: no such file", true))
    try folder.write("GGUF and more", to: "a.gguf")
    #expect(
      Self.message("\(folder.path)/a.gguf", in: folder)
        == (
          "a.gguf: not a safetensors file, expected 8 bytes with the length of the header and then '{'", false
        ))
    #expect(Self.message("/dev/null", in: folder) == ("/dev/null: cannot be read", true))
  }

  // MARK: Files that change

  @Test func aFileThatChangedIsNotRead() throws {
    let folder = try Folder()
    let path = try folder.write(["a": Tensor([1.0, 2])], to: "a.safetensors")
    let tensor = try #require(Checkpoint(path: path)["a"])
    try folder.write(TensorFile(tensors: ["a": Tensor([1.0, 2])]).encoded().dropLast(8), to: "a.safetensors")
    let error = #expect(throws: CheckpointError.self) { try NeuronScan(tensor, neurons: .whole) }
    #expect(error == .changed(path: path))
    #expect(error?.description == "\(path): was changed or truncated while it was read; start again")
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: CheckpointError.missing(path: path)) { try NeuronScan(tensor, neurons: .whole) }
  }

  @Test func anotherShapeIsNotCompared() throws {
    let folder = try Folder()
    let now = try Checkpoint(path: folder.write(["a": Tensor([1.0, 2])], to: "a.safetensors"))
    let before = try Checkpoint(path: folder.write(["a": Tensor([1.0], shape: [1])], to: "b.safetensors"))
    let error = #expect(throws: CheckpointError.self) {
      try NeuronScan(#require(now["a"]), neurons: .whole, since: before["a"])
    }
    #expect(
      error?.description
        == "\(folder.path)/b.safetensors: tensor 'a' has the shape [1], expected [2] as in the later checkpoint"
    )
  }
}
