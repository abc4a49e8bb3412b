import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// HTML as commands print and write it.
@Suite struct HTMLTests {
  @Test(arguments: [
    "roteq table 1", "roteq predict --optimizer lion --lr 5e-4 --weight-decay 1 --dimension 128 --explain",
    "roteq formula", "roteq derive adam-l2", "roteq report examples/resnet20-cifar10.yaml",
    "roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to rv-adamw",
    "roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:3 --weight-decay 0.1 --dimension 768",
    TrajectoryCommandTests.run,
  ]) func fragmentIsTheBodyOfThePage(line: String) throws {
    let fragment = try Roteq(line: line + " --format html --fragment")
    let page = try Roteq(line: line + " --format html")
    try #require(fragment.exitCode == 0 && page.exitCode == 0, "\(fragment.errors)")
    #expect(XMLParser(data: Data("<body>\(fragment.output)</body>".utf8)).parse())
    #expect(page.output.hasPrefix("<!DOCTYPE html>\n"))
    #expect(page.output.hasSuffix("</body>\n</html>\n"))
    #expect(!fragment.output.contains("<style") && !fragment.output.contains("<main>"))
    // The report's footer stands behind its main part.
    let main = fragment.output.split(separator: "<footer>")[0]
    #expect(page.output.contains("<main>\n\(main)</main>"))
    // Figures are in the page, and no other format points to a file that is not there.
    #expect(page.output.contains("<svg") == line.contains("trajectory"))
    #expect(!(try Roteq(line: line + " --format markdown").output.contains(".svg")))
  }

  @Test func reportIsWrittenInEveryFormat() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "roteq-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    let bad = "<script>alert(1)</script>\\\"'&"
    let config = directory.appending(path: "run.yaml")
    try String(contentsOf: Roteq.root.appending(path: "examples/resnet20-cifar10.yaml"), encoding: .utf8)
      .replacing("name: ResNet-20 on CIFAR-10", with: "name: \"\(bad)\"")
      .replacing("name: conv1", with: "name: \"\(bad)\"")
      .write(to: config, atomically: true, encoding: .utf8)
    let output = directory.appending(path: "out")
    let run = try Roteq(["report", config.path, "-o", output.path])
    try #require(run.exitCode == 0, "\(run.errors)")
    for name in ["report.html", "report.md", "report.tex", "report.json"] {
      #expect(run.output.contains("\(output.path)/\(name)\n"))
    }
    let page = try String(contentsOf: output.appending(path: "report.html"), encoding: .utf8)
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;"))
    #expect(!page.contains("<script"))
    #expect(page == (try Roteq(["report", config.path, "--format", "html"])).output)
  }
}
