import Foundation
import OutsideText
import Reports

/// Running gnuplot: a script goes in, a picture comes out.
enum Gnuplot {
  /// Where programs are looked for.
  static var searchPath: String {
    ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  /// What gnuplot writes to standard output.
  ///
  /// Files without a name stand at its ends instead of pipes: none can fill up while the other side waits, and
  /// nothing is left behind.
  ///
  /// - Parameters:
  ///   - subject: what is drawn, as messages call it.
  ///   - alternative: what can be done without gnuplot.
  static func run(
    _ script: Written<GnuplotSource>, toDraw subject: String, or alternative: String, searchPath: String
  ) throws -> Data {
    guard let program = program(searchPath) else {
      throw Failure(
        "gnuplot is needed to draw \(subject): install it (Debian: apt-get install gnuplot-nox; "
          + "macOS: brew install gnuplot) or \(alternative)", .unavailable)
    }
    let (input, output, errors) = (try scratch(script.data), try scratch(), try scratch())
    let process = Process()
    process.executableURL = program
    // Nobody's own settings.
    process.arguments = ["-d", "-"]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    do { try process.run() } catch { throw Failure("\(program.path): cannot be run", .unavailable) }
    process.waitUntilExit()

    let picture = contents(output)
    guard process.terminationReason == .exit, process.terminationStatus == 0, !picture.isEmpty else {
      throw Failure(
        "gnuplot cannot draw \(subject): \(reason(contents(errors))); version 5.4 or later is needed",
        .unavailable)
    }
    return picture
  }

  /// The program, where the shell would find it.
  private static func program(_ searchPath: String) -> URL? {
    searchPath.split(separator: ":").map { URL(filePath: String($0)).appending(path: "gnuplot") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// A file without a name, at its beginning.
  private static func scratch(_ data: Data = Data()) throws -> FileHandle {
    do {
      guard let file = tmpfile() else { throw CocoaError(.fileWriteUnknown) }
      defer { fclose(file) }
      let handle = FileHandle(fileDescriptor: dup(fileno(file)), closeOnDealloc: true)
      try handle.write(contentsOf: data)
      try handle.seek(toOffset: 0)
      return handle
    } catch { throw Failure("temporary file for gnuplot: cannot be written", .cannotWrite) }
  }

  private static func contents(_ file: FileHandle) -> Data {
    do {
      try file.seek(toOffset: 0)
      return try file.readToEnd() ?? Data()
    } catch { return Data() }
  }

  /// What gnuplot says is wrong, without the line of a script that nobody sees: `line 3: undefined variable: x`.
  private static func reason(_ complaint: Data) -> String {
    let lines = String(decoding: complaint, as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard let line = lines.last(where: { $0.hasPrefix("line ") && $0.contains(": ") }) else {
      return lines.last ?? "it gives no reason"
    }
    return String(line[(line.firstRange(of: ": ")?.upperBound ?? line.startIndex)...])
  }
}
