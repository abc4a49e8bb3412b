import CIntrinsics

/// A ``GridProgram`` at work along one set of columns: it owns the memory, so each thread needs its own.
///
/// A result is NaN or infinite where ``Formula/evaluated(_:)`` would throw.
public final class GridSweep {
  /// The values of the column symbol.
  public let columns: [Double]

  private let program: GridProgram
  private var scalars: [Double]
  /// The columns that all rows share, one after the other; the given one first.
  private let shared: UnsafeMutablePointer<Double>
  private let registers: UnsafeMutablePointer<Double>

  /// Elements of a row computed at a time: 4 KiB a register.
  private static let block = 512

  init(_ program: GridProgram, over columns: [Double]) {
    self.program = program
    self.columns = columns
    scalars = program.scalars
    shared = .allocate(capacity: program.columnCount * columns.count)
    registers = .allocate(capacity: program.registerCount * GridSweep.block)
    shared.initialize(repeating: .nan, count: program.columnCount * columns.count)
    registers.initialize(repeating: .nan, count: program.registerCount * GridSweep.block)
    for (index, value) in columns.enumerated() { shared[index] = value }
    for step in program.columnSteps { run(step, row: .nan, from: 0, count: columns.count, into: shared) }
  }

  deinit {
    shared.deallocate()
    registers.deallocate()
  }

  /// Evaluates a row.
  ///
  /// - Parameter value: the value of the row symbol; of no effect where there is none.
  /// - Returns: one array a formula, one number a column.
  public func row(_ value: Double) -> [[Double]] {
    var results = [Double](repeating: .nan, count: program.count * columns.count)
    results.withUnsafeMutableBufferPointer { row(value, into: $0) }
    return (0..<program.count).map { Array(results[$0 * columns.count..<($0 + 1) * columns.count]) }
  }

  /// Evaluates a row into memory of the caller's.
  ///
  /// - Parameters:
  ///   - value: the value of the row symbol; of no effect where there is none.
  ///   - results: room for (formulas × columns) numbers: all columns of the first formula, then of the next.
  public func row(_ value: Double, into results: UnsafeMutableBufferPointer<Double>) {
    precondition(results.count == program.count * columns.count, "one number a formula and column is needed")
    guard let results = results.baseAddress else { return }
    for step in program.rowSteps { runScalar(step, row: value) }
    for start in stride(from: 0, to: columns.count, by: GridSweep.block) {
      let count = min(GridSweep.block, columns.count - start)
      for step in program.cellSteps { run(step, row: value, from: start, count: count, into: results) }
    }
    for (index, place) in program.results.enumerated() where place != .result(index) {
      let target = results + index * columns.count
      switch operand(place, from: 0, results) {
      case .scalar(let value): target.update(repeating: value, count: columns.count)
      case .vector(let values): target.update(from: values, count: columns.count)
      }
    }
  }

  private func runScalar(_ step: GridProgram.Step, row: Double) {
    guard case .scalar(let target) = step.target, case .scalar(let left) = step.left,
      case .scalar(let right) = step.right
    else { return }
    scalars[target] =
      switch step.operation {
      case .row: row
      case .solution(let solution): value(of: solution, row: row, column: .nan)
      default: step.operation(scalars[left], scalars[right])
      }
  }

  private func run(
    _ step: GridProgram.Step, row: Double, from start: Int, count: Int,
    into results: UnsafeMutablePointer<Double>
  ) {
    guard case .vector(let address) = operand(step.target, from: start, results) else { return }
    let target = UnsafeMutablePointer(mutating: address)
    if case .solution(let solution) = step.operation {
      for index in 0..<count {
        target[index] = value(of: solution, row: row, column: columns[start + index])
      }
      return
    }
    step.operation.run(
      operand(step.left, from: start, results), operand(step.right, from: start, results), into: target,
      count: count)
  }

  private func operand(
    _ place: GridProgram.Place, from start: Int, _ results: UnsafeMutablePointer<Double>
  ) -> Operand {
    switch place {
    case .scalar(let index): .scalar(scalars[index])
    case .column(let index): .vector(shared + (index * columns.count + start))
    case .register(let index): .vector(registers + index * GridSweep.block)
    case .result(let index): .vector(results + (index * columns.count + start))
    }
  }

  private func value(of solution: Solution, row: Double, column: Double) -> Double {
    (try? Formula.solution(solution).evaluated(program.inputs.values(row: row, column: column))) ?? .nan
  }
}

/// One number for all elements or one for each.
private enum Operand {
  case scalar(Double)
  case vector(UnsafePointer<Double>)

  static func vector(_ pointer: UnsafeMutablePointer<Double>) -> Operand { .vector(UnsafePointer(pointer)) }
}

extension GridProgram.Operation {
  /// The value for one pair of operands; the second is not looked at where the operation has one only.
  func callAsFunction(_ left: Double, _ right: Double) -> Double {
    switch self {
    case .add: left + right
    case .subtract: left - right
    case .multiply: left * right
    case .divide: left / right
    case .negate: -left
    case .squareRoot: left.squareRoot()
    case .squareRootOfProduct: (left * right).squareRoot()
    case .root(let degree): Formula.root(left, degree)
    case .raise(let exponent): Formula.raise(left, exponent)
    case .function(let function): function(left)
    case .constant, .row, .column, .solution: .nan
    }
  }

  /// The values for whole vectors: loops that the compiler turns into vector instructions.
  fileprivate func run(
    _ left: Operand, _ right: Operand, into target: UnsafeMutablePointer<Double>, count: Int
  ) {
    switch self {
    case .add: combine(left, right, target, count) { $0 + $1 }
    case .subtract: combine(left, right, target, count) { $0 - $1 }
    case .multiply: combine(left, right, target, count) { $0 * $1 }
    case .divide: combine(left, right, target, count) { $0 / $1 }
    case .squareRootOfProduct: combine(left, right, target, count) { roteq_square_root($0 * $1) }
    case .negate: transform(left, target, count) { -$0 }
    case .squareRoot: transform(left, target, count) { roteq_square_root($0) }
    default: transform(left, target, count) { self($0, $0) }
    }
  }
}

@inline(__always)
private func transform(
  _ operand: Operand, _ target: UnsafeMutablePointer<Double>, _ count: Int, _ function: (Double) -> Double
) {
  guard case .vector(let values) = operand else { return }
  for index in 0..<count { target[index] = function(values[index]) }
}

@inline(__always)
private func combine(
  _ left: Operand, _ right: Operand, _ target: UnsafeMutablePointer<Double>, _ count: Int,
  _ function: (Double, Double) -> Double
) {
  switch (left, right) {
  case (.vector(let left), .vector(let right)):
    for index in 0..<count { target[index] = function(left[index], right[index]) }
  case (.vector(let left), .scalar(let right)):
    for index in 0..<count { target[index] = function(left[index], right) }
  case (.scalar(let left), .vector(let right)):
    for index in 0..<count { target[index] = function(left, right[index]) }
  case (.scalar, .scalar): return
  }
}
