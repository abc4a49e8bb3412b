#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the JSON at the head of a file says.
struct Header {
  struct Entry {
    let type: TensorType
    let shape: [Int]
    let range: Range<Int>
  }

  var metadata: [String: String] = [:]
  var entries: [String: Entry] = [:]
}

extension Header {
  /// An entry as it is written.
  private struct Record: Codable {
    let dtype: String
    let shape: [Int]
    let offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// The header as written, nothing checked.
  private struct Records: Codable {
    var metadata: [String: String] = [:]
    var tensors: [String: Record] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      for name in container.allKeys {
        if name.stringValue == TensorFile.metadataKey {
          metadata = try container.decode([String: String].self, forKey: name)
        } else {
          tensors[name.stringValue] = try container.decode(Record.self, forKey: name)
        }
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Name.self)
      if !metadata.isEmpty { try container.encode(metadata, forKey: Name(TensorFile.metadataKey)) }
      for (name, record) in tensors { try container.encode(record, forKey: Name(name)) }
    }
  }

  init(reading json: Data) throws(TensorFileError) {
    let records: Records
    do { records = try JSONDecoder().decode(Records.self, from: json) } catch {
      throw .malformedHeader(at: (error as? DecodingError)?.place ?? "")
    }
    metadata = records.metadata
    for (name, record) in records.tensors.sorted(by: { $0.key < $1.key }) {
      entries[name] = try Entry(name, record.dtype, record.shape, record.offsets)
    }
  }

  /// The JSON, with names in order, padded with blanks to a multiple of 8 bytes.
  var text: [UInt8] {
    var records = Records()
    records.metadata = metadata
    records.tensors = entries.mapValues {
      Record(
        dtype: $0.type.rawValue, shape: $0.shape, offsets: [$0.range.lowerBound, $0.range.upperBound])
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(records) else { preconditionFailure("text and numbers are JSON") }
    return [UInt8](json) + Array(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
  }

  /// The tensors have to fill the data, each byte once.
  func checkCoverage(of count: Int) throws(TensorFileError) {
    let order = entries.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
        < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
    }
    var end = 0
    for (name, entry) in order {
      guard entry.range.upperBound <= count else {
        throw .dataTruncated(tensor: name, end: entry.range.upperBound, available: count)
      }
      guard entry.range.lowerBound >= end else {
        throw .overlap(tensor: name, start: entry.range.lowerBound, end: end)
      }
      guard entry.range.lowerBound == end else { throw .unclaimed(end..<entry.range.lowerBound) }
      end = entry.range.upperBound
    }
    guard end == count else { throw .unclaimed(end..<count) }
  }
}

extension Header.Entry {
  fileprivate init(
    _ name: String, _ dtype: String, _ shape: [Int], _ offsets: [Int]
  ) throws(TensorFileError) {
    guard let type = TensorType(rawValue: dtype) else { throw .unknownType(dtype, tensor: name) }
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1] else {
      throw .offsets(offsets, tensor: name)
    }
    var size = type.width
    for extent in shape {
      guard extent >= 0 else { throw .shape(shape, tensor: name) }
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw .shape(shape, tensor: name) }
      size = product
    }
    guard size == offsets[1] - offsets[0] else {
      throw .size(offsets[1] - offsets[0], tensor: name, type: type, shape: shape, expected: size)
    }
    self.init(type: type, shape: shape, range: offsets[0]..<offsets[1])
  }
}

extension DecodingError {
  /// The keys that lead to what could not be read, empty at the top.
  fileprivate var place: String {
    let path: [any CodingKey] =
      switch self {
      case .keyNotFound(let key, let context): context.codingPath + [key]
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        context.codingPath
      @unknown default: []
      }
    return path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/")
  }
}
