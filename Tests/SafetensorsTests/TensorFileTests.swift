import Safetensors
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct TensorFileTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ReferenceData/Safetensors")

  private static func stored(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  /// A file with a header as given.
  private static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    file(Array(header.utf8), data: data, length: length)
  }

  private static func file(_ header: [UInt8], data: Int, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
      + Array(repeating: 0, count: data)
  }

  // MARK: Files of the Python package

  /// 0.1, 65504 and 6e-8, as each type rounds them.
  static let floats: [(type: TensorType, tenth: Double, large: Double, small: Double)] = [
    (.float64, 0.1, 65504, 6e-8),
    (.float32, Double(Float(0.1)), 65504, Double(Float(6e-8))),
    (.brainFloat16, 0x1.9Ap-4, 65536, 0x1.02p-24),
    (.float16, 0x1.998p-4, 65504, 0x1p-24),
  ]

  @Test(arguments: floats)
  func readsTheFloatsOfPython(
    _ item: (type: TensorType, tenth: Double, large: Double, small: Double)
  ) throws {
    let tensor = try TensorFile(Self.stored("python.safetensors")).tensor(item.type.rawValue)
    #expect(tensor.type == item.type)
    #expect(tensor.shape == [2, 4])
    #expect(tensor.values == [0, 0, 1, -1.5, item.tenth, item.large, item.small, .infinity])
    #expect(tensor.values[1].sign == .minus)
    #expect(tensor.integers == nil)
  }

  static let integers: [(type: TensorType, values: [Double], exact: [UInt64]?)] = [
    (.unsigned64, [0x1p64, 0x1p53], [.max, (1 << 53) + 1]),
    (.unsigned32, [4_294_967_295], [4_294_967_295]),
    (.signed64, [-0x1p63, 9_007_199_254_740_991], nil),
    (.signed32, [-2_147_483_648], nil),
    (.unsigned16, [65535], nil),
    (.signed16, [-2], nil),
    (.unsigned8, [255], nil),
    (.signed8, [-1], nil),
    (.boolean, [1, 0], nil),
  ]

  @Test(arguments: integers)
  func readsTheIntegersOfPython(
    _ item: (type: TensorType, values: [Double], exact: [UInt64]?)
  ) throws {
    let tensor = try TensorFile(Self.stored("python.safetensors")).tensor(item.type.rawValue)
    #expect(tensor.type == item.type)
    #expect(tensor.values == item.values)
    #expect(tensor.integers == item.exact)
  }

  @Test func readsNamesShapesAndMetadataOfPython() throws {
    let file = try TensorFile(Self.stored("python.safetensors"))
    #expect(file.metadata == ["format": "pt"])
    #expect(file.tensors.count == 15)
    #expect(file.tensors["scalar/\"ω\""] == Tensor([Float(7)], shape: []))
    #expect(file.tensors["empty"] == Tensor([Float](), shape: [0, 3]))
  }

  // MARK: Writing

  static let written = TensorFile(
    tensors: [
      "weight/step.0": Tensor([1.5, -0.1, 0, 2] as [Double], shape: [2, 2]),
      "ω": Tensor([0.1, -2, .infinity] as [Float]),
      "generator": Tensor([UInt64.max]),
      "seed": Tensor([7] as [UInt32], shape: []),
      "empty": Tensor([Double](), shape: [0, 4]),
    ], metadata: ["step": "240", "name": "a/b \"c\""])

  /// `files.py` reads this file with the Python package.
  @Test func writesWhatPythonReads() throws {
    #expect(try Self.written.encoded() == Self.stored("swift.safetensors"))
  }

  @Test func theLayoutIsThatOfTheFormat() {
    // "a" is named first, the wider "b" is stored first.
    let file = TensorFile(
      tensors: ["a": Tensor([1] as [Float]), "b": Tensor([-2] as [Double])], metadata: ["k": "v"])
    let header = """
      {"__metadata__":{"k":"v"},"a":{"data_offsets":[8,12],"dtype":"F32","shape":[1]},\
      "b":{"data_offsets":[0,8],"dtype":"F64","shape":[1]}}
      """
    #expect(header.utf8.count == 133)
    #expect(
      file.encoded() == [136, 0, 0, 0, 0, 0, 0, 0] + Array((header + "   ").utf8)
        + [0, 0, 0, 0, 0, 0, 0, 0xC0] + [0, 0, 0x80, 0x3F])
    #expect(TensorFile().encoded() == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
  }

  @Test func whatIsWrittenIsRead() throws {
    #expect(try TensorFile(Self.written.encoded()) == Self.written)
    #expect(try TensorFile(TensorFile().encoded()) == TensorFile())
  }

  @Test func float32GoesThroughDoubleBitForBit() throws {
    // Both ends of every exponent and all signs; no NaN.
    let floats = (0..<UInt32(0xFF)).flatMap { exponent in
      [0, 1, 0x2A_AAAA, 0x7F_FFFF].flatMap { (fraction: UInt32) in
        [Float(bitPattern: exponent << 23 | fraction), -Float(bitPattern: exponent << 23 | fraction)]
      }
    }
    let file = try TensorFile(TensorFile(tensors: ["a": Tensor(floats)]).encoded())
    let read = try file.tensor("a").values
    #expect(read.map { Float($0).bitPattern } == floats.map(\.bitPattern))
  }

  // MARK: Sixteen bits

  @Test(arguments: [(TensorType.float16, 5), (.brainFloat16, 8)])
  func everySixteenBitsAreTheNumberTheyStandFor(_ type: TensorType, exponentBits: Int) throws {
    let header = #"{"a":{"dtype":"\#(type.rawValue)","shape":[65536],"data_offsets":[0,131072]}}"#
    let words = (0..<65536).map(UInt16.init)
    let values = try TensorFile(
      Self.file(header) + words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    ).tensor("a").values
    let fractionBits = 15 - exponentBits
    let bias = 1 << (exponentBits - 1) - 1
    for (word, value) in zip(words, values) {
      let exponent = Int(word & 0x7FFF) >> fractionBits
      let fraction = Double(Int(word) & (1 << fractionBits - 1)) / Double(1 << fractionBits)
      #expect(value.sign == (word < 0x8000 ? .plus : .minus) || value.isNaN)
      if exponent == 1 << exponentBits - 1 {
        #expect(fraction == 0 ? value.isInfinite : value.isNaN)
      } else {
        let (significand, power) =
          exponent == 0 ? (fraction, 1 - bias) : (1 + fraction, exponent - bias)
        #expect(abs(value) == Double(sign: .plus, exponent: power, significand: significand))
      }
    }
  }

  // MARK: Errors

  private static func entry(
    _ name: String = "a", dtype: String = #""F32""#, shape: String = "[2]", offsets: String = "[0,8]"
  ) -> String {
    #""\#(name)":{"dtype":\#(dtype),"shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  private static func header(_ entries: String...) -> String { "{\(entries.joined(separator: ","))}" }

  struct Case: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let message: String
    var testDescription: String { message }
    init(_ bytes: [UInt8], _ message: String) { (self.bytes, self.message) = (bytes, message) }
    init(_ header: String, data: Int = 8, _ message: String) {
      self.init(file(header, data: data), message)
    }
  }

  private static let foreign =
    "not a safetensors file, expected 8 bytes with the length of the header and then '{'"
  private static let notJSON =
    "the header is not JSON, or a number in it is not whole or too large; write the file again"
  private static func malformed(_ place: String) -> String {
    "the header's '\(place)' is missing or malformed, expected dtype (text), shape and data_offsets "
      + "(whole numbers) of each tensor, and text in __metadata__"
  }

  @Test(arguments: [
    Case([], foreign),
    Case([2, 0, 0, 0, 0, 0, 0, 0], foreign),
    Case(Array("PK: any other file".utf8), foreign),
    Case(
      file("{}", length: .max),
      "not a safetensors file: a header of 18446744073709551615 bytes, expected at most 100000000"),
    Case(
      file("{}", length: 100_000_001),
      "not a safetensors file: a header of 100000001 bytes, expected at most 100000000"),
    Case(
      file("{}", length: 100),
      "truncated: the header has 100 bytes, the rest of the file 2; copy or write it again"),
    Case("{", notJSON),
    Case("{\u{0}}", notJSON),
    Case(file("{}{}", length: 4), notJSON),
    Case(file("{", length: 0), notJSON),
    Case(String(repeating: #"{"a":"#, count: 100_000), notJSON),
    Case(#"{"a":7}"#, malformed("a")),
    Case(#"{"a":{"dtype":"F32","shape":[2]}}"#, malformed("a/data_offsets")),
    Case(header(entry(dtype: "32")), malformed("a/dtype")),
    Case(header(entry(shape: "[1.5]")), notJSON),
    Case(header(entry(shape: "[02]")), notJSON),
    Case(header(entry(shape: "[2,]")), notJSON),
    Case(header(entry(offsets: "[0,9223372036854775808]")), notJSON),
    Case(header(entry()) + "x", notJSON),
    Case(header(entry(#"\ud800"#)), notJSON),
    Case(file(Array(header(entry("?")).utf8).map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }, data: 8), notJSON),
    Case(header(entry(), entry(offsets: "[8,16]")), data: 16, "'a' is given twice; write the file again"),
    Case(
      #"{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}"#,
      "'a/dtype' is given twice; write the file again"),
    Case(
      #"{"__metadata__":{},"__metadata__":{}}"#, data: 0,
      "'__metadata__' is given twice; write the file again"),
    Case(
      #"{"__metadata__":{"k":"1","k":"2"}}"#, data: 0, "'__metadata__/k' is given twice; write the file again"
    ),
    Case(
      header(entry(shape: "[\(Array(repeating: "1", count: 65).joined(separator: ","))]")),
      "the header's 'a/shape' has more than 64 numbers, expected no more"),
    Case(
      header(entry(#"\u001b[31m\n"#, shape: "[3]")),
      #"tensor '\u{1b}[31m\u{a}' has 8 bytes, expected 12 for the shape [3] in F32"#),
    Case(header(entry(shape: "[2,null]")), malformed("a/shape/1")),
    Case(header(entry(offsets: "[0,1e30]")), notJSON),
    Case(#"{"__metadata__":{"step":7}}"#, malformed("__metadata__/step")),
    Case(
      header(entry(dtype: #""F8_E4M3""#, shape: "[8]")),
      "tensor 'a' has the dtype 'F8_E4M3', expected one of "
        + "F64, F32, BF16, F16, U64, I64, U32, I32, U16, I16, U8, I8, BOOL"),
    Case(
      header(entry(dtype: #""F4""#, shape: "[3]")),
      "tensor 'a' has the shape [3] in F4, expected one that fills whole bytes"),
    Case(
      header(entry(dtype: #""F7""#)),
      "tensor 'a' has the dtype 'F7', expected one of "
        + "F64, F32, BF16, F16, U64, I64, U32, I32, U16, I16, U8, I8, BOOL"),
    Case(
      header(entry(shape: "[-2]")),
      "tensor 'a' has the shape [-2], expected numbers of at least 0 whose product fits 63 bits"),
    Case(
      header(entry(shape: "[4294967296,4294967296]")),
      "tensor 'a' has the shape [4294967296, 4294967296], expected numbers of at least 0 "
        + "whose product fits 63 bits"),
    Case(
      header(entry(offsets: "[8,0]")),
      "tensor 'a' has the data_offsets [8, 0], expected a start of at least 0 and an end not before it"),
    Case(
      header(entry(offsets: "[-8,0]")),
      "tensor 'a' has the data_offsets [-8, 0], expected a start of at least 0 and an end not before it"),
    Case(
      header(entry(offsets: "[0,4,8]")),
      "tensor 'a' has the data_offsets [0, 4, 8], expected a start of at least 0 and an end not before it"),
    Case(
      header(entry(shape: "[3]")), "tensor 'a' has 8 bytes, expected 12 for the shape [3] in F32"),
    Case(header(entry(shape: "[]")), "tensor 'a' has 8 bytes, expected 4 for the shape [] in F32"),
    Case(
      header(entry(shape: "[1000000000000]", offsets: "[0,4000000000000]")),
      "truncated: tensor 'a' ends at byte 4000000000000 of the data, which has 8; "
        + "copy or write the file again"),
    Case(
      header(entry(), entry("b", offsets: "[4,12]")), data: 12,
      "tensor 'b' starts at byte 4 of the data, expected 8, where the one before it ends"),
    Case(
      header(entry(), entry("b", shape: "[0]", offsets: "[4,4]")),
      "tensor 'b' starts at byte 4 of the data, expected 8, where the one before it ends"),
    Case(
      header(entry(), entry("b", offsets: "[12,20]")), data: 20,
      "bytes 8 to 11 of the data belong to no tensor, expected none left over"),
    Case(header(entry()), data: 9, "bytes 8 to 8 of the data belong to no tensor, expected none left over"),
  ])
  func unsoundFilesGiveOneLine(_ item: Case) {
    let error = #expect(throws: TensorFileError.self) { try TensorFile(item.bytes) }
    #expect(error?.description == item.message)
  }

  /// As the Python package does.
  @Test func otherKeysOfATensorArePassedOver() throws {
    let header =
      #"{"a":{"dtype":"U8","extra":[{"x":[1.5e-3,true,null,"]}"]},{}],"shape":[],"data_offsets":[0,1]}} "#
    let file = try TensorFile(Self.file(header, data: 1))
    #expect(
      file.tensors == [
        "a": try TensorFile(
          Self.file(Self.header(Self.entry(dtype: #""U8""#, shape: "[]", offsets: "[0,1]")), data: 1)
        ).tensor("a")
      ])
  }

  @Test func namesAreUnescaped() throws {
    let header = Self.header(Self.entry(#"\"\\\/\b\f\n\r\t\u03c9\ud834\udd1e"#))
    #expect(
      try Array(TensorFile(Self.file(header, data: 8)).tensors.keys) == ["\"\\/\u{8}\u{c}\n\r\tω\u{1D11E}"])
  }

  /// Types whose numbers are not read are listed, with their size checked.
  @Test func everyTypeOfTheFormatIsListed() throws {
    for type in StoredType.allCases {
      // 24 numbers fill whole bytes in all of them.
      let size = 3 * type.bits
      let header = Self.header(
        Self.entry(dtype: #""\#(type.name)""#, shape: "[4,6]", offsets: "[0,\(size)]"))
      let entries = try TensorHeader(Array(header.utf8), dataSize: size).entries
      #expect(
        entries.map(\.type) == [type] && entries.map(\.shape) == [[4, 6]] && entries[0].range == 0..<size)
    }
  }

  @Test(arguments: [
    (0, "no tensor 'b'; the file has none"),
    (2, "no tensor 'b'; the file has a0, a1"),
    (9, "no tensor 'b'; the file has a0, a1, a2, a3, a4, a5, a6, a7 and 1 more"),
  ])
  func aMissingTensorNamesThoseThere(_ count: Int, message: String) {
    let file = TensorFile(
      tensors: Dictionary(uniqueKeysWithValues: (0..<count).map { ("a\($0)", Tensor([0.0])) }))
    let error = #expect(throws: TensorFileError.self) { try file.tensor("b") }
    #expect(error?.description == message)
  }
}
