import OutsideText
import Testing

/// What both readers of JSON go by.
@Suite struct JSONGrammarTests {
  @Test(
    "A number ends where its grammar does",
    arguments: [
      ("0", 1), ("-0.5e+10,", 8), ("12]", 2), ("1.", nil), ("01", nil), ("-", nil), (".5", nil), ("1e", nil),
      ("1E5x", 3),
    ] as [(String, Int?)])
  func numbers(_ text: String, _ end: Int?) {
    let bytes = Array(text.utf8)
    #expect(JSONGrammar.endOfNumber(in: bytes, at: 0, before: bytes.count) == end)
  }

  @Test(
    "An escape stands for a character",
    arguments: [("n", "\n"), ("u0041", "A"), ("u00e9", "é"), ("ud83d\\ude00", "😀"), ("\\", "\\"), ("/", "/")])
  func escapes(_ text: String, _ character: String) throws {
    let bytes = Array(text.utf8)
    let (utf8, end) = try JSONGrammar.escape(in: bytes, at: 0, before: bytes.count)
    #expect(String(decoding: utf8, as: UTF8.self) == character && end == bytes.count)
  }

  @Test(
    "What is no escape is told apart from half of one",
    arguments: [
      ("x", JSONGrammar.EscapeError.unknown), ("u12", .unknown), ("ude00", .halfOfPair),
      ("ud83d", .halfOfPair), ("", .unknown),
    ])
  func mistakes(_ text: String, _ expected: JSONGrammar.EscapeError) {
    let bytes = Array(text.utf8)
    #expect(throws: expected) { try JSONGrammar.escape(in: bytes, at: 0, before: bytes.count) }
  }
}
