/// Inputs made at random: the same seed gives the same input on every machine.
public struct Mutation: Sendable {
  private let corpus: [[UInt8]]
  private let words: [[UInt8]]

  /// The inputs of a target.
  ///
  /// - Parameters:
  ///   - target: whose words are put in.
  ///   - corpus: files to begin with; may be empty.
  public init(_ target: FuzzTarget, corpus: [[UInt8]]) {
    (self.corpus, words) = (corpus, target.words.map { Array($0.utf8) })
  }

  /// The input of a seed: a file of the corpus, or words, with some changes.
  public func input(_ seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed &* 0x9E37_79B9_7F4A_7C15)
    var bytes: [UInt8] = []
    if !corpus.isEmpty, random.next() % 8 != 0 {
      bytes = corpus[pick(corpus.count, &random)]
    } else {
      for _ in 0..<1 + pick(12, &random) where !words.isEmpty { bytes += words[pick(words.count, &random)] }
    }
    for _ in 0..<pick(9, &random) { change(&bytes, &random) }
    return bytes
  }

  private func change(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let place = pick(bytes.count + 1, &random)
    let length = min(bytes.count - place, pick([4, 20, 200][pick(3, &random)], &random))
    switch random.next() % 8 {
    case 0 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: random.next())
    case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.next() % 8)
    case 2: bytes.removeSubrange(place..<place + length)
    case 3 where bytes.count < 100_000:
      bytes.insert(contentsOf: bytes[place..<place + length], at: pick(bytes.count, &random))
    case 4 where !corpus.isEmpty:
      let other = corpus[pick(corpus.count, &random)]
      let start = pick(other.count, &random)
      bytes.replaceSubrange(place..<place + length, with: other[start..<min(other.count, start + 200)])
    case 5 where !words.isEmpty:
      bytes.replaceSubrange(place..<place + length, with: words[pick(words.count, &random)])
    case 6: changeNumber(&bytes, from: place, &random)
    default: if !words.isEmpty { bytes.insert(contentsOf: words[pick(words.count, &random)], at: place) }
    }
  }

  /// Another number in place of the next one.
  private func changeNumber(_ bytes: inout [UInt8], from place: Int, _ random: inout SplitMix) {
    func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
    let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
    let numbers = [
      "0", "-1", "1e308", "1e-308", "5e-324", "9007199254740992", "9223372036854775807",
      "18446744073709551616", "1e15", "0.5",
      "1000000000", "nan", "inf",
    ]
    bytes.replaceSubrange(start..<end, with: Array(numbers[pick(numbers.count, &random)].utf8))
  }

  private func pick(_ count: Int, _ random: inout SplitMix) -> Int {
    count > 0 ? Int(random.next() % UInt64(count)) : 0
  }
}

/// Steele, Lea and Flood's generator: one addition and three mixing steps.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
