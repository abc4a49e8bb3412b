import OutsideText
import Safetensors

/// Why a checkpoint, or a tensor of it, could not be read; its description is one line that begins with the path.
public enum CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is no such file or directory.
  case missing(path: String)
  /// It is there but cannot be opened or read.
  case unreadable(path: String)
  /// A directory without a checkpoint.
  case nothingInside(path: String)
  /// A directory with several checkpoints.
  case severalInside(path: String, names: [String])
  /// A file of PyTorch's own format, whose reading can run code.
  case pickle(path: String)
  /// A file that is no sound safetensors file or index.
  case unsound(TensorFileError, path: String)
  /// An index larger than any.
  case indexTooLarge(path: String, limit: Int)
  /// An index without a tensor.
  case emptyIndex(path: String)
  /// An index that names a file elsewhere.
  case fileElsewhere(String, path: String)
  /// A file that the index names is not there.
  case missingFile(String, index: String)
  /// A tensor that is not in the file that the index names.
  case missingTensor(String, file: String, index: String)
  /// A file that is not what it was when the checkpoint was opened.
  case changed(path: String)
  /// A tensor whose numbers are not read.
  case notScannable(tensor: String, type: StoredType, path: String)
  /// A tensor that has another shape in the earlier checkpoint.
  case shapes(tensor: String, [Int], previous: [Int], path: String)

  /// Whether a file itself could not be had, as against what it says; sysexits knows this as EX_NOINPUT.
  public var isMissingInput: Bool {
    switch self {
    case .missing, .unreadable, .nothingInside, .missingFile: true
    default: false
    }
  }

  /// One line: path, what is wrong and, where it can, what to do instead.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): no such file"
    case .unreadable(let path): "\(path): cannot be read"
    case .nothingInside(let path):
      "\(path): no checkpoint in this directory, expected one *.safetensors or *.safetensors.index.json"
    case .severalInside(let path, let names):
      "\(path): several checkpoints, name one: "
        + names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    case .pickle(let path):
      "\(path): a PyTorch file, whose reading can run code; export its tensors: \(Pickle.export(path).text)"
    case .unsound(let error, let path): "\(path): \(error)"
    case .indexTooLarge(let path, let limit):
      "\(path): larger than \(limit / 1_000_000) MB, too large for an index"
    case .emptyIndex(let path): "\(path): the weight_map names no tensor"
    case .fileElsewhere(let file, let path):
      "\(path): names the file '\(file)', expected the name of a file beside the index"
    case .missingFile(let file, let index): "\(index): names the file '\(file)', which is not beside it"
    case .missingTensor(let tensor, let file, let index):
      "\(index): says that '\(file)' has the tensor '\(tensor)', which it has not"
    case .changed(let path): "\(path): was changed or truncated while it was read; start again"
    case .notScannable(let tensor, let type, let path):
      "\(path): tensor '\(tensor)' is \(type.name), expected one of F64, F32, BF16, F16"
    case .shapes(let tensor, let shape, let previous, let path):
      "\(path): tensor '\(tensor)' has the shape \(previous), expected \(shape) as in the later checkpoint"
    }
  }
}
