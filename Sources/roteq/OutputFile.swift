#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import OutsideText
import Safetensors

/// Writing files so that nothing half-written is left: each goes to a temporary name first and is then renamed.
enum OutputFile {
  /// Makes a directory and those above it.
  static func makeDirectory(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch { throw Failure("\(path): cannot be made a directory", .cannotWrite) }
  }

  /// Refuses, before any long work, a file that could not be written after it.
  static func probe(_ path: String) throws {
    let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    let folder = URL(filePath: path).deletingLastPathComponent().path
    guard type != .typeDirectory, FileManager.default.isWritableFile(atPath: folder) else {
      throw Failure("\(path): cannot be written", .cannotWrite)
    }
  }

  static func write(_ written: Written<some Language>, to path: String) throws {
    try write(written.data, to: path)
  }

  static func write(_ file: TensorFile, to path: String) throws {
    try write(Data(file.encoded()), to: path)
  }

  static func write(_ data: Data, to path: String) throws {
    do {
      try data.write(to: URL(filePath: path), options: .atomic)
    } catch { throw Failure("\(path): cannot be written", .cannotWrite) }
  }
}

extension Written {
  /// What a file of it holds.
  var data: Data { Data(text.utf8) }
}
