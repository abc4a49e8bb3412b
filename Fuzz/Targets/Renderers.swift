import Formulas
import OutsideText
import Reports

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension FuzzTarget {
  /// A text in every place of a document, in every format.
  static let renderers = FuzzTarget(
    name: "renderers", corpus: [],
    words: [
      "<", ">", "&", "\"", "'", "\\", "{", "}", "$", "%", "#", "_", "^", "~", "[", "]", "(", ")", "*", "`",
      "|", "!", "@", "=", "+",
      "-", "\r", "\n", "\t", "\u{0}", "\u{1B}[31m", "\u{9B}", "\u{202E}", "\u{200D}", "\u{600}", "\u{D4E}",
      "\u{301}", "\u{338}",
      "END", "|", "]]>", "-->", "$(x)", "1. ", "    ", "é", "中", "😀", "\u{FFFE}", "\u{2028}",
    ]
  ) { bytes throws(Finding) in
    let text = String(decoding: bytes, as: UTF8.self)
    let prose = Prose([.text(text), .code(text)])
    let table = Table(
      caption: prose,
      columns: [Table.Column(prose, name: text, isNumeric: false), Table.Column(prose, name: "b")],
      rows: [[.prose(prose), .number(1)], [.prose(Prose(text)), .empty]])
    let figure = Figure(
      title: prose,
      panels: [Figure.Panel(x: "x", y: "y", series: [Figure.Series(prose, x: [1, 2], y: [1, 2])])])
    let document = Document([
      .heading(1, text), .heading(2, text), .paragraph(prose), .list([prose, Prose(text)]), .table(table),
      .figure(prose, figure, file: "f"),
    ])
    let json: JSONValue = ["text": .string(text), "list": .array([.string(text), .null])]
    let outputs = [
      TextFormat().render(document).text, MarkdownFormat().render(document).text,
      LaTeXFormat().render(document).text,
      HTMLFormat().render(document).text, CSV().render(table).text, json.text.text, SVG().render(figure).text,
      PGFPlots().render(figure).text, GnuplotScript(.png).render(figure).text,
      GnuplotScript(.text(columns: 60, rows: 20, usesColor: false)).render(figure).text,
      Written<ShellText>(text).text, Written<PythonText>(text).text, Written<YAMLText>(text).text,
    ]
    for output in outputs where output.unicodeScalars.contains(where: acts) {
      throw Finding("a control character is left")
    }
    guard let back = try? JSONDecoder().decode(Back.self, from: Data(outputs[5].utf8)), back.text == text
    else {
      throw Finding("JSON does not give the text back")
    }
    guard !outputs[3].contains("<script"), !outputs[6].contains("<script") else {
      throw Finding("markup is left")
    }
    return true
  }

  private struct Back: Decodable { let text: String }

  /// What a terminal obeys, but for the ends of lines.
  private static func acts(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\n"
    case .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
  }
}
