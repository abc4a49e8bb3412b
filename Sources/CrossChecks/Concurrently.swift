import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Does independent jobs on several threads, and returns when all are done.
///
/// The calling thread works, too: where the system makes no other thread, it does all jobs, one after the other.
///
/// - Parameters:
///   - count: how many jobs there are.
///   - width: jobs at a time, at least 1.
///   - job: does the job of a number from 0.
package func concurrently<Result: Sendable>(
  _ count: Int, width: Int, _ job: @Sendable (Int) -> Result
) -> [Result] {
  withoutActuallyEscaping(job) { job in
    let work = Work(count: count, job: job)
    let threads = (1..<max(1, min(width, count))).compactMap { _ in Thread(work) }
    work.take()
    for thread in threads { thread.join() }
    return work.results.withLock { $0.compactMap { $0 } }
  }
}

/// Jobs, of which each thread takes the next.
private final class Work<Result: Sendable>: Sendable {
  private let count: Int
  private let job: @Sendable (Int) -> Result
  private let next = Atomic(0)
  let results: Mutex<[Result?]>

  init(count: Int, job: @escaping @Sendable (Int) -> Result) {
    (self.count, self.job) = (count, job)
    results = Mutex(Array(repeating: nil, count: count))
  }

  func take() {
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      let result = job(index)
      results.withLock { $0[index] = result }
    }
  }
}

/// A thread of the system.
private struct Thread {
  #if canImport(Darwin)
    private var handle: pthread_t?
  #else
    private var handle = pthread_t()
  #endif

  /// Starts a thread; nil where the system makes none.
  init?(_ work: Work<some Sendable>) {
    let box = Unmanaged.passRetained(Start { work.take() })
    let status = pthread_create(
      &handle, nil,
      { argument in
        #if canImport(Darwin)
          let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        #else
          guard let argument else { return nil }
          let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        #endif
        start.run()
        return nil
      }, box.toOpaque())
    guard status == 0 else {
      box.release()
      return nil
    }
  }

  func join() {
    #if canImport(Darwin)
      if let handle { pthread_join(handle, nil) }
    #else
      pthread_join(handle, nil)
    #endif
  }

  private final class Start: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
