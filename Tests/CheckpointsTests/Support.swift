import Safetensors
import Testing

@testable import Checkpoints

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A directory that is gone after the test.
struct Folder: ~Copyable {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "roteq-\(UInt64.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.path(percentEncoded: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  @discardableResult
  func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  /// A safetensors file with these tensors.
  @discardableResult
  func write(_ tensors: [String: Tensor], to name: String) throws -> String {
    try write(TensorFile(tensors: tensors).encoded(), to: name)
  }
}

/// Numbers in the bytes of a type, with the exact values that they stand for.
struct Stored {
  let type: TensorType
  let shape: [Int]
  var bytes: [UInt8] = []

  static let types: [TensorType] = [.float64, .float32, .brainFloat16, .float16]

  /// Random bits: normal numbers of moderate size, and every now and then anything finite.
  init(_ type: TensorType, shape: [Int], using random: inout SplitMix, special: Bool = false) {
    (self.type, self.shape) = (type, shape)
    for _ in 0..<shape.reduce(1, *) {
      let x = Double.random(in: -1...1, using: &random)
      switch type {
      case .float64: append(x.bitPattern)
      case .float32: append(Float(x).bitPattern)
      case .brainFloat16: append(UInt16(Float(x).bitPattern >> 16))
      default: append(UInt16.random(in: 0x2000...0x3BFF, using: &random) | (x < 0 ? 0x8000 : 0))
      }
    }
  }

  init(_ type: TensorType, shape: [Int], words: [UInt64]) {
    (self.type, self.shape) = (type, shape)
    for word in words {
      switch type.width {
      case 8: append(word)
      case 4: append(UInt32(word))
      default: append(UInt16(word))
      }
    }
  }

  private mutating func append(_ word: some FixedWidthInteger) {
    withUnsafeBytes(of: word.littleEndian) { bytes += $0 }
  }

  /// A file in which the data begin at an odd or even byte, as asked.
  func file(name: String = "w", blanks: Int = 0) -> [UInt8] {
    let header =
      #"{"\#(name)":{"dtype":"\#(type.rawValue)","shape":\#(shape),"data_offsets":[0,\#(bytes.count)]}}"#
      + String(repeating: " ", count: blanks)
    return (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
      + bytes
  }

  /// The numbers, read by the other reader of the package.
  var values: [Double] {
    get throws { try TensorFile(file()).tensor("w").values }
  }
}

/// Sebastiano Vigna's SplitMix64: small, and the same on every machine.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A sum without error but for the last rounding (Kahan and Babuška, Neumaier's variant).
func exactSum(_ terms: some Sequence<Double>) -> Double {
  var (sum, rest) = (0.0, 0.0)
  for term in terms {
    let next = sum + term
    rest += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
  return sum + rest
}
