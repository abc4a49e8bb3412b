// One side of `Benchmarks/trajectory.py`: follows AdamW through a warmup and a cosine, as often as it is asked.
//
// The argument is the number of steps. Each line `moments` (second moments alone) or `all` (with the recurrence, the
// equilibrium of every step and the summary) is answered with the seconds that a run took and its last norm.

import Dynamics
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

guard let steps = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }), steps > 1000 else { exit(64) }
let values: [Symbol: Double] = [
  .learningRate: 6e-4, .weightDecay: 0.1, .beta1: 0.9, .beta2: 0.95, .dimension: 768, .initialNorm: 0.55,
]
let settings = try Settings(.adamW, values)
let warmup = steps / 300
let plan = RunPlan(
  steps: steps, learningRate: 6e-4, schedule: .cosine(to: 0.1, span: steps - warmup).warmedUp(over: warmup),
  weightDecay: 0.1)
let trajectory = try Trajectory(settings, plan)

while let command = readLine() {
  var norm = 0.0
  let duration: Duration
  switch command {
  case "moments": duration = try ContinuousClock().measure { norm = try trajectory.finalNorm() }
  case "all":
    duration = try ContinuousClock().measure {
      var summary = TrajectorySummary()
      try trajectory.forEach { point in
        summary.add(point)
        norm = point.norm.moments
      }
    }
  default: exit(64)
  }
  print(duration / .seconds(1), norm)
  // A pipe is buffered; the other side waits.
  fflush(nil)
}
