import Foundation
import OutsideText
import Testing

/// Each language is read back by somebody who knows nothing of its escaping.
struct LanguageTests {
  private static let texts = HostileTexts.all

  @Test func thereAreManyTexts() { #expect(Self.texts.count > 4000) }

  /// What acts on a terminal, in any output.
  private static func acts(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
  }

  @Test(arguments: [
    Markup.escape, Markdown.escape, TeX.escape, CSVText.escape, JSONText.escape, YAMLText.escape,
    ShellText.escape,
    PythonText.escape, GnuplotSource.escape, GnuplotText.escape, TerminalText.escape,
  ])
  func nothingActsOnATerminal(escape: @Sendable (String) -> String) {
    let failures = Self.texts.filter { escape($0).unicodeScalars.contains(where: Self.acts) }
    #expect(failures.isEmpty)
  }

  /// Texts in which nothing is unseen come back as they were; the others with names in its place.
  private static func shown(_ text: String) -> String { TerminalText.escape(text) }

  @Test func terminal() {
    #expect(
      TerminalText.escape("a\u{1B}[31m\r\n\u{9B}\u{202E}é\u{600}'中")
        == "a[U+001B][31m[U+000D][U+000A][U+009B][U+202E]é\u{600}'中")
    #expect(TerminalText.escape("\u{E0041}\u{FEFF}\u{200D}") == "[U+E0041][U+FEFF]\u{200D}")
  }

