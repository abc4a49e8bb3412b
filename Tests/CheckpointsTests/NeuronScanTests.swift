import Safetensors
import Testing

@testable import Checkpoints

@Suite struct NeuronScanTests {
  /// Windows of a few hundred bytes make blocks of every form: several rows, one row, a part of a row.
  private static let windows = [256, 4096, 8 << 20]

  private static func readings() -> [ScanReading] {
    ScanLoops.available.flatMap { loops in windows.map { ScanReading(loops: loops, window: $0) } }
  }

  /// The places of a neuron's coordinates in row-major order.
  private static func places(_ neuron: Int, _ axis: NeuronAxis, neurons: Int, dimension: Int) -> [Int] {
    (0..<dimension).map { axis == .last ? $0 * neurons + neuron : neuron * dimension + $0 }
  }

  /// Runs of 8 squares in single precision are rounded 8 times by at most 2⁻²⁴: 4.8·10⁻⁷. All else is in double precision.
  private static func tolerance(_ type: TensorType) -> Double {
    type == .brainFloat16 || type == .float16 ? 8 * 0x1p-24 : 1e-14
  }

  static let shapes: [[Int]] = [
    [1, 1], [3, 1], [1, 3], [5, 3], [7, 9], [4, 27], [33, 17], [16, 16], [9, 128], [3, 300], [2, 1025],
    [6, 3, 3, 3],
    [300, 5], [40, 31],
  ]

