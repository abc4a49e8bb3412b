import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C during long work: the first asks the work to stop and keep what it has, the second ends the program.
enum Interruption {
  private static let wasAskedFor = Atomic(false)

  /// From now on Ctrl-C is an interruption.
  static func watch() {
    _ = signal(SIGINT) { _ in
      Interruption.wasAskedFor.store(true, ordering: .relaxed)
      _ = signal(SIGINT, SIG_DFL)
    }
  }

  /// Ends the program as interrupted where it was, after everything that was measured has been written.
  ///
  /// - Parameter isKept: whether anything was written.
  static func passOn(isKept: Bool) throws {
    guard isRequested else { return }
    throw Failure(
      isKept ? "interrupted; what was measured before is kept" : "interrupted before anything was measured",
      .interrupted)
  }

  /// Whether Ctrl-C was pressed.
  static var isRequested: Bool { wasAskedFor.load(ordering: .relaxed) }
}

/// A progress bar that several threads advance.
final class SharedProgress: Sendable {
  private let bar: Mutex<ProgressBar>

  init(total: Int) { bar = Mutex(ProgressBar(total: total)) }

  func advance(by count: Int) { bar.withLock { $0.advance(by: count) } }
  func finish() { bar.withLock { $0.finish() } }
}
