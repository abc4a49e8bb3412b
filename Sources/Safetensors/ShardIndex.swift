/// Which of several files has which tensor: a `*.safetensors.index.json` as the Hugging Face libraries write it.
public struct ShardIndex: Sendable, Equatable {
  /// The file of each tensor, by the tensor's name; files lie beside the index.
  public let files: [String: String]

  /// Reads `{"weight_map": {tensor: file, …}}`; other keys are passed over.
  ///
  /// - Throws: ``TensorFileError`` where it is no JSON or has no such map.
  public init(_ bytes: [UInt8]) throws(TensorFileError) {
    do throws(TensorFileError) {
      var scanner = JSONScanner(bytes, in: 0..<bytes.count)
      files = try Self.files(&scanner)
    } catch {
      guard case .malformedHeader(let place) = error else { throw error }
      throw .malformedIndex(at: place)
    }
  }

  private static func files(_ scanner: inout JSONScanner) throws(TensorFileError) -> [String: String] {
    var files: [String: String]?
    try scanner.expect(.object, at: "")
    scanner.enter()
    while let key = try scanner.checkedName() {
      guard key == "weight_map" else {
        try scanner.skipChecked()
        continue
      }
      guard files == nil else { throw .repeatedKey(key) }
      files = try scanner.texts(at: key)
    }
    try scanner.finishChecked()
    guard let files else { throw .malformedHeader(at: "weight_map") }
    return files
  }
}
