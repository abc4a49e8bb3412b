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
    #expect(try NeuronScan(#require(checkpoint["w"]), neurons: .first).norms[0] == 5.0.squareRoot())
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
        abs(scan.norms[neuron] - expected) <= tolerance,
        "\(scan.norms[neuron]) \(expected)")
    }
    let whole = value * 11.0.squareRoot()
    #expect(abs(scan.norm - whole) <= max(8 * whole.ulp, whole * 1e-14))
  }

  /// Angles, norms and what is left of the earlier weights at any size, whichever way the neurons lie: (3, 4) turned to (4, 3),
  /// times powers of 2.
  @Test(
    arguments: [0x1p-1060, 0x1p-700, 0x1p-500, 0x1p-440, 1, 0x1p440, 0x1p500, 0x1p700, 0x1p1018],
    NeuronAxis.allCases)
  func changesAtTheEndsOfTheRange(size: Double, axis: NeuronAxis) throws {
    // A neuron of ordinary size beside it, and a dead one.
    let rows = [[3.0, 4, 0], [3 * size, 4 * size, 0], [0, 0, 0]]
    let turned = [[4.0, 3, 0], [4 * size, 3 * size, 0], [0, 0, 0]]
    let scan = try Self.scan(turned, since: rows, axis)
    let angle = atan2(7, 24.0)
    // The whole is what its largest neuron is.
    #expect(abs(try #require(scan.rotation) / angle - 1) < 1e-14)
    let total = try #require(scan.total)
    #expect(abs(total.retention - 24.0 / 25) < 1e-14)
    let whole = max(1, size) * (size == 1 ? 50.0 : 25).squareRoot()
    #expect(abs(total.previousNorm / whole - 1) < 1e-14 && abs(scan.norm / whole - 1) < 1e-14)
    guard axis != .whole else { return }
    for (neuron, size) in [1, size].enumerated() {
      // A ‖Δ‖ of √2 sizes may be so small that it has few digits.
      let tolerance = 1e-14 + 0x1p-1074 / size
      #expect(abs(scan.norms[neuron] / size - 5) < 1e-14)
      #expect(abs(try #require(scan.rotation(neuron)) / angle - 1) < tolerance)
    }
    #expect(scan.rotation(2)?.isNaN == true && scan.zeros == 1)
  }

  /// Sizes that lie far apart: a norm is what it is, an angle is known where both sides still show in their difference.
  @Test(arguments: [
    (before: 1e-200, now: 1.0, isKnown: true), (1, 1e200, true), (1e-300, 1e300, false), (1, 1e-200, false),
    (1e200, 1e-200, false), (1, 0, false), (0, 1e-200, false),
  ])
  func sizesFarApart(before: Double, now: Double, isKnown: Bool) throws {
    let scan = try Self.scan([[0, now]], since: [[before, 0]], .first)
    #expect(scan.norms == [now] && scan.change?.previousNorms == [before])
    let angle = try #require(scan.rotation(0))
    #expect(isKnown ? abs(angle - .pi / 2) < 1e-15 : angle.isNaN)
    #expect(scan.nonFinite.isEmpty)
  }

  /// A small angle keeps its digits at sizes whose squares no double holds.
  @Test(arguments: [0x1p-900, 0x1p-600, 1, 0x1p600, 0x1p1000]) func smallAngles(size: Double) throws {
    let scan = try Self.scan([[size, size * 0x1p-40]], since: [[size, 0]], .first)
    #expect(abs(try #require(scan.rotation(0)) / 0x1p-40 - 1) < 1e-14)
  }

  /// What no double holds is infinite, not a wrong number.
  @Test func normsBeyondDoubles() throws {
    let scan = try Self.scan([[1.5e308, 1.5e308], [1, 1]], since: [[1, 1], [1, 1]], .first)
    #expect(scan.norms == [.infinity, 2.0.squareRoot()] && scan.norm == .infinity)
    #expect(scan.nonFinite.isEmpty && scan.rotation(0)?.isNaN == true && scan.rotation(1) == 0)
  }

  /// A scan of rows that are neurons in a file in which they lie along an axis.
  private static func scan(
    _ rows: [[Double]], since before: [[Double]], _ axis: NeuronAxis
  ) throws -> NeuronScan {
    let folder = try Folder()
    func tensor(_ rows: [[Double]], _ name: String) throws -> CheckpointTensor {
      let columns = rows[0].indices.map { column in rows.map { $0[column] } }
      let stored = axis == .last ? columns : rows
      let file = TensorFile(tensors: [
        "w": Tensor(stored.flatMap(\.self), shape: [stored.count, stored[0].count])
      ])
      return try #require(Checkpoint(path: folder.write(file.encoded(), to: name))["w"])
    }
    return try NeuronScan(
      tensor(rows, "now.safetensors"), neurons: axis, since: tensor(before, "before.safetensors"))
  }
}
