#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The text of a run configuration and where it came from.
struct InputText {
  /// More than any run configuration has; reading stops there.
  static let limit = 1_000_000

  let path: String
  /// The text, not empty, with line feeds only and without a byte order mark.
  let text: String

  /// Takes a text that is already at hand; refuses what no configuration contains.
  init(_ bytes: some Collection<UInt8>, path: String) throws(ConfigurationError) {
    self.path = path
    guard bytes.count <= Self.limit else {
      throw .invalid(.tooLarge(limit: Self.limit), at: .file(path))
    }
    let isControl: (UInt8) -> Bool = { ($0 < 0x20 && ![0x09, 0x0A, 0x0C, 0x0D].contains($0)) || $0 == 0x7F }
    guard !bytes.contains(where: isControl), var text = String(validating: bytes, as: UTF8.self) else {
      throw .invalid(.notText, at: .file(path))
    }
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    if text.utf8.contains(0x0D) {
      text = text.split(omittingEmptySubsequences: false) { $0 == "\r\n" || $0 == "\r" || $0 == "\n" }
        .joined(separator: "\n")
    }
    guard text.contains(where: { !$0.isWhitespace }) else { throw .invalid(.empty, at: .file(path)) }
    self.text = text
  }

  /// Reads a file, a named pipe or a device, no further than ``limit``.
  init(path: String) throws(ConfigurationError) {
    guard let file = fopen(path, "rb") else {
      throw errno == ENOENT || errno == ENOTDIR ? .missing(path: path) : .unreadable(path: path)
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard ferror(file) == 0 else { throw .unreadable(path: path) }
    try self.init(bytes[..<count], path: path)
  }

  /// The file's name without folders and extension.
  var stem: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The extension in lower case, empty where there is none.
  var pathExtension: String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[dot...].dropFirst().lowercased()
  }
}
