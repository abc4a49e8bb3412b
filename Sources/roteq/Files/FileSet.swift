#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

import OutsideText

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files that are written all or not at all.
///
/// Each is written beside its place under another name; when all are on the disk they are put in their places. Where that fails,
/// the places are as they were before.
struct FileSet {
  private var files: [(place: OutputFile, bytes: [UInt8])] = []
  private var calls: FileCalls
  /// The directories that were made for the files, outermost first.
  private var made: [String] = []

  /// No files yet; `calls` are the system's unless a test says otherwise.
  init(calls: FileCalls = FileCalls()) { self.calls = calls }

  /// Makes a directory and those above it. It is gone again where the files cannot be written.
  mutating func makeDirectory(_ path: String) throws {
    var missing: [String] = []
    var folder = path
    while !folder.isEmpty, access(folder, F_OK) != 0 {
      missing.insert(folder, at: 0)
      while folder.last == "/" { folder.removeLast() }
      folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? ""
    }
    for folder in missing where access(folder, F_OK) != 0 {
      do throws(FileCalls.Failed) { try calls.makeDirectory(folder) } catch {
        removeDirectories()
        throw Failure("\(path): cannot be made a directory: \(Self.reason(error))", .cannotWrite)
      }
      made.append(folder)
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("\(path): cannot be made a directory: there is a file of that name", .cannotWrite)
    }
  }

  /// Adds a file.
  mutating func add(_ data: Data, to path: String) throws {
    do {
      let place = try OutputFile(path)
      guard !files.contains(where: { $0.place.target == place.target && !place.isStream }) else {
        throw Failure("\(path): is written twice, expected two names", .usage)
      }
      files.append((place, Array(data)))
    } catch {
      removeDirectories()
      throw error
    }
  }

  /// Writes all files.
  func write() throws {
    // A pipe may wait for its reader for ever, so that signals have to reach the program. What goes there cannot be taken back.
    for (file, bytes) in files where file.isStream {
      try attempt(file) { () throws(FileCalls.Failed) in
        let descriptor = try calls.open(file.target, 0)
        try finish(descriptor) { () throws(FileCalls.Failed) in try calls.write(bytes, to: descriptor) }
      }
    }
    try Interruption.deferred {
      var staged: [(file: OutputFile, name: String)] = []
      var replaced: [(file: OutputFile, backup: String?)] = []
      do {
        for (file, bytes) in files where !file.isStream {
          let name = Self.neighbour(of: file.target, "new")
          try attempt(file) { () throws(FileCalls.Failed) in
            try stage(bytes, file, name) { staged.append((file, name)) }
          }
        }
        for (index, (file, name)) in staged.enumerated() {
          try attempt(file) { () throws(FileCalls.Failed) in
            var backup: String?
            // What has to be put back needs a second name; the last of all needs none.
            if file.mode != nil, index + 1 < staged.count {
              let other = Self.neighbour(of: file.target, "old")
              try keep(file.target, as: other)
              backup = other
            }
            replaced.append((file, backup))
            try calls.rename(name, to: file.target)
          }
        }
      } catch {
        restore(replaced, staged)
        throw error
      }
      for (_, backup) in replaced { if let backup { remove(backup) } }
    }
  }

  // MARK: Steps

  private func attempt(_ file: OutputFile, _ step: () throws(FileCalls.Failed) -> Void) throws {
    do throws(FileCalls.Failed) { try step() } catch {
      throw Failure("\(file.path): cannot be written: \(Self.reason(error))", .cannotWrite)
    }
  }

  /// Writes a file under another name.
  private func stage(
    _ bytes: [UInt8], _ file: OutputFile, _ name: String, made: () -> Void
  ) throws(FileCalls.Failed) {
    let descriptor = try calls.open(name, O_CREAT | O_EXCL)
    made()
    try finish(descriptor) { () throws(FileCalls.Failed) in
      if let mode = file.mode { try calls.chmod(descriptor, mode) }
      try calls.write(bytes, to: descriptor)
      try calls.sync(descriptor)
    }
  }

  /// Closes a file whatever came of the work on it.
  private func finish(
    _ descriptor: Int32, _ work: () throws(FileCalls.Failed) -> Void
  ) throws(FileCalls.Failed) {
    do throws(FileCalls.Failed) { try work() } catch {
      _ = Platform.close(descriptor)
      throw error
    }
    do throws(FileCalls.Failed) { try calls.close(descriptor) } catch {
      _ = Platform.close(descriptor)
      throw error
    }
  }

  /// Gives a file a second name, or another one where the disk has no links.
  private func keep(_ path: String, as other: String) throws(FileCalls.Failed) {
    do throws(FileCalls.Failed) { try calls.link(path, as: other) } catch {
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(error.number) else { throw error }
      try calls.rename(path, to: other)
    }
  }

  /// Puts everything back.
  private func restore(
    _ replaced: [(file: OutputFile, backup: String?)], _ staged: [(file: OutputFile, name: String)]
  ) {
    for (index, (file, backup)) in replaced.enumerated() {
      let isInPlace = access(staged[index].name, F_OK) != 0
      if !isInPlace, access(file.target, F_OK) == 0 {
        if let backup { remove(backup) }
      } else if let backup {
        if (try? calls.rename(backup, to: file.target)) == nil { _ = Platform.rename(backup, file.target) }
      } else if isInPlace, file.mode == nil {
        remove(file.target)
      }
    }
    for (_, name) in staged where access(name, F_OK) == 0 { remove(name) }
    removeDirectories()
  }

  /// Removes a name; what fails once may be well the second time.
  private func remove(_ path: String) {
    if (try? calls.unlink(path)) == nil { _ = Platform.unlink(path) }
  }

  private func removeDirectories() {
    for folder in made.reversed() where (try? calls.removeDirectory(folder)) == nil { _ = rmdir(folder) }
  }

  /// A name in the same directory that is free, and that no other run of the program takes.
  private static func neighbour(of path: String, _ ending: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    // A run that was killed may have left its names to one with the same number.
    for number in 0... {
      let name = "\(path[..<start]).roteq-\(getpid())-\(number).\(ending)"
      if access(name, F_OK) != 0 { return name }
    }
    return path
  }

  private static func reason(_ error: FileCalls.Failed) -> String {
    String(cString: strerror(error.number)).lowercased()
  }
}

extension FileSet {
  /// Refuses, before any long work, a directory that could not be made after it, and files that could not be written there.
  static func probe(_ names: [String], in directory: String) throws {
    var set = FileSet()
    try set.makeDirectory(directory)
    defer { set.removeDirectories() }
    try OutputFile.probe(names.map { "\(directory)/\($0)" })
  }

  /// Writes files into a directory, which is made where it is missing, and prints their paths.
  static func write(_ pages: [(name: String, data: Data)], in directory: String) throws {
    var set = FileSet()
    try set.makeDirectory(directory)
    for (name, data) in pages { try set.add(data, to: "\(directory)/\(name)") }
    try set.write()
    for (name, _) in pages { Standard.output.write("\(directory)/\(name)\n" as Written<TerminalText>) }
  }
}
