#if os(Linux)
  import Foundation
  import Testing

  /// The program itself, with each call that writes a file failing in turn.
  @Suite(.enabled(if: FailingCalls.library != nil, "needs a C compiler")) struct FaultTests {
    /// A command that writes, and the files of its that are there before.
    struct Command: CustomTestStringConvertible, Sendable {
      let words: String
      let files: [String]
      var isSlow = false
      var testDescription: String { words }
    }

    private static let walk =
      "simulate --optimizer adamw --lr 1e-2 --weight-decay 0.1 --steps 200 --neurons 4 --seeds 1"
    static let commands: [Command] = [
      Command(words: "config examples/gpt2-openwebtext.py -o $D/run.yaml", files: ["run.yaml"]),
      Command(
        words: """
          replay --optimizer adamw --lr 1e-2 --weight-decay 0.1 --weights examples/replay-weights.safetensors \
          --gradients examples/replay-gradients.safetensors -o $D/o.safetensors
          """, files: ["o.safetensors"]),
      Command(
        words: """
          trajectory --optimizer adamw --lr 4.8e-3 --weight-decay 0.1 --dimension 128 --initial-norm 1 --steps 100 \
          -o $D/o.svg
          """, files: ["o.svg"]),
      Command(
        words: "convert --config examples/gpt2-openwebtext.py --to rv-adamw -o $D/o.csv", files: ["o.csv"],
        isSlow: true),
      Command(
        words:
          "audit examples/transformer-step-1600.safetensors --config examples/transformer.yaml -o $D/o.svg",
        files: ["o.svg"], isSlow: true),
      Command(words: walk + " --save $D/s.safetensors", files: ["s.safetensors"], isSlow: true),
      Command(words: walk + " -o $D/o.csv", files: ["o.csv"], isSlow: true),
      Command(words: walk + " -o $D/o.json", files: ["o.json"], isSlow: true),
      Command(words: walk + " -o $D/o.safetensors", files: ["o.safetensors"], isSlow: true),
      Command(words: walk + " -o $D/o.svg", files: ["o.svg"], isSlow: true),
      Command(
        words: "report examples/gpt2-openwebtext.py -o $D/r", files: ["r/report.md", "r/report.tex"],
        isSlow: true),
      Command(
        words: "crosscheck --steps 150 --seeds 2 --only sgdm -o $D/r", files: ["r/crosscheck.md"],
        isSlow: true),
    ].filter { !$0.isSlow || ProcessInfo.processInfo.environment["ROTEQ_SLOW_TESTS"] != nil }

    @Test(arguments: commands, [false, true])
    func whereACallFailsNothingHasChanged(_ command: Command, isReplacing: Bool) throws {
      for environment in isReplacing ? ["", "FAIL_ALWAYS=link"] : [""] {
        for place in 1...200 {
          let folder = try FileState()
          if isReplacing {
            for name in command.files {
              let url = folder.url.appending(path: name).deletingLastPathComponent()
              try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
              try folder.write("old", name, mode: 0o600)
            }
          }
          let (before, log) = (folder.state, try FileState())
          let run = try Shell(
            """
            D=\(folder.path) FAIL_LOG=\(log.path)/calls FAIL_CALL=\(place) FAIL_NUMBER=\(place % 2 == 0 ? ENOSPC : EIO) \
            \(environment) LD_PRELOAD=\(FailingCalls.library ?? "") exec "$ROTEQ" \
            \(command.words.replacing("$D", with: folder.path)) >/dev/null
            """)
          let calls = (log.text("calls") ?? "").split(separator: "\n")
          // What a whole set or a look before the work leaves over is removed at a second try.
          if calls.count < place || (run.status == 0 && ["unlink", "rmdir"].contains(calls[place - 1])) {
            #expect(run.status == 0, "\(run.errors)")
            #expect(folder.names.allSatisfy { !$0.contains(".roteq-") })
            #expect(!isReplacing || command.files.allSatisfy { folder.mode($0) == 0o600 })
            if calls.count < place { break }
            continue
          }
          // Without links, files are put aside instead, which a failed link is the sign for.
          if run.status == 0, calls[place - 1] == "link" { continue }
          let what = "call \(place), \(calls[place - 1])"
          #expect(run.status == 73, "\(what)")
          #expect(run.errors.hasPrefix("roteq: ") && run.errors.filter { $0 == "\n" }.count == 1, "\(what)")
          #expect(folder.state == before, "\(what)")
          try #require(place < 200)
        }
      }
    }
  }

  /// What is put between the program and the system.
  private enum FailingCalls {
    /// The library that lets calls fail; nil where there is no compiler.
    static let library: String? = {
      let path = FileManager.default.temporaryDirectory.appending(path: "roteq-failing-calls-\(getpid()).so")
        .path
      let line =
        "cc -shared -fPIC -o \(path) Scripts/failing-calls.c || clang -shared -fPIC -o \(path) Scripts/failing-calls.c"
      return (try? Shell(line).status) == 0 ? path : nil
    }()
  }
#endif
