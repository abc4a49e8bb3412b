import Formulas
import OutsideText
import Templates

/// A document as one HTML page that needs nothing beside it: figures as SVG, formulas as MathML, no script.
public struct HTMLFormat: DocumentFormat {
  /// Whether only what stands in the page's body is written.
  public let isFragment: Bool

  /// A whole page, or a fragment to paste into one.
  public init(isFragment: Bool = false) { self.isFragment = isFragment }

  /// The rules of the page: light and dark, screen and print.
  static let style =
    Written<Markup>(verbatim: String(decoding: Templates.stylesheet, as: UTF8.self))
    + "@media screen and (prefers-color-scheme: dark) {\(SVG.darkStyle)}\n"

  /// Beyond so many sections a page begins with a list of them.
  static let sectionsWithoutContents = 5

  /// The whole document.
  public func render(_ document: Document) -> Written<Markup> {
    var anchors = Anchors()
    let (lead, rest) = Self.sections(document.blocks)
    let (contents, sections) = render(rest, &anchors)
    // The list of sections follows the title.
    let body =
      lead.prefix(1).map { render($0, &anchors) } + [contents]
      + lead.dropFirst().map { render($0, &anchors) } + sections
    let title = document.blocks.lazy.compactMap { if case .heading(1, let text) = $0 { text } else { nil } }
    return isFragment ? body.joined() : page(body.joined(), title: title.first ?? "roteq")
  }

  private func page(_ body: Written<Markup>, title: String) -> Written<Markup> {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title)</title>
    <style>
    \(Self.style)</style>
    </head>
    <body>
    <main>
    \(body)</main>
    </body>
    </html>

