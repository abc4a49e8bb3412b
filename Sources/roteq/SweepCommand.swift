import ArgumentParser
import Equilibrium
import Formulas
import Optimizers
import Reports

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract:
      "Evaluate quantities or whole runs over a grid of settings, or along lines of constant rotation.",
    discussion: """
      EXAMPLES
        roteq sweep --optimizer adamw --lr 1e-4:1e-1:log:50 \\
            --weight-decay 1e-4:1:log:50 --dimension 768 --format csv
        roteq sweep --optimizer adamw --lr 1e-4:3e-1:log:8 --constant-product 5e-4 \\
            --dimension 144
        roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:5 --contour 0.001,0.003 \\
            --dimension 768 --format markdown
        roteq sweep --optimizer sgdm --lr 0.1 --weight-decay 1e-4 \\
            --momentum 0:0.99:lin:12 \\
            --quantities expected-rotation,rotational-diffusion-rate
        roteq sweep --optimizer adamw --lr 1e-4:1e-2:log:10 \\
            --weight-decay 1e-2:1:log:10 --over trajectory \\
            --schedule cosine --warmup 500 --steps 10000 \\
            --dimension 768 --initialization default --format csv

      A range is START:END:log:COUNT or START:END:lin:COUNT. One or two flags may hold a range; a single number stays \
      fixed. CSV, JSON and Markdown are written row by row.
      """)

  @Option(help: "Optimizer.") var optimizer: OptimizerName
  @Option(help: "Quantities, separated by commas; all that can be computed where not given.") var quantities:
    String?
  @Option(help: "leading, geometric or moments.") var fidelity = FidelityName(argument: "leading")
  @Option(
    parsing: .unconditional, help: "Hold ηλ at this value: the weight decay follows from the learning rate.")
  var constantProduct: String?
  @Option(
    parsing: .unconditional,
    help: "Expected rotations, separated by commas: the weight decay that gives each, for each learning rate."
  )
  var contour: String?
  @Option(help: "What is evaluated at each point: equilibrium, or trajectory, a whole run.")
  var over: String = Subject.equilibrium.rawValue
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Run, with --over trajectory") var plan: RunOptions
  @OptionGroup(title: "Run, with --over trajectory") var start: StartOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  /// What is evaluated at each point.
  enum Subject: String, CaseIterable {
    case equilibrium, trajectory
  }

  func run() throws {
    let subject: Subject = try choice("subject", over)
    guard subject == .equilibrium else {
      let sweep = try TrajectorySweep(self)
      let writer = RowWriter(columns: sweep.columns, format: output)
      try sweep.forEachRow { writer.write($0) }
      return writer.finish()
    }
    guard plan.steps == nil, plan.schedule == nil else {
      throw Failure("--steps and --schedule need --over trajectory", .usage)
    }
    let sweep = try Sweep(self)
    let writer = RowWriter(columns: sweep.columns, format: output)
    try sweep.forEachRow { writer.write($0) }
    writer.finish()
  }
}

/// A sweep, checked before the first row is written.
private struct Sweep {
  private let optimizer: Optimizer
  private let fidelity: Fidelity
  private let grid: SweepGrid
  private let quantities: [Quantity]
  private let settings: ([Symbol: Double]) throws -> Settings
  /// The variant that the corner of the grid asks for, the same over all of it.
  private let example: Settings

