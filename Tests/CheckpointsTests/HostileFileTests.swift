import Safetensors
import Testing

@testable import Checkpoints

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// What a file can do while it is read, and numbers at the ends of the range.
@Suite struct HostileFileTests {
  /// Read beyond the new end, bytes are zeros and the read says so; without the guard the program would end here.
  @Test func truncatedWhileItIsRead() throws {
    let folder = try Folder()
    let size = 64 << 10
    let path = try folder.write([UInt8](repeating: 7, count: size), to: "bytes")
    let file = try OpenFile(path)
    let bytes = try MappedBytes(file, 0..<size)
    #expect(bytes.start.load(fromByteOffset: size - 1, as: UInt8.self) == 7)
    try #require(truncate(path, 4096) == 0)
    let sum = (0..<size).reduce(0) { $0 + Int(bytes.start.load(fromByteOffset: $1, as: UInt8.self)) }
    #expect(sum == 7 * 4096)
    let isWhole = bytes.finish()
    #expect(!isWhole)
    #expect(throws: CheckpointError.changed(path: path)) { try file.checkUnchanged() }
    // The next map of a whole file is a whole one.
    let again = try MappedBytes(file, 0..<4096)
    let isWholeAgain = again.finish()
    #expect(isWholeAgain)
  }

  /// A file system has times that nanoseconds since 1970 in 64 bits do not reach.
  @Test(arguments: [-9_300_000_000, 0, 9_300_000_000, 1 << 40]) func anyTime(seconds: Int) throws {
    let folder = try Folder()
    let file = TensorFile(tensors: ["w": Tensor([1.0, 2, 3, 4], shape: [2, 2])])
    let path = try folder.write(file.encoded(), to: "m.safetensors")
    let time = timespec(tv_sec: seconds, tv_nsec: 5)
    let times = [time, time]
    guard utimensat(AT_FDCWD, path, times, 0) == 0 else { return }
    let checkpoint = try Checkpoint(path: path)
    #expect(try NeuronScan(#require(checkpoint["w"]), neurons: .first).norm(0) == 5.0.squareRoot())
  }

  /// Norms that doubles hold although the squares of their coordinates do not.
  @Test(arguments: [1e-200, 1e200, 0x1p-1074, 0x1p-1030, 1e-160, 1e160, 1e307, 3e-154], NeuronAxis.allCases)
  func normsAtTheEndsOfTheRange(value: Double, axis: NeuronAxis) throws {
    let folder = try Folder()
    let shape = [3, 4]
    var values = [Double](repeating: value, count: 12)
    values[5] = 0
    let file = TensorFile(tensors: ["w": Tensor(values, shape: shape)])
    let checkpoint = try Checkpoint(path: folder.write(file.encoded(), to: "m.safetensors"))
    let scan = try NeuronScan(#require(checkpoint["w"]), neurons: axis)
    #expect(scan.nonFinite.isEmpty && scan.zeros == 0)
    for neuron in 0..<scan.neurons {
      let places = values.indices.filter { place in
        switch axis {
        case .first: place / 4 == neuron
        case .last: place % 4 == neuron
        case .whole: true
        }
      }
      let count = Double(places.count { values[$0] != 0 })
      let expected = value * count.squareRoot()
      // The smallest numbers have few digits.
      let tolerance = max(4 * expected.ulp, expected * 1e-15)
      #expect(
        abs(scan.norm(neuron) - expected) <= tolerance,
        "\(scan.norm(neuron)) \(expected)")
    }
    let whole = value * 11.0.squareRoot()
    #expect(abs(scan.norm - whole) <= max(8 * whole.ulp, whole * 1e-14))
  }

  /// An angle whose squares are lost is not available; it is not a wrong number.
  @Test(arguments: [(1e-200, false), (1e200, false), (1e-100, true), (1e100, true)])
  func anglesAtTheEndsOfTheRange(value: Double, isKnown: Bool) throws {
    let folder = try Folder()
    func checkpoint(_ values: [Double], _ name: String) throws -> Checkpoint {
      let file = TensorFile(tensors: ["w": Tensor(values, shape: [1, 2])])
      return try Checkpoint(path: folder.write(file.encoded(), to: name))
    }
    let now = try checkpoint([value, 0], "now.safetensors")
    let before = try checkpoint([0, value], "before.safetensors")
    let scan = try NeuronScan(#require(now["w"]), neurons: .first, since: before["w"])
    let angle = try #require(scan.rotation(0))
    #expect(isKnown ? abs(angle - .pi / 2) < 1e-15 : angle.isNaN)
  }
}
