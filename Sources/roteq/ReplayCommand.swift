import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports
import Safetensors
import Training

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract:
      "Apply recorded gradients to recorded weights: what an optimizer, ported or not, has to make of them.",
    discussion: """
      EXAMPLES
        roteq replay --optimizer adamw --lr 1e-2 --weight-decay 0.1 \\
            --weights examples/replay-weights.safetensors \\
            --gradients examples/replay-gradients.safetensors \\
            --expected examples/replay-adamw.safetensors --precision single
        roteq replay --optimizer rv-adamw --lr 1e-2 --weight-decay 0.1 \\
            --schedule cosine --warmup 5 --weights weights.safetensors \\
            --gradients gradients.safetensors -o out.safetensors --every 10
        roteq replay --optimizer rv-lion --lr 1e-3 --weight-decay 1 \\
            --schedule rates.csv --rotation rates.csv \\
            --weights weights.safetensors --gradients gradients.safetensors \\
            -o out.safetensors --moments

      The files are safetensors in F64, F32, BF16 or F16. The gradients are named NAME/step.0, NAME/step.1, … for each \
      tensor NAME of the weights; step.0, step.1, … where it is the only one. A tensor of two or more dimensions is a \
      weight, with a neuron a row: it decays, and a rotational variant turns it. Others are updated as biases, without \
      decay. docs/replay.md says how to record a run in PyTorch.

      Written are NAME after the last step, NAME_gain where it is learned, NAME/after.N with --every, and with --moments \
      NAME/first_moment and so on. --expected compares whatever of these another implementation has written. NAME is taken \
      to be after the last recorded step: with fewer --steps N it is left out, and NAME/after.N has to be there.

      ε of Adam and AdamW is 1e-8 where --epsilon does not say otherwise; it may be 0, but not negative. --rotation is the \
      rate of Algorithm 1 in radians, and the angle of a step is its arc tangent: 0.5 turns by 0.464.

      Refused are flags that play no part: --initial-norm, --gradient-norm, --radial-decay, --decay-error-factor, \
      --dimension-error-factor, --gradient-kurtosis, --scale-sensitive and --steps-per-epoch always; --dimension, \
      --gradient-mass, --unit-gradient-norm, --active-fraction and --gradient-moments except for rv-adam-l2 without \
      --rotation, whose rotation in Table 1 needs the gradient mass.
      """)

  @Option(help: "Optimizer: \(ConversionTarget.known.joined(separator: ", ")).") var optimizer: String
  @Option(help: "Weights before the first step: FILE.safetensors.", completion: .file()) var weights: String
  @Option(help: "Gradients of every step: FILE.safetensors.", completion: .file()) var gradients: String
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Write the weights after the last step here: FILE.safetensors.", completion: .file())
  var outputPath: String?
  @Option(parsing: .unconditional, help: "Also write the weights after every N-th step.") var every: String?
  @Flag(help: "Also write what the optimizer remembers after the last step.") var moments = false
  @Option(
    help: "Compare with what another implementation made of them: FILE.safetensors.", completion: .file())
  var expected: String?
  @Option(
    parsing: .unconditional,
    help:
      "With --expected: the largest deviation allowed, relative to the largest value of a tensor. (default: 1e-12, single 1e-5)"
  )
  var tolerance: String?
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Run") var plan: RunOptions
  @Option(
    help:
      "What the weight decay means: \(DecayConvention.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var decayConvention: String = DecayConvention.coupled.rawValue
  @OptionGroup(title: "Rotational variant") var rotational: RotationalOptions
  @Option(help: "Precision to compute in: \(Precision.allCases.map(\.rawValue).joined(separator: ", ")).")
  var precision: String = Precision.double.rawValue
  @Option(
    help:
      "Vector instructions to compute with: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")). (default: the widest there are)"
  )
  var instructions: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    guard outputPath != nil || expected != nil else {
      throw Failure("missing -o or --expected: the result would be lost", .usage)
    }
    if let outputPath { try checkOutput(outputPath) }
    let every = try every.map { try wholeNumber($0, flag: "--every", from: 1) }
    let precision: Precision = try choice("precision", precision)
    let instructions: InstructionSet =
      try self.instructions.map { try choice("instruction set", $0) } ?? .best
    guard instructions.isAvailable else {
      throw Failure("--instructions: \(TrainingError.instructionSetMissing(instructions))", .usage)
    }
    let tolerance = try allowedDeviation(precision)
    let recording = try Recording(weights: weights, gradients: gradients)
    let request = try request(recording)
    if let wrapper = request.wrapper { try recording.checkTurns(wrapper) }
    let replay: Replay
    do throws(TrainingError) {
      replay = try Replay(
        recording.weights, rule: request.rule, wrapper: request.wrapper, precision: precision,
        instructionSet: instructions)
    } catch { throw Failure("\(weights): \(error)", .badData) }

    var run = ReplayRun(replay, recording, wrapper: request.wrapper, steps: request.plan.steps)
    if let expected {
      let other = try TensorComparison(expected, tolerance: tolerance, recorded: recording.steps)
      try run.compare(with: other, every: every, moments: moments)
    }
    try run.run(every: every, moments: moments, request.settings)
    let settings =
      request.description + [
        ReplayReport.Setting("precision", name: "precision", .word(precision.rawValue)),
        ReplayReport.Setting("vector instructions", name: "instructions", .word(instructions.rawValue)),
      ]
    if let outputPath {
      try write(run.tensors, settings, steps: request.plan.steps, to: outputPath)
    }
    output.print(
      ReplayReport(
        request.title, steps: request.plan.steps, settings, notes: try notes(steps: request.plan.steps),
        run.parameters, run.comparison?.report
      ).output)
    if let failure = run.comparison?.failure { throw failure }
  }

  private func allowedDeviation(_ precision: Precision) throws -> Double {
    guard let tolerance else { return precision == .double ? 1e-12 : 1e-5 }
    guard expected != nil else { throw Failure("--tolerance needs --expected", .usage) }
    return try number(tolerance, flag: "--tolerance", in: .nonNegative)
  }

  /// Writes the tensors, with the settings as metadata.
  private func write(
    _ tensors: [String: Tensor], _ settings: [ReplayReport.Setting], steps: Int, to path: String
  ) throws {
    var metadata = Dictionary(uniqueKeysWithValues: settings.map { ($0.name, $0.value.text) })
    metadata["steps"] = String(steps)
    metadata["program"] = "roteq \(Roteq.version)"
    try OutputFile.write(TensorFile(tensors: tensors, metadata: metadata), to: path)
  }
}
