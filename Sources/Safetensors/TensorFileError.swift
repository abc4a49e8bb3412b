/// Why a file is no sound safetensors file, or lacks what is asked of it.
public enum TensorFileError: Error, Equatable, CustomStringConvertible {
  /// It does not begin as one.
  case notSafetensors
  /// A header longer than any.
  case headerTooLong(UInt64)
  /// A header longer than the file.
  case headerTruncated(Int, available: Int)
  /// A header that is no JSON or has a number that is no `Int` (empty place), or an entry of the wrong kind at the place.
  case malformedHeader(at: String)
  /// An index of several files that is no JSON (empty place), or an entry of the wrong kind at the place.
  case malformedIndex(at: String)
  /// A tensor, or a key of one, that is there twice, so that it is open which is meant.
  case repeatedKey(String)
  /// More numbers in a shape or in offsets than any tensor has.
  case tooManyNumbers(at: String, limit: Int)
  /// A `dtype` that is not known, or whose numbers are not read.
  case unknownType(String, tensor: String)
  /// A shape with a negative extent, or more numbers than can be counted.
  case shape([Int], tensor: String)
  /// Offsets that are no range.
  case offsets([Int], tensor: String)
  /// A shape that does not take the bytes that the offsets give.
  case size(Int, tensor: String, type: StoredType, shape: [Int], expected: Int)
  /// Numbers of a few bits each that end within a byte.
  case partOfByte(tensor: String, type: StoredType, shape: [Int])
  /// Offsets beyond the end of the file.
  case dataTruncated(tensor: String, end: Int, available: Int)
  /// A tensor that begins before the one in front of it ends.
  case overlap(tensor: String, start: Int, end: Int)
  /// Bytes that belong to no tensor.
  case unclaimed(Range<Int>)
  /// A tensor that is asked for and not there.
  case missing(tensor: String, known: [String])

  /// One line that names the offending value, what is allowed and, where it can, the fix.
  public var description: String {
    switch self {
    case .notSafetensors:
      "not a safetensors file, expected 8 bytes with the length of the header and then '{'"
    case .headerTooLong(let length):
      "not a safetensors file: a header of \(length) bytes, expected at most \(TensorFile.headerLimit)"
    case .headerTruncated(let length, let available):
      "truncated: the header has \(length) bytes, the rest of the file \(available); copy or write it again"
    case .malformedHeader(at: ""):
      "the header is not JSON, or a number in it is not whole or too large; write the file again"
    case .malformedHeader(let place):
      "the header's '\(place.shown)' is missing or malformed, expected dtype (text), shape and data_offsets (whole numbers) "
        + "of each tensor, and text in __metadata__"
    case .malformedIndex(at: ""): "not JSON, expected an index of safetensors files"
    case .malformedIndex(let place):
      "'\(place.shown)' is missing or malformed, expected a weight_map with a file name for each tensor"
    case .repeatedKey(let key): "'\(key.shown)' is given twice; write the file again"
    case .tooManyNumbers(let place, let limit):
      "the header's '\(place.shown)' has more than \(limit) numbers, expected no more"
    case .unknownType(let type, let tensor):
      "tensor '\(tensor.shown)' has the dtype '\(type.shown)', expected one of "
        + TensorType.allCases.map(\.rawValue).joined(separator: ", ")
    case .shape(let shape, let tensor):
      "tensor '\(tensor.shown)' has the shape \(shape), expected numbers of at least 0 whose product fits 63 bits"
    case .offsets(let offsets, let tensor):
      "tensor '\(tensor.shown)' has the data_offsets \(offsets), expected a start of at least 0 and an end not before it"
    case .size(let size, let tensor, let type, let shape, let expected):
      "tensor '\(tensor.shown)' has \(size) bytes, expected \(expected) for the shape \(shape) in \(type.name)"
    case .partOfByte(let tensor, let type, let shape):
      "tensor '\(tensor.shown)' has the shape \(shape) in \(type.name), expected one that fills whole bytes"
    case .dataTruncated(let tensor, let end, let available):
      "truncated: tensor '\(tensor.shown)' ends at byte \(end) of the data, which has \(available); "
        + "copy or write the file again"
    case .overlap(let tensor, let start, let end):
      "tensor '\(tensor.shown)' starts at byte \(start) of the data, expected \(end), where the one before it ends"
    case .unclaimed(let range):
      "bytes \(range.lowerBound) to \(range.upperBound - 1) of the data belong to no tensor, expected none left over"
    case .missing(let tensor, let known):
      "no tensor '\(tensor.shown)'; the file has "
        + (known.isEmpty
          ? "none"
          : known.prefix(8).map(\.shown).joined(separator: ", ")
            + (known.count > 8 ? " and \(known.count - 8) more" : ""))
    }
  }
}

extension String {
  /// The text in one line of at most 120 characters, with nothing in it that a terminal obeys: names come from files.
  var shown: String {
    var shown = ""
    for (index, scalar) in unicodeScalars.enumerated() {
      guard index < 120 else { return shown + "…" }
      let isControl =
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
      shown += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
    }
    return shown
  }
}
