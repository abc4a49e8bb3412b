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
