import Foundation
import Safetensors
import Testing

/// `roteq replay`, against what NumPy and PyTorch make of the same gradients (Tests/ReferenceData/Replay).
@Suite struct ReplayCommandTests {
  static let recorded = "Tests/ReferenceData/Replay/"
  static let examples =
    "--weights examples/replay-weights.safetensors --gradients examples/replay-gradients.safetensors"
  static let adamW = "roteq replay --optimizer adamw --lr 1e-2 --weight-decay 0.1 \(examples)"
  static let rotational = "roteq replay --optimizer rv-adamw --lr 1e-2 --weight-decay 0.1 \(examples)"

  /// A rotational variant under a schedule, against PyTorch's AdamW without either: deviations that no rounding changes.
  static let againstPyTorch =
    "\(rotational) --rv-granularity layer --schedule cosine --warmup 5 --expected examples/replay-adamw.safetensors --tolerance 1 --instructions plain"

  /// A run of the reference and the flags that ask for it.
  struct Case: CustomTestStringConvertible {
    let file: String
    let prefix: String
    let flags: String
    var testDescription: String { "\(file): \(prefix)" }

    init(_ file: String, _ prefix: String, _ flags: String) {
      (self.file, self.prefix, self.flags) = (file, prefix, flags)
    }
  }

  private static let flags = [
    ("sgdm", "sgdm --momentum 0.9"), ("adamw", "adamw --beta2 0.95"), ("adam-l2", "adam-l2 --beta2 0.95"),
    ("lion", "lion"),
  ]

  static let cases: [Case] =
    flags.flatMap { name, flags in
      [
        Case("standard", name, flags), Case("rotational", "\(name)/neuron/centred/0.9", "rv-\(flags)"),
        Case(
          "rotational", "\(name)/layer/uncentred/0.99",
          "rv-\(flags) --rv-granularity layer --rv-keep-mean --rv-beta 0.99"),
        Case("rotational", "\(name)/neuron/uncentred/0", "rv-\(flags) --rv-keep-mean --rv-beta 0"),
      ]
    } + [
      Case("standard", "sgdm-nesterov", "sgdm --momentum 0.9 --nesterov"),
      Case("standard", "sgdm-dampening", "sgdm --momentum 0.9 --dampening 0.3"),
      Case("rotational", "sgdm-nesterov/neuron/centred/0.9", "rv-sgdm --momentum 0.9 --nesterov"),
      Case(
        "imbalanced", "adamw", "rv-adamw --beta2 0.95 --imbalance faster=0.33,slower=0.17,factor=3"),
      Case("gain", "lion", "rv-lion --learn-gain"),
      Case("gain", "adam-l2", "rv-adam-l2 --beta2 0.95 --learn-gain"),
    ]

  /// The tolerances are those of the reference, which says why.
  @Test(arguments: cases) func referenceIsReached(_ test: Case) throws {
    try Self.expectReference(test, "double", tolerance: 1e-12)
  }

  @Test(arguments: cases) func referenceIsReachedInSinglePrecision(_ test: Case) throws {
    try Self.expectReference(test, "single", tolerance: 1e-5)
  }

  /// The files of the reference, read once.
  private static let references = Result {
    try Dictionary(
      uniqueKeysWithValues: Set(cases.map(\.file)).map { ($0, try tensors("\(recorded)\($0).safetensors")) })
  }

  private static func expectReference(_ test: Case, _ precision: String, tolerance: Double) throws {
    let folder = try Folder()
    let schedule = try folder.file("rates.csv", try rates())
    let path = try folder.path("out.safetensors")
    let rotation = test.flags.hasPrefix("rv-") ? " --rotation \(schedule)" : ""
    let run = try Roteq(
      line:
        "roteq replay --optimizer \(test.flags) --weight-decay 0.1 --schedule \(schedule)\(rotation) --weights \(recorded)weights.safetensors --gradients \(recorded)gradients.safetensors --precision \(precision) --every 1 -o \(path)"
    )
    try #require(run.exitCode == 0, "\(run.errors)")
    let result = try tensors(path)
    let expected = try #require(try references.get()[test.file])
    var compared = 0
    for (name, tensor) in expected.tensors where name.hasPrefix(test.prefix + "/") {
      let own = String(name.dropFirst(test.prefix.count + 1)).replacing("gain/", with: "weight_gain/")
      let found = try result.tensor(own.replacing("/after.240", with: ""))
      #expect(found.shape == tensor.shape)
      #expect(found.type == (precision == "single" ? .float32 : .float64))
      let scale = tensor.values.map(abs).max() ?? 0
      let error = zip(found.values, tensor.values).map { abs($0 - $1) }.max() ?? .nan
      #expect(error <= tolerance * scale, "\(own): \(error / scale)")
      compared += 1
    }
    #expect(compared == (test.file == "gain" ? 15 : 10))
  }

