/// The report templates, as they were when the program was built.
public enum Templates {
  /// The file names and contents, as `--templates DIR` would find them in a directory.
  public static let all: [String: [UInt8]] = [
    "report.html.mustache": PackageResources.report_html_mustache,
    "report.md.mustache": PackageResources.report_md_mustache,
    "report.tex.mustache": PackageResources.report_tex_mustache,
  ]

  /// The style of every HTML page.
  public static let stylesheet: [UInt8] = PackageResources.page_css
}
