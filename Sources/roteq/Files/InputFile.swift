#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import RunConfigurations
import Safetensors
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Reading what users point to.
enum InputFile {
  /// A file, whatever name it goes by.
  private struct Identity: Hashable {
    let device: UInt64
    let number: UInt64

    init(_ status: stat) {
      (device, number) = (
        UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino)
      )
    }
  }

  /// The files that this run reads, with the paths by which it does.
  private static let read = Mutex<[String: Identity]>([:])

  /// Says that a file is read, so that it is not written to.
  static func note(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    let identity = Identity(status)
    read.withLock { $0[path] = identity }
  }

  /// Whether a file is read by this run.
  static func wasRead(_ status: stat) -> Bool {
    let identity = Identity(status)
    let paths = read.withLock { $0.filter { $0.value == identity }.map(\.key) }
    // A file that is gone may have left its number to another.
    return paths.contains { path in
      var now = stat()
      return stat(path, &now) == 0 && Identity(now) == identity
    }
  }

  /// The bytes of a file.
  private static func data(_ path: String) throws -> Data {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure("\(path): no such file", .noInput)
    }
    note(path)
    do { return try Data(contentsOf: URL(filePath: path)) } catch {
      throw Failure("\(path): cannot be read", .noInput)
    }
  }

  /// The tensors of a safetensors file.
  static func tensors(_ path: String) throws -> TensorFile {
    let bytes = [UInt8](try data(path))
    do throws(TensorFileError) { return try TensorFile(bytes) } catch {
      throw Failure("\(path): \(error)", .badData)
    }
  }

  /// The text of a file.
  static func text(_ path: String) throws -> String {
    guard let text = String(validating: try data(path), as: UTF8.self) else {
      throw Failure("\(path): not a text file (expected UTF-8)", .badData)
    }
    return text
  }

  /// A CSV file: the rows of a layer, where it has layers, in which no column that is used is blank.
  static func table(_ path: String, using names: [String], layer: String? = nil) throws -> NumberTable {
    let text = try text(path)
    do {
      return try NumberTable(text, path: path).rows(ofLayer: layer).complete(in: ["step"] + names)
    } catch { throw Failure("\(error)", .badData) }
  }

  /// `global_step` of the Trainer's state beside a checkpoint; nil where there is none.
  static func trainerStep(beside checkpoint: String) -> Int? {
    let url = URL(filePath: checkpoint)
    let folders = [url, url.deletingLastPathComponent()]
    for folder in folders {
      guard let text = try? text(folder.appending(path: "trainer_state.json").path),
        let key = text.ranges(of: "\"global_step\"").last
      else { continue }
      let rest = text[key.upperBound...].drop { ": \t\n\r".contains($0) }
      if let step = Int(rest.prefix { $0.isASCII && $0.isNumber }), step > 0 { return step }
    }
    return nil
  }

  /// One number a line; blank lines and lines that begin with # are skipped.
  static func numbers(_ path: String) throws -> [Double] {
    var numbers: [Double] = []
    let lines = try text(path).split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let word = line.trimming { $0.isWhitespace }
      if word.isEmpty || word.hasPrefix("#") { continue }
      guard let number = Double(word) else {
        throw Failure("\(path):\(index + 1): '\(word)' is not a number, expected one number a line", .badData)
      }
      numbers.append(number)
    }
    return numbers
  }
}

extension Substring {
  fileprivate func trimming(_ isTrimmed: (Character) -> Bool) -> Substring {
    var rest = self.drop(while: isTrimmed)
    while let last = rest.last, isTrimmed(last) { rest.removeLast() }
    return rest
  }
}
