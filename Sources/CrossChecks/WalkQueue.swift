import Safetensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs walks side by side on all cores: every seed of every walk is a job of its own.
public struct WalkQueue: Sendable {
  /// Jobs at a time.
  public let width: Int
  /// Asked every 200 steps of every run.
  private let isCancelled: @Sendable () -> Bool
  /// Told how many steps were taken, from any thread.
  private let progress: @Sendable (Int) -> Void

  /// A queue as wide as the machine has cores, unless said otherwise.
  public init(
    width: Int? = nil,
    progress: @escaping @Sendable (Int) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.width = width ?? ProcessInfo.processInfo.activeProcessorCount
    self.progress = progress
    self.isCancelled = isCancelled
  }

  /// The runs of each walk, from the start or from a saved state, in order of the seeds; runs that the user's interruption kept from starting are left out.
  ///
  /// - Throws: the first ``WalkError`` of a run that could not even start.
  public func run(
    _ walks: [Walk], seeds: [UInt64], shown: Int = 4, resuming state: TensorFile? = nil,
    keepsState: Bool = false
  ) async throws -> [[WalkRun]] {
    let jobs = walks.indices.flatMap { walk in seeds.indices.map { (walk: walk, seed: $0) } }
    return try await withThrowingTaskGroup(of: (Int, WalkRun?).self) { group in
      var results: [WalkRun?] = Array(repeating: nil, count: jobs.count)
      var next = 0
      func start() {
        guard next < jobs.count else { return }
        let (job, walk, seed) = (next, walks[jobs[next].walk], seeds[jobs[next].seed])
        next += 1
        group.addTask {
          guard !isCancelled() else { return (job, nil) }
          return (
            job,
            try WalkRun(
              walk, seed: seed, shown: shown, resuming: state, keepsState: keepsState, progress: progress,
              isCancelled: isCancelled)
          )
        }
      }
      for _ in 0..<width { start() }
      while let (job, result) = try await group.next() {
        results[job] = result
        start()
      }
      return walks.indices.map { walk in
        jobs.indices.filter { jobs[$0].walk == walk }.compactMap { results[$0] }
      }
    }
  }
}
