import CrossChecks
import Synchronization
import Testing

@Suite struct ConcurrentlyTests {
  @Test(arguments: [0, 1, 7, 1000], [1, 2, 8]) func everyJobIsDoneOnceAndInOrder(count: Int, width: Int) {
    let calls = Atomic(0)
    let results = concurrently(count, width: width) { job in
      calls.add(1, ordering: .relaxed)
      return job * job
    }
    #expect(results == (0..<count).map { $0 * $0 })
    #expect(calls.load(ordering: .relaxed) == count)
  }
}
