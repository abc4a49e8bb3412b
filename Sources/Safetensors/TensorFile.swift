/// Named tensors in the safetensors format.
///
/// A file is the length of the header (8 bytes, little-endian), the header in JSON, and the data. The header gives each tensor its
/// `dtype`, its `shape` and its `data_offsets`, the range of its bytes in the data; `__metadata__` is a dictionary of text.
/// Source: https://github.com/huggingface/safetensors, "Format".
public struct TensorFile: Sendable, Equatable {
  /// The tensors by their names.
  public var tensors: [String: Tensor]
  /// Text that goes with them.
  public var metadata: [String: String]

  /// Longest header that is read, in bytes: the format's own limit.
  public static let headerLimit = 100_000_000

  /// The one name that no tensor can have.
  static let metadataKey = "__metadata__"

  /// A file to be written.
  ///
  /// - Parameter tensors: any names but `__metadata__`.
  public init(tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    (self.tensors, self.metadata) = (tensors, metadata)
  }

  /// The file that the bytes hold. The tensors share the bytes; nothing is copied.
  ///
  /// - Throws: ``TensorFileError`` where anything in the header contradicts itself or the data.
  public init(_ bytes: [UInt8]) throws(TensorFileError) {
    tensors = [:]
    let start =
      TensorHeader.prefix + (try TensorHeader.length(bytes.prefix(TensorHeader.prefix + 1), of: bytes.count))
    let header = try TensorHeader(bytes, in: TensorHeader.prefix..<start, dataSize: bytes.count - start)
    metadata = header.metadata
    tensors.reserveCapacity(header.entries.count)
    for entry in header.entries {
      guard case .readable(let type) = entry.type else {
        throw .unknownType(entry.type.name, tensor: entry.name)
      }
      tensors[entry.name] = Tensor(
        type: type, shape: entry.shape,
        bytes: bytes[start + entry.range.lowerBound..<start + entry.range.upperBound])
    }
  }

  /// The tensor of a name.
  ///
  /// - Throws: ``TensorFileError/missing(tensor:known:)``.
  public func tensor(_ name: String) throws(TensorFileError) -> Tensor {
    guard let tensor = tensors[name] else { throw .missing(tensor: name, known: tensors.keys.sorted()) }
    return tensor
  }

  /// The bytes of the file. Equal files give equal bytes.
  ///
  /// Wide numbers come first and the header is padded, so every number begins at a multiple of its width.
  public func encoded() -> [UInt8] {
    let order = tensors.sorted { ($1.value.type.width, $0.key) < ($0.value.type.width, $1.key) }
    var header = TensorHeader()
    header.metadata = metadata
    var data = 0
    for (name, tensor) in order {
      precondition(name != Self.metadataKey, "no tensor can be named \(Self.metadataKey)")
      header.entries.append(
        TensorHeader.Entry(
          name: name, type: .readable(tensor.type), shape: tensor.shape,
          range: data..<data + tensor.bytes.count))
      data += tensor.bytes.count
    }
    let text = header.text
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + text.count + data)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes += $0 }
    bytes += text
    for (_, tensor) in order { bytes += tensor.bytes }
    return bytes
  }
}
