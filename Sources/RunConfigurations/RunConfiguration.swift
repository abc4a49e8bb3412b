/// Reading run configurations: the format is told from the file, and each format ends in a ``TrainingRun``.
public enum RunConfiguration {
  /// Reads a run configuration in any known format.
  ///
  /// - Parameters:
  ///   - path: the file; at most 1 MB of UTF-8 text.
  ///   - overrides: `--key=value` arguments as given to the training program, a later one before an earlier; only
  ///     formats whose programs have such arguments take them.
  /// - Throws: ``ConfigurationError``.
  public static func read(
    path: String, overrides: [String] = []
  ) throws(ConfigurationError) -> TrainingRun {
    let input = try InputText(path: path)
    return try format(of: input).read(input, overrides)
  }

  /// Reads the text of a run configuration; `path` tells the format and appears in messages.
  ///
  /// - Throws: ``ConfigurationError``.
  public static func read(
    text: String, path: String, overrides: [String] = []
  ) throws(ConfigurationError) -> TrainingRun {
    let input = try InputText(text.utf8, path: path)
    return try format(of: input).read(input, overrides)
  }

  private static func format(of input: InputText) throws(ConfigurationError) -> RunFormat {
    let formats = RunFormat.catalogue
    if let format = formats.first(where: { $0.pathExtensions.contains(input.pathExtension) }) {
      return format
    }
    let lines = input.text.split(separator: "\n")
    if let format = formats.first(where: { lines.contains(where: $0.isTypical) }) { return format }
    throw .invalid(.unknownFormat(known: formats.map(\.name)), at: .file(input.path))
  }
}

/// A format of run configurations. A new one is one file and one line in the catalogue.
struct RunFormat: Sendable {
  /// What the format is called in messages.
  let name: String
  /// The file name extensions that belong to it, in lower case without the dot.
  let pathExtensions: [String]
  /// Whether a line shows that a file without such an extension is in this format.
  let isTypical: @Sendable (_ line: Substring) -> Bool
  /// Reads a text with its overrides.
  let read: @Sendable (InputText, _ overrides: [String]) throws(ConfigurationError) -> TrainingRun

  /// Every format, in the order in which they are tried.
  static let catalogue: [RunFormat] = [.roteqYAML, .nanoGPT]
}
