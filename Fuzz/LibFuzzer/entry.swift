import Foundation
import FuzzTargets

/// The target of `ROTEQ_FUZZ_TARGET`, which libFuzzer drives by what the compiler's instrumentation tells it.
nonisolated(unsafe) private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["ROTEQ_FUZZ_TARGET"] ?? "yaml"
  guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
    fatalError("no target '\(name)'")
  }
  return target
}()

/// libFuzzer calls this with one input after the other.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  do throws(FuzzTarget.Finding) {
    _ = try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch { fatalError(error.description) }
  return 0
}
