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
  ) throws(WalkError) -> [[WalkRun]] {
    let jobs = walks.indices.flatMap { walk in seeds.indices.map { (walk: walk, seed: $0) } }
    let results = concurrently(jobs.count, width: width) { job -> Result<WalkRun?, WalkError> in
      guard !isCancelled() else { return .success(nil) }
      do throws(WalkError) {
        return .success(
          try WalkRun(
            walks[jobs[job].walk], seed: seeds[jobs[job].seed], shown: shown, resuming: state,
            keepsState: keepsState,
            progress: progress, isCancelled: isCancelled))
      } catch { return .failure(error) }
    }
    var runs = walks.map { _ in [WalkRun]() }
    for (job, result) in zip(jobs, results) {
      if let run = try result.get() { runs[job.walk].append(run) }
    }
    return runs
  }
}
