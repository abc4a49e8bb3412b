/// What the JSON at the head of a file says, checked: every tensor takes its own bytes of the data, and none are left over.
public struct TensorHeader: Sendable, Equatable {
  /// A tensor.
  public struct Entry: Sendable, Equatable {
    /// Its name.
    public let name: String
    /// How each number is stored.
    public let type: StoredType
    /// The extent of each dimension, the last one running fastest; empty for a single number.
    public let shape: [Int]
    /// Its bytes, counted from the start of the data.
    public let range: Range<Int>
  }

  /// Text that goes with the tensors.
  public internal(set) var metadata: [String: String] = [:]
  /// The tensors, in the order of their bytes.
  public internal(set) var entries: [Entry] = []

  /// Bytes in front of the JSON, which give its length.
  public static let prefix = 8

  /// The most dimensions of a tensor; NumPy and PyTorch have no more than 64.
  public static let dimensionLimit = 64

  init() {}

  /// The length of the JSON in bytes, from the first 9 bytes of a file of a size.
  ///
  /// - Throws: ``TensorFileError`` where this cannot be the start of such a file.
  public static func length(_ start: some Collection<UInt8>, of size: Int) throws(TensorFileError) -> Int {
    guard start.count > prefix, start.dropFirst(prefix).first == UInt8(ascii: "{") else {
      throw .notSafetensors
    }
    let length = start.prefix(prefix).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= TensorFile.headerLimit else { throw .headerTooLong(length) }
    guard length <= size - prefix else { throw .headerTruncated(Int(length), available: size - prefix) }
    return Int(length)
  }

  /// The header of a file, from its JSON.
  ///
  /// - Parameters:
  ///   - bytes: those that hold the JSON.
  ///   - range: where in them it is; all when left out.
  ///   - dataSize: how many bytes of data come behind it.
  /// - Throws: ``TensorFileError`` where anything contradicts itself or the size of the data.
  public init(_ bytes: [UInt8], in range: Range<Int>? = nil, dataSize: Int) throws(TensorFileError) {
    var scanner = JSONScanner(bytes, in: range ?? 0..<bytes.count)
    try read(&scanner)
    try checkCoverage(of: dataSize)
  }
}

// MARK: Reading

extension TensorHeader {
  private mutating func read(_ scanner: inout JSONScanner) throws(TensorFileError) {
    var hasMetadata = false
    try scanner.expect(.object, at: "")
    scanner.enter()
    while let name = try scanner.checkedName() {
      if name == TensorFile.metadataKey {
        guard !hasMetadata else { throw .repeatedKey(name) }
        hasMetadata = true
        metadata = try scanner.texts(at: name)
      } else {
        entries.append(try Entry(name, &scanner))
      }
    }
    try scanner.finishChecked()
    var names = Set<String>(minimumCapacity: entries.count)
    for entry in entries {
      guard names.insert(entry.name).inserted else { throw .repeatedKey(entry.name) }
    }
  }

  /// The tensors have to fill the data, each byte once.
  private mutating func checkCoverage(of size: Int) throws(TensorFileError) {
    let isOrdered: (Entry, Entry) -> Bool = {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < (
        $1.range.lowerBound, $1.range.upperBound, $1.name
      )
    }
    // Most files are in order already, and looking costs less than sorting.
    let isSorted = entries.indices.dropFirst().allSatisfy { isOrdered(entries[$0 - 1], entries[$0]) }
    if !isSorted { entries.sort(by: isOrdered) }
    var end = 0
    for entry in entries {
      guard entry.range.upperBound <= size else {
        throw .dataTruncated(tensor: entry.name, end: entry.range.upperBound, available: size)
      }
      guard entry.range.lowerBound >= end else {
        throw .overlap(tensor: entry.name, start: entry.range.lowerBound, end: end)
      }
      guard entry.range.lowerBound == end else { throw .unclaimed(end..<entry.range.lowerBound) }
      end = entry.range.upperBound
    }
    guard end == size else { throw .unclaimed(end..<size) }
  }
}

extension TensorHeader.Entry {
  /// Reads `{"dtype": …, "shape": […], "data_offsets": […]}`; other keys are passed over, as by the Python package.
  fileprivate init(_ name: String, _ scanner: inout JSONScanner) throws(TensorFileError) {
    try scanner.expect(.object, at: name)
    scanner.enter()
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    while let key = try scanner.checkedName() {
      // Made where an error needs it: there may be millions of keys.
      var place: String { "\(name)/\(key)" }
      switch key {
      case "dtype":
        guard dtype == nil else { throw .repeatedKey(place) }
        dtype = try scanner.text(at: place)
      case "shape":
        guard shape == nil else { throw .repeatedKey(place) }
        shape = try scanner.integers(at: place, limit: TensorHeader.dimensionLimit)
      case "data_offsets":
        guard offsets == nil else { throw .repeatedKey(place) }
        offsets = try scanner.integers(at: place, limit: TensorHeader.dimensionLimit)
      default: try scanner.skipChecked()
      }
    }
    guard let dtype else { throw .malformedHeader(at: "\(name)/dtype") }
    guard let shape else { throw .malformedHeader(at: "\(name)/shape") }
    guard let offsets else { throw .malformedHeader(at: "\(name)/data_offsets") }
    try self.init(name, dtype, shape, offsets)
  }

  private init(
    _ name: String, _ dtype: String, _ shape: [Int], _ offsets: [Int]
  ) throws(TensorFileError) {
    guard let type = StoredType(name: dtype) else { throw .unknownType(dtype, tensor: name) }
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw .offsets(offsets, tensor: name)
    }
    var bits = type.bits
    for extent in shape {
      guard extent >= 0 else { throw .shape(shape, tensor: name) }
      let (product, overflow) = bits.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw .shape(shape, tensor: name) }
      bits = product
    }
    let size = offsets[1] - offsets[0]
    guard bits % 8 == 0 else { throw .partOfByte(tensor: name, type: type, shape: shape) }
    guard bits / 8 == size else {
      throw .size(size, tensor: name, type: type, shape: shape, expected: bits / 8)
    }
    self.init(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }
}
