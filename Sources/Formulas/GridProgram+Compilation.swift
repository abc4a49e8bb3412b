extension GridProgram {
  /// The nodes of all formulas, each once, operands before what is made of them.
  struct Graph {
    let inputs: Inputs
    private(set) var nodes: [Node] = []
    private var indices: [Node: Int] = [:]

    init(inputs: Inputs) { self.inputs = inputs }

    /// Adds a formula; returns the index of its value.
    mutating func add(_ formula: Formula) -> Int {
      switch formula {
      case .number(let number): return constant(number.value)
      case .pi: return constant(.pi)
      case .symbol(let symbol):
        if let index = inputs.columns.firstIndex(of: symbol) { return insert(.column(index), [], .column) }
        if symbol == inputs.row { return insert(.row, [], .row) }
        return constant(inputs.constants[symbol] ?? .nan)
      case .sum(let terms): return sum(terms)
      case .negative(let inner): return node(.negate, add(inner))
      case .product, .quotient: return product(formula)
      case .power(let base, let exponent): return power(add(base), exponent)
      case .root(let radicand, 2): return squareRoot(add(radicand))
      case .root(let radicand, 4): return squareRoot(squareRoot(add(radicand)))
      case .root(let radicand, let degree): return node(.root(degree), add(radicand))
      case .function(let function, let argument): return node(.function(function), add(argument))
      case .solution(let solution): return self.solution(solution)
      case .named(_, let inner): return add(inner)
      }
    }

    private mutating func constant(_ value: Double) -> Int {
      insert(.constant(bits: value.bitPattern), [], .constant)
    }

    /// Folds what is constant; finds again what is there already.
    private mutating func node(_ operation: Operation, _ operands: Int...) -> Int {
      let level = operands.reduce(Level.constant) { $0 | nodes[$1].level }
      guard level > .constant else {
        let values = operands.map { nodes[$0].operation.constant }
        return constant(operation(values[0], values[values.count - 1]))
      }
      return insert(operation, operation.commutes ? operands.sorted() : operands, level)
    }

    private mutating func insert(_ operation: Operation, _ operands: [Int], _ level: Level) -> Int {
      let node = Node(operation: operation, operands: operands, level: level)
      if let index = indices[node] { return index }
      indices[node] = nodes.count
      nodes.append(node)
      return nodes.count - 1
    }

    private mutating func sum(_ terms: [Formula]) -> Int {
      var total: Int?
      for term in terms {
        guard let before = total else {
          total = add(term)
          continue
        }
        total =
          if case .negative(let inner) = term { node(.subtract, before, add(inner)) } else {
            node(.add, before, add(term))
          }
      }
      return total ?? constant(0)
    }

    /// Multiplies what changes seldom first: constants, then the row's, the column's and the cell's factors.
    private mutating func product(_ formula: Formula) -> Int {
      var numerators: [Int] = []
      var denominators: [Int] = []
      func collect(_ formula: Formula, inverted: Bool, into graph: inout Graph) {
        switch formula {
        case .product(let factors):
          for factor in factors { collect(factor, inverted: inverted, into: &graph) }
        case .quotient(let numerator, let denominator):
          collect(numerator, inverted: inverted, into: &graph)
          collect(denominator, inverted: !inverted, into: &graph)
        default:
          let index = graph.add(formula)
          if inverted { denominators.append(index) } else { numerators.append(index) }
        }
      }
      collect(formula, inverted: false, into: &self)

      var total: Int?
      for level in Level.allCases {
        let over = fold(numerators.filter { nodes[$0].level == level })
        let under = fold(denominators.filter { nodes[$0].level == level })
        if level == .column, let under {
          // The same in every row: one reciprocal instead of a division in every cell.
          total = multiply(total, node(.divide, over ?? constant(1), under))
          continue
        }
        if let over { total = multiply(total, over) }
        if let under { total = node(.divide, total ?? constant(1), under) }
      }
      return total ?? constant(1)
    }

    private mutating func fold(_ factors: [Int]) -> Int? {
      var total: Int?
      for factor in factors { total = multiply(total, factor) }
      return total
    }

    private mutating func multiply(_ left: Int?, _ right: Int) -> Int {
      guard let left, nodes[left].operation.constant != 1 else { return right }
      return node(.multiply, left, right)
    }

    private mutating func squareRoot(_ radicand: Int) -> Int {
      let inner = nodes[radicand]
      guard inner.operation == .multiply, inner.level == .cell else { return node(.squareRoot, radicand) }
      return node(.squareRootOfProduct, inner.operands[0], inner.operands[1])
    }

    /// Small powers of vectors by multiplication, which is as accurate as the library's power up to the third.
    private mutating func power(_ base: Int, _ exponent: Rational) -> Int {
      guard nodes[base].level.isVector, [1, 2, 4].contains(exponent.denominator),
        (1...4).contains(abs(exponent.numerator))
      else { return node(.raise(exponent), base) }
      var result = base
      for degree in [2, 4] where exponent.denominator >= degree { result = squareRoot(result) }
      let root = result
      switch abs(exponent.numerator) {
      case 2: result = node(.multiply, root, root)
      case 3: result = node(.multiply, node(.multiply, root, root), root)
      case 4:
        result = node(.multiply, root, root)
        result = node(.multiply, result, result)
      default: break
      }
      return exponent.numerator < 0 ? node(.divide, constant(1), result) : result
    }

    /// A solved equation is solved anew at each value of the symbols that it depends on.
    private mutating func solution(_ solution: Solution) -> Int {
      let symbols = Formula.solution(solution).symbols
      let row: Level = symbols.contains { $0 == inputs.row } ? .row : .constant
      let level = row | (inputs.columns.contains(where: symbols.contains) ? .column : .constant)
      guard level > .constant else {
        return constant((try? Formula.solution(solution).evaluated(inputs.constants)) ?? .nan)
      }
      return insert(.solution(solution), [], level)
    }
  }

  /// Gives each value that a result needs its place, registers being used again once their value is not needed.
  struct Places {
    private let nodes: [Node]
    private var places: [Int: Place] = [:]
    private var lastUse: [Int: Int] = [:]
    private(set) var columnCount: Int
    private(set) var registerCount = 0

    init(_ nodes: [Node], roots: [Int], given: Int) {
      self.nodes = nodes
      columnCount = given
      for root in roots { lastUse[root] = nodes.count }
      for index in nodes.indices.reversed() where lastUse[index] != nil {
        for operand in nodes[index].operands { lastUse[operand] = max(lastUse[operand] ?? 0, index) }
      }
      for (result, root) in roots.enumerated() where nodes[root].level == .cell && places[root] == nil {
        places[root] = .result(result)
      }
      var free: [Int] = []
      for index in nodes.indices where lastUse[index] != nil {
        switch nodes[index].level {
        case .constant, .row: places[index] = .scalar(index)
        case .column:
          if case .column(let given) = nodes[index].operation {
            places[index] = .column(given)
          } else {
            places[index] = .column(columnCount)
            columnCount += 1
          }
        case .cell:
          if places[index] == nil {
            places[index] = .register(free.popLast() ?? registerCount)
            if places[index] == .register(registerCount) { registerCount += 1 }
          }
          // Freed only now: a loop whose target is one of its operands does not vectorise.
          for operand in Set(nodes[index].operands) where lastUse[operand] == index {
            if case .register(let register) = places[operand] { free.append(register) }
          }
        }
      }
    }

    /// Where a value that is needed lies.
    subscript(index: Int) -> Place { places[index] ?? .scalar(index) }

    /// What is to be done at one level, in order.
    func steps(_ level: Level) -> [Step] {
      nodes.indices.compactMap { index in
        let node = nodes[index]
        guard node.level == level, lastUse[index] != nil else { return nil }
        if case .column = node.operation { return nil }
        let left = node.operands.first.map { self[$0] } ?? .scalar(index)
        return Step(
          operation: node.operation, left: left, right: node.operands.last.map { self[$0] } ?? left,
          target: self[index])
      }
    }
  }
}
