/// Numbers in a shape, kept as they are stored.
///
/// A tensor that was read shares the bytes of its file; numbers are made when asked for.
public struct Tensor: Sendable, Equatable {
  /// How each number is stored.
  public let type: TensorType
  /// The extent of each dimension, the last one running fastest; empty for a single number.
  public let shape: [Int]
  /// The numbers in row-major order, little-endian.
  let bytes: ArraySlice<UInt8>

  /// How many numbers there are.
  public var count: Int { bytes.count / type.width }

  init(type: TensorType, shape: [Int], bytes: ArraySlice<UInt8>) {
    (self.type, self.shape, self.bytes) = (type, shape, bytes)
  }

  /// Numbers stored in 64 bits each.
  ///
  /// - Parameter shape: its product is the number of values; one dimension when left out.
  public init(_ values: [Double], shape: [Int]? = nil) {
    self.init(words: values.map(\.bitPattern), type: .float64, shape: shape)
  }

  /// Numbers stored in 32 bits each.
  ///
  /// - Parameter shape: its product is the number of values; one dimension when left out.
  public init(_ values: [Float], shape: [Int]? = nil) {
    self.init(words: values.map(\.bitPattern), type: .float32, shape: shape)
  }

  /// Whole numbers stored in 64 bits each, such as the state of a random generator.
  ///
  /// - Parameter shape: its product is the number of values; one dimension when left out.
  public init(_ integers: [UInt64], shape: [Int]? = nil) {
    self.init(words: integers, type: .unsigned64, shape: shape)
  }

  /// Whole numbers stored in 32 bits each.
  ///
  /// - Parameter shape: its product is the number of values; one dimension when left out.
  public init(_ integers: [UInt32], shape: [Int]? = nil) {
    self.init(words: integers, type: .unsigned32, shape: shape)
  }

  /// The numbers. Exact, but for integers beyond 2⁵³, which go to the nearest.
  public var values: [Double] {
    switch type {
    case .float64: words().map(Double.init(bitPattern:))
    case .float32: words().map { Double(Float(bitPattern: $0)) }
    case .brainFloat16: words().map { (word: UInt16) in Double(Float(bitPattern: UInt32(word) << 16)) }
    case .float16: words().map(Double.init(half:))
    case .unsigned64: words().map { (word: UInt64) in Double(word) }
    case .signed64: words().map { (word: Int64) in Double(word) }
    case .unsigned32: words().map { (word: UInt32) in Double(word) }
    case .signed32: words().map { (word: Int32) in Double(word) }
    case .unsigned16: words().map { (word: UInt16) in Double(word) }
    case .signed16: words().map { (word: Int16) in Double(word) }
    case .unsigned8, .boolean: bytes.map(Double.init)
    case .signed8: words().map { (word: Int8) in Double(word) }
    }
  }

  /// The numbers of a `U64` or `U32` tensor, exactly; nil for other types.
  public var integers: [UInt64]? {
    switch type {
    case .unsigned64: words()
    case .unsigned32: words().map { (word: UInt32) in UInt64(word) }
    default: nil
    }
  }
}

extension Tensor {
  private init(words: [some FixedWidthInteger], type: TensorType, shape: [Int]?) {
    let shape = shape ?? [words.count]
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == words.count,
      "\(words.count) numbers do not fill the shape \(shape)")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count * type.width)
    for word in words { withUnsafeBytes(of: word.littleEndian) { bytes += $0 } }
    self.init(type: type, shape: shape, bytes: bytes[...])
  }

  private func words<Word: FixedWidthInteger>() -> [Word] {
    bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        Word(
          littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self))
      }
    }
  }
}

extension Double {
  /// The number that 16 bits of IEEE 754 hold; Swift's own `Float16` is missing on some machines.
  fileprivate init(half word: UInt16) {
    let isFinite = word & 0x7C00 != 0x7C00
    // Exponent and fraction go where a Double has them; its exponent counts from 1023 instead of 15. Exact.
    let magnitude = Double(bitPattern: UInt64(word & 0x7FFF) << 42) * 0x1p1008
    let special = word & 0x03FF == 0 ? Double.infinity : .nan
    self = (word & 0x8000 == 0 ? 1 : -1) * (isFinite ? magnitude : special)
  }
}
