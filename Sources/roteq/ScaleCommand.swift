import ArgumentParser
import Equilibrium
import Formulas
import Reports

struct ScaleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale",
    abstract: "Change batch size, momentum or width: what each scaling rule keeps and what it changes.",
    discussion: """
      EXAMPLES
        roteq scale --optimizer adamw --lr 6e-4 --weight-decay 0.1 --dimension 768 \\
            --batch-size 256 --to-batch-size 2048
        roteq scale --optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 \\
            --batch-size 128 --to-batch-size 2048 --dataset-size 50000
        roteq scale --optimizer adam-l2 --lr 8e-4 --weight-decay 1e-4 \\
            --batch-size 256 --to-batch-size 1024 --noise-share 0.8
        roteq scale --optimizer sgdm --lr 0.1 --weight-decay 5e-4 --momentum 0.9 \\
            --to-momentum 0.95
        roteq scale --optimizer adamw --lr 6e-4 --weight-decay 0.1 \\
            --dimension 768 --to-dimension 3072

      One change a call. Numbers are of leading order; what is not known, such as the gradient \
      norm, cancels from the factors.
      """)

  @Option(help: "Optimizer.") var optimizer: OptimizerName
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Change") var change: ChangeOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    let source = try weight.settings(try optimizer.optimizer(), values.values())
    let change = try change.change()
    let datasetSize = try self.change.datasetSize.map { try self.change.count($0, "--dataset-size") }
    do throws(ScalingError) {
      let scaling = try Scaling(source, change, examplesPerUnit: datasetSize ?? 1)
      output.print(ScalingReport(scaling, countsEpochs: datasetSize != nil).output)
    } catch {
      guard case .missing(let symbol) = error else { throw Failure(error.description, .usage) }
      throw Failure("missing \(ValueOptions.flag(of: symbol)): \(error)", .usage)
    }
  }
}

/// What changes, and what is known of batches.
struct ChangeOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Batch size B before the change, in examples (or tokens).")
  var batchSize: String?
  @Option(parsing: .unconditional, help: "Batch size after it.") var toBatchSize: String?
  @Option(
    parsing: .unconditional,
    help: "Share of E‖g‖² that is noise at the old batch size; it falls as 1/B, the rest stays. (default: 1)")
  var noiseShare: String?
  @Option(parsing: .unconditional, help: "Examples in an epoch: counts epochs in place of examples.")
  var datasetSize: String?
  @Option(parsing: .unconditional, help: "Momentum α after the change.") var toMomentum: String?
  @Option(parsing: .unconditional, help: "First moment coefficient β₁ after the change.") var toBeta1: String?
  @Option(parsing: .unconditional, help: "Second moment coefficient β₂ after the change.")
  var toBeta2: String?
  @Option(parsing: .unconditional, help: "Dimension C (fan-in) after the change of width.")
  var toDimension: String?

  /// The one change that the flags ask for.
  func change() throws -> ScalingChange {
    let changes: [(flag: String, text: String)] = [
      ("--to-batch-size", toBatchSize), ("--to-momentum", toMomentum), ("--to-beta1", toBeta1),
      ("--to-beta2", toBeta2), ("--to-dimension", toDimension),
    ].compactMap { flag, text in text.map { (flag, $0) } }
    guard toBatchSize != nil || batchSize == nil else {
      throw Failure("missing --to-batch-size: --batch-size is the batch size before the change", .usage)
    }
    guard let (flag, text) = changes.first, changes.count == 1 else {
      let given = changes.isEmpty ? "no change is given" : changes.map(\.flag).joined(separator: ", ")
      throw Failure(
        "\(given): expected one of --to-batch-size, --to-momentum, --to-beta1, --to-beta2, --to-dimension",
        .usage)
    }
    guard flag == "--to-batch-size" else {
      for (other, text) in [("--noise-share", noiseShare), ("--dataset-size", datasetSize)]
      where text != nil {
        throw Failure("\(other) applies to a change of the batch size, not to \(flag)", .usage)
      }
      let symbols: [String: Symbol] = [
        "--to-momentum": .momentum, "--to-beta1": .beta1, "--to-beta2": .beta2,
      ]
      let symbol = symbols[flag] ?? .dimension
      let value = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: false
      )
      return symbol == .dimension ? .dimension(to: value) : .coefficient(symbol, to: value)
    }
    guard let batchSize else {
      throw Failure("missing --batch-size: the change needs the batch size before it", .usage)
    }
    return .batchSize(
      from: try count(batchSize, "--batch-size"), to: try count(text, flag), noiseShare: try share())
  }

  /// A number of examples.
  func count(_ text: String, _ flag: String) throws -> Double {
    try check(
      parseNumber(text, flag: flag, expected: "\(Symbol.batchSize.domain)"), flag: flag, symbol: .batchSize,
      isRoot: false)
  }

  private func share() throws -> Double {
    guard let noiseShare else { return 1 }
    let expected = "a number from 0 to 1"
    let share = try parseNumber(noiseShare, flag: "--noise-share", expected: expected)
    guard (0...1).contains(share) else {
      throw Failure("--noise-share: \(share) is not allowed, expected \(expected)", .usage)
    }
    return share
  }
}