  init(_ command: SweepCommand) throws {
    optimizer = try command.optimizer.optimizer()
    fidelity = try command.fidelity.fidelity()
    let grid = try SweepGrid(command)
    let (fixed, axes, product, contours) = (grid.fixed, grid.axes, grid.product, grid.contours)
    self.grid = grid
    let weight = command.weight
    let chosen = optimizer
    settings = { try weight.settings(chosen, $0) }

    var corner = fixed
    for axis in axes { corner[axis.symbol] = axis.stored[0] }
    let rate = corner[.learningRate] ?? 1
    if let product { corner[.weightDecay] = product / rate }
    if !contours.isEmpty { corner[.weightDecay] = min(1e-3, 0.5 / rate) }
    // A corner with ηλ ≥ 1 is left empty like any other such cell; the variant is found with a smaller decay.
    if rate * (corner[.weightDecay] ?? 0) >= 1 { corner[.weightDecay] = 0.5 / rate }
    let example = try settings(corner)
    self.example = example
    let resolution = fidelity
    func missing(_ quantity: Quantity) -> [Symbol] {
      example.formula(quantity, resolution)?.formula.symbols.filter { example.values[$0] == nil } ?? []
    }
    if let names = command.quantities {
      quantities = try names.split(separator: ",").map { try QuantityName(argument: String($0)).quantity() }
      let lacking = Set(quantities.flatMap(missing))
      guard lacking.isEmpty else {
        let flags = lacking.map(ValueOptions.flag).sorted().joined(separator: ", ")
        throw Failure("missing \(flags) for the quantities asked for", .usage)
      }
    } else {
      quantities = Quantity.allCases.filter { missing($0).isEmpty && example.formula($0, resolution) != nil }
    }
    guard !quantities.isEmpty else { throw Failure("no quantity can be computed from what is given", .usage) }
  }

  private var fixed: [Symbol: Double] { grid.fixed }
  private var axes: [SweepAxis] { grid.axes }
  private var product: Double? { grid.product }
  private var contours: [Double] { grid.contours }

  var columns: [Table.Column] {
    grid.columns
      + quantities.map { Table.Column("\($0.symbol.meaning) \($0.symbol)", name: $0.rawValue) }
  }

  /// The rows in order, outermost axis first; numbers that are not defined are empty cells.
  func forEachRow(_ write: ([Table.Cell]) -> Void) throws {
    if !contours.isEmpty { return try alongContours(write) }
    let (rowAxis, columnAxis) = (grid.rowAxis, grid.columnAxis)
    var replacements = Dictionary(uniqueKeysWithValues: example.derived.map { ($0.symbol, $0.formula) })
    let productSymbol = Symbol(
      "product", plain: "ηλ", latex: "\\eta\\lambda", sympy: "p", meaning: "product", domain: .positive)
    if product != nil { replacements[.weightDecay] = .symbol(productSymbol) / .symbol(.learningRate) }
    // What follows from swept symbols is put in as a formula; λ itself may stand inside it.
    let formulas = quantities.compactMap {
      example.formula($0, fidelity)?.formula.substituting(replacements).substituting(replacements)
    }
    var constants = example.values
    constants[productSymbol] = product
    for symbol in replacements.keys { constants[symbol] = nil }
    let program = try GridProgram(
      formulas, constants: constants, row: rowAxis?.symbol, column: columnAxis.symbol)
    let sweep = program.sweep(over: columnAxis.stored)
    for row in 0..<grid.rowCount {
      let results = sweep.row(rowAxis?.stored[row] ?? .nan)
      for column in columnAxis.stored.indices {
        let (known, shown) = grid.cell(row: row, column: column)
        let isDefined = (known[.learningRate] ?? 0) * (known[.weightDecay] ?? 0) < 1
        write(shown + results.map { isDefined && $0[column].isFinite ? .number($0[column]) : .empty })
      }
    }
  }

  private func alongContours(_ write: ([Table.Cell]) -> Void) throws {
    for contour in contours {
      for rate in axes[0].stored {
        var known = fixed
        known[.learningRate] = rate
        let solution = try? SettingSolution(
          for: .weightDecay, quantity: .expectedRotation, fidelity: fidelity, target: contour, known: known,
          settings: settings)
        let values = quantities.map { quantity in
          solution.flatMap {
            try? $0.settings.formula(quantity, fidelity)?.formula.evaluated($0.settings.values)
          }
        }
        write([.number(contour), .number(rate), .optional(solution?.value)] + values.map { .optional($0) })
      }
    }
  }
}
