import Foundation
import Testing

@testable import roteq

/// What writing does to what is there before, and what it leaves where a call of the system fails.
@Suite struct FileSetTests {
  /// A directory that is gone after the test, with its names, contents and modes as one value.
  private final class Folder {
    let url = FileManager.default.temporaryDirectory.appending(path: "roteq-files-\(UUID())")
    var path: String { url.path }

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ text: String, _ name: String, mode: Int = 0o644) throws {
      try Data(text.utf8).write(to: url.appending(path: name))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path + "/" + name)
    }

    func text(_ name: String) -> String? {
      try? String(contentsOf: url.appending(path: name), encoding: .utf8)
    }

    func mode(_ name: String) -> Int {
      let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
      return attributes?[.posixPermissions] as? Int ?? -1
    }

    var state: [String] {
      (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted().map {
        "\($0) \(mode($0)) \(text($0) ?? "")"
      }
    }
  }

  @Test(arguments: [0o600, 0o644, 0o755, 0o640]) func modesStay(mode: Int) throws {
    let folder = try Folder()
    try folder.write("old", "a", mode: mode)
    try OutputFile.write(Data("new".utf8), to: folder.path + "/a")
    #expect(folder.state == ["a \(mode) new"])
  }

  @Test func whatIsReadOnlyIsNotReplaced() throws {
    let folder = try Folder()
    try folder.write("old", "a", mode: 0o444)
    let failure = #expect(throws: Failure.self) { try OutputFile.write(Data(), to: folder.path + "/a") }
    #expect(failure?.code == .cannotWrite && failure?.message.contains("read-only") == true)
    #expect(folder.state == ["a \(0o444) old"])
  }

  @Test func linksStay() throws {
    let folder = try Folder()
    try folder.write("old", "real")
    for (name, target) in [("link", "real"), ("dangling", "made")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/" + name, withDestinationPath: target)
      try OutputFile.write(Data("new".utf8), to: folder.path + "/" + name)
      #expect(folder.text(target) == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path + "/" + name) == target)
    }
  }

  @Test func aPipeIsWrittenTo() throws {
    let folder = try Folder()
    let path = folder.path + "/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    // Open for both, so that no other side has to be waited for.
    let descriptor = open(path, O_RDWR | O_NONBLOCK)
    defer { close(descriptor) }
    try OutputFile.write(Data("new".utf8), to: path)
    var bytes = [UInt8](repeating: 0, count: 8)
    #expect(read(descriptor, &bytes, 8) == 3)
    var status = stat()
    #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
  }

  @Test func anInputIsNotWrittenTo() throws {
    let folder = try Folder()
    try folder.write("1\n", "in.csv")
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/other", withDestinationPath: "in.csv")
    _ = try InputFile.text(folder.path + "/in.csv")
    for name in ["in.csv", "other"] {
      let failure = #expect(throws: Failure.self) {
        try OutputFile.write(Data(), to: folder.path + "/" + name)
      }
      #expect(failure?.message.contains("is an input of this run") == true)
    }
    #expect(folder.text("in.csv") == "1\n")
  }

  /// Every call fails once, from the first to the last: each time the directory is as it was before, or all files are new.
  @Test(arguments: [EIO, ENOSPC]) func aSetIsWrittenWholeOrNotAtAll(number: Int32) throws {
    for place in 1... {
      let folder = try Folder()
      try folder.write("old a", "a", mode: 0o600)
      try folder.write("old c", "c", mode: 0o640)
      let before = folder.state
      var calls = 0
      var set = FileSet(
        calls: FileCalls {
          calls += 1
          return calls == place ? number : nil
        })
      do {
        try set.makeDirectory(folder.path + "/new/inner")
        for name in ["a", "new/inner/b", "c", "d"] {
          try set.add(Data("new".utf8), to: folder.path + "/" + name)
        }
        try set.write()
        let modes = [0o600, 0o640, 0o644]
        #expect(
          folder.state.filter { $0.hasSuffix("new") }.count == 4 && folder.state.count == 6, "\(folder.state)"
        )
        #expect([folder.mode("a"), folder.mode("c")] == Array(modes.prefix(2)))
        // With nothing left to fail, the loop is over.
        if calls < place { return }
      } catch let failure as Failure {
        #expect(failure.code == .cannotWrite && !failure.message.contains("\n"))
        #expect(folder.state == before, "call \(place)")
      }
      try #require(place < 100)
    }
  }

  @Test func twoFilesOfOneNameAreRefused() throws {
    let folder = try Folder()
    var set = FileSet()
    try set.add(Data(), to: folder.path + "/a")
    #expect(throws: Failure.self) { try set.add(Data(), to: folder.path + "/a") }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: [
      "--help", "--version", "--generate-completion-script bash", "predict --help", "table 1",
      "table 1 --format json",
      "formula", "config --schema",
    ])
  func aFullDeviceIsAFailure(line: String) throws {
    let run = try Shell("$ROTEQ \(line) > /dev/full")
    #expect(run.status == 73 && run.errors == "roteq: standard output: cannot be written\n")
  }

  @Test func aReaderThatGoesAwayIsNone() throws {
    let run = try Shell("$ROTEQ trajectory examples/gpt2-openwebtext.py --format csv | head -n 1 | wc -l")
    #expect(run.status == 0 && !run.errors.contains("cannot"), "\(run.errors)")
  }

  /// Where the system makes no thread or has no memory, the program ends or does with one thread. It never waits.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")), arguments: [90_000, 150_000, 400_000])
  func littleMemory(kilobytes: Int) throws {
    for line in [
      "report examples/gpt2-openwebtext.py",
      "simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --steps 100 --neurons 4 --seeds 2",
    ] {
      let run = try Shell("ulimit -v \(kilobytes); timeout -s KILL 60 $ROTEQ \(line) > /dev/null")
      let isRefused = run.status == 69 && run.errors.contains("raise ulimit -v")
      #expect(kilobytes < 117_000 ? isRefused : run.status == 0, "\(line): \(run.status) \(run.errors)")
    }
  }

  /// A shell lets what it starts in the background ignore Ctrl-C, and `nohup` all hang-ups: `env` takes that back.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")), .timeLimit(.minutes(1)),
    arguments: [("TERM", 143), ("HUP", 129), ("INT", 130)]) func signalsSaveASimulation(
      name: String, code: Int
    ) throws
  {
    let folder = try Folder()
    let run = try Shell(
      """
      env --default-signal=INT,TERM,HUP $ROTEQ simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --steps 900000000 --neurons 4 --window 200 --settled-from 200 \
      --seeds 1 --save \(folder.path)/state.safetensors -o \(folder.path)/run.csv >/dev/null & sleep 2; kill -\(name) $!; wait $!
      """)
    #expect(run.status == code, "\(run.errors)")
    #expect(Set(folder.state.map { $0.split(separator: " ")[0] }) == ["run.csv", "state.safetensors"])
  }

  /// A line for a shell, in which `$ROTEQ` is the program.
  private struct Shell {
    let status: Int32
    let errors: String

    init(_ line: String) throws {
      let process = Process()
      let errors = Pipe()
      process.executableURL = URL(filePath: "/bin/bash")
      process.arguments = ["-c", line]
      process.currentDirectoryURL = Roteq.root
      process.environment = ProcessInfo.processInfo.environment.merging(["ROTEQ": Roteq.program.path]) {
        _, new in new
      }
      process.standardError = errors
      try process.run()
      self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      status = process.terminationStatus
    }
  }
}
