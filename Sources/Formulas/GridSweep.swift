import CIntrinsics

/// A ``GridProgram`` at work along one set of columns: it owns the memory, so each thread needs its own.
///
/// A result is NaN or infinite where ``Formula/evaluated(_:)`` would throw.
public final class GridSweep {
  /// How many columns there are.
  public let count: Int

  private let program: GridProgram
  private var scalars: [Double]
  /// The columns that all rows share, one after the other; the given ones first.
  private let shared: UnsafeMutablePointer<Double>
  private let registers: UnsafeMutablePointer<Double>

  /// Elements of a row computed at a time: 4 KiB a register.
  private static let block = 512

  init(_ program: GridProgram, over columns: [[Double]]) {
    precondition(
      columns.count == program.inputs.columns.count, "one list of values a column symbol is needed")
    precondition(columns.allSatisfy { $0.count == columns[0].count }, "all columns need the same length")
    self.program = program
    count = columns[0].count
    scalars = program.scalars
    shared = .allocate(capacity: program.columnCount * count)
    registers = .allocate(capacity: program.registerCount * GridSweep.block)
    shared.initialize(repeating: .nan, count: program.columnCount * count)
    registers.initialize(repeating: .nan, count: program.registerCount * GridSweep.block)
    for (index, values) in columns.enumerated() {
      (shared + index * count).update(from: values, count: count)
    }
    for step in program.columnSteps { run(step, row: .nan, from: 0, count: count, into: shared) }
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
    var results = [Double](repeating: .nan, count: program.count * self.count)
    results.withUnsafeMutableBufferPointer { row(value, into: $0) }
    return (0..<program.count).map { Array(results[$0 * self.count..<($0 + 1) * self.count]) }
  }

  /// Evaluates a row into memory of the caller's.
  ///
  /// - Parameters:
  ///   - value: the value of the row symbol; of no effect where there is none.
  ///   - results: room for (formulas × columns) numbers: all columns of the first formula, then of the next.
  public func row(_ value: Double, into results: UnsafeMutableBufferPointer<Double>) {
    precondition(results.count == program.count * self.count, "one number a formula and column is needed")
    guard let results = results.baseAddress else { return }
    for step in program.rowSteps { runScalar(step, row: value) }
    for start in stride(from: 0, to: self.count, by: GridSweep.block) {
      let count = min(GridSweep.block, self.count - start)
      for step in program.cellSteps { run(step, row: value, from: start, count: count, into: results) }
    }
    for (index, place) in program.results.enumerated() where place != .result(index) {
      let target = results + index * self.count
      switch operand(place, from: 0, results) {
      case .scalar(let value): target.update(repeating: value, count: self.count)
      case .vector(let values): target.update(from: values, count: self.count)
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
      case .solution(let solution): value(of: solution, row: row, column: nil)
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
      // Solved again only where something that it depends on has changed.
      let symbols = Formula.solution(solution).symbols
      let given = program.inputs.columns.indices.filter { symbols.contains(program.inputs.columns[$0]) }
      for index in 0..<count {
        let column = start + index
        let isRepeated =
          index > 0
          && given.allSatisfy {
            shared[$0 * self.count + column] == shared[$0 * self.count + column - 1]
          }
        target[index] = isRepeated ? target[index - 1] : value(of: solution, row: row, column: column)
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
    case .column(let index): .vector(shared + (index * self.count + start))
    case .register(let index): .vector(registers + index * GridSweep.block)
    case .result(let index): .vector(results + (index * self.count + start))
    }
  }

  private func value(of solution: Solution, row: Double, column: Int?) -> Double {
    let given = column.map { column in program.inputs.columns.indices.map { shared[$0 * count + column] } }
    let values = program.inputs.values(row: row, columns: given ?? [])
    return (try? Formula.solution(solution).evaluated(values)) ?? .nan
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