  @Test func markup() {
    for text in Self.texts {
      let escaped = Markup.escape(text)
      #expect(
        !escaped.unicodeScalars.contains { "<>\"'".unicodeScalars.contains($0) }, "\(text.debugDescription)")
      var back = escaped
      for (entity, scalar) in [
        ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
      ] {
        back = back.replacingScalars(entity, with: scalar)
      }
      #expect(back.unicodeScalars.elementsEqual(Self.shown(text).unicodeScalars), "\(text.debugDescription)")
    }
  }

  @Test func json() throws {
    let array = "[" + Self.texts.map(JSONText.escape).joined(separator: ",") + "]"
    let back = try JSONDecoder().decode([String].self, from: Data(array.utf8))
    #expect(zip(back, Self.texts).allSatisfy { $0.unicodeScalars.elementsEqual($1.unicodeScalars) })
    #expect(back.count == Self.texts.count)
  }

  /// One cell a row, in a reader of RFC 4180.
  @Test func csv() {
    let bytes = Self.texts.map { CSVText.escape($0) + ",\n" }.joined().unicodeScalars
    var (rows, cell, isQuoted): ([[String]], String.UnicodeScalarView, Bool) = ([[]], .init(), false)
    for scalar in bytes {
      switch scalar {
      case "\"":
        if isQuoted || cell.isEmpty { isQuoted.toggle() }
        cell.append(scalar)
      case "," where !isQuoted:
        rows[rows.count - 1].append(String(cell))
        cell = .init()
      case "\n" where !isQuoted:
        rows.append([])
        cell = .init()
      default: cell.append(scalar)
      }
    }
    #expect(rows.count == Self.texts.count + 1)
    for (row, text) in zip(rows, Self.texts) {
      var cell = row.first ?? ""
      if cell.utf8.first == UInt8(ascii: "\"") {
        cell = String(cell.unicodeScalars.dropFirst().dropLast()).replacingScalars("\"\"", with: "\"")
      }
      let shown = Self.shown(text)
      #expect(row.count == 1 && (cell == shown || cell == "'" + shown), "\(text.debugDescription)")
      let first = cell.unicodeScalars.first { $0 != " " } ?? "a"
      #expect(!"=+-@".unicodeScalars.contains(first) || Double(cell) != nil, "\(text.debugDescription)")
    }
  }

  @Test(arguments: [
    ("-2", "-2"), ("-a", "'-a"), ("=1", "'=1"), (" =1", "' =1"), ("+", "'+"), ("@x", "'@x"),
    ("a,b", "\"a,b\""),
    ("＝1", "'＝1"), ("a;b", "\"a;b\""), ("a\u{600}\"", "\"a\u{600}\"\"\""), ("−5", "−5"),
  ])
  func cells(text: String, cell: String) { #expect(CSVText.escape(text) == cell) }

  @Test func shell() throws {
    let texts = Self.texts.filter { !$0.utf8.contains(0) }
    let script = texts.map { "printf '%s\\0' \(ShellText.escape($0))\n" }.joined()
    let output = try Self.run("/bin/bash", script)
    let back = output.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
    #expect(back.count == texts.count)
    for (bytes, text) in zip(back, texts) { #expect(bytes == Array(text.utf8), "\(text.debugDescription)") }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"))) func python() throws {
    let script =
      "import sys\n"
      + Self.texts.map { "sys.stdout.buffer.write(\(PythonText.escape($0)).encode() + b'\\xff')\n" }.joined()
    let output = try Self.run("/usr/bin/python3", script)
    let back = output.split(separator: 0xFF, omittingEmptySubsequences: false).dropLast().map(Array.init)
    #expect(back.count == Self.texts.count)
    for (bytes, text) in zip(back, Self.texts) {
      #expect(bytes == Array(text.utf8), "\(text.debugDescription)")
    }
  }

  /// A quote ends the string unless it is doubled.
  @Test func gnuplot() {
    for text in Self.texts {
      let escaped = GnuplotSource.escape(text)
      let inner = String(escaped.unicodeScalars.dropFirst().dropLast())
      #expect(escaped.utf8.first == UInt8(ascii: "'") && escaped.utf8.last == UInt8(ascii: "'"))
      #expect(
        !inner.replacingScalars("''", with: "").utf8.contains(UInt8(ascii: "'")), "\(text.debugDescription)")
    }
    #expect(GnuplotText.escape(#"\{}^_@&~'"#) == #"\\\{\}\^\_\@\&\~'"#)
  }

  /// Only letters, digits and harmless signs are left when commands and groups are taken out.
  @Test func latex() throws {
    let own = try Regex(
      #"\\ensuremath\{[^}]*(\{[^}]*\})*\}|\\[a-zA-Z]+\{\}|\\[{}$&#%_,]|\\~[nN]|\{\[\}|\{\]\}|-\{\}"#)
    for text in Self.texts {
      let rest = TeX.escape(text).replacing(own, with: "")
      #expect(
        !rest.unicodeScalars.contains { "\\{}$&#%_^[]".unicodeScalars.contains($0) },
        "\(text.debugDescription): \(rest)")
    }
  }

  @Test(arguments: [
    ("η̂ and ω̂, g̃", #"\ensuremath{\hat{\eta}} and \ensuremath{\hat{\omega}}, \ensuremath{\tilde{g}}"#),
    ("[0, 1] --lr", #"{[}0, 1{]} -{}-lr"#), ("слой", "sloj"), ("中文", "zhong wen"),
    ("😀", "{[}grinning face{]}"),
    ("Jose\u{301}", "José"), ("a\u{600}_b", #"a{[}arabic number sign{]}\_b"#), ("\u{1B}", "{[}U+001B{]}"),
  ])
  func latexWords(text: String, latex: String) { #expect(TeX.escape(text) == latex) }

  @Test func transliteration() {
    #expect(TeX.transliterates("слой") && TeX.transliterates("layer 中"))
    #expect(!TeX.transliterates("η̂ at 5 % — Müller, \u{1B}"))
  }

  @Test(arguments: [
    ("a*b_c", #"a\*b\_c"#), ("[x](http://a.b)", #"\[x\](http\://a.b)"#), ("<img>", #"\<img\>"#),
    ("&copy;", "&amp;copy;"),
    ("a@b.org", "a`@`b.org"), ("www.a.b", #"www\.a.b"#), (":smile: x", #"\:smile: x"#), ("$x$", #"\$x\$"#),
    ("at step: 5", "at step: 5"), ("!\u{202E}", #"!\[U+202E\]"#),
  ])
  func markdown(text: String, written: String) { #expect(Markdown.escape(text) == written) }

  @Test(arguments: [
    ("- a", #"\- a"#), ("+", #"\+"#), ("1. a", #"1\. a"#), ("12) a", #"12\) a"#), ("a. b", #"a\. b"#),
    ("===", #"\==="#),
    ("    a", "&#32;   a"), ("1.5 a", "1.5 a"), ("word. b", #"word\. b"#), ("# a", "\\# a"),
  ])
  func markdownAtTheStart(text: String, written: String) {
    #expect(Written<Markdown>(text).atStart.text == written)
  }

  @Test func whatIsInterpolatedIsEscaped() {
    let name = "<b>"
    let inner: Written<Markup> = "<i>\(name)</i>"
    #expect(("<p>\(inner) \(5)</p>" as Written<Markup>).text == "<p><i>&lt;b&gt;</i> 5</p>")
    #expect(["\(name)", "x"].joined(separator: ", " as Written<Markup>).text == "&lt;b&gt;, x")
    #expect(Written<TerminalText>(lines: "a\nb\u{1B}").text == "a\nb[U+001B]")
    #expect(Written<JSONText>(name).text == "\"<b>\"")
  }

  /// What a program writes that reads a script.
  private static func run(_ program: String, _ script: String) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "script-\(UUID())")
    try script.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = [file.path]
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(bytes)
  }
}

extension String {
  /// The text with other scalars for some; a grapheme that begins or ends among them is no obstacle.
  fileprivate func replacingScalars(_ old: String, with new: String) -> String {
    let (scalars, wanted) = (Array(unicodeScalars), Array(old.unicodeScalars))
    var (result, index) = (String.UnicodeScalarView(), 0)
    while index < scalars.count {
      if scalars[index...].starts(with: wanted) {
        result.append(contentsOf: new.unicodeScalars)
        index += wanted.count
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return String(result)
  }
}
