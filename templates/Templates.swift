/// The report templates, as they were when the program was built.
public enum Templates {
  /// The file names and contents, as `--templates DIR` would find them in a directory.
  public static let all: [String: [UInt8]] = [
    "report.md.mustache": PackageResources.report_md_mustache,
    "report.tex.mustache": PackageResources.report_tex_mustache,
  ]
}
