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
  /// - Throws: ``TemplateError/invalid(file:reason:)``.
  public func markdown(_ report: RunReport, version: String) throws(TemplateError) -> String {
    let format = MarkdownFormat()
    return try render("report.md.mustache", context(report, version) { format.render(Document($0)) })
  }

  /// The report as LaTeX; `isFragment` leaves out what stands around the body.
  ///
  /// - Throws: ``TemplateError/invalid(file:reason:)``.
  public func latex(
    _ report: RunReport, version: String, isFragment: Bool = false
  ) throws(TemplateError) -> String {
    let format = LaTeXFormat()
    var context = context(report, version) { blocks in
      blocks.map { format.render($0) }.joined(separator: "\n")
    }
    context["fragment"] = isFragment
    context["packages"] = LaTeXFormat.packages.joined(separator: ",")
    return try render("report.tex.mustache", context)
  }

  private func context(
    _ report: RunReport, _ version: String, _ render: ([Block]) -> String
  ) -> [String: Any] {
    var context: [String: Any] = ["title": report.title, "version": version, "source": report.source]
    for section in report.sections { context[section.name] = render(section.blocks) }
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
