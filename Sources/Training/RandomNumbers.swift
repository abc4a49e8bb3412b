import CVectorKernels

/// The random numbers of a simulation: sixteen generators side by side (xoshiro128++) for normal numbers, one more (SplitMix64)
/// for what is drawn once. The same seed gives the same numbers in both precisions.
final class RandomNumbers {
  private var splitMix: UInt64
  private let words: UnsafeMutablePointer<UInt32>
  private static let wordCount = 4 * lanes

  init(seed: UInt64) {
    splitMix = seed
    words = UnsafeMutableRawPointer.allocate(byteCount: 4 * Self.wordCount, alignment: 64)
      .bindMemory(to: UInt32.self, capacity: Self.wordCount)
    for index in 0..<Self.wordCount { words[index] = UInt32(truncatingIfNeeded: next() >> 32) }
  }

  deinit { words.deallocate() }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  private func next() -> UInt64 {
    splitMix &+= 0x9e37_79b9_7f4a_7c15
    var z = splitMix
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// Uniform on [−1, 1), in steps of 2⁻⁵².
  func symmetric() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }

  /// Fills `count` numbers, a multiple of 32, with normal ones.
  func fill(_ numbers: UnsafeMutableRawPointer, count: Int, scale: Double, _ kernels: Kernels) {
    kernels.loops.normals(words, numbers, count, scale)
  }

  /// All that the next numbers follow from.
  var state: [UInt64] {
    get { [splitMix] + (0..<Self.wordCount).map { UInt64(words[$0]) } }
    set {
      splitMix = newValue[0]
      for index in 0..<Self.wordCount { words[index] = UInt32(truncatingIfNeeded: newValue[index + 1]) }
    }
  }
}
