/// Several formulas compiled together, to be evaluated over the rows and columns of a grid.
///
/// One symbol may change from row to row, one or several change along the row; every other symbol is a constant. Each
/// subexpression is computed as seldom as it changes and once for all formulas:
///
/// - what depends on constants alone, when the program is compiled;
/// - what depends on column symbols alone, once for each set of columns;
/// - what depends on the row symbol alone, once a row;
/// - the rest, in blocks of a row that stay in the first-level cache.
///
/// Products and quotients are regrouped to that end, and a division by something that depends on the column alone
/// becomes a multiplication by its reciprocal. Sums keep their order. The arithmetic is that of doubles, where
/// ``Formula/evaluated(_:)`` carries twice the digits: every quantity of every optimizer stays within 4 ulp of it (3 is
/// the most that was found), but where a difference nearly vanishes, such as 2(1 − α) − ηλ, and where a product of
/// scalar factors over- or underflows.
///
/// ```swift
/// let program = try GridProgram(
///   [norm, rotation], constants: [.dimension: 768], row: .learningRate, column: .weightDecay)
/// let sweep = program.sweep(over: decays)
/// for rate in rates { print(sweep.row(rate)) }
/// ```
///
/// The program is immutable and may be shared between threads; each thread makes its own ``GridSweep``.
public struct GridProgram: Sendable {
  /// How many formulas there are.
  public let count: Int

  let inputs: Inputs
  /// The scalars of a row with the constants filled in.
  let scalars: [Double]
  let rowSteps: [Step]
  let columnSteps: [Step]
  let cellSteps: [Step]
  /// Where the value of each formula is found.
  let results: [Place]
  /// How many columns of values all rows share, the given ones among them.
  let columnCount: Int
  let registerCount: Int

  /// Compiles formulas.
  ///
  /// - Parameters:
  ///   - formulas: at least one; their order is that of the results.
  ///   - constants: a value for every symbol but `row` and `column`, which are ignored here.
  ///   - row: the symbol that is constant along a row; nil where there is one row only.
  ///   - columns: the symbols that change along a row, together; at least one, none of them `row`.
  /// - Throws: ``FormulaError/missing(_:)``, naming every symbol without a value once.
  public init(
    _ formulas: [Formula], constants: [Symbol: Double], row: Symbol?, columns: [Symbol]
  ) throws(FormulaError) {
    precondition(!columns.contains { $0 == row }, "a symbol cannot be both the row's and a column's")
    inputs = Inputs(constants: constants, row: row, columns: columns)
    let needed = formulas.flatMap { $0.symbols + $0.solutions.flatMap(\.freeSymbols) }
    var seen = Set(columns)
    if let row { seen.insert(row) }
    let missing = needed.filter { constants[$0] == nil && seen.insert($0).inserted }
    guard missing.isEmpty else { throw .missing(missing) }

    var graph = Graph(inputs: inputs)
    let roots = formulas.map { graph.add($0) }
    let places = Places(graph.nodes, roots: roots, given: columns.count)
    count = formulas.count
    scalars = graph.nodes.map(\.operation.constant)
    rowSteps = places.steps(.row)
    columnSteps = places.steps(.column)
    cellSteps = places.steps(.cell)
    results = roots.map { places[$0] }
    columnCount = places.columnCount
    registerCount = places.registerCount
  }

  /// Compiles formulas along a single column symbol.
  public init(
    _ formulas: [Formula], constants: [Symbol: Double], row: Symbol?, column: Symbol
  ) throws(FormulaError) {
    try self.init(formulas, constants: constants, row: row, columns: [column])
  }

  /// A sweep along these columns.
  ///
  /// - Parameter columns: the values of the column symbol, in the order of the results.
  public func sweep(over columns: [Double]) -> GridSweep { GridSweep(self, over: [columns]) }

  /// A sweep along these columns.
  ///
  /// - Parameter columns: the values of each column symbol, all of the same length.
  public func sweep(overEach columns: [[Double]]) -> GridSweep { GridSweep(self, over: columns) }
}

extension GridProgram {
  /// Where the symbols take their values from.
  struct Inputs: Sendable {
    let constants: [Symbol: Double]
    let row: Symbol?
    let columns: [Symbol]

    /// Every symbol with its value at one cell.
    func values(row rowValue: Double, columns columnValues: [Double]) -> [Symbol: Double] {
      var values = constants
      if let row { values[row] = rowValue }
      for (symbol, value) in zip(columns, columnValues) { values[symbol] = value }
      return values
    }
  }

  /// How often a value changes.
  enum Level: Int, Sendable, Comparable, CaseIterable {
    case constant, row, column, cell

    static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    /// How often what is made of both changes.
    static func | (left: Level, right: Level) -> Level {
      Level(rawValue: left.rawValue | right.rawValue) ?? .cell
    }
    var isVector: Bool { self >= .column }
  }

  /// What is done to one or two operands.
  enum Operation: Sendable, Hashable {
    case constant(bits: UInt64)
    case row
    case column(Int)
    case add, subtract, multiply, divide, negate, squareRoot
    /// √(left·right) in one pass.
    case squareRootOfProduct
    case root(Int)
    case raise(Rational)
    case function(Function)
    case solution(Solution)

    var commutes: Bool { self == .add || self == .multiply || self == .squareRootOfProduct }
    /// The constant's value; NaN for anything else.
    var constant: Double { if case .constant(let bits) = self { Double(bitPattern: bits) } else { .nan } }
  }

  /// A value computed from at most two others, each given by its index.
  struct Node: Sendable, Hashable {
    let operation: Operation
    var operands: [Int]
    let level: Level
  }

  /// Where a value lies while a block is computed.
  enum Place: Sendable, Hashable {
    case scalar(Int)
    /// One of the columns of values that all rows share; the given ones come first.
    case column(Int)
    case register(Int)
    case result(Int)
  }

  /// One operation with the places of its operands, the second repeating the first where there is only one.
  struct Step: Sendable {
    let operation: Operation
    let left: Place
    let right: Place
    let target: Place
  }
}

extension Solution {
  /// The symbols that the equation and its estimate need.
  fileprivate var freeSymbols: [Symbol] {
    let (left, right) = sides
    return (left.symbols + right.symbols).filter { $0 != unknown } + estimate.symbols
  }
}
