import OutsideText

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A failure: one line on standard error and a sysexits code.
struct Failure: Error, CustomStringConvertible {
  /// The sysexits codes in use.
  enum Code: Int32 {
    case usage = 64
    case badData = 65
    case noInput = 66
    case unavailable = 69
    case cannotWrite = 73
    /// What a shell says of a program that Ctrl-C ended.
    case interrupted = 130
    /// The same of SIGTERM and SIGHUP.
    case terminated = 143
    case hungUp = 129
  }
  let message: String
  let code: Code

  init(_ message: String, _ code: Code) {
    self.message = message
    self.code = code
  }

  var description: String { message }

  func exit() -> Never {
    Standard.error.write("roteq: \(message)\n" as Written<TerminalText>)
    _ = fflush(nil)
    Platform.exit(code.rawValue)
  }
}

/// The C library's names that clash with methods.
enum Platform {
  #if canImport(Darwin)
    static let (write, close, link) = (Darwin.write, Darwin.close, Darwin.link)
    static let (rename, unlink) = (Darwin.rename, Darwin.unlink)
    static func exit(_ code: Int32) -> Never { Darwin.exit(code) }
  #elseif canImport(Glibc)
    static let (write, close, link) = (Glibc.write, Glibc.close, Glibc.link)
    static let (rename, unlink) = (Glibc.rename, Glibc.unlink)
    static func exit(_ code: Int32) -> Never { Glibc.exit(code) }
  #else
    static let (write, close, link) = (Musl.write, Musl.close, Musl.link)
    static let (rename, unlink) = (Musl.rename, Musl.unlink)
    static func exit(_ code: Int32) -> Never { Musl.exit(code) }
  #endif
}

/// Standard output and standard error, written through the C library's file descriptors.
struct Standard {
  static var output: Standard { Standard(descriptor: 1) }
  static var error: Standard { Standard(descriptor: 2) }
  let descriptor: Int32

  /// Whether a person is looking, and has not asked for plain text.
  var usesColor: Bool {
    guard isatty(descriptor) != 0 else { return false }
    if let value = getenv("NO_COLOR"), value.pointee != 0 { return false }
    return true
  }

  func write(_ written: Written<some Language>) {
    var bytes = Array(written.text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { Platform.write(descriptor, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      // A reader that has gone away (`| head`) ends the program by its signal, or as if by it where that is ignored.
      if written < 0, errno == EPIPE { Platform.exit(128 + SIGPIPE) }
      guard written > 0 else {
        if descriptor == 1 { Failure("standard output: cannot be written", .cannotWrite).exit() }
        return
      }
      bytes = bytes.dropFirst(written)
    }
  }
}
