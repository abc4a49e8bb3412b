import Formulas
import Mustache
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

  /// The templates that the program was built with.
  public init() {
    sources = Templates.all.mapValues { String(decoding: $0, as: UTF8.self) }
  }

  /// The templates of a directory, under the same file names.
  ///
  /// - Throws: ``TemplateError/missing(file:directory:)``.
  public init(directory: String) throws(TemplateError) {
    var sources: [String: String] = [:]
    for name in Templates.all.keys.sorted() {
      let url = URL(filePath: directory).appending(path: name)
      guard let data = try? Data(contentsOf: url) else { throw .missing(file: name, directory: directory) }
      sources[name] = String(decoding: data, as: UTF8.self)
    }
    self.sources = sources
  }

  /// The report as Markdown.
  ///
  /// - Parameter showsFigures: whether the files of the figures lie beside it.
  /// - Throws: ``TemplateError/invalid(file:reason:)``.
  public func markdown(
    _ report: RunReport, version: String, showsFigures: Bool
  ) throws(TemplateError) -> String {
    let context = context(report, version) { blocks in
      let document = Document(blocks)
      return MarkdownFormat().render(showsFigures ? document : document.withoutFigures)
    }
    return try render("report.md.mustache", context)
  }

  /// The report as LaTeX; `isFragment` leaves out what stands around the body.
  ///
  /// - Throws: ``TemplateError/invalid(file:reason:)``.
  public func latex(
    _ report: RunReport, version: String, isFragment: Bool = false
  ) throws(TemplateError) -> String {
    var context = context(report, version) { blocks in
      blocks.map { LaTeXFormat().render($0) }.joined(separator: "\n")
    }
    let figures = Document(report.sections.flatMap(\.blocks)).figures
    context["fragment"] = isFragment
    context["preamble"] = LaTeXFormat.preamble(hasFigures: !figures.isEmpty)
    return try render("report.tex.mustache", context)
  }

  /// The report as an HTML page; `isFragment` leaves out what stands around the body.
  ///
  /// - Throws: ``TemplateError/invalid(file:reason:)``.
  public func html(
    _ report: RunReport, version: String, isFragment: Bool = false
  ) throws(TemplateError) -> String {
    var context = frame(report, version)
    var anchors = HTMLFormat.Anchors()
    let (contents, sections) = HTMLFormat().render(
      report.sections.map { ($0.heading, $0.blocks) }, &anchors)
    for (section, html) in zip(report.sections, sections) { context[section.name] = html }
    context["contents"] = contents
    context["sections"] = sections
    context["style"] = HTMLFormat.style
    context["fragment"] = isFragment
    return try render("report.html.mustache", context)
  }

  private func frame(_ report: RunReport, _ version: String) -> [String: Any] {
    ["title": report.title, "version": version, "source": report.source]
  }

  /// The frame with the sections in order, and each under its name for templates that choose.
  private func context(
    _ report: RunReport, _ version: String, _ render: ([Block]) -> String
  ) -> [String: Any] {
    var context = frame(report, version)
    let sections = report.sections.map { ($0.name, ["heading": $0.heading, "body": render($0.blocks)]) }
    for (name, section) in sections { context[name] = section["body"] }
    context["sections"] = sections.map(\.1)
    return context
  }

  private func render(_ name: String, _ context: [String: Any]) throws(TemplateError) -> String {
    MustacheContentTypes.register(MarkdownContent(), named: "MARKDOWN")
    MustacheContentTypes.register(LaTeXContent(), named: "LATEX")
    let template: MustacheTemplate
    do { template = try MustacheTemplate(string: sources[name] ?? "") } catch {
      throw .invalid(file: name, reason: "\(error)")
    }
    return template.render(context)
  }
}

private struct MarkdownContent: MustacheContentType {
  func escapeText(_ text: String) -> String { MarkdownFormat().render(Prose(text)) }
}

private struct LaTeXContent: MustacheContentType {
  func escapeText(_ text: String) -> String { LaTeXFormat.escape(text) }
}
