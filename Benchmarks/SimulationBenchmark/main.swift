import Training

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// Random walks of Figure 9's system under AdamW, for the benchmark that compares them with other programs.
//
//   simulation-benchmark [INSTRUCTION SET]     reads lines `run STEPS [1 or 2 side by side]`, answers each in JSON

let name = CommandLine.arguments.dropFirst().first ?? InstructionSet.best.rawValue
guard let set = InstructionSet(rawValue: name), set.isAvailable else {
  fatalError("expected one of \(InstructionSet.available.map(\.rawValue))")
}

/// A simulation goes on from run to run, so that only steps are timed.
final class Walk: @unchecked Sendable {
  private let simulation: Simulation

  init(seed: UInt64, _ set: InstructionSet) throws {
    let settings = SimulationSettings(
      rule: AdamWRule(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), seed: seed, settledFrom: .max,
      instructionSet: set
    ) { _ in StepSettings(learningRate: 1.25e-2, weightDecay: 8e-2) }
    simulation = try Simulation(settings)
  }

  func run(steps: Int) throws {
    for _ in 0..<steps / simulation.settings.window { _ = try simulation.advance() }
  }
}

let walks = [try Walk(seed: 1, set), try Walk(seed: 2, set)]
let clock = ContinuousClock()
while let line = readLine() {
  let words = line.split(separator: " ")
  guard words.first == "run", words.count >= 2, let steps = Int(words[1]) else {
    fatalError("expected run STEPS [1 or 2]")
  }
  let count = words.count > 2 ? Int(words[2]) ?? 1 : 1
  let start = clock.now
  try await withThrowingTaskGroup(of: Void.self) { group in
    for walk in walks.prefix(count) { group.addTask { try walk.run(steps: steps) } }
    try await group.waitForAll()
  }
  let duration = start.duration(to: clock.now)
  let seconds = Double(duration.components.seconds) + 1e-18 * Double(duration.components.attoseconds)
  print(#"{"instruction_set": "\#(name)", "seconds": \#(seconds), "steps": \#(steps)}"#)
  // A pipe is buffered; the other side waits.
  fflush(nil)
}
