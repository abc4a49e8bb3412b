import CrossChecks
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Training

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SimulateCommand {
  /// The walk that the flags describe.
  func walk() throws -> Walk {
    let prefix = rotational && !optimizer.hasPrefix("rv-") ? "rv-" : ""
    let target = try ConversionTarget(prefix + optimizer, as: "optimizer")
    if !target.isRotational { try rotation.refuse(for: target.optimizer) }
    let convention = try target.optimizer.decayConvention(decayConvention)
    var known = try values.values()
    for (symbol, reason) in Self.measured where known[symbol] != nil {
      throw Failure("\(ValueOptions.flag(of: symbol)) does not apply: \(reason)", .usage)
    }
    let system = try system.system(known)
    known[.dimension] = Double(system.dimension)
    known[.radialDecay] = nil
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    let own = known[.weightDecay]
    if let own, let peak = known[.learningRate] {
      known[.weightDecay] = convention.coupled(fromWeightDecay: own, peak: peak)
    }
    let settings = try WeightOptions.settings(target.optimizer, known, nesterov: nesterov)
    guard plan.stepsPerEpoch == nil else {
      throw Failure("--steps-per-epoch does not apply: a random walk has no epochs", .usage)
    }
    var run = plan
    if run.steps == nil { run.steps = "15000" }
    let runPlan = try run.plan(
      learningRate: settings.values[.learningRate] ?? .nan, weightDecay: own ?? .nan, convention: convention)
    let wrapper = target.isRotational ? try rotation.wrapper() : nil
    let angles = rotation.rotation == nil ? nil : try rotation.angles(settings, runPlan)
    let (from, windowed) = (
      try whole(settledFrom, "--settled-from", from: 0), try whole(window, "--window", from: 1)
    )
    let (precision, instructions) = (
      try computing.chosenPrecision(default: .single), try computing.instructionSet()
    )
    do throws(WalkError) {
      return try Walk(
        settings, plan: runPlan, system: system, wrapper: wrapper, rotations: angles, settledFrom: from,
        window: windowed, precision: precision, instructionSet: instructions, memoryLimit: memoryLimit)
    } catch { throw Failure(error) }
  }

  /// Values that a walk measures or draws itself.
  private static let measured: [(Symbol, String)] = [
    (.gradientPower, "the gradient is measured; --loss-scale changes it"),
    (.unitGradientPower, "the gradient is measured; --loss-scale changes it"),
    (.gradientMass, "the gradient is measured; --loss-scale changes it"),
    (.gradientKurtosis, "the gradient is measured; --batch changes its tails"),
    (.initialNorm, "the weights start from PyTorch's default initialisation; --initial-scale changes it"),
    (.decayErrorFactor, "the walk measures what the factor stands for"),
    (.dimensionErrorFactor, "the walk measures what the factor stands for"),
    (.activeFraction, "every input of the walk is alive"),
  ]

  /// Runs side by side may together take half of the machine's memory, and what a limit leaves.
  private var memoryLimit: Int {
    let machine = ProcessInfo.processInfo
    let runs = seeds.flatMap { Int($0) } ?? 5
    let jobs = min(jobs.flatMap { Int($0) } ?? machine.activeProcessorCount, runs)
    let half = Int(clamping: machine.physicalMemory) / 2
    return min(half, Roteq.memoryForNumbers ?? half) / max(1, jobs)
  }
}

/// The whole number of a flag, where it was given.
func whole(_ text: String?, _ flag: String, from least: Int) throws -> Int? {
  try text.map { try wholeNumber($0, flag: flag, from: least) }
}

extension Failure {
  /// Why a walk cannot be run.
  init(_ error: WalkError) {
    switch error {
    case .training(.notFinite): self.init("\(error)", .badData)
    case .gradientUnderflows, .settings: self.init("\(error)", .badData)
    case .training(.stateMismatch), .training(.missingTensor), .training(.shapeMismatch):
      self.init("\(error)", .badData)
    case .noRotation: self.init("missing --rotation: \(error)", .usage)
    default: self.init("\(error)", .usage)
    }
  }

  /// A run that had to stop: names the settings beside step and neuron.
  init(_ walk: Walk, _ error: TrainingError, isKept: Bool) {
    let settings = walk.settings.hyperparameters.map { "\($0.symbol.plain) = \($0.value)" }
    var message = "\(error), with \(walk.settings.optimizer.title) at \(settings.joined(separator: ", "))"
    if case .notFinite(_, _, step: 1) = error, walk.settings.values[.epsilon] == 0 {
      message += "; a gradient of zero divides by zero, which --epsilon 1e-8 avoids"
    }
    if isKept { message += "; what was measured before is kept" }
    self.init(message, .badData)
  }
}
