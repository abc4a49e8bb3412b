#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension TensorHeader {
  /// A member of the header as it is written.
  private enum Member: Encodable {
    case metadata([String: String])
    case tensor(Entry)

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .metadata(let texts): try texts.encode(to: encoder)
      case .tensor(let entry):
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(entry.type.name, forKey: .dtype)
        try container.encode(entry.shape, forKey: .shape)
        try container.encode([entry.range.lowerBound, entry.range.upperBound], forKey: .offsets)
      }
    }
  }

  /// The JSON, with names in order, padded with blanks to a multiple of 8 bytes.
  var text: [UInt8] {
    var members = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, Member.tensor($0)) })
    if !metadata.isEmpty { members[TensorFile.metadataKey] = .metadata(metadata) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(members) else { preconditionFailure("text and numbers are JSON") }
    return [UInt8](json) + Array(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
  }
}
