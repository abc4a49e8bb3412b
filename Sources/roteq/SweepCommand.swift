import ArgumentParser
import Equilibrium
import Formulas
import Optimizers
import Reports

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Evaluate quantities over a grid of settings, or along lines of constant rotation.",
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
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
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
  private let fixed: [Symbol: Double]
  private let axes: [SweepAxis]
  private let product: Double?
  private let contours: [Double]
  private let quantities: [Quantity]
  private let settings: ([Symbol: Double]) throws -> Settings
  /// The variant that the corner of the grid asks for, the same over all of it.
  private let example: Settings

  init(_ command: SweepCommand) throws {
    optimizer = try command.optimizer.optimizer()
    fidelity = try command.fidelity.fidelity()
    var fixed: [Symbol: Double] = [:]
    var axes: [SweepAxis] = []
    for given in command.values.given {
      let axis = try SweepAxis(given)
      if axis.isFixed { fixed[axis.symbol] = axis.stored[0] } else { axes.append(axis) }
    }
    product = try command.constantProduct.map {
      let value = try parseNumber($0, flag: "--constant-product", expected: "a number above 0 and below 1")
      guard value > 0, value < 1 else {
        throw Failure(
          "--constant-product: \(value) is not allowed, expected a number above 0 and below 1", .usage)
      }
      return value
    }
    contours = try (command.contour ?? "").split(separator: ",").map {
      let value = try parseNumber(String($0), flag: "--contour", expected: "expected rotations in radians")
      return try check(value, flag: "--contour", symbol: Quantity.expectedRotation.symbol, isRoot: false)
    }
    guard (1...2).contains(axes.count) else {
      throw Failure(
        "\(axes.count) flags hold a range, expected one or two, such as --lr 1e-4:1e-1:log:50", .usage)
    }
    let decayIsGiven = fixed[.weightDecay] != nil || axes.contains { $0.symbol == .weightDecay }
    let rateIsSwept = axes.contains { $0.symbol == .learningRate }
    guard product == nil || contours.isEmpty else {
      throw Failure("--constant-product and --contour exclude each other", .usage)
    }
    if product != nil || !contours.isEmpty {
      let flag = product != nil ? "--constant-product" : "--contour"
      guard !decayIsGiven else {
        throw Failure("\(flag) gives the weight decay; leave --weight-decay out", .usage)
      }
      guard rateIsSwept, axes.count == 1 else {
        throw Failure("\(flag) needs a range for --lr and no other", .usage)
      }
    }
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
    self.fixed = fixed
    self.axes = axes
  }

  var columns: [Table.Column] {
    let contour = contours.isEmpty ? [] : [Table.Column("contour of η̂_r", name: "contour")]
    var symbols = axes.map(\.symbol)
    if product != nil || !contours.isEmpty { symbols.append(.weightDecay) }
    return contour + symbols.map { Table.Column("\($0.meaning) \($0)", name: $0.name) }
      + quantities.map { Table.Column("\($0.symbol.meaning) \($0.symbol)", name: $0.rawValue) }
  }

  /// The rows in order, outermost axis first; numbers that are not defined are empty cells.
  func forEachRow(_ write: ([Table.Cell]) -> Void) throws {
    if !contours.isEmpty { return try alongContours(write) }
    let rowAxis = axes.count == 2 ? axes[0] : nil
    let columnAxis = axes[axes.count - 1]
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
    for (r, row) in (rowAxis?.stored ?? [.nan]).enumerated() {
      let results = sweep.row(row)
      for (c, column) in columnAxis.stored.enumerated() {
        var known = fixed
        if let rowAxis { known[rowAxis.symbol] = row }
        known[columnAxis.symbol] = column
        if let product { known[.weightDecay] = product / (known[.learningRate] ?? .nan) }
        let isDefined = (known[.learningRate] ?? 0) * (known[.weightDecay] ?? 0) < 1
        var cells: [Table.Cell] = rowAxis.map { [.number($0.shown[r])] } ?? []
        cells.append(.number(columnAxis.shown[c]))
        if product != nil { cells.append(.optional(known[.weightDecay])) }
        cells += results.map { isDefined && $0[c].isFinite ? .number($0[c]) : .empty }
        write(cells)
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

/// A flag with a single number or a range.
private struct SweepAxis {
  let symbol: Symbol
  /// As the flag gives them.
  let shown: [Double]
  /// As the formulas take them: norms squared.
  let stored: [Double]
  var isFixed: Bool { shown.count == 1 }

  init(_ given: ValueOptions.Given) throws {
    symbol = given.symbol
    let parts = given.text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else {
      shown = [try parseNumber(given.text, flag: given.flag, expected: "\(given.symbol.domain) or a range")]
      stored = try shown.map { try check($0, flag: given.flag, symbol: given.symbol, isRoot: given.isRoot) }
      return
    }
    let form = "START:END:log:COUNT or START:END:lin:COUNT"
    guard parts.count == 4, parts[2] == "log" || parts[2] == "lin", let count = Int(parts[3]) else {
      throw Failure("\(given.flag): '\(given.text)' is not a range, expected \(form)", .usage)
    }
    guard (2...1_000_000).contains(count) else {
      throw Failure("\(given.flag): \(count) points are not allowed, expected 2 to 1000000", .usage)
    }
    let start = try parseNumber(parts[0], flag: given.flag, expected: form)
    let end = try parseNumber(parts[1], flag: given.flag, expected: form)
    guard parts[2] == "lin" || (start > 0 && end > 0) else {
      throw Failure("\(given.flag): '\(given.text)' is logarithmic and needs ends above 0", .usage)
    }
    shown = parts[2] == "log" ? Spacing.logarithmic(start, end, count) : Spacing.linear(start, end, count)
    stored = try shown.map { try check($0, flag: given.flag, symbol: given.symbol, isRoot: given.isRoot) }
  }
}

/// Writes rows as they come, in the formats that can; gathers them for the others.
private final class RowWriter {
  private let columns: [Table.Column]
  private let format: OutputOptions
  private var rows: [[Table.Cell]] = []
  private var pending = ""
  private var count = 0

  init(columns: [Table.Column], format: OutputOptions) {
    self.columns = columns
    self.format = format
    switch format.format {
    case .csv: pending = CSV().header(columns)
    case .markdown: pending = MarkdownFormat().header(columns)
    case .json: pending = "[\n"
    case .text, .latex: break
    }
  }

  func write(_ row: [Table.Cell]) {
    switch format.format {
    case .csv: pending += CSV().line(row)
    case .markdown: pending += MarkdownFormat().line(row)
    case .json: pending += (count == 0 ? "  " : ",\n  ") + json(row).line
    case .text, .latex: rows.append(row)
    }
    count += 1
    guard pending.utf8.count > 1 << 16 else { return }
    Standard.output.write(pending)
    pending = ""
  }

  func finish() {
    if format.format == .json { pending += "\n]\n" }
    Standard.output.write(pending)
    guard !rows.isEmpty else { return }
    let table = Table(columns: columns, rows: rows)
    format.print(Output(document: Document([.table(table)]), json: .null, table: table))
  }

  private func json(_ row: [Table.Cell]) -> JSONValue {
    JSONValue(
      zip(columns, row).map { column, cell in
        if case .number(let value) = cell { return (column.name, .number(value)) }
        return (column.name, .null)
      })
  }
}
