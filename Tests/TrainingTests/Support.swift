import Safetensors
import Testing

@testable import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Files of `Tests/ReferenceData`, and what tests of the training core share.
enum Stored {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ReferenceData")

  static func tensors(_ name: String) throws -> [String: Tensor] {
    try TensorFile([UInt8](Data(contentsOf: folder.appending(path: name + ".safetensors")))).tensors
  }
}

/// An instruction set of this processor in a precision.
struct Arithmetic: CustomTestStringConvertible, Sendable {
  let set: InstructionSet
  let precision: Precision

  static let available = InstructionSet.available.flatMap { set in
    Precision.allCases.map { Arithmetic(set: set, precision: $0) }
  }

  /// Of the reference data, relative to the largest value of a tensor: its own readme gives the reasons.
  var tolerance: Double { precision == .double ? 1e-12 : 1e-5 }

  var testDescription: String { "\(set.rawValue), \(precision.rawValue)" }
}

/// The largest deviation, relative to the largest value expected; infinite where anything is not finite or missing.
func deviation(_ found: [Double], from expected: [Double]) -> Double {
  guard found.count == expected.count, found.allSatisfy(\.isFinite) else { return .infinity }
  let size = expected.reduce(0) { max($0, abs($1)) }
  return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / size
}

/// The update rules by the names of the recorded data, with its hyperparameters.
let recordedRules: [String: any UpdateRule] = [
  "sgdm": SGDMRule(momentum: 0.9),
  "sgdm-nesterov": SGDMRule(momentum: 0.9, nesterov: true),
  "sgdm-dampening": SGDMRule(momentum: 0.9, dampening: 0.3),
  "adamw": AdamWRule(beta1: 0.9, beta2: 0.95, epsilon: 1e-8),
  "adam-l2": AdamL2Rule(beta1: 0.9, beta2: 0.95, epsilon: 1e-8),
  "lion": LionRule(beta1: 0.9, beta2: 0.99),
]

/// An optimizer with the settings of its random walk in Figure 9, and a wrapper or none.
struct Walk: CustomTestStringConvertible, Sendable {
  let name: String
  let rule: any UpdateRule
  let step: StepSettings
  var wrapper: RotationalWrapper?

  var testDescription: String {
    name + (wrapper.map { ", \($0.granularity.rawValue)s turned" } ?? "")
  }

  static let plain = [
    Walk(
      name: "sgdm", rule: SGDMRule(momentum: 0.9),
      step: StepSettings(learningRate: 0.5, weightDecay: 1e-4, rotation: 0.03)),
    Walk(
      name: "sgdm-nesterov", rule: SGDMRule(momentum: 0.9, nesterov: true),
      step: StepSettings(learningRate: 0.5, weightDecay: 1e-4, rotation: 0.03)),
    Walk(
      name: "adamw", rule: AdamWRule(beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
      step: StepSettings(learningRate: 1.25e-2, weightDecay: 8e-2, rotation: 0.03)),
    Walk(
      name: "adam-l2", rule: AdamL2Rule(beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
      step: StepSettings(learningRate: 7.813e-4, weightDecay: 1.25e-4, rotation: 0.03)),
    Walk(
      name: "lion", rule: LionRule(beta1: 0.9, beta2: 0.99),
      step: StepSettings(learningRate: 5e-4, weightDecay: 1, rotation: 0.03)),
  ]

  /// The same with Algorithm 1 around them.
  static func rotational(_ wrapper: RotationalWrapper) -> [Walk] {
    plain.map { Walk(name: $0.name, rule: $0.rule, step: $0.step, wrapper: wrapper) }
  }

  /// Every optimizer as it is, turned neuron by neuron, turned as a layer, and with a gain.
  static let all =
    plain + rotational(RotationalWrapper()) + rotational(RotationalWrapper(granularity: .layer))
    + rotational(RotationalWrapper(learnsGain: true))

  func settings(
    _ system: SimpleSystem, seed: UInt64 = 1, window: Int = 10, precision: Precision = .single,
    set: InstructionSet = .best
  ) -> SimulationSettings {
    SimulationSettings(
      system: system, rule: rule, wrapper: wrapper, seed: seed, window: window, precision: precision,
      instructionSet: set
    ) { [step] _ in step }
  }

  /// A run of it in a system, a measurement a window.
  func windows(
    _ count: Int, of length: Int, _ system: SimpleSystem, seed: UInt64 = 1, precision: Precision = .single,
    set: InstructionSet = .best
  ) throws -> [Simulation.Window] {
    let simulation = try Simulation(
      settings(system, seed: seed, window: length, precision: precision, set: set))
    return try (0..<count).map { _ in try simulation.advance() }
  }
}

/// Whether two windows of a run have the same bits.
func == (left: Simulation.Window, right: Simulation.Window) -> Bool {
  left.lastStep == right.lastStep && left.measurement == right.measurement
    && left.rotationOverWindow == right.rotationOverWindow
}

/// Tests that take long are run by `make test-slow` alone.
enum SlowTests {
  static let areWanted = ProcessInfo.processInfo.environment["ROTEQ_SLOW_TESTS"] != nil
}
