import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Normal numbers from xoshiro128++, against a scalar transcription and the moments they have to have.
@Suite struct RandomNumbersTests {
  /// xoshiro128++ as its authors print it, one generator.
  private struct Generator {
    var s: [UInt32]

    mutating func next() -> UInt32 {
      func rotated(_ x: UInt32, _ k: UInt32) -> UInt32 { x << k | x >> (32 - k) }
      let result = rotated(s[0] &+ s[3], 7) &+ s[0]
      let t = s[1] << 9
      s[2] ^= s[0]
      s[3] ^= s[1]
      s[1] ^= s[2]
      s[0] ^= s[3]
      s[2] ^= t
      s[3] = rotated(s[3], 11)
      return result
    }
  }

  /// The authors' own first numbers from the state 1, 2, 3, 4.
  @Test func theTranscriptionIsXoshiro() {
    var generator = Generator(s: [1, 2, 3, 4])
    let expected: [UInt32] = [
      641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274, 4_247_214_768, 3_867_114_732, 1_355_841_295,
    ]
    #expect(expected.map { _ in generator.next() } == expected)
  }

  /// Numbers as the loops give them.
  private static func numbers(
    _ count: Int, seed: UInt64 = 3, scale: Double = 1, _ arithmetic: Arithmetic
  ) throws -> (values: [Double], state: [UInt64]) {
    let kernels = try #require(arithmetic.set.kernels(arithmetic.precision))
    let random = RandomNumbers(seed: seed)
    let row = Panels(neurons: lanes, columns: count / lanes, precision: arithmetic.precision)
    random.fill(row.panel(0), count: count, scale: scale, kernels)
    return (row.raw, random.state)
  }

  /// Box and Muller with the library's functions; the polynomials are good to 4e-7 of the radius, rounding adds as much.
  @Test(arguments: Arithmetic.available)
  func agreesWithTheTranscription(_ arithmetic: Arithmetic) throws {
    let count = 1 << 15
    let (found, state) = try Self.numbers(count, arithmetic)
    let start = RandomNumbers(seed: 3).state.dropFirst().map { UInt32($0) }
    var generators = (0..<lanes).map { lane in
      Generator(s: (0..<4).map { start[$0 * lanes + lane] })
    }
    var worst = 0.0
    for pair in 0..<count / (2 * lanes) {
      for lane in 0..<lanes {
        let (first, second) = (generators[lane].next(), generators[lane].next())
        let radius = (-2 * log(Double((first >> 8) + 1) * 0x1p-24)).squareRoot()
        let angle = Double(Int32(bitPattern: second << 2)) * 0x1p-32 * Double.pi / 2
        let cosine = (second >> 31 == 0 ? 1 : -1) * cos(angle)
        let expected = second >> 30 & 1 == 0 ? (cosine, sin(angle)) : (sin(angle), cosine)
        let at = 2 * pair * lanes + lane
        worst = max(worst, abs(found[at] - radius * expected.0), abs(found[at + lanes] - radius * expected.1))
      }
    }
    #expect(worst < 2e-6)
    #expect(state.dropFirst().elementsEqual((0..<4).flatMap { k in generators.map { UInt64($0.s[k]) } }))
  }

  /// Both precisions draw the same numbers; a scale multiplies them.
  @Test(arguments: InstructionSet.available)
  func bothPrecisionsDrawTheSame(_ set: InstructionSet) throws {
    let (single, double) = (
      Arithmetic(set: set, precision: .single), Arithmetic(set: set, precision: .double)
    )
    let numbers = try Self.numbers(4096, double).values
    let inSingle = try Self.numbers(4096, single).values
    #expect(inSingle == numbers)
    let (scaled, scaledInSingle) = try (
      Self.numbers(4096, scale: 0.3, double).values, Self.numbers(4096, scale: 0.3, single).values
    )
    #expect(scaled == numbers.map { 0.3 * $0 })
    #expect(scaledInSingle == numbers.map { Double(0.3 * Float($0)) })
  }

  /// Moments of N numbers, each within five standard errors: √(1/N) of the mean, √(2/N) of the variance, √(15/N), √(96/N) of
  /// E[x³], E[x⁴]; √(p/N) of the share p beyond 3; √(1/N) of a correlation, √(4/N) of one of squares.
  @Test(arguments: InstructionSet.available)
  func momentsAreThoseOfTheNormalDistribution(_ set: InstructionSet) throws {
    let count = 1 << 19
    let x = try Self.numbers(count, seed: 11, Arithmetic(set: set, precision: .double)).values
    var moments = [0.0, 0, 0, 0]
    var tail = 0.0
    /// Neighbouring lanes; the two of a pair; the next pair of a lane.
    let distances = [1, lanes, 2 * lanes]
    var products = [0.0, 0, 0]
    var squares = [0.0, 0, 0]
    for index in 0..<count {
      let (value, square) = (x[index], x[index] * x[index])
      moments[0] += value
      moments[1] += square
      moments[2] += square * value
      moments[3] += square * square
      if square > 9 { tail += 1 }
      for (row, distance) in distances.enumerated() where index + distance < count {
        let other = x[index + distance]
        products[row] += value * other
        squares[row] += (square - 1) * (other * other - 1)
      }
    }
    let (n, error) = (Double(count), 5 / Double(count).squareRoot())
    for (moment, (expected, variance)) in zip(
      moments, [(0, 1), (1, 2), (0, 15), (3, 96)] as [(Double, Double)])
    {
      #expect(abs(moment / n - expected) < error * variance.squareRoot())
    }
    let share = erfc(3 / 2.0.squareRoot())
    #expect(abs(tail / n - share) < error * share.squareRoot())
    for row in distances.indices {
      #expect(abs(products[row] / n) < error, "\(distances[row])")
      #expect(abs(squares[row] / n) < 2 * error, "\(distances[row])")
    }
  }

  /// Uniform on ±1: variance 1/3, fourth moment 1/5.
  @Test func weightsStartUniformly() {
    let random = RandomNumbers(seed: 5)
    let x = (0..<100_000).map { _ in random.symmetric() }
    let (n, error) = (Double(x.count), 5 / Double(x.count).squareRoot())
    #expect(x.allSatisfy { (-1..<1).contains($0) })
    #expect(abs(x.reduce(0, +) / n) < error * (1 / 3.0).squareRoot())
    #expect(abs(x.reduce(0) { $0 + $1 * $1 } / n - 1 / 3.0) < error * (1 / 5.0 - 1 / 9.0).squareRoot())
    #expect(x.max() ?? 0 > 0.999 && x.min() ?? 0 < -0.999)
  }
}
