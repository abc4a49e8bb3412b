import Checkpoints

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

// One side of `Benchmarks/checkpoint.py`, which starts this program and asks for one pass over a checkpoint at a time.
//
//   checkpoint-benchmark open PATH                opens it, prints the tensors, the seconds and the peak memory
//   checkpoint-benchmark PATH [PREVIOUS]          answers each line `rows`, `columns` or `whole` with seconds, the sum of all
//                                                 norms and the peak memory in bytes

/// The most memory that this process had, mapped files among it, in bytes.
func peakMemory() -> Int {
  var usage = rusage()
  // RUSAGE_SELF, which C libraries give different types.
  getrusage(0, &usage)
  #if canImport(Darwin)
    return usage.ru_maxrss
  #else
    return usage.ru_maxrss * 1024
  #endif
}

let clock = ContinuousClock()
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "open", let path = arguments.last {
  let start = clock.now
  let answer: String
  do throws(CheckpointError) { answer = "\(try Checkpoint(path: path).tensors.count) tensors" } catch {
    answer = error.description
  }
  print((clock.now - start) / .seconds(1), peakMemory(), answer)
  exit(0)
}
guard let path = arguments.first else { fatalError("expected a checkpoint") }
let checkpoint = try Checkpoint(path: path)
let previous = try arguments.dropFirst().first.map { path throws(CheckpointError) in
  try Checkpoint(path: path)
}
let axes = ["rows": NeuronAxis.first, "columns": .last, "whole": .whole]
while let line = readLine() {
  guard let axis = axes[line] else { fatalError("expected one of \(axes.keys.sorted())") }
  let start = clock.now
  var sum = 0.0
  for tensor in checkpoint.tensors {
    let scan = try NeuronScan(tensor, neurons: axis, since: previous?[tensor.name])
    for neuron in 0..<scan.neurons { sum += scan.norm(neuron) }
  }
  print((clock.now - start) / .seconds(1), sum, peakMemory())
  // A pipe is buffered; the other side waits.
  fflush(nil)
}
