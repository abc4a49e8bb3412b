import Formulas
import Mustache
import OutsideText
import Templates

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Why a report could not be made from its templates.
public enum TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A template is not valid Mustache.
  case invalid(file: String, reason: String)
  /// A template is missing from the directory given.
  case missing(file: String, directory: String)

  /// One line that names the file.
  public var description: String {
    switch self {
    case .invalid(let file, let reason): "\(file): not a valid template: \(reason)"
    case .missing(let file, let directory):
      "\(directory): no template \(file); copy it from the project's templates directory"
    }
  }
}

/// A report written through Mustache templates; each format escapes what the template does not.
public struct ReportTemplates: Sendable {
  private let sources: [String: String]

  /// The names of the templates.
  public static let names = Templates.all.keys.sorted()

  /// The templates that the program was built with.
  public init() {
    sources = Templates.all.mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// The templates of a directory, under the same file names.
  ///
  /// - Throws: ``TemplateError/missing(file:directory:)``.
  public init(directory: String) throws(TemplateError) {
    var sources: [String: String] = [:]
    for name in Self.names {
      let url = URL(filePath: directory).appending(path: name)
      guard let data = try? Data(contentsOf: url) else { throw .missing(file: name, directory: directory) }
      sources[name] = String(decoding: data, as: UTF8.self)
    }
    self.sources = sources
  }

  /// The report as Markdown.
  ///
  /// - Parameter showsFigures: whether the files of the figures lie beside it.
  /// - Throws: ``TemplateError``.
  public func markdown(
    _ report: RunReport, version: String, showsFigures: Bool
  ) throws(TemplateError) -> Written<Markdown> {
    let context: [String: Any] = context(report, version) { blocks -> Written<Markdown> in
      let document = Document(blocks)
      return MarkdownFormat().render(showsFigures ? document : document.withoutFigures)
    }
    return try render("report.md.mustache", context)
  }

  /// The report as LaTeX; `isFragment` leaves out what stands around the body.
  ///
  /// - Throws: ``TemplateError``.
  public func latex(
    _ report: RunReport, version: String, isFragment: Bool = false
  ) throws(TemplateError) -> Written<TeX> {
    var context: [String: Any] = context(report, version) { blocks -> Written<TeX> in
      blocks.map { LaTeXFormat().render($0) }.joined(separator: "\n")
    }
    let document = Document(report.sections.flatMap(\.blocks))
    context["fragment"] = isFragment
    context["preamble"] = LaTeXFormat.preamble(hasFigures: !document.figures.isEmpty).map(\.text)
    context["note"] = LaTeXFormat.note([report.title, report.source] + document.texts).text
    return try render("report.tex.mustache", context)
  }

  /// The report as an HTML page; `isFragment` leaves out what stands around the body.
  ///
  /// - Throws: ``TemplateError``.
  public func html(
    _ report: RunReport, version: String, isFragment: Bool = false
  ) throws(TemplateError) -> Written<Markup> {
    var context = frame(report, version, Markup.self)
    var anchors = HTMLFormat.Anchors()
    let (contents, sections) = HTMLFormat().render(
      report.sections.map { ($0.heading, $0.blocks) }, &anchors)
    for (section, html) in zip(report.sections, sections) { context[section.name] = html.text }
    context["contents"] = contents.text
    context["sections"] = sections.map(\.text)
    context["style"] = HTMLFormat.style.text
    context["fragment"] = isFragment
    return try render("report.html.mustache", context)
  }

  private func frame<Tongue>(
    _ report: RunReport, _ version: String, _: Tongue.Type
  ) -> [String: Any] where Tongue: Language {
    [
      "title": Written<Tongue>(report.title).text, "version": Written<Tongue>(version).text,
      "source": Written<Tongue>(report.source).text,
    ]
  }

  /// The frame with the sections in order, and each under its name for templates that choose.
  private func context<Tongue>(
    _ report: RunReport, _ version: String, _ render: ([Block]) -> Written<Tongue>
  ) -> [String: Any] {
    var context = frame(report, version, Tongue.self)
    let sections = report.sections.map { section in
      (
        section.name,
        ["heading": Written<Tongue>(section.heading).text, "body": render(section.blocks).text]
      )
    }
    for (name, section) in sections { context[name] = section["body"] }
    context["sections"] = sections.map(\.1)
    return context
  }

  /// What a template is given is written in the language of the report already, so `{{title}}` and `{{{title}}}` are the same.
  private func render<Tongue>(
    _ name: String, _ context: [String: Any]
  ) throws(TemplateError) -> Written<Tongue> {
    for name in ["HTML", "MARKDOWN", "LATEX"] {
      MustacheContentTypes.register(AlreadyWritten(), named: name)
    }
    let source = sources[name] ?? ""
    try Self.checkDepth(source, of: name)
    let template: MustacheTemplate
    do { template = try MustacheTemplate(string: "{{% CONTENT_TYPE:HTML}}\n" + source) } catch {
      throw .invalid(file: name, reason: "\(error)")
    }
    return Written(verbatim: template.render(context))
  }

  /// How many sections may stand in each other: they are parsed and rendered by functions that call themselves.
  private static let deepest = 100

  private static func checkDepth(_ source: String, of name: String) throws(TemplateError) {
    var (rest, depth) = (source[...], 0)
    var (open, close) = ("{{", "}}")
    while let start = rest.firstRange(of: open) {
      rest = rest[start.upperBound...]
      let tag = rest[..<(rest.firstRange(of: close)?.lowerBound ?? rest.endIndex)]
      switch tag.first {
      case "=":
        let delimiters = tag.dropFirst().prefix { $0 != "=" }.split(separator: " ").map(String.init)
        if delimiters.count == 2 { (open, close) = (delimiters[0], delimiters[1]) }
      case "#", "^", "<", "$": depth += 1
      case "/": depth -= 1
      default: break
      }
      guard depth <= deepest else {
        throw .invalid(file: name, reason: "more than \(deepest) sections in each other")
      }
      rest = rest[tag.endIndex...]
    }
  }
}

private struct AlreadyWritten: MustacheContentType {
  func escapeText(_ text: String) -> String { text }
}
