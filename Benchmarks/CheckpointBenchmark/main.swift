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
  #if os(Linux)
    // `getrusage` counts what the parent had before this program was started.
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 4096)
    let count = fread(&text, 1, text.count, file)
    let lines = String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
      separator: "\n")
    let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #endif
}

/// The time of the processor that this process took, in seconds: other programs disturb it less than a clock on the wall.
func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "open", let path = arguments.last {
  let start = processorTime()
  let answer: String
  do throws(CheckpointError) { answer = "\(try Checkpoint(path: path).tensors.count) tensors" } catch {
    answer = error.description
  }
  print(processorTime() - start, peakMemory(), answer)
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
  let start = processorTime()
  var sum = 0.0
  for tensor in checkpoint.tensors {
    let scan = try NeuronScan(tensor, neurons: axis, since: previous?[tensor.name])
    for neuron in 0..<scan.neurons { sum += scan.norms[neuron] }
  }
  print(processorTime() - start, sum, peakMemory())
  // A pipe is buffered; the other side waits.
  fflush(nil)
}