  /// A weight alone, its gradients named without it, in each type that weights come in.
  @Test(arguments: ["F32", "BF16", "F16"], ["adamw", "rv-adamw"])
  func everyTypeIsRead(_ type: String, _ optimizer: String) throws {
    let folder = try Folder()
    let all = try Self.tensors("\(Self.recorded)single/expected.safetensors")
    let expected = try folder.file(
      "expected.safetensors",
      TensorFile(tensors: ["weight": try all.tensor("\(optimizer)/\(type)/weight/after.5")]))
    let rotation = optimizer == "rv-adamw" ? " --rotation 0.05" : ""
    let run = try Roteq(
      line:
        "roteq replay --optimizer \(optimizer) --lr 0.02 --weight-decay 0.1 --beta2 0.95\(rotation) --weights \(Self.recorded)single/weight-\(type).safetensors --gradients \(Self.recorded)single/gradients-\(type).safetensors --expected \(expected)"
    )
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  /// With β = 0 each step turns by exactly arctan η̂_r, and η̂_r of Table 1 follows the schedule.
  ///
  /// ε adds 1e-8 to a size of about 1.
  @Test func theDefaultRotationIsThatOfTable1() throws {
    let report = try Self.json(Self.rotational + " --rv-beta 0 --schedule linear")
    let angles = (0..<20).map { step in
      let η = 1e-2 * (1 - Double(step) / 20)
      return (2 * η * 0.1 * 0.1 / 1.9).squareRoot()
    }
    let settings = try #require(report["settings"] as? [String: Any])
    let mean = try #require(settings["mean_rotation"] as? Double)
    #expect(abs(mean / (angles.reduce(0, +) / 20) - 1) < 1e-12)
    let turned = angles.map { atan($0) }.reduce(0, +) / 20
    let tensors = try #require(report["tensors"] as? [[String: Any]])
    for tensor in tensors where tensor["role"] as? String == "rotated" {
      let angle = try #require(tensor["mean_rotation"] as? Double)
      #expect(abs(angle / turned - 1) < 1e-6)
      let norms = ["norm_before", "norm_after"].compactMap { tensor[$0] as? Double }
      #expect(abs(norms[1] / norms[0] - 1) < 1e-12)
    }
  }

  /// A number that is changed in one step of another implementation is found where it is.
  @Test func aDeviationIsFound() throws {
    let folder = try Folder()
    let path = try folder.path("out.safetensors")
    try #require(try Roteq(line: Self.adamW + " --steps 8 --every 1 -o \(path)").exitCode == 0)
    var file = try Self.tensors(path)
    #expect(file.tensors["0.weight/after.7"] != nil)
    #expect(file.tensors["0.weight/after.8"] == nil, "the last step is there under the tensor's own name")
    #expect(file.metadata["optimizer"] == "adamw")
    #expect(file.metadata["learning_rate"] == "0.01")
    #expect(file.metadata["steps"] == "8")
    let tensor = try file.tensor("0.weight/after.3")
    var values = tensor.values
    let largest = values.map(abs).max() ?? 0
    values[2 * 8 + 3] += values[2 * 8 + 3] > 0 ? -1e-3 * largest : 1e-3 * largest
    file.tensors["0.weight/after.3"] = Tensor(values, shape: tensor.shape)
    file.tensors["elsewhere"] = tensor
    let changed = try folder.file("changed.safetensors", file)

    let run = try Roteq(line: Self.adamW + " --steps 8 --expected \(changed) --format json")
    #expect(run.exitCode == 65)
    #expect(
      run.errors
        == "roteq: \(changed): tensor '0.weight' is off from step 3 on, most at [2, 3] after step 3: by 0.001 of its largest value, allowed 1e-12\n"
    )
    let report = try #require(
      JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let comparison = try #require(report["comparison"] as? [String: Any])
    #expect(comparison["agrees"] as? Bool == false)
    #expect(comparison["not_compared"] as? [String] == ["elsewhere"])
    for found in try #require(comparison["deviations"] as? [[String: Any]]) {
      #expect(found["steps_compared"] as? Int == 8)
      guard found["tensor"] as? String == "0.weight" else {
        #expect(found["first_beyond"] is NSNull)
        continue
      }
      #expect(found["index"] as? [Int] == [2, 3])
      #expect(found["step"] as? Int == 3)
      #expect(found["first_beyond"] as? Int == 3)
      // Over the largest value of the changed tensor, which is the other one's.
      let deviation = try #require(found["largest_deviation"] as? Double)
      #expect(abs(deviation / 1e-3 - 1) < 1e-9)
    }
    #expect(
      try Roteq(line: Self.adamW + " --steps 8 --tolerance 0.01 --expected \(changed)").exitCode == 0)

    // What is not a number agrees with nothing.
    values[0] = .nan
    file.tensors["0.weight/after.3"] = Tensor(values, shape: tensor.shape)
    let broken = try folder.file("broken.safetensors", file)
    let again = try Roteq(line: Self.adamW + " --steps 8 --tolerance 0.01 --expected \(broken)")
    #expect(again.exitCode == 65)
    #expect(again.output.contains("not finite"))
  }

  @Test func momentsAreWritten() throws {
    let folder = try Folder()
    for (optimizer, moments) in [
      ("sgdm --momentum 0.9", ["first_moment", "first_moment_of_decay"]),
      ("adamw", ["first_moment", "second_moment"]),
      ("adam-l2", ["first_moment", "first_moment_of_decay", "second_moment"]), ("lion", ["first_moment"]),
    ] {
      let path = try folder.path("out.safetensors")
      let run = try Roteq(
        line:
          "roteq replay --optimizer \(optimizer) --lr 1e-3 --weight-decay 0.1 \(Self.examples) --steps 3 --moments -o \(path)"
      )
      #expect(run.exitCode == 0, "\(run.errors)")
      let names = try Self.tensors(path).tensors.keys.filter { $0.hasPrefix("2.bias") }.sorted()
      #expect(names == ["2.bias"] + moments.map { "2.bias/\($0)" })
    }
  }

  /// Without decay a weight is updated as its reshaped twin that is a bias.
  @Test func weightDecayCanBeZero() throws {
    let folder = try Folder()
    let weights = [0.5, -0.25, 1]
    let gradients = [[0.1, -0.2, 0.3], [0.2, 0.1, -0.1]]
    func replayed(_ shape: [Int]) throws -> [Double] {
      let start = try folder.file("w.safetensors", TensorFile(tensors: ["w": Tensor(weights, shape: shape)]))
      let steps = try folder.file(
        "g.safetensors",
        TensorFile(
          tensors: [
            "step.0": Tensor(gradients[0], shape: shape), "w/step.1": Tensor(gradients[1], shape: shape),
          ])
      )
      let path = try folder.path("out.safetensors")
      let run = try Roteq(
        line:
          "roteq replay --optimizer sgdm --momentum 0.5 --lr 0.1 --weight-decay 0 --weights \(start) --gradients \(steps) -o \(path)"
      )
      try #require(run.exitCode == 0, "\(run.errors)")
      return try Self.tensors(path).tensor("w").values
    }
    // w − 0.1·g₀ − 0.1·(0.5·g₀ + g₁)
    let expected = zip(weights, zip(gradients[0], gradients[1])).map { $0 - 0.15 * $1.0 - 0.1 * $1.1 }
    for shape in [[3], [1, 3]] {
      for (own, value) in zip(try replayed(shape), expected) { #expect(abs(own - value) < 1e-15) }
    }
  }
}

// MARK: Files

extension ReplayCommandTests {
  static func tensors(_ path: String) throws -> TensorFile {
    try TensorFile([UInt8](try Data(contentsOf: URL(filePath: path, relativeTo: Roteq.root))))
  }

  /// The reference's schedule as the command reads it.
  private static func rates() throws -> String {
    let schedule = try tensors("\(recorded)schedule.safetensors")
    let (rates, rotations) = (
      try schedule.tensor("learning_rate").values, try schedule.tensor("rotation").values
    )
    return "step,learning_rate,rotation\n"
      + zip(rates, rotations).enumerated().map { "\($0 + 1),\($1.0),\($1.1)\n" }.joined()
  }

  /// The report of a replay whose result is thrown away.
  static func json(_ line: String) throws -> [String: Any] {
    let folder = try Folder()
    let run = try Roteq(line: "\(line) -o \(try folder.path("out.safetensors")) --format json")
    try #require(run.exitCode == 0, "\(run.errors)")
    return try #require(JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
  }
}

extension Folder {
  func file(_ name: String, _ file: TensorFile) throws -> String {
    let path = try path(name)
    try Data(file.encoded()).write(to: URL(filePath: path))
    return path
  }
}
