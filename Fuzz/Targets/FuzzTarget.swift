/// A part of the program that reads what strangers wrote.
///
/// A target may refuse its input in one line. What it must not do is end the program, take long, or accept what the next part
/// refuses: the last is a ``Finding``.
public struct FuzzTarget: Sendable {
  /// What it is called on the command line.
  public let name: String
  /// The endings of the files among examples and test data that its inputs are made of.
  public let corpus: [String]
  /// Words that mean something to it.
  public let words: [String]
  /// Takes an input in; true where it was accepted.
  public let run: @Sendable ([UInt8]) throws(Finding) -> Bool

  /// Something that must not be.
  public struct Finding: Error {
    /// What was found, one line.
    public let description: String

    init(_ description: String) { self.description = description }
  }

  /// All targets.
  public static let all: [FuzzTarget] = [
    .configuration("yaml", ["yaml", "yml"]), .configuration("json", ["json"]),
    .configuration("toml", ["toml"]),
    .configuration("python", ["py"]), .configuration("shell", ["sh"]), .schedule, .numberTable, .safetensors,
    .state,
    .renderers,
  ]

  /// Refuses a message that is no single line.
  static func check(_ message: String) throws(Finding) {
    guard !message.isEmpty, !message.utf8.contains(0x0A) || message.utf8.count < 4000 else {
      throw Finding("a message that is empty or has several lines: \(message.prefix(200))")
    }
  }
}
