import ArgumentParser
import Foundation
import FuzzTargets

/// Runs the targets on inputs made at random, in processes of their own: one that ends is a finding, not the end.
struct Fuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roteq-fuzz", abstract: "Give broken inputs to everything that reads files.",
    discussion: """
      EXAMPLES
        roteq-fuzz --minutes 5
        roteq-fuzz --target yaml --count 100000 --seed 7
        roteq-fuzz --target yaml --show 123456        (the input of a finding)

      Findings are: a process that ends, an input that takes more than 2 s of the processor or 500 MB, a message of several lines, \
      an output that is not escaped, a run that roteq's own YAML does not give back. The exit code is 1 where there are some.
      """)

  @Option(help: "Minutes to go on for.") var minutes = 1.0
  @Option(help: "Inputs of each target, instead of a time.") var count: Int?
  @Option(help: "First seed.") var seed: UInt64 = 1
  @Option(help: "One target alone: \(FuzzTarget.all.map(\.name).joined(separator: ", ")).") var target:
    String?
  @Option(help: "Folders with files to begin with.") var corpus = [
    "examples", "Tests/ReferenceData", "Tests/RunConfigurationsTests/References",
  ]
  @Option(help: "Print the input of a seed of the target, and run it.") var show: UInt64?
  @Option(help: .hidden) var slice: Int?
  @Option(help: .hidden) var place: String?

  private static let sliceLength = 2000
  private static let mostSeconds = 2.0
  private static let mostMemory = 500 << 20

  func run() throws {
    let targets = FuzzTarget.all.filter { target == nil || $0.name == target }
    guard !targets.isEmpty else { throw ValidationError("--target: '\(target ?? "")' is none") }
    if let show {
      FileHandle.standardOutput.write(Data(Mutation(targets[0], corpus: files(targets[0])).input(show)))
      return work(targets[0], from: show, count: 1)
    }
    if let slice { return work(targets[0], from: seed, count: slice) }
    try oversee(targets)
  }

  // MARK: The process that reads

  private func work(_ target: FuzzTarget, from seed: UInt64, count: Int) {
    let mutation = Mutation(target, corpus: files(target))
    let file = place.flatMap { FileHandle(forWritingAtPath: $0) }
    var accepted = 0
    for seed in seed..<seed + UInt64(count) {
      let input = mutation.input(seed)
      // Whoever oversees reads here which input ended the process.
      try? file?.seek(toOffset: 0)
      file?.write(Data("\(seed)      ".utf8))
      let start = processorTime()
      do throws(FuzzTarget.Finding) { if try target.run(input) { accepted += 1 } } catch {
        print("finding \(seed) \(error.description.replacing("\n", with: " "))")
      }
      let seconds = processorTime() - start
      if seconds > Self.mostSeconds { print("finding \(seed) takes \(seconds) s") }
    }
    let memory = peakMemory()
    if memory > Self.mostMemory {
      print("finding \(seed) takes \(memory >> 20) MB, or one of the \(count) after it")
    }
    print("accepted \(accepted)")
  }

  private func files(_ target: FuzzTarget) -> [[UInt8]] {
    var files: [[UInt8]] = []
    for folder in corpus.sorted() {
      let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }.sorted() ?? []
      for name in names where target.corpus.contains((name as NSString).pathExtension) {
        let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
        if data.count < 200_000 { files.append(Array(data)) }
      }
    }
    return files
  }

  // MARK: The process that oversees

  private func oversee(_ targets: [FuzzTarget]) throws {
    let end = Date(timeIntervalSinceNow: 60 * minutes)
    let place = FileManager.default.temporaryDirectory.appending(path: "roteq-fuzz-\(getpid())").path
    _ = FileManager.default.createFile(atPath: place, contents: nil)
    defer { try? FileManager.default.removeItem(atPath: place) }
    var tallies = targets.map { _ in Tally() }
    var findings: [String] = []
    while tallies.contains(where: { tally in count.map { tally.inputs < $0 } ?? (Date() < end) }) {
      for (index, target) in targets.enumerated() {
        let length = min(Self.sliceLength, (count ?? .max) - tallies[index].inputs)
        guard length > 0, count != nil || Date() < end else { continue }
        let first = seed + UInt64(tallies[index].inputs)
        let (lines, code) = try child(target, first, length, place)
        for line in lines where line.hasPrefix("finding ") {
          findings.append("\(target.name): \(line.dropFirst(8))")
        }
        tallies[index].accepted +=
          lines.compactMap { $0.hasPrefix("accepted ") ? Int($0.dropFirst(9)) : nil }.first ?? 0
        if code == 0 {
          tallies[index].inputs += length
        } else {
          let text = String(decoding: FileManager.default.contents(atPath: place) ?? Data(), as: UTF8.self)
          let at = text.split(separator: " ").first.flatMap { UInt64($0) } ?? first
          findings.append("\(target.name): \(at) ends the process with \(code)")
          tallies[index].inputs += Int(at - first) + 1
        }
      }
    }
    for (target, tally) in zip(targets, tallies) {
      print("\(target.name): \(tally.inputs) inputs, \(tally.accepted) accepted")
    }
    print("\(tallies.reduce(0) { $0 + $1.inputs }) inputs, \(findings.count) findings")
    for finding in findings.prefix(100) { print(finding) }
    if !findings.isEmpty { throw ExitCode(1) }
  }

  private struct Tally {
    var inputs = 0
    var accepted = 0
  }

  private func child(_ target: FuzzTarget, _ seed: UInt64, _ count: Int, _ place: String) throws -> (
    [String], Int32
  ) {
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0])
    process.arguments =
      ["--target", target.name, "--seed", "\(seed)", "--slice", "\(count)", "--place", place]
      + corpus.flatMap { ["--corpus", $0] }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (text.split(separator: "\n").map(String.init), process.terminationStatus)
  }

  private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  private func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #if os(Linux)
      return usage.ru_maxrss << 10
    #else
      return usage.ru_maxrss
    #endif
  }
}

Fuzz.main()
