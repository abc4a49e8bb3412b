import Safetensors
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Headers that are broken at random, from a fixed seed. `ROTEQ_FUZZ_ROUNDS` asks for more of them.
@Suite struct HeaderFuzzTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["ROTEQ_FUZZ_ROUNDS"].flatMap(Int.init) ?? 20_000

  @Test func whatIsAcceptedIsSoundAndTheRestIsAnError() {
    var random = SplitMix(state: 5)
    var accepted = 0
    for round in 0..<Self.rounds {
      var (json, size) = Self.sound(&random)
      for _ in 0..<Int.random(in: 0...3, using: &random) { Self.breakUp(&json, &size, &random) }
      do throws(TensorFileError) {
        try Self.check(TensorHeader(json, dataSize: size), size)
        accepted += 1
      } catch {
        let line = error.description
        if line.isEmpty || line.utf8.contains(0x0A) || line.utf8.count > 4000 {
          Issue.record("round \(round): \(line)")
        }
      }
    }
    // Neither all nor none, or nothing was tested.
    #expect(accepted > Self.rounds / 10 && accepted < Self.rounds * 9 / 10)
  }

  @Test func wholeFilesAreReadOrRefused() {
    var random = SplitMix(state: 6)
    for _ in 0..<Self.rounds / 10 {
      let (json, size) = Self.sound(&random)
      var bytes = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
      bytes += Array(repeating: 7, count: size)
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        switch Int.random(in: 0...2, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 1:
          if !bytes.isEmpty {
            bytes[Int.random(in: 0..<min(9, bytes.count), using: &random)] = .random(
              in: 0...255, using: &random)
          }
        default: bytes += Array(repeating: 0, count: Int.random(in: 0...9, using: &random))
        }
      }
      do throws(TensorFileError) {
        for tensor in try TensorFile(bytes).tensors.values { #expect(tensor.values.count == tensor.count) }
      } catch { #expect(!error.description.contains("\n")) }
    }
  }

  // MARK: What has to hold

  private static func check(_ header: TensorHeader, _ size: Int) {
    var end = 0
    for entry in header.entries {
      let count = entry.shape.reduce(1, *)
      let isSound =
        entry.range.lowerBound == end && entry.range.count * 8 == count * entry.type.bits
        && entry.shape.allSatisfy { $0 >= 0 }
      // An expectation costs more than a header.
      if !isSound { Issue.record("\(entry)") }
      end = entry.range.upperBound
    }
    #expect(end == size)
    #expect(Set(header.entries.map(\.name)).count == header.entries.count)
  }

  // MARK: Headers

  private static func sound(_ random: inout SplitMix) -> (json: [UInt8], size: Int) {
    var members: [String] = []
    var end = 0
    if Bool.random(using: &random) { members.append(#""__metadata__":{"format":"pt"}"#) }
    for index in 0..<Int.random(in: 0...5, using: &random) {
      let type = StoredType.allCases.randomElement(using: &random) ?? .readable(.float32)
      // Eight times something fills whole bytes in every type.
      let shape =
        [8] + (0..<Int.random(in: 0...3, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
      let size = shape.reduce(1, *) * type.bits / 8
      let name = ["a\(index)", "h.\(index).ω", #"\u03c9\n\#(index)"#].randomElement(using: &random) ?? ""
      members.append(
        #""\#(name)":{"dtype":"\#(type.name)","shape":\#(shape),"data_offsets":[\#(end),\#(end + size)]}"#)
      end += size
    }
    members.shuffle(using: &random)
    return (Array("{\(members.joined(separator: ","))}".utf8), end)
  }

  private static let words: [String] = [
    "-1", "9223372036854775807", "9223372036854775808", "1e3", "0.5", "01", "-0", "null", "true", "\"", "\\",
    "\\u",
    #"\ud83d"#, #"\udc00"#, "[", "]", "{", "}", ",", ":", " ", "\t", "\u{0}", #""dtype":"F32","#,
    #""shape":[],"#,
    #""data_offsets":[0,0],"#, #""__metadata__":{},"#, #""x":[[[[]]]],"#, #""x":{"x":{}},"#, "F4", "F6_E2M3",
    "C64",
    "4294967296", "0,", "[0,4]", "99999999999999999999999999",
  ]

  private static func breakUp(_ json: inout [UInt8], _ size: inout Int, _ random: inout SplitMix) {
    let place = Int.random(in: 0...json.count, using: &random)
    switch Int.random(in: 0..<11, using: &random) {
    case 0: json.removeSubrange(place...)
    case 1: if place < json.count { json[place] ^= 1 << UInt8.random(in: 0...7, using: &random) }
    case 2: if place < json.count { json[place] = .random(in: 0...255, using: &random) }
    case 3:
      // Another digit where there is one.
      let digits = json.indices.filter { UInt8(ascii: "0")...UInt8(ascii: "9") ~= json[$0] }
      if let digit = digits.randomElement(using: &random) {
        json[digit] = .random(in: UInt8(ascii: "0")...UInt8(ascii: "9"), using: &random)
      }
    case 4: json.insert(contentsOf: Array((words.randomElement(using: &random) ?? "").utf8), at: place)
    case 5:
      // A piece again elsewhere: names and keys that are given twice, ranges that overlap.
      let from = Int.random(in: 0...json.count, using: &random)
      let piece = Array(json[min(place, from)..<max(place, from)])
      json.insert(contentsOf: piece, at: place)
    case 6:
      // A whole member again.
      let members = json.split(separator: UInt8(ascii: "}"), omittingEmptySubsequences: false).map(Array.init)
      if let member = members.randomElement(using: &random), member.first == UInt8(ascii: ",") {
        json.insert(contentsOf: member.dropFirst() + Array("},".utf8), at: min(1, json.count))
      }
    case 7:
      let depth = Int.random(in: 1...300, using: &random)
      let nest =
        Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
      json.insert(contentsOf: Array(#""x":"#.utf8) + nest + [UInt8(ascii: ",")], at: place)
    case 8:
      json.insert(contentsOf: [0xC0, 0x80, 0xED, 0xA0, 0xF8].shuffled(using: &random).prefix(2), at: place)
    case 9: size = [0, (size &+ 1) & .max, max(0, size - 1), .max].randomElement(using: &random) ?? 0
    default:
      // Another type of another width.
      let types = StoredType.allCases.map { Array("\"\($0.name)\"".utf8) }
      for type in types {
        guard let found = json.firstRange(of: type) else { continue }
        json.replaceSubrange(found, with: types.randomElement(using: &random) ?? [])
        break
      }
    }
  }
}

/// Sebastiano Vigna's SplitMix64: small, and the same on every machine.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
