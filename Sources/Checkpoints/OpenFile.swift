#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that is open for reading.
struct OpenFile: ~Copyable {
  /// The file as it is now.
  let file: CheckpointFile
  let descriptor: Int32

  /// Opens a file, which has to be as it was where that is known.
  init(_ path: String, expecting known: CheckpointFile? = nil) throws(CheckpointError) {
    (descriptor, file) = try Self.opened(path, expecting: known)
  }

  private static func opened(
    _ path: String, expecting known: CheckpointFile?
  ) throws(CheckpointError) -> (Int32, CheckpointFile) {
    // A named pipe would wait for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT || errno == ENOTDIR ? .missing(path: path) : .unreadable(path: path)
    }
    guard let file = CheckpointFile(descriptor, path: path), known == nil || known == file else {
      close(descriptor)
      throw known == nil ? .unreadable(path: path) : .changed(path: path)
    }
    return (descriptor, file)
  }

  deinit { close(descriptor) }

  /// The file has to be as it was when it was opened.
  func checkUnchanged() throws(CheckpointError) {
    guard CheckpointFile(descriptor, path: file.path) == file else { throw .changed(path: file.path) }
  }

  /// A copy of some bytes.
  func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    var isWhole = true
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let step = pread(
          descriptor, buffer.baseAddress.map { $0 + count }, range.count - count,
          off_t(range.lowerBound + count))
        guard step > 0 else {
          isWhole = false
          return
        }
        count += step
      }
    }
    guard isWhole else {
      try checkUnchanged()
      throw .unreadable(path: file.path)
    }
    return bytes
  }
}

extension CheckpointFile {
  /// What the system says of an open file; nil for what is no regular file.
  fileprivate init?(_ descriptor: Int32, path: String) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    self.init(
      path: path, size: Int(status.st_size), changed: (Int(time.tv_sec), Int(time.tv_nsec)),
      number: UInt64(status.st_ino))
  }
}

/// The names in a directory.
enum Directory {
  /// Whether a path leads to a directory.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What is in it, in natural order.
  static func names(in path: String) throws(CheckpointError) -> [String] {
    guard let directory = opendir(path) else { throw .unreadable(path: path) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
          String(cString: $0)
        }
      }
      names.append(name)
    }
    return names.sorted(by: NaturalOrder.isBefore)
  }
}
