import ArgumentParser
import Equilibrium
import Formulas
import Training

/// The flags of the simple system (95), and of how it is run.
struct SystemOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "Neurons K of the layer. (default: 128)") var neurons: String?
  @Option(parsing: .unconditional, help: "Examples B in a batch. (default: 32)") var batch: String?
  @Option(
    help:
      "Normalisation: \(SimpleSystem.Normalisation.allCases.map(\.rawValue).joined(separator: ", ")). (default: batch)"
  )
  var normalisation: String?
  @Option(parsing: .unconditional, help: "The normalisation's ε. (default: 0)") var normalisationEpsilon:
    String?
  @Option(
    help:
      "Gains γ: \(SimpleSystem.Gains.allCases.map(\.rawValue).joined(separator: ", ")). (default: normal)")
  var gains: String?
  @Option(parsing: .unconditional, help: "What the output gradients are multiplied by. (default: 1)")
  var lossScale: String?
  @Option(
    parsing: .unconditional,
    help: "What PyTorch's default initialisation, uniform on ±1/√C, is multiplied by. (default: 1)")
  var initialScale: String?

  /// The system, with the dimension and the radial decay among the values.
  func system(_ values: [Symbol: Double]) throws -> SimpleSystem {
    var system = SimpleSystem()
    if let dimension = values[.dimension] {
      guard dimension == dimension.rounded(), dimension <= 1e9 else {
        throw Failure("--dimension: \(dimension) is not allowed, expected a whole number up to 1e9", .usage)
      }
      system.dimension = Int(dimension)
    }
    if let neurons { system.neurons = try wholeNumber(neurons, flag: "--neurons", from: 1) }
    if let batch { system.batch = try wholeNumber(batch, flag: "--batch", from: 1) }
    if let normalisation { system.normalisation = try choice("normalisation", normalisation) }
    if let gains { system.gains = try choice("gains", gains) }
    if let text = normalisationEpsilon {
      system.normalisationEpsilon = try number(text, flag: "--normalisation-epsilon", in: .nonNegative)
    }
    if let lossScale { system.lossScale = try number(lossScale, flag: "--loss-scale", in: .positive) }
    if let text = initialScale {
      system.initialScale = try number(text, flag: "--initial-scale", in: .positive)
    }
    if let radial = values[.radialDecay] {
      guard system.normalisation == .none else {
        throw Failure(
          "--radial-decay needs --normalisation none: a scale-invariant weight has no radial gradient", .usage
        )
      }
      system.radialDecay = radial
    }
    return system
  }
}

/// How numbers are computed.
struct ComputingOptions: ParsableArguments {
  @Option(help: "Precision: \(Precision.allCases.map(\.rawValue).joined(separator: ", ")).")
  var precision: String?
  @Option(
    help:
      "Vector instructions: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")). (default: the widest that the processor has)"
  )
  var instructions: String?

  /// The precision, or what is usual.
  func chosenPrecision(default usual: Precision) throws -> Precision {
    try precision.map { try choice("precision", $0) } ?? usual
  }

  /// The instruction set, which the processor must have.
  func instructionSet() throws -> InstructionSet {
    guard let instructions else { return .best }
    let set: InstructionSet = try choice("instructions", instructions)
    guard set.isAvailable else {
      throw Failure("--instructions: \(TrainingError.instructionSetMissing(set))", .usage)
    }
    return set
  }
}
