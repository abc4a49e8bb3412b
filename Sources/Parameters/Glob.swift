/// A pattern for names of tensors: `*` stands for any characters, dots among them, and `?` for any one character.
///
/// The whole name has to match, upper and lower case as written: `*.bias`, `h.*.weight`.
public struct Glob: Sendable, Hashable, CustomStringConvertible {
  /// The pattern as it was written.
  public let description: String
  private let pattern: [UInt8]

  /// Takes a pattern.
  public init(_ pattern: String) {
    description = pattern
    self.pattern = Array(pattern.utf8)
  }

  /// Whether a name fits.
  public func matches(_ name: String) -> Bool {
    let name = Array(name.utf8)
    var (i, j) = (0, 0)
    // Where the last star stands, and how much of the name it has taken; a mismatch makes it take one more.
    var star: (pattern: Int, name: Int)?
    while i < name.count {
      if j < pattern.count, pattern[j] == UInt8(ascii: "*") {
        star = (j, i)
        j += 1
      } else if j < pattern.count, pattern[j] == UInt8(ascii: "?") {
        i += 1
        while i < name.count, name[i] & 0xC0 == 0x80 { i += 1 }
        j += 1
      } else if j < pattern.count, pattern[j] == name[i] {
        (i, j) = (i + 1, j + 1)
      } else if let last = star {
        (i, j) = (last.name + 1, last.pattern + 1)
        star = (last.pattern, last.name + 1)
      } else {
        return false
      }
    }
    return pattern[j...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension [Glob] {
  /// Whether any of them fits a name.
  func match(_ name: String) -> Bool { contains { $0.matches(name) } }
}
