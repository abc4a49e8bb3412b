import ArgumentParser
import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import Safetensors
import Training

struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run the optimizer itself on a random walk, and hold the predictions against it.",
    discussion: """
      EXAMPLES
        roteq simulate --optimizer adamw --lr 1.25e-2 --weight-decay 8e-2
        roteq simulate --optimizer rv-adamw --lr 1e-2 --weight-decay 0.1
        roteq simulate --optimizer lion --lr 5e-4 --weight-decay 1 --beta2 0.999 \\
            --steps 15000 --seeds 5 -o lion.svg
        roteq simulate --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 \\
            --schedule cosine --warmup 500 --steps 10000 -o run.csv

      The network is the simple system (95): one linear layer with normalisation, random inputs and random output \
      gradients at every step, for 15 000 steps unless --steps says otherwise. What was measured stands next to what \
      the formulas predict, with the measured gradient put in.
      """)

  @Option(
    help: "Optimizer, or with rv- its rotational variant (Algorithm 1).",
    completion: .list(ConversionTarget.known))
  var optimizer: String
  @Flag(help: "The rotational variant, as rv- before the name.") var rotational = false
  @OptionGroup(title: "Values") var values: ValueOptions
  @Flag(help: "SGDM in PyTorch's Nesterov form.") var nesterov = false
  @OptionGroup(title: "System") var system: SystemOptions
  @OptionGroup(title: "Rotational variant") var rotation: RotationalOptions
  @OptionGroup(title: "Run") var plan: RunOptions
  @Option(
    help:
      "What the weight decay means: \(DecayConvention.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var decayConvention: String = DecayConvention.coupled.rawValue
  @Option(parsing: .unconditional, help: "Seeds: how many runs. (default: 5)") var seeds: String?
  @Option(parsing: .unconditional, help: "The first seed. (default: 1)") var seed: String?
  @Option(
    parsing: .unconditional, help: "Step after which equilibrium is measured. (default: half of the run)")
  var settledFrom: String?
  @Option(
    parsing: .unconditional,
    help: "Steps that a point of the curves is a root mean square of. (default: a 150th of the run)")
  var window: String?
  @Option(parsing: .unconditional, help: "Neurons that are followed. (default: 4)") var shown: String?
  @OptionGroup(title: "Computing") var computing: ComputingOptions
  @Option(parsing: .unconditional, help: "Runs at a time. (default: one a core)") var jobs: String?
  @Option(help: "Where to save the state at the end, one seed only: .safetensors.", completion: .file())
  var save: String?
  @Option(help: "Saved state to go on from, to --steps in all.", completion: .file()) var resume: String?
  @Option(
    name: [.customShort("o"), .long],
    help:
      "Write the curves to a file: .svg, .pdf, .png, .tex or .gp as a figure, .csv, .json or .safetensors as numbers.",
    completion: .file())
  var output: String?
  @Flag(help: "Draw the curves on the terminal.") var plot = false
  @OptionGroup(title: "Output") var format: OutputOptions

  func run() throws {
    let walk = try walk()
    let seeds = try chosenSeeds()
    let file = try output.map { try SimulationFile(path: $0) }
    guard seeds.count == 1 || (save == nil && resume == nil) else {
      throw Failure("--save and --resume go with --seeds 1: a state is that of one run", .usage)
    }
    // What is read has to be known before what is written is looked at.
    let state = try resume.map(InputFile.tensors)
    try OutputFile.probe([output, save].compactMap { $0 })
    let (width, shown) = (try whole(jobs, "--jobs", from: 1), try whole(shown, "--shown", from: 0) ?? 4)
    let progress = SharedProgress(total: walk.steps * seeds.count)
    Interruption.watch()
    let queue = WalkQueue(
      width: width, progress: { progress.advance(by: $0) }, isCancelled: { Interruption.isRequested })
    let runs: [WalkRun]
    do throws(WalkError) {
      runs = try queue.run(
        [walk], seeds: seeds, shown: shown, resuming: state,
        keepsState: save != nil || file?.holdsTensors == true)[0]
    } catch { throw Failure(error) }
    progress.finish()
    // What took so long is kept wherever it can be: a file that cannot be written does not keep the others from it.
    var unwritten: Failure?
    func keep(_ write: () throws -> Void) throws {
      do { try write() } catch let failure as Failure { unwritten = unwritten ?? failure }
    }
    if let save, let state = runs.first?.state { try keep { try OutputFile.write(state, to: save) } }
    // Numbers are written whatever the report has to say of them.
    try keep { try file?.writeNumbers(runs) }
    let deviation = state.flatMap { Simulation.deviation(of: $0, on: walk.instructionSet) }
    let report = try report(walk, runs, of: seeds.count, notes: deviation.map { [$0] } ?? [])
    if let report {
      try keep { try file?.writeFigure(report.figure, isFragment: format.fragment) }
      if plot {
        Standard.output.write(try FigureFile.terminal(report.figure))
      } else {
        format.print(report.output)
      }
    }
    if let unwritten { throw unwritten }
    let isKept = report != nil || file != nil || save != nil
    if let failure = runs.compactMap(\.failure).first { throw Failure(walk, failure, isKept: isKept) }
    try Interruption.passOn(isKept: isKept)
    if report == nil { throw Failure(WalkError.nothingMeasured) }
  }

  /// The report, or nil where no run had settled.
  private func report(
    _ walk: Walk, _ runs: [WalkRun], of seeds: Int, notes: [String]
  ) throws -> SimulationReport? {
    guard runs.contains(where: { $0.settled != nil && $0.failure == nil }) else { return nil }
    do throws(WalkError) {
      let comparison = try WalkComparison(walk, runs)
      return SimulationReport(
        comparison, curve: WalkCurve(comparison.runs), notes: notes + self.notes(walk, runs, of: seeds))
    } catch { throw Failure(error) }
  }

  private func chosenSeeds() throws -> [UInt64] {
    let first = try whole(seed, "--seed", from: 0) ?? 1
    let count = try whole(seeds, "--seeds", from: 1) ?? 5
    guard count <= 10_000 else {
      throw Failure("--seeds: \(count) is not allowed, expected 1 to 10000", .usage)
    }
    return (0..<count).map { UInt64(first + $0) }
  }

  private func notes(_ walk: Walk, _ runs: [WalkRun], of seeds: Int) -> [String] {
    var notes: [String] = []
    if runs.count < seeds || runs.contains(where: \.isInterrupted) {
      let reached = runs.map { "\($0.steps.last ?? 0)" }.joined(separator: ", ")
      notes.append(
        "Interrupted: \(runs.count) of \(seeds) seeds were started, and reached the steps \(reached).")
    }
    for run in runs {
      if let failure = run.failure { notes.append("Seed \(run.seed) is left out: \(failure).") }
    }
    return notes
  }
}
