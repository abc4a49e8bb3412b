/// Which of several files has which tensor: a `*.safetensors.index.json` as the Hugging Face libraries write it.
public struct ShardIndex: Sendable, Equatable {
  /// The file of each tensor, by the tensor's name; files lie beside the index.
  public let files: [String: String]

  /// Reads `{"weight_map": {tensor: file, …}}`; other keys are passed over.
  ///
  /// - Throws: ``TensorFileError`` where it is no JSON or has no such map.
  public init(_ bytes: [UInt8]) throws(TensorFileError) {
    var scanner = JSONScanner(bytes, in: 0..<bytes.count)
    var files: [String: String]?
    try scanner.expect(.object, at: "")
    scanner.enter()
    while let key = try scanner.checkedName() {
      if key == Self.mapKey {
        guard files == nil else { throw .repeatedKey(key) }
        files = try scanner.texts(at: key)
      } else {
        do throws(JSONScanner.Malformed) { try scanner.skip() } catch { throw .malformedHeader(at: "") }
      }
    }
    do throws(JSONScanner.Malformed) { try scanner.finish() } catch { throw .malformedHeader(at: "") }
    guard let files else { throw .malformedHeader(at: Self.mapKey) }
    self.files = files
  }

  private static let mapKey = "weight_map"
}
