import Safetensors

extension Checkpoint {
  /// Opens a `*.safetensors` file, a `*.safetensors.index.json`, or a directory that holds exactly one of them; where there is
  /// a `model.safetensors.index.json`, that one.
  ///
  /// - Throws: ``CheckpointError``. Nothing is ever unpickled.
  public init(path: String) throws(CheckpointError) {
    let path = Directory.exists(path) ? try Self.checkpoint(inside: path) : path
    if path.hasSuffix(".json") { try self.init(index: path) } else { try self.init(file: path) }
  }

  /// Bytes of an index that are read: it names tensors, as a header does.
  static let indexLimit = TensorFile.headerLimit

  /// The one checkpoint of a directory.
  private static func checkpoint(inside path: String) throws(CheckpointError) -> String {
    let names = try Directory.names(in: path)
    let indices = names.filter { $0.hasSuffix(".safetensors.index.json") }
    let files = names.filter { $0.hasSuffix(".safetensors") }
    let usual = "model.safetensors.index.json"
    let found = indices.contains(usual) ? [usual] : indices.isEmpty ? files : indices
    guard found.count <= 1 else { throw .severalInside(path: path, names: found) }
    let folder = path.hasSuffix("/") ? path : path + "/"
    if let name = found.first { return folder + name }
    if let pickle = names.first(where: Pickle.isNamedLikeOne) { throw .pickle(path: folder + pickle) }
    throw .nothingInside(path: path)
  }

  // MARK: One file

  private init(file path: String) throws(CheckpointError) {
    let (header, tensors) = try Self.contents(of: path)
    self.init(path: path, tensors: tensors, metadata: header, warnings: [])
  }

  /// The metadata and the tensors of a file.
  private static func contents(
    of path: String
  ) throws(CheckpointError) -> ([String: String], [CheckpointTensor]) {
    let input = try OpenFile(path)
    let size = input.file.size
    let start = try input.bytes(0..<min(size, TensorHeader.prefix + 1))
    let length: Int
    do throws(TensorFileError) { length = try TensorHeader.length(start, of: size) } catch {
      throw error == .notSafetensors && Pickle.isOne(start, path: path)
        ? .pickle(path: path) : .unsound(error, path: path)
    }
    let data = TensorHeader.prefix + length
    let json = try input.bytes(TensorHeader.prefix..<data)
    do throws(TensorFileError) {
      let header = try TensorHeader(json, dataSize: size - data)
      let tensors = header.entries.map {
        CheckpointTensor(
          name: $0.name, type: $0.type, shape: $0.shape, file: input.file,
          range: data + $0.range.lowerBound..<data + $0.range.upperBound)
      }
      return (header.metadata, tensors)
    } catch { throw .unsound(error, path: path) }
  }

  // MARK: Several files

  private init(index path: String) throws(CheckpointError) {
    let files = try Self.files(of: path)
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    var all: [CheckpointTensor] = []
    var metadata: [String: String]?
    var warnings: [CheckpointWarning] = []
    let listed = Dictionary(grouping: files, by: \.value).mapValues { $0.map(\.key) }
    for (file, names) in listed.sorted(by: { NaturalOrder.isBefore($0.key, $1.key) }) {
      guard Self.isBeside(file) else { throw .fileElsewhere(file, path: path) }
      let (texts, tensors): ([String: String], [CheckpointTensor])
      do throws(CheckpointError) { (texts, tensors) = try Self.contents(of: folder + file) } catch {
        guard case .missing = error else { throw error }
        throw .missingFile(file, index: path)
      }
      metadata = metadata ?? texts
      let present = Set(tensors.map(\.name))
      if let name = names.sorted(by: NaturalOrder.isBefore).first(where: { !present.contains($0) }) {
        throw .missingTensor(name, file: file, index: path)
      }
      let others = tensors.filter { files[$0.name] != file }.map(\.name)
      if let first = others.min(by: NaturalOrder.isBefore) {
        warnings.append(.unlisted(count: others.count, first: first, file: folder + file))
      }
      all += tensors.filter { files[$0.name] == file }
    }
    self.init(path: path, tensors: all, metadata: metadata ?? [:], warnings: warnings)
  }

  /// The file of each tensor that an index names.
  private static func files(of path: String) throws(CheckpointError) -> [String: String] {
    let input = try OpenFile(path)
    guard input.file.size <= indexLimit else { throw .indexTooLarge(path: path, limit: indexLimit) }
    let bytes = try input.bytes(0..<input.file.size)
    let files: [String: String]
    do throws(TensorFileError) { files = try ShardIndex(bytes).files } catch {
      throw .unsound(error, path: path)
    }
    guard !files.isEmpty else { throw .emptyIndex(path: path) }
    return files
  }

  /// Whether a name leads to a file in the same directory and nowhere else.
  private static func isBeside(_ name: String) -> Bool {
    !["", ".", ".."].contains(name) && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }
}
