import Audits
import Checkpoints
import Foundation
import Parameters
import RunConfigurations
import Safetensors

/// The two runs that `Tests/ReferenceData/Audit/train.py` made, with what PyTorch measured of them.
enum StoredRun {
  case transformer, convolutions

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Steps between two checkpoints, the name of a tensor, and what was measured.
  struct Measured: Decodable {
    let norm: Double
    let norm_before: Double
    let rotation: Double
    let retention: Double
    let rms_neuron_rotation: Double
    let imbalance_of_norm: Double
    let imbalance_of_rotation: Double
    let rms_unit_gradient: Double
    let rms_step_rotation: Double
  }

  private func path(_ step: Int) -> String {
    switch self {
    case .transformer: Self.root.appending(path: "examples/transformer-step-\(step).safetensors").path
    case .convolutions:
      Self.root.appending(path: "Tests/ReferenceData/Audit/convolutions-step-\(step).safetensors").path
    }
  }

  private var lastStep: Int { self == .transformer ? 1600 : 2100 }

  func run() throws -> TrainingRun {
    let file =
      self == .transformer ? "examples/transformer.yaml" : "Tests/ReferenceData/Audit/convolutions.yaml"
    return try RunConfiguration.read(path: Self.root.appending(path: file).path)
  }

  func measured(_ stepsBetween: Int) throws -> [String: Measured] {
    let data = try Data(contentsOf: Self.root.appending(path: "Tests/ReferenceData/Audit/measured.json"))
    let all = try JSONDecoder().decode([String: [String: [String: Measured]]].self, from: data)
    return all[self == .transformer ? "transformer" : "convolutions"]?["\(stepsBetween)"] ?? [:]
  }

  func audit(_ stepsBetween: Int?, neuronsOf: String? = nil) throws -> Audit {
    let run = try run()
    let now = try Checkpoint(path: path(lastStep))
    let before = try stepsBetween.map { try Checkpoint(path: path(lastStep - $0)) }
    return try Audit(
      Audit.Request(
        run, ParameterList(now.listing, ParameterRules(run.decayRule)), now, step: lastStep, previous: before,
        stepsBetween: stepsBetween, neuronsOf: neuronsOf))
  }
}

/// The relative difference of two numbers.
func difference(_ first: Double?, _ second: Double) -> Double { abs((first ?? .nan) / second - 1) }

/// The audit of made-up tensors; those of the earlier checkpoint are 5 steps older.
func audit(
  _ run: TrainingRun, _ now: [String: Tensor], before: [String: Tensor]? = nil, step: Int
) throws -> Audit {
  let directory = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID())")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  func checkpoint(_ tensors: [String: Tensor], _ name: String) throws -> Checkpoint {
    let path = directory.appending(path: name)
    try Data(TensorFile(tensors: tensors).encoded()).write(to: path)
    return try Checkpoint(path: path.path)
  }
  let opened = try checkpoint(now, "now.safetensors")
  return try Audit(
    Audit.Request(
      run, ParameterList(opened.listing, ParameterRules(run.decayRule)), opened, step: step,
      previous: try before.map { try checkpoint($0, "before.safetensors") },
      stepsBetween: before == nil ? nil : 5))
}

/// A matrix of rows of random signs, each of a norm.
func matrix(neurons: Int, dimension: Int, norm: Double = 1) -> Tensor {
  var state: UInt64 = 7
  let values = (0..<neurons * dimension).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float((state >> 63 == 0 ? norm : -norm) / Double(dimension).squareRoot())
  }
  return Tensor(values, shape: [neurons, dimension])
}
