import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The text of a run configuration and where it came from.
struct InputText {
  /// More than any run configuration has but for YAML and JSON, in which the learning rate of every step may stand.
  static let limit = 1_000_000
  /// The most that is read of YAML: the learning rates of some hundred thousand steps.
  static let limitOfYAML = 8_000_000
  /// The most that is read of JSON.
  static let limitOfJSON = 64_000_000

  let path: String
  /// Whether the text was read from the file of that name, so that others may lie beside it.
  private(set) var isFile = false
  /// The text, not empty, with line feeds only and without a byte order mark.
  let text: String

  /// Takes a text that is already at hand; refuses what no configuration contains.
  init(_ bytes: some Collection<UInt8>, path: String) throws(ConfigurationError) {
    self.path = path
    if let problem = BinaryState.problem(of: bytes.prefix(BinaryState.prefix), path: path) {
      throw .invalid(problem, at: .file(path))
    }
    let limit = Self.limit(of: bytes, path: path)
    guard bytes.count <= limit else { throw .invalid(.tooLarge(limit: limit), at: .file(path)) }
    guard !bytes.contains(where: Self.isControl), var text = String(validating: bytes, as: UTF8.self) else {
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

  /// The paths that were read, of configurations and of what they name beside them.
  static let opened = Mutex<Set<String>>([])

  /// Reads a file, a named pipe or a device, no further than its limit.
  init(path: String) throws(ConfigurationError) {
    guard let file = fopen(path, "rb") else {
      throw errno == ENOENT || errno == ENOTDIR ? .missing(path: path) : .unreadable(path: path)
    }
    defer { fclose(file) }
    Self.opened.withLock { _ = $0.insert(path) }
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    var count = fread(&bytes, 1, bytes.count, file)
    let limit = Self.limit(of: bytes[..<count], path: path)
    while count == bytes.count, count <= limit {
      bytes += [UInt8](repeating: 0, count: min(count, limit + 1 - count))
      count += bytes.withUnsafeMutableBytes { buffer in
        fread(buffer.baseAddress.map { $0 + count }, 1, buffer.count - count, file)
      }
    }
    guard ferror(file) == 0 else { throw .unreadable(path: path) }
    try self.init(bytes[..<count], path: path)
    isFile = true
  }

  /// How many bytes are read: more where the name is that of YAML, or the name or the first character that of JSON.
  private static func limit(of bytes: some Collection<UInt8>, path: String) -> Int {
    let first = bytes.prefix(1000).first { ![0x09, 0x0A, 0x0D, 0x20, 0xEF, 0xBB, 0xBF].contains($0) }
    let isJSON = first.map { UInt8(ascii: "{") == $0 || UInt8(ascii: "[") == $0 } ?? false
    if isJSON || pathExtension(path) == "json" { return limitOfJSON }
    return Syntax.yaml.pathExtensions.contains(pathExtension(path)) ? limitOfYAML : limit
  }

  /// What no text has: control characters other than tab, line feed, form feed and carriage return.
  private static func isControl(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x09, 0x0A, 0x0C, 0x0D: false
    default: byte < 0x20 || byte == 0x7F
    }
  }

  /// The file's name without folders and extension.
  var stem: String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The folder of the file with a slash at its end, empty for the current one.
  var folder: String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

  /// The extension in lower case, empty where there is none.
  var pathExtension: String { Self.pathExtension(path) }

  static func pathExtension(_ path: String) -> String {
    // By bytes: a mark before the point would hide it.
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? path.utf8[...]
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return "" }
    return String(decoding: name[dot...].dropFirst(), as: UTF8.self).lowercased()
  }
}
