import Safetensors

/// A tensor of a checkpoint: where it is, not what is in it.
public struct CheckpointTensor: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// How each number is stored.
  public let type: StoredType
  /// The extent of each dimension, the last one running fastest; empty for a single number.
  public let shape: [Int]
  /// The file that holds it, as it was when the checkpoint was opened.
  public let file: CheckpointFile
  /// Its bytes in that file.
  public let range: Range<Int>

  /// How many numbers it has.
  public var count: Int { shape.reduce(1, *) }

  /// Whether a ``NeuronScan`` can read it: `F64`, `F32`, `BF16` and `F16` can be.
  public var isScannable: Bool { type.scanType != nil }

  /// What a listing says of a tensor that is not scanned; nil for one that is.
  public var note: String? {
    switch type {
    case .readable where isScannable: nil
    case .readable: "\(type.name): no weights, not read"
    case .opaque(.complex64): "\(type.name): complex numbers, not read"
    case .opaque: "\(type.name): quantised, not read"
    }
  }

  /// How many neurons it has, and how many numbers each, with the neurons along an axis; none without numbers.
  public func layout(_ axis: NeuronAxis) -> (neurons: Int, dimension: Int) {
    // A shape may have huge extents beside a zero.
    guard count > 0 else { return (0, 0) }
    return switch axis {
    case .first: (shape.first ?? 1, shape.dropFirst().reduce(1, *))
    case .last: (shape.last ?? 1, shape.dropLast().reduce(1, *))
    case .whole: (1, count)
    }
  }
}

/// Where the neurons of a tensor are.
///
/// A scan keeps a few numbers for each neuron: a long tensor of one dimension is best taken as a whole.
public enum NeuronAxis: String, CaseIterable, Sendable {
  /// A neuron for each index of the first dimension, as PyTorch keeps `Linear` `[out, in]` and convolutions `[out, in, …]`.
  case first
  /// A neuron for each index of the last dimension, as GPT-2's `Conv1D` is kept, `[in, out]`.
  case last
  /// The whole tensor as one.
  case whole
}

/// A file as it was when it was opened first; what is read later has to be of the same file.
public struct CheckpointFile: Sendable, Hashable {
  /// Its path.
  public let path: String
  /// Its size in bytes.
  public let size: Int
  /// When it was last changed, in seconds since 1970 and nanoseconds, and its number on its device.
  let (seconds, nanoseconds): (Int, Int)
  let number: UInt64

  init(path: String, size: Int, changed: (seconds: Int, nanoseconds: Int), number: UInt64) {
    (self.path, self.size, self.number) = (path, size, number)
    (seconds, nanoseconds) = changed
  }
}
