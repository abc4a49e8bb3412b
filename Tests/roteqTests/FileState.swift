import Foundation

/// A directory that is gone after the test, with its names, contents and modes as one value.
final class FileState {
  let url = FileManager.default.temporaryDirectory.appending(path: "roteq-files-\(UUID())")
  var path: String { url.path }

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ text: String, _ name: String, mode: Int = 0o644) throws {
    try Data(text.utf8).write(to: url.appending(path: name))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path + "/" + name)
  }

  func text(_ name: String) -> String? {
    try? String(contentsOf: url.appending(path: name), encoding: .utf8)
  }

  func mode(_ name: String) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
    return attributes?[.posixPermissions] as? Int ?? -1
  }

  var names: [String] {
    (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
  }

  var state: [String] { names.map { "\($0) \(mode($0)) \(text($0) ?? "")" } }
}

/// A line for a shell, in which `$ROTEQ` is the program.
struct Shell {
  let status: Int32
  let errors: String

  init(_ line: String) throws {
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = Roteq.root
    process.environment = ProcessInfo.processInfo.environment.merging(["ROTEQ": Roteq.program.path]) {
      _, new in new
    }
    process.standardError = errors
    try process.run()
    self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    status = process.terminationStatus
  }
}
