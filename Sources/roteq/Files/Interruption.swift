import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C during long work, or the end of the session: the first signal asks the work to stop and keep what it has, the second
/// ends the program.
enum Interruption {
  /// The signals that end a program which does not take them.
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  private static let received = Atomic<Int32>(0)

  /// From now on these signals are interruptions; a hang-up that is ignored, as by `nohup`, stays ignored.
  static func watch() {
    // Whoever started the program may have had them blocked.
    var mask = mask
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    for number in signals {
      let before = signal(number) { number in
        Interruption.received.store(number, ordering: .relaxed)
        _ = signal(number, SIG_DFL)
      }
      if number == SIGHUP, isIgnored(before) { _ = signal(number, SIG_IGN) }
    }
  }

  /// Does short work that must not be left half done; a signal takes effect when it is over.
  static func deferred<Result>(_ work: () throws -> Result) rethrows -> Result {
    var (mask, before) = (mask, sigset_t())
    pthread_sigmask(SIG_BLOCK, &mask, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try work()
  }

  /// Ends the program as interrupted where it was, after everything that was measured has been written.
  ///
  /// - Parameter isKept: whether anything was written.
  static func passOn(isKept: Bool) throws {
    let code: Failure.Code
    switch received.load(ordering: .relaxed) {
    case 0: return
    case SIGTERM: code = .terminated
    case SIGHUP: code = .hungUp
    default: code = .interrupted
    }
    throw Failure(
      isKept ? "interrupted; what was measured before is kept" : "interrupted before anything was measured",
      code)
  }

  /// Whether the work was asked to stop.
  static var isRequested: Bool { received.load(ordering: .relaxed) != 0 }

  private static var mask: sigset_t {
    var mask = sigset_t()
    sigemptyset(&mask)
    for number in signals { sigaddset(&mask, number) }
    return mask
  }

  private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}

/// A progress bar that several threads advance.
final class SharedProgress: Sendable {
  private let bar: Mutex<ProgressBar>

  init(total: Int) { bar = Mutex(ProgressBar(total: total)) }

  func advance(by count: Int) { bar.withLock { $0.advance(by: count) } }
  func finish() { bar.withLock { $0.finish() } }
}
