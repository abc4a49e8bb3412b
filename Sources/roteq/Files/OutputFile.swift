#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import OutsideText
import Safetensors

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where something is written, as the file system has it before.
///
/// - A file keeps its modes, and is replaced by a new one in one step. One that may not be written is not replaced.
/// - A link stays: the file that it leads to is replaced, or made.
/// - What is no file, as a pipe or a device, is written to.
/// - An input of this run is never written to.
struct OutputFile {
  /// The path as it was given.
  let path: String
  /// The path behind links, the same however it was spelled.
  let target: String
  /// The modes of the file that is there; nil where there is none.
  let mode: mode_t?
  /// Whether it is a pipe, a device or the like.
  let isStream: Bool

  /// Refuses, before any long work, what could not be written after it.
  init(_ path: String) throws {
    self.path = path
    let target = Self.behindLinks(path)
    self.target = Self.withResolvedFolder(target)
    let name = target.last == "/" ? "" : target.split(separator: "/").last.map(String.init) ?? ""
    let folder =
      target.lastIndex(of: "/").map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    var status = stat()
    guard stat(target, &status) == 0 else {
      (mode, isStream) = (nil, false)
      guard !name.isEmpty, name != ".", name != "..", access(folder, W_OK | X_OK) == 0 else {
        throw Failure("\(path): cannot be written", .cannotWrite)
      }
      return
    }
    let kind = status.st_mode & S_IFMT
    guard kind != S_IFDIR else {
      throw Failure("\(path): cannot be written: it is a directory", .cannotWrite)
    }
    guard !InputFile.wasRead(status) else {
      throw Failure("\(path): is an input of this run and would be lost, expected another name", .cannotWrite)
    }
    let isStream = kind != S_IFREG
    self.isStream = isStream
    mode = status.st_mode & 0o7777
    // Root may write anything; the owner's mode says what was meant.
    guard geteuid() != 0 || status.st_mode & 0o200 != 0, access(target, W_OK) == 0 else {
      throw Failure(
        "\(path): cannot be written: it is read-only; chmod u+w it, or give another name", .cannotWrite)
    }
    let isReplaceable = access(folder, W_OK | X_OK) == 0
    guard isStream || isReplaceable else {
      throw Failure("\(path): cannot be written: its directory is read-only", .cannotWrite)
    }
  }

  /// The path that links at its end lead to, whether or not something is there.
  private static func behindLinks(_ path: String) -> String {
    var target = path
    for _ in 0..<40 {
      var status = stat()
      guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: target)
      else { return target }
      let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
      target = link.hasPrefix("/") ? link : folder + link
    }
    return target
  }

  private static func withResolvedFolder(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let folder = realpath(start == path.startIndex ? "." : String(path[..<start]), nil) else {
      return path
    }
    defer { free(folder) }
    return "\(String(cString: folder))/\(path[start...])"
  }
}

extension OutputFile {
  /// Writes one file, whole or not at all.
  static func write(_ data: Data, to path: String) throws {
    var set = FileSet()
    try set.add(data, to: path)
    try set.write()
  }

  static func write(_ written: Written<some Language>, to path: String) throws {
    try write(written.data, to: path)
  }

  static func write(_ file: TensorFile, to path: String) throws {
    try write(Data(file.encoded()), to: path)
  }

  /// Refuses, before any long work, files that could not be written after it.
  static func probe(_ paths: [String]) throws {
    var set = FileSet()
    for path in paths { try set.add(Data(), to: path) }
  }
}

extension Written {
  /// What a file of it holds.
  var data: Data { Data(text.utf8) }
}
