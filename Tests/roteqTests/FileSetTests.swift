import Foundation
import Testing

@testable import roteq

/// What writing does to what is there before, and what it leaves where a call of the system fails.
@Suite struct FileSetTests {
  @Test(arguments: [0o600, 0o644, 0o755, 0o640]) func modesStay(mode: Int) throws {
    let folder = try FileState()
    try folder.write("old", "a", mode: mode)
    try OutputFile.write(Data("new".utf8), to: folder.path + "/a")
    #expect(folder.state == ["a \(mode) new"])
  }

  @Test func whatIsReadOnlyIsNotReplaced() throws {
    let folder = try FileState()
    try folder.write("old", "a", mode: 0o444)
    let failure = #expect(throws: Failure.self) { try OutputFile.write(Data(), to: folder.path + "/a") }
    #expect(failure?.code == .cannotWrite && failure?.message.contains("read-only") == true)
    #expect(folder.state == ["a \(0o444) old"])
  }

  @Test func linksStay() throws {
    let folder = try FileState()
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
    let folder = try FileState()
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
    let folder = try FileState()
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
      let folder = try FileState()
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
    let folder = try FileState()
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

  /// What is left by a run that was killed is no hindrance to one with the same number.
  @Test func namesThatAreTakenAreLeftAlone() throws {
    let folder = try FileState()
    try folder.write("left", ".roteq-\(getpid())-0.new")
    try OutputFile.write(Data("new".utf8), to: folder.path + "/a")
    #expect(folder.text("a") == "new" && folder.text(".roteq-\(getpid())-0.new") == "left")
  }

  /// A pipe waits for its reader; that can be ended.
  @Test(.timeLimit(.minutes(1)), arguments: ["INT", "TERM", "HUP"])
  func aPipeThatNobodyReadsCanBeInterrupted(name: String) throws {
    let folder = try FileState()
    try #require(mkfifo(folder.path + "/run.yaml", 0o600) == 0)
    let run = try Shell(
      "env --default-signal=INT,TERM,HUP timeout -k 10 -s \(name) 3 $ROTEQ config examples/gpt2-openwebtext.py -o \(folder.path)/run.yaml"
    )
    #expect(run.status == 124)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["run.yaml"])
  }

  /// 900 million steps: a refusal before them is told from one after them.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      ("--resume $D/s --save $D/s", "is an input of this run"),
      ("--save $D/a.safetensors -o $D/./a.safetensors", "is written twice"),
      ("--save $D/locked", "is read-only"),
    ]) func aSimulationIsRefusedBeforeItIsRun(flags: String, reason: String) throws
  {
    let folder = try FileState()
    try folder.write("", "locked", mode: 0o466)
    let walk = "$ROTEQ simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --neurons 4 --seeds 1 "
    #expect(try Shell(walk + "--steps 200 --save \(folder.path)/s >/dev/null").status == 0)
    let before = folder.state
    let run = try Shell(
      "timeout -k 1 20 " + walk + "--steps 900000000 --window 100000 "
        + flags.replacing("$D", with: folder.path))
    #expect([64, 73].contains(run.status) && run.errors.contains(reason), "\(run.status) \(run.errors)")
    #expect(folder.state == before)
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "crosscheck --steps 4000000 --only sgdm -o $D/file/new",
      "crosscheck --steps 4000000 --only sgdm -o $D/locked",
      "report examples/gpt2-openwebtext.py -o $D/file/new",
      "report examples/gpt2-openwebtext.py -o $D/locked",
    ]) func aDirectoryIsRefusedBeforeTheWork(line: String) throws
  {
    let folder = try FileState()
    try folder.write("", "file")
    try FileManager.default.createDirectory(
      atPath: folder.path + "/locked", withIntermediateDirectories: true)
    for name in ["crosscheck.md", "report.html"] { try folder.write("old", "locked/" + name, mode: 0o444) }
    let before = folder.state
    let run = try Shell("timeout -k 1 20 $ROTEQ \(line.replacing("$D", with: folder.path))")
    #expect(run.status == 73 && run.errors.contains("cannot be"), "\(run.status) \(run.errors)")
    #expect(folder.state == before)
  }

  /// Services and containers may start programs with the signal of a closed pipe ignored.
  @Test func aReaderThatGoesAwayIsNoneWithoutTheSignal() throws {
    let run = try Shell(
      "trap '' PIPE; $ROTEQ trajectory examples/gpt2-openwebtext.py --format csv | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}"
    )
    #expect(run.status == 141 && run.errors.isEmpty, "\(run.status) \(run.errors)")
  }

  /// Where the system makes no thread or has no memory, the program ends or does with one thread. It never waits.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")),
    arguments: [105_000, 150_000, 400_000])
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

  /// What a configuration names beside itself is an input, too.
  @Test func aFileBesideAConfigurationIsNotWrittenOver() throws {
    let folder = try FileState()
    try folder.write("python train.py inner.py --max_iters=9 --warmup_iters=1", "run.sh")
    try folder.write("learning_rate = 1e-3\n", "inner.py")
    let before = folder.state
    let run = try Shell("$ROTEQ config \(folder.path)/run.sh -o \(folder.path)/inner.py")
    #expect(run.status == 73 && run.errors.contains("inner.py"), "\(run.status) \(run.errors)")
    #expect(folder.state == before)
  }

  /// Numbers that the limit leaves no room for are refused as those that the machine has no room for.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
  func aNetworkTooLargeForTheLimitIsRefused() throws {
    let run = try Shell(
      "ulimit -v 400000; $ROTEQ simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --steps 100 --neurons 200000 --seeds 2 >/dev/null"
    )
    #expect(run.status == 64 && run.errors.contains("MiB of memory; choose fewer"), "\(run.errors)")
  }

  /// A shell lets what it starts in the background ignore Ctrl-C, and `nohup` all hang-ups: `env` takes that back.
  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self")), .timeLimit(.minutes(1)),
    arguments: [("TERM", 143), ("HUP", 129), ("INT", 130)]) func signalsSaveASimulation(
      name: String, code: Int
    ) throws
  {
    let folder = try FileState()
    let run = try Shell(
      """
      env --default-signal=INT,TERM,HUP $ROTEQ simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --steps 900000000 --neurons 4 --window 200 --settled-from 200 \
      --seeds 1 --save \(folder.path)/state.safetensors -o \(folder.path)/run.csv >/dev/null & sleep 2; kill -\(name) $!; wait $!
      """)
    #expect(run.status == code, "\(run.errors)")
    #expect(Set(folder.state.map { $0.split(separator: " ")[0] }) == ["run.csv", "state.safetensors"])
  }
}
