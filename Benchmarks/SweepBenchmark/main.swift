// One side of `Benchmarks/sweep.py`, which starts this program and asks for one sweep at a time.
//
// Two lines of numbers come first: the learning rates (rows) and the weight decays (columns). Then each line `run`
// is answered with the seconds that a sweep took, from compiling the formulas to the last result, and `values` with
// the raw results: a row after the other, in it the five quantities one after the other.

import Equilibrium
import Formulas
import Optimizers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

func readNumbers() -> [Double] { (readLine() ?? "").split(separator: " ").compactMap { Double($0) } }

let rates = readNumbers()
let decays = readNumbers()
let formulas = Quantity.allCases.compactMap { Optimizer.adamW.formula($0)?.formula }
let rowLength = formulas.count * decays.count
let results = UnsafeMutableBufferPointer<Double>.allocate(capacity: rates.count * rowLength)
results.initialize(repeating: 0)

while let command = readLine() {
  switch command {
  case "run":
    let duration = try ContinuousClock().measure {
      let program = try GridProgram(
        formulas, constants: [.beta1: 0.9, .dimension: 768], row: .learningRate, column: .weightDecay)
      let sweep = program.sweep(over: decays)
      for (index, rate) in rates.enumerated() {
        let part = index * rowLength..<(index + 1) * rowLength
        sweep.row(rate, into: UnsafeMutableBufferPointer(rebasing: results[part]))
      }
    }
    print(duration / .seconds(1))
  case "values":
    var rest = UnsafeRawBufferPointer(results)
    while let start = rest.baseAddress, !rest.isEmpty {
      let written = write(STDOUT_FILENO, start, rest.count)
      guard written > 0 else { exit(1) }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  default: exit(2)
  }
  // A pipe is buffered; the other side waits.
  fflush(nil)
}