    """
  }

  // MARK: Parts

  /// The blocks before the first heading of level 2, and what follows each such heading.
  private static func sections(_ blocks: [Block]) -> (lead: [Block], [Section]) {
    var (lead, sections): ([Block], [Section]) = ([], [])
    for block in blocks {
      if case .heading(2, let text) = block {
        sections.append((text, []))
      } else if sections.isEmpty {
        lead.append(block)
      } else {
        sections[sections.count - 1].blocks.append(block)
      }
    }
    return (lead, sections)
  }

  /// A list of the sections, empty where they are few, and the sections themselves.
  func render(_ sections: [Section], _ anchors: inout Anchors) -> (
    contents: Written<Markup>, sections: [Written<Markup>]
  ) {
    let places = sections.map { (anchor: anchors.anchor($0.heading), section: $0) }
    let links: [Written<Markup>] = places.map {
      "<li><a href=\"#\($0.anchor)\">\($0.section.heading)</a></li>\n"
    }
    let contents: Written<Markup> =
      places.count > Self.sectionsWithoutContents
      ? "<nav aria-label=\"Contents\">\n<ul>\n\(links.joined())</ul>\n</nav>\n" : ""
    return (
      contents,
      places.map { anchor, section in
        "<section id=\"\(anchor)\">\n" + heading(2, section.heading, anchor)
          + section.blocks.map { render($0, &anchors) }.joined() + "</section>\n"
      }
    )
  }

  private func render(_ block: Block, _ anchors: inout Anchors) -> Written<Markup> {
    switch block {
    case .heading(let level, let text):
      let anchor = anchors.anchor(text)
      return heading(min(max(level, 1), 6), text, anchor)
    case .paragraph(let prose): return "<p>\(render(prose))</p>\n"
    case .list(let points):
      return "<ul>\n\(points.map { "<li>\(render($0))</li>\n" as Written }.joined())</ul>\n"
    case .equation(let equation): return render(equation)
    case .table(let table): return render(table)
    case .figure(let caption, let figure, _):
      return "<figure>\n<div class=\"scroll\" tabindex=\"0\">\n" + SVG(isFragment: true).render(figure)
        + "</div>\n<figcaption>\(render(caption))</figcaption>\n</figure>\n"
    }
  }

  /// Sections carry their anchor themselves.
  private func heading(_ level: Int, _ text: String, _ anchor: String) -> Written<Markup> {
    if level == 1 { return "<h1>\(text)</h1>\n" }
    let id: Written<Markup> = level == 2 ? "" : " id=\"\(anchor)\""
    return
      "<h\(level)\(id)>\(text) <a class=\"anchor\" href=\"#\(anchor)\" aria-label=\"Link here\">#</a></h\(level)>\n"
  }

  private func render(_ equation: Equation) -> Written<Markup> {
    let formula =
      MathML.render(equation.left) + "<mo>\(equation.relation)</mo>"
      + MathML.render(equation.right)
    let tag: Written<Markup> = equation.tag.map { "<span class=\"tag\">\($0)</span>" } ?? ""
    return "<div class=\"equation\"><math display=\"block\">\(formula)</math>\(tag)</div>\n"
  }

  private func render(_ table: Table) -> Written<Markup> {
    let head = table.columns.map { column -> Written<Markup> in
      if column.heading.plain.isEmpty { return "<td></td>" }
      let look: Written<Markup> = column.isNumeric ? " class=\"number\"" : ""
      return "<th scope=\"col\"\(look)>\(render(column.heading))</th>"
    }
    let rows = table.rows.map { row -> Written<Markup> in
      let cells = zip(table.columns, row).enumerated().map { index, cell -> Written<Markup> in
        let (column, value) = cell
        // What stands first names the row.
        if index == 0, !column.isNumeric { return "<th scope=\"row\">\(render(value))</th>" }
        let look: Written<Markup> = column.isNumeric ? " class=\"\(Self.look(value))\"" : ""
        return "<td\(look)>\(render(value))</td>"
      }
      return "<tr>\(cells.joined())</tr>\n"
    }
    let caption: Written<Markup> = table.caption.map { "<figcaption>\(render($0))</figcaption>\n" } ?? ""
    return "<figure class=\"table\">\n\(caption)<div class=\"scroll\" tabindex=\"0\">\n<table>\n"
      + "<thead><tr>\(head.joined())</tr></thead>\n<tbody>\n\(rows.joined())</tbody>\n</table>\n</div>\n</figure>\n"
  }

  /// Words among numbers may be broken.
  private static func look(_ cell: Table.Cell) -> Written<Markup> {
    if case .prose = cell { "number words" } else { "number" }
  }

  private func render(_ cell: Table.Cell) -> Written<Markup> {
    switch cell.available {
    case .number(let value): Self.number(value)
    case .prose(let prose): render(prose)
    case .empty: "—"
    }
  }

  /// To four digits, with a true minus sign and a power of ten.
  private static func number(_ value: Double) -> Written<Markup> {
    let pieces = Numbers.short(value).replacing("-", with: "−").split(separator: "e")
    guard pieces.count == 2, let exponent = Int(pieces[1].replacing("−", with: "-")) else {
      return "\(pieces.joined(separator: "e"))"
    }
    return "\(pieces[0])\u{2009}×\u{2009}10<sup>\(exponent < 0 ? "−" : "")\(exponent.magnitude)</sup>"
  }

  /// A sentence.
  func render(_ prose: Prose) -> Written<Markup> {
    prose.fragments.map { fragment -> Written<Markup> in
      switch fragment {
      // A number is not parted from its percent sign.
      case .text(let text): "\(text.replacing(" %", with: "\u{A0}%"))"
      case .code(let code): "<code>\(code)</code>"
      case .formula(let formula): "<math>\(MathML.render(formula))</math>"
      }
    }.joined()
  }
}

extension HTMLFormat {
  /// A heading of level 2 with what follows it.
  typealias Section = (heading: String, blocks: [Block])

  /// Names for the places of a page, each given once.
  struct Anchors {
    private var taken: [String: Int] = [:]

    /// The heading in small letters and hyphens; a number is added where that was given before.
    mutating func anchor(_ heading: String) -> String {
      let words = heading.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
      var name = words.isEmpty ? "section" : words.joined(separator: "-")
      while let count = taken[name] {
        taken[name] = count + 1
        name += "-\(count + 1)"
      }
      taken[name] = 1
      return name
    }
  }
}
