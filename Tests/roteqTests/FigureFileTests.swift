import Formulas
import Foundation
import OutsideText
import Reports
import Testing

@testable import roteq

/// Figures as files, with gnuplot, without it, and with a gnuplot that fails.
@Suite struct FigureFileTests {
  static let figure = Figure(
    title: "Norm & <rotation>",
    panels: [
      Figure.Panel(
        x: "step", y: "norm",
        series: [
          Figure.Series("moments", x: [1, 2, 3, 4], y: [1, 2, .nan, 3]),
          Figure.Series("equilibrium", x: [1, 4], y: [2, 3], style: .dashed, color: .neutral),
        ],
        marks: [Figure.Mark(at: 2, "end of warmup")])
    ])

  static let hasGnuplot = Gnuplot.searchPath.split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
  }

  /// Runs with an empty directory, which is removed afterwards.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "roteq-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory.path)
  }

  /// Puts a shell script in gnuplot's place.
  private func fakeGnuplot(_ script: String, in directory: String) throws {
    let path = directory + "/gnuplot"
    try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  private func files(_ directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
  }

  @Test(
    .enabled(if: hasGnuplot),
    arguments: [("fig.pdf", Array("%PDF-".utf8)), ("fig.PNG", [0x89, 0x50, 0x4E, 0x47])]
      as [(String, [UInt8])])
  func picture(name: String, signature: [UInt8]) throws {
    try withDirectory { directory in
      try FigureFile.write(Self.figure, to: directory + "/" + name)
      let data = try Data(contentsOf: URL(filePath: directory + "/" + name))
      #expect(Array(data.prefix(signature.count)) == signature)
      #expect(data.count > 2000)
    }
  }

  @Test(arguments: ["fig.svg", "fig.tex", "fig.gp", "fig.gnuplot"])
  func someNeedNoGnuplot(name: String) throws {
    try withDirectory { directory in
      let path = directory + "/" + name
      try FigureFile.write(Self.figure, to: path, searchPath: "")
      let text =
        switch name {
        case "fig.svg": SVG().render(Self.figure).text
        case "fig.tex": PGFPlots().render(Self.figure).text
        default: GnuplotScript(.svg).render(Self.figure).text
        }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
  }

  @Test(.enabled(if: hasGnuplot)) func terminal() throws {
    let text = try FigureFile.terminal(Self.figure, width: 60, height: 16, usesColor: false).text
    #expect(
      text == """
        Norm & <rotation>
         *****moments       -  equilibrium
        norm
                       end of warmup
        3 +                  │                                   --
          |                  │               --------------------
          |               --------------------
        2 |---------------****
          |         ******   │
          |   ******         │
        1 |***               │
          |                  │
          |                  │
        0 +-------------------------------------------------------+
          1                  2                 3                  4
                                    step

        """)
    let colored = try FigureFile.terminal(Self.figure, width: 60, height: 16, usesColor: true).text
    #expect(colored.contains("\u{1B}["))
    #expect(!colored.contains("\u{0C}"))
  }

  struct Case: CustomTestStringConvertible {
    let name: String
    var gnuplot: String?
    let code: Failure.Code
    let message: String
    var testDescription: String { "\(name), \(gnuplot ?? "no gnuplot")" }
  }

  @Test(arguments: [
    Case(
      name: "fig.jpg", code: .usage,
      message:
        "fig.jpg: not the name of a figure, expected one that ends in .svg, .pdf, .png, .tex, .gp, .gnuplot"),
    Case(
      name: "fig", code: .usage,
      message:
        "fig: not the name of a figure, expected one that ends in .svg, .pdf, .png, .tex, .gp, .gnuplot"),
    Case(
      name: "plots/fig.pdf", code: .unavailable,
      message: "gnuplot is needed to draw plots/fig.pdf: install it (Debian: apt-get install gnuplot-nox; "
        + "macOS: brew install gnuplot) or write fig.svg, fig.tex or fig.gp"),
    Case(
      name: "fig.pdf", gnuplot: "printf '\\n  \\n         line 0: undefined variable: x\\n\\n' >&2; exit 1",
      code: .unavailable,
      message: "gnuplot cannot draw fig.pdf: undefined variable: x; version 5.4 or later is needed"),
    Case(
      name: "fig.png", gnuplot: "echo half a picture; kill -9 $$", code: .unavailable,
      message: "gnuplot cannot draw fig.png: it gives no reason; version 5.4 or later is needed"),
    Case(
      name: "fig.pdf", gnuplot: "echo nothing to draw >&2", code: .unavailable,
      message: "gnuplot cannot draw fig.pdf: nothing to draw; version 5.4 or later is needed"),
    Case(name: "none/fig.tex", code: .cannotWrite, message: "none/fig.tex: cannot be written"),
    Case(
      name: "none/fig.png", gnuplot: "echo a picture", code: .cannotWrite,
      message: "none/fig.png: cannot be written"),
  ])
  func failure(test: Case) throws {
    try withDirectory { directory in
      if let gnuplot = test.gnuplot { try fakeGnuplot(gnuplot, in: directory) }
      let before = try files(directory)
      let failure = try #require(throws: Failure.self) {
        try FigureFile.write(Self.figure, to: test.name, searchPath: directory)
      }
      #expect(failure.message == test.message)
      #expect(failure.code == test.code)
      #expect(try files(directory) == before)
      #expect(!FileManager.default.fileExists(atPath: test.name))
    }
  }

  @Test func failureOnTheTerminal() throws {
    let failure = try #require(throws: Failure.self) {
      try FigureFile.terminal(Self.figure, width: 80, height: 24, usesColor: false, searchPath: "").text
    }
    #expect(
      failure.message == "gnuplot is needed to draw on the terminal: install it "
        + "(Debian: apt-get install gnuplot-nox; macOS: brew install gnuplot) or write fig.svg, fig.tex or fig.gp"
    )
  }

  /// More than a pipe holds, on all three streams at once, by a program that writes before it reads.
  @Test(.timeLimit(.minutes(1))) func longStreamsDoNotBlock() throws {
    try withDirectory { directory in
      try fakeGnuplot("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; cat", in: directory)
      let script = String(repeating: "# a long script\n", count: 65_536)
      let output = try Gnuplot.run(Written(verbatim: script), toDraw: "", or: "", searchPath: directory)
      #expect(output == Data(count: 1_000_000) + Data(script.utf8))
    }
  }

  @Test func terminalSize() throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    let file = open("/dev/null", O_RDONLY)
    defer {
      close(terminal)
      close(file)
    }
    try #require(terminal >= 0 && file >= 0)
    let fallback = TerminalSize(descriptor: file)
    #expect((fallback.columns, fallback.rows) == (80, 24))
    for (columns, rows, expected) in [(132, 43, (132, 42)), (0, 0, (80, 24))]
      as [(UInt16, UInt16, (Int, Int))]
    {
      var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
      try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
      let read = TerminalSize(descriptor: terminal)
      #expect((read.columns, read.rows) == expected)
    }
  }
}
