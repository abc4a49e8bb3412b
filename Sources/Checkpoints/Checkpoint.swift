import Safetensors

/// The tensors of a training checkpoint: a safetensors file, or several with an index.
///
/// Opening reads the headers only. A ``NeuronScan`` reads the numbers.
public struct Checkpoint: Sendable {
  /// The file that was opened: the one in it where a directory was given.
  public let path: String
  /// The tensors in the natural order of their names: `h.2` comes before `h.10`.
  public let tensors: [CheckpointTensor]
  /// Text that goes with the tensors, of the first file.
  public let metadata: [String: String]
  /// What is odd but does no harm.
  public let warnings: [CheckpointWarning]

  init(
    path: String, tensors: [CheckpointTensor], metadata: [String: String], warnings: [CheckpointWarning]
  ) {
    self.path = path
    self.tensors = tensors.sorted { NaturalOrder.isBefore($0.name, $1.name) }
    (self.metadata, self.warnings) = (metadata, warnings)
  }

  /// The tensor of a name; nil where there is none.
  public subscript(_ name: String) -> CheckpointTensor? {
    var range = tensors.indices
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if NaturalOrder.isBefore(tensors[middle].name, name) {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    guard range.lowerBound < tensors.count, tensors[range.lowerBound].name == name else { return nil }
    return tensors[range.lowerBound]
  }

  /// The bytes that all tensors take.
  public var size: Int { tensors.reduce(0) { $0 + $1.range.count } }
}

/// What is odd in a checkpoint but does no harm.
public enum CheckpointWarning: Sendable, Equatable, CustomStringConvertible {
  /// Tensors of a file that the index does not give to it; they are left out.
  case unlisted(count: Int, first: String, file: String)

  /// One line.
  public var description: String {
    switch self {
    case .unlisted(1, let first, let file):
      "\(file): tensor '\(first)' is not in the index under this file; it is left out"
    case .unlisted(let count, let first, let file):
      "\(file): \(count) tensors, the first of them '\(first)', are not in the index under this file; they are left out"
    }
  }
}
