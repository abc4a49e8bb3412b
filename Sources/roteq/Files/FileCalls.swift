#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The system's calls that writing files takes. A test lets the n-th of them fail.
struct FileCalls {
  /// What a call fails with instead of being made; nil to make it.
  var failure: () -> Int32? = { nil }

  /// A call that failed, as `errno` has it.
  struct Failed: Error {
    let number: Int32
  }

  /// Opens a file for writing; the new one has the modes that the user's mask leaves.
  func open(_ path: String, _ flags: Int32) throws(Failed) -> Int32 {
    #if canImport(Darwin)
      try call { Darwin.open(path, flags | O_WRONLY | O_CLOEXEC, 0o666) }
    #elseif canImport(Glibc)
      try call { Glibc.open(path, flags | O_WRONLY | O_CLOEXEC, 0o666) }
    #else
      try call { Musl.open(path, flags | O_WRONLY | O_CLOEXEC, 0o666) }
    #endif
  }

  /// Writes all bytes.
  func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failed) {
    var done = 0
    while done < bytes.count {
      done += Int(
        try call {
          bytes.withUnsafeBytes { buffer in
            Int32(
              clamping: Platform.write(
                descriptor, buffer.baseAddress.map { $0 + done }, min(buffer.count - done, 1 << 30)))
          }
        })
    }
  }

  /// Brings what was written to the disk. What is no file has none.
  func sync(_ descriptor: Int32) throws(Failed) {
    do { _ = try call { fsync(descriptor) } } catch {
      guard [EINVAL, EROFS, ENOTSUP].contains(error.number) else { throw error }
    }
  }

  /// Closes a file, which may be when a disk says that it is full.
  func close(_ descriptor: Int32) throws(Failed) { _ = try call { Platform.close(descriptor) } }

  /// Sets the modes of an open file.
  func chmod(_ descriptor: Int32, _ mode: mode_t) throws(Failed) { _ = try call { fchmod(descriptor, mode) } }

  /// A second name for a file.
  func link(_ path: String, as other: String) throws(Failed) { _ = try call { Platform.link(path, other) } }

  /// Puts a file in the place of another.
  func rename(_ path: String, to other: String) throws(Failed) {
    _ = try call { Platform.rename(path, other) }
  }

  /// Removes a name.
  func unlink(_ path: String) throws(Failed) { _ = try call { Platform.unlink(path) } }

  /// Makes a directory.
  func makeDirectory(_ path: String) throws(Failed) { _ = try call { mkdir(path, 0o777) } }

  /// Removes an empty directory.
  func removeDirectory(_ path: String) throws(Failed) { _ = try call { rmdir(path) } }

  private func call(_ body: () -> Int32) throws(Failed) -> Int32 {
    if let number = failure() { throw Failed(number: number) }
    while true {
      let result = body()
      if result >= 0 { return result }
      let number = errno
      guard number == EINTR else { throw Failed(number: number) }
    }
  }
}