  @Test(arguments: Stored.types, shapes)
  func squaresAreThoseOfTheValues(_ type: TensorType, _ shape: [Int]) throws {
    let folder = try Folder()
    var random = SplitMix(state: 1)
    let stored = Stored(type, shape: shape, using: &random)
    let values = try stored.values
    // Data that begin at each place within 8 bytes.
    for blanks in [0, 1, 2, 5] {
      let tensor = try #require(
        Checkpoint(path: folder.write(stored.file(blanks: blanks), to: "a.safetensors"))["w"])
      for axis in NeuronAxis.allCases {
        for reading in Self.readings() {
          let scan = try NeuronScan(tensor, neurons: axis, since: nil, reading: reading)
          #expect((scan.neurons, scan.dimension) == tensor.layout(axis))
          #expect(scan.nonFinite.isEmpty && scan.change == nil && scan.rotation == nil)
          for neuron in 0..<scan.neurons {
            let places = Self.places(neuron, axis, neurons: scan.neurons, dimension: scan.dimension)
            let expected = exactSum(places.map { values[$0] * values[$0] })
            #expect(
              abs(squared(scan.norms[neuron]) - expected) <= Self.tolerance(type) * expected,
              "\(axis) \(neuron)")
          }
        }
      }
    }
  }

  @Test(arguments: Stored.types, Stored.types)
  func changesAreThoseOfTheValues(_ type: TensorType, _ previousType: TensorType) throws {
    let folder = try Folder()
    var random = SplitMix(state: 2)
    for shape in [[1, 1], [5, 3], [33, 17], [9, 128], [3, 300], [6, 3, 3, 3]] {
      let (now, before) = (
        Stored(type, shape: shape, using: &random), Stored(previousType, shape: shape, using: &random)
      )
      let (w, p) = (try now.values, try before.values)
      let tensor = try #require(Checkpoint(path: folder.write(now.file(blanks: 3), to: "a.safetensors"))["w"])
      let previous = try #require(Checkpoint(path: folder.write(before.file(), to: "b.safetensors"))["w"])
      for axis in NeuronAxis.allCases {
        for reading in Self.readings() {
          let scan = try NeuronScan(tensor, neurons: axis, since: previous, reading: reading)
          let change = try #require(scan.change)
          for neuron in 0..<scan.neurons {
            let places = Self.places(neuron, axis, neurons: scan.neurons, dimension: scan.dimension)
            let previousSquare = squared(change.previousNorms[neuron])
            let pairs: [(found: Double, terms: [Double])] = [
              (squared(scan.norms[neuron]), places.map { w[$0] * w[$0] }),
              (previousSquare, places.map { p[$0] * p[$0] }),
              (change.along[neuron] * previousSquare, places.map { p[$0] * (w[$0] - p[$0]) }),
              (squared(change.differenceNorms[neuron]), places.map { (w[$0] - p[$0]) * (w[$0] - p[$0]) }),
            ]
            for (found, terms) in pairs {
              // Of the sum of magnitudes: products have either sign.
              #expect(abs(found - exactSum(terms)) <= 1e-14 * exactSum(terms.map(abs)), "\(axis) \(neuron)")
            }
          }
        }
      }
    }
  }

  /// The worst case of a sum in single precision: a million coordinates, all alike, so that every rounding goes one way.
  @Test(arguments: Stored.types)
  func aMillionCoordinatesKeepSixDigits(_ type: TensorType) throws {
    let folder = try Folder()
    let word: UInt64 =
      switch type {
      case .float64: (1.0 / 3).bitPattern
      case .float32: UInt64((Float(1) / 3).bitPattern)
      case .brainFloat16: 0x3EAB
      default: 0x3555
      }
    let count = 1_000_003
    let stored = Stored(type, shape: [1, count], words: Array(repeating: word, count: count))
    let value = try Stored(type, shape: [1], words: [word]).values[0]
    let tensor = try #require(Checkpoint(path: folder.write(stored.file(), to: "a.safetensors"))["w"])
    for loops in ScanLoops.available {
      let scan = try NeuronScan(tensor, neurons: .first, since: nil, reading: ScanReading(loops: loops))
      #expect(abs(squared(scan.norms[0]) / (value * value * Double(count)) - 1) < 1e-6)
    }
  }

  /// Squares below and above the range of single precision: 2⁻¹³³ is the smallest brain float, 2¹²⁷ near the largest.
  @Test func sizesBeyondSinglePrecisionKeepTheirDigits() throws {
    let folder = try Folder()
    let words: [(word: UInt64, value: Double)] = [
      (0x0001, 0x1p-133), (0x8001, -0x1p-133), (0x1F80, 0x1p-64), (0x7F00, 0x1p127), (0xDF80, -0x1p64),
      (0, 0),
      (0x8000, 0),
    ]
    for (word, value) in words {
      for count in [1, 15, 128, 256, 1000] {
        let layouts: [([Int], NeuronAxis)] = [
          ([1, count], .first), ([count, 1], .last), ([count, 40], .last),
        ]
        for (shape, axis) in layouts {
          let stored = Stored(
            .brainFloat16, shape: shape, words: Array(repeating: word, count: shape.reduce(1, *)))
          let tensor = try #require(Checkpoint(path: folder.write(stored.file(), to: "a.safetensors"))["w"])
          for reading in Self.readings() {
            let scan = try NeuronScan(tensor, neurons: axis, since: nil, reading: reading)
            let norm = (value * value * Double(count)).squareRoot()
            #expect(scan.norms.allSatisfy { $0 == norm }, "\(value) \(shape)")
            #expect(scan.zeros == (value == 0 ? scan.neurons : 0))
          }
        }
      }
    }
  }

  static let strays: [(type: TensorType, words: [UInt64])] = [
    (.float64, [0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, 0xFFF0_0000_0000_0001]),
    (.float32, [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFF80_0001]),
    (.brainFloat16, [0x7F80, 0xFF80, 0x7FC0, 0xFF81]),
    (.float16, [0x7C00, 0xFC00, 0x7E00, 0xFC01]),
  ]

  /// ±∞ and two kinds of NaN, in one neuron. What is said of the others stays the same; those that share a run with it are
  /// summed in double precision.
  @Test(arguments: strays)
  func whatIsNotFiniteIsCountedAndHarmsNoOther(_ item: (type: TensorType, words: [UInt64])) throws {
    let folder = try Folder()
    var random = SplitMix(state: 3)
    let shape = [37, 301]
    let sound = Stored(item.type, shape: shape, using: &random)
    let before = Stored(.float32, shape: shape, using: &random)
    let previous = try #require(Checkpoint(path: folder.write(before.file(), to: "b.safetensors"))["w"])
    let reference = try #require(Checkpoint(path: folder.write(sound.file(), to: "r.safetensors"))["w"])
    for count in 1...4 {
      var broken = sound
      let width = item.type.width
      // In one neuron whichever way the neurons lie.
      let strays = item.words.prefix(count).enumerated().map { (place: 11 * 301 + 5 + $0 * 60, word: $1) }
      for (place, word) in strays {
        for byte in 0..<width {
          broken.bytes[place * width + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
        }
      }
      let tensor = try #require(Checkpoint(path: folder.write(broken.file(), to: "a.safetensors"))["w"])
      for axis in NeuronAxis.allCases {
        for reading in Self.readings() {
          for earlier in [nil, previous] {
            let scan = try NeuronScan(tensor, neurons: axis, since: earlier, reading: reading)
            let clean = try NeuronScan(reference, neurons: axis, since: earlier, reading: reading)
            var expected: [Int: Int] = [:]
            for (place, _) in strays {
              expected[axis == .first ? place / 301 : axis == .last ? place % 301 : 0, default: 0] += 1
            }
            #expect(scan.nonFinite == expected && scan.nonFiniteNumbers == count)
            for neuron in 0..<scan.neurons {
              if expected[neuron] == nil {
                #expect(scan.change?.along[neuron] == clean.change?.along[neuron])
                let clean = clean.norms[neuron]
                #expect(abs(scan.norms[neuron] - clean) <= Self.tolerance(item.type) * clean)
              } else {
                #expect(scan.norms[neuron].isNaN && scan.rotation(neuron)?.isNaN != false)
              }
            }
            #expect(axis == .whole || scan.norm.isFinite && scan.norm > 0)
          }
        }
      }
      // The same numbers in the earlier checkpoint.
      let reversed = try NeuronScan(previous, neurons: .first, since: tensor)
      #expect(reversed.nonFinite == [11: count] && reversed.rotation?.isFinite == true)
    }
  }

  /// A vector turned by a known angle in the plane of its first two coordinates.
  @Test(arguments: [1e-12, 1e-8, 1e-4, 0.3, 1.5, 3.0])
  func anglesKeepTheirDigits(_ angle: Double) throws {
    let folder = try Folder()
    // Δ = p (cos − 1) + q sin with q at right angles to p; cos − 1 = −2 sin²(angle/2) has no cancellation.
    let (p, q) = ([3.0, 4, 12, 0], [-4.0, 3, 0, 0].map { $0 * 13 / 5 })
    let step = zip(p, q).map { -2 * squared(sine(angle / 2)) * $0 + sine(angle) * $1 }
    let before = try Checkpoint(path: folder.write(["w": Tensor(p, shape: [1, 4])], to: "b.safetensors"))
    let now = try Checkpoint(
      path: folder.write(["w": Tensor(zip(p, step).map(+), shape: [1, 4])], to: "a.safetensors"))
    let scan = try NeuronScan(
      #require(now["w"]), neurons: .first, since: before["w"])
    let found = try #require(scan.rotation(0))
    // Coordinates near 12 are rounded by up to 2⁻⁵⁰, a relative error of that over 13 angle.
    #expect(abs(found / angle - 1) < 1e-14 + 1e-16 / angle)
    #expect(scan.rotation == found)
    #expect(abs(scan.norms[0] - 13) < 1e-13)
  }

  @Test func anglesOfOppositeAndMissingVectors() throws {
    let folder = try Folder()
    let before = try Checkpoint(
      path: folder.write(["w": Tensor([1.0, 2, 0, 0, 1, 2, 1, 2], shape: [4, 2])], to: "b.safetensors"))
    let now = try Checkpoint(
      path: folder.write(["w": Tensor([-1.0, -2, 1, 1, 0, 0, 3, 6], shape: [4, 2])], to: "a.safetensors"))
    let scan = try NeuronScan(#require(now["w"]), neurons: .first, since: before["w"])
    #expect(scan.rotation(0) == .pi)
    #expect(scan.rotation(1)?.isNaN == true && scan.rotation(2)?.isNaN == true)
    #expect(scan.rotation(3) == 0)
    #expect(scan.zeros == 1)
  }

  @Test func emptyTensorsHaveNoNeurons() throws {
    let folder = try Folder()
    for shape in [[0], [3, 0], [0, 4_611_686_018_427_387_904, 4_611_686_018_427_387_904]] {
      let stored = Stored(.float32, shape: shape, words: [])
      let tensor = try #require(Checkpoint(path: folder.write(stored.file(), to: "a.safetensors"))["w"])
      for axis in NeuronAxis.allCases {
        let scan = try NeuronScan(tensor, neurons: axis)
        #expect(scan.neurons == 0 && scan.norms.isEmpty && scan.norm == 0)
      }
    }
  }

  @Test func oneDimensionAndNoneAreScannedToo() throws {
    let folder = try Folder()
    let checkpoint = try Checkpoint(
      path: folder.write(
        ["gain": Tensor([3.0, -4]), "scale": Tensor([Float(-2)], shape: [])], to: "a.safetensors"))
    let gain = try #require(checkpoint["gain"])
    #expect(try NeuronScan(gain, neurons: .first).norms == [3, 4])
    #expect(try NeuronScan(gain, neurons: .last).norms == [3, 4])
    #expect(try NeuronScan(gain, neurons: .whole).norms == [5])
    #expect(try NeuronScan(#require(checkpoint["scale"]), neurons: .first).norms == [2])
  }
}

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private func sine(_ x: Double) -> Double { sin(x) }
private func squared(_ x: Double) -> Double { x * x }
