import Foundation

/// Tests that take long are run by `make test-slow` alone.
enum SlowTests {
  static let areWanted = ProcessInfo.processInfo.environment["ROTEQ_SLOW_TESTS"] != nil
}
