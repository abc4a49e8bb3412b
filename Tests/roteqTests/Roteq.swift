import Foundation

/// Runs the built program as a user would.
struct Roteq {
  let exitCode: Int32
  let output: String
  let errors: String

  /// The root of the package.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The program, which the build puts beside the test bundle.
  static let program: URL = {
    let beside = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "roteq")
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return root.appending(path: ".build/debug/roteq")
  }()

  /// - Parameter seconds: after which Ctrl-C is pressed, once the program watches for it.
  init(_ arguments: [String], environment: [String: String] = [:], interruptedAfter seconds: Double? = nil)
    throws
  {
    let process = Process()
    process.executableURL = Roteq.program
    process.arguments = arguments
    process.currentDirectoryURL = Roteq.root
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    if let seconds {
      Thread.sleep(forTimeInterval: seconds)
      process.interrupt()
    }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    exitCode = process.terminationStatus
    self.output = String(decoding: text, as: UTF8.self)
    self.errors = String(decoding: message, as: UTF8.self)
  }

  /// Runs a command line as it stands in the README: words, with quotes around words that hold spaces.
  init(line: String, interruptedAfter seconds: Double? = nil) throws {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in line {
      switch character {
      case "\"", "'": isQuoted.toggle()
      case " " where !isQuoted:
        if !word.isEmpty { words.append(word) }
        word = ""
      default: word.append(character)
      }
    }
    if !word.isEmpty { words.append(word) }
    try self.init(Array(words.dropFirst()), interruptedAfter: seconds)
  }
}
