/// How a number is stored: the `dtype` of the safetensors format.
public enum TensorType: String, CaseIterable, Sendable, Codable {
  /// 64 bits, a `Double`.
  case float64 = "F64"
  /// 32 bits, a `Float`.
  case float32 = "F32"
  /// The upper half of a `float32`.
  case brainFloat16 = "BF16"
  /// The half precision of IEEE 754.
  case float16 = "F16"
  /// Whole numbers, without and with a sign.
  case unsigned64 = "U64"
  case signed64 = "I64"
  case unsigned32 = "U32"
  case signed32 = "I32"
  case unsigned16 = "U16"
  case signed16 = "I16"
  case unsigned8 = "U8"
  case signed8 = "I8"
  /// A byte, 0 or 1.
  case boolean = "BOOL"

  /// Bytes a number takes.
  public var width: Int {
    switch self {
    case .float64, .unsigned64, .signed64: 8
    case .float32, .unsigned32, .signed32: 4
    case .brainFloat16, .float16, .unsigned16, .signed16: 2
    case .unsigned8, .signed8, .boolean: 1
    }
  }
}
