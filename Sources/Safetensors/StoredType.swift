/// The `dtype` of a tensor in a file: any that the format has.
///
/// The size of every tensor can be checked; the numbers of some types are not read.
public enum StoredType: Sendable, Hashable, CaseIterable {
  /// One whose numbers are read.
  case readable(TensorType)
  /// One that is known by its size alone.
  case opaque(OpaqueType)

  /// All of them, those that are read first.
  public static var allCases: [StoredType] {
    TensorType.allCases.map { .readable($0) } + OpaqueType.allCases.map { .opaque($0) }
  }

  /// The type of a name; nil for one that the format does not have.
  public init?(name: String) {
    if let type = TensorType(rawValue: name) {
      self = .readable(type)
    } else if let type = OpaqueType(rawValue: name) {
      self = .opaque(type)
    } else {
      return nil
    }
  }

  /// The name in the file, such as `BF16`.
  public var name: String {
    switch self {
    case .readable(let type): type.rawValue
    case .opaque(let type): type.rawValue
    }
  }

  /// Bits a number takes.
  public var bits: Int {
    switch self {
    case .readable(let type): 8 * type.width
    case .opaque(let type): type.bits
    }
  }
}

/// A `dtype` whose numbers are not read: those of quantised weights, and complex ones.
public enum OpaqueType: String, CaseIterable, Sendable {
  /// Floating-point numbers of 4 and 6 bits, two or four to one or three bytes (Open Compute Project, MX).
  case float4 = "F4"
  case float6Exponent2 = "F6_E2M3"
  case float6Exponent3 = "F6_E3M2"
  /// Floating-point numbers of 8 bits, named by the bits of exponent and fraction; FNUZ ones have no negative zero.
  case float8Exponent4 = "F8_E4M3"
  case float8Exponent5 = "F8_E5M2"
  case float8Exponent8 = "F8_E8M0"
  case float8Exponent4Unsigned0 = "F8_E4M3FNUZ"
  case float8Exponent5Unsigned0 = "F8_E5M2FNUZ"
  /// Two `float32`, real and imaginary part.
  case complex64 = "C64"

  /// Bits a number takes.
  public var bits: Int {
    switch self {
    case .float4: 4
    case .float6Exponent2, .float6Exponent3: 6
    case .float8Exponent4, .float8Exponent5, .float8Exponent8, .float8Exponent4Unsigned0,
      .float8Exponent5Unsigned0:
      8
    case .complex64: 64
    }
  }
}
