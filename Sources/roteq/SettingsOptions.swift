import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import RunConfigurations

/// The flags that give a value to a symbol: single numbers, or ranges for `sweep`. They are read as text, so that a
/// bad number is refused with what is allowed.
struct ValueOptions: ParsableArguments {
  @Option(
    name: [.customLong("lr"), .customLong("learning-rate")], parsing: .unconditional,
    help: "Learning rate η.")
  var learningRate: String?
  @Option(
    name: [.customLong("weight-decay"), .customLong("wd")], parsing: .unconditional,
    help: "Weight decay λ (PyTorch: ηλ a step).")
  var weightDecay: String?
  @Option(parsing: .unconditional, help: "SGDM: momentum α.")
  var momentum: String?
  @Option(parsing: .unconditional, help: "SGDM: dampening d. (default: 0)")
  var dampening: String?
  @Option(parsing: .unconditional, help: "Adam, Lion: first moment coefficient β₁. (default: 0.9)")
  var beta1: String?
  @Option(
    parsing: .unconditional, help: "Adam, Lion: second moment coefficient β₂. (default: 0.999, Lion 0.99)")
  var beta2: String?
  @Option(
    name: [.customLong("epsilon"), .customLong("eps")], parsing: .unconditional,
    help: "AdamW: ε; a prediction uses it where the gradient norm is known.")
  var epsilon: String?
  @Option(
    name: [.customLong("dimension"), .customLong("fan-in")], parsing: .unconditional,
    help: "Dimension C of the weight vector: the neuron's fan-in.")
  var dimension: String?
  @Option(
    parsing: .unconditional, help: "Weight norm at the first step, ‖ω₀‖: gives the length of the transient.")
  var initialNorm: String?
  @Option(parsing: .unconditional, help: "RMS gradient norm √E‖g‖².")
  var gradientNorm: String?
  @Option(parsing: .unconditional, help: "RMS gradient norm at unit weight norm, √E‖g̃‖² with g̃ = ‖ω‖·g.")
  var unitGradientNorm: String?
  @Option(
    parsing: .unconditional, help: "Adam+ℓ2: gradient mass ⟨1, √E[g̃²]⟩; √C·√E‖g̃‖² for equal coordinates.")
  var gradientMass: String?
  @Option(
    parsing: .unconditional, help: "Radial decay λᵤ of a scale-sensitive weight (Appendix H): λₑ = λ + λᵤ.")
  var radialDecay: String?
  @Option(parsing: .unconditional, help: "Measured error factor λ_err of the decay (96).")
  var decayErrorFactor: String?
  @Option(parsing: .unconditional, help: "Measured error factor C_err of the dimension (98).")
  var dimensionErrorFactor: String?
  @Option(
    parsing: .unconditional,
    help: "Share of the coordinates that see a gradient; dead inputs do not. (default: 1)")
  var activeFraction: String?
  @Option(
    parsing: .unconditional,
    help:
      "AdamW, Lion: excess kurtosis κ of a gradient element in trajectories; about 12/batch before batch normalisation. (default: 0)"
  )
  var gradientKurtosis: String?
}

extension ValueOptions {
  /// A flag that was given, the symbol that it gives a value to, and whether it gives the square root.
  struct Given {
    let flag: String
    let symbol: Symbol
    let isRoot: Bool
    let text: String
  }

  /// Each flag, its symbol, whether it gives the square root, and where its text is.
  private static let table:
    [(flag: String, symbol: Symbol, isRoot: Bool, text: @Sendable (ValueOptions) -> String?)] = [
      ("--lr", .learningRate, false, \.learningRate), ("--weight-decay", .weightDecay, false, \.weightDecay),
      ("--momentum", .momentum, false, \.momentum), ("--dampening", .dampening, false, \.dampening),
      ("--beta1", .beta1, false, \.beta1), ("--beta2", .beta2, false, \.beta2),
      ("--epsilon", .epsilon, false, \.epsilon), ("--dimension", .dimension, false, \.dimension),
      ("--initial-norm", .initialNorm, false, \.initialNorm),
      ("--gradient-norm", .gradientPower, true, \.gradientNorm),
      ("--unit-gradient-norm", .unitGradientPower, true, \.unitGradientNorm),
      ("--gradient-mass", .gradientMass, false, \.gradientMass),
      ("--radial-decay", .radialDecay, false, \.radialDecay),
      ("--decay-error-factor", .decayErrorFactor, false, \.decayErrorFactor),
      ("--dimension-error-factor", .dimensionErrorFactor, false, \.dimensionErrorFactor),
      ("--active-fraction", .activeFraction, false, \.activeFraction),
      ("--gradient-kurtosis", .gradientKurtosis, false, \.gradientKurtosis),
    ]

  /// The flags that were given.
  var given: [Given] {
    Self.table.compactMap { row in
      row.text(self).map { Given(flag: row.flag, symbol: row.symbol, isRoot: row.isRoot, text: $0) }
    }
  }

  /// The flag that gives a symbol its value.
  static func flag(of symbol: Symbol) -> String {
    table.first { $0.symbol == symbol }?.flag ?? "--" + symbol.name
  }
}

extension ValueOptions {
  /// Whether the weight decay is given as 0, so that the norm grows and there is no equilibrium.
  var hasNoDecay: Bool { weightDecay.flatMap { Double($0) } == 0 }

  /// The values by symbol, each flag a single number.
  ///
  /// - Parameter allowsNoDecay: whether a weight decay of 0 passes.
  func values(allowsNoDecay: Bool = false) throws -> [Symbol: Double] {
    var values: [Symbol: Double] = [:]
    for given in given {
      if allowsNoDecay, given.symbol == .weightDecay, hasNoDecay {
        values[.weightDecay] = 0
        continue
      }
      values[given.symbol] = try check(
        parseNumber(given.text, flag: given.flag, expected: "\(given.symbol.domain)"), flag: given.flag,
        symbol: given.symbol, isRoot: given.isRoot)
    }
    return values
  }
}

/// A number written by a user.
func parseNumber(_ text: String, flag: String, expected: String) throws -> Double {
  guard let value = Double(text) else {
    throw Failure("\(flag): '\(text)' is not a number, expected \(expected)", .usage)
  }
  return value
}

/// The value of a flag if its symbol allows it; norms are squared to powers here.
func check(_ value: Double, flag: String, symbol: Symbol, isRoot: Bool) throws -> Double {
  let stored = isRoot ? value * value : value
  guard symbol.domain.contains(value), symbol.domain.contains(stored) else {
    let hint =
      symbol == .weightDecay && value == 0 ? "; without weight decay there is no equilibrium" : ""
    throw Failure("\(flag): \(value) is not allowed, expected \(symbol.domain)\(hint)", .usage)
  }
  return stored
}

/// Which weight of which optimizer is meant.
struct WeightOptions: ParsableArguments {
  @Flag(help: "SGDM in PyTorch's Nesterov form.")
  var nesterov = false
  @Flag(help: "The weight is not normalised: E‖g‖² does not depend on its norm.")
  var scaleSensitive = false
  @Option(help: "Adam+ℓ2: file with E[g̃ₖ²] of each coordinate, one number a line.")
  var gradientMoments: String?

  /// A run of a single weight without weight decay.
  func run(_ optimizer: Optimizer, _ values: [Symbol: Double]) -> TrainingRun {
    var run = TrainingRun(
      name: optimizer.title, optimizer: optimizer, hyperparameters: values, nesterov: nesterov, steps: 1)
    let dimension = values[.dimension].flatMap { $0 <= 0x1p53 ? Int($0) : nil }
    run.layers = [
      LayerShape(
        name: "weight", neurons: 1, dimension: dimension ?? 1, initialNorm: values[.initialNorm],
        kind: scaleSensitive ? .scaleSensitive : .scaleInvariant)
    ]
    return run
  }

  func settings(_ optimizer: Optimizer, _ values: [Symbol: Double]) throws -> Settings {
    try Self.settings(
      optimizer, values, weight: scaleSensitive ? .scaleSensitive : .scaleInvariant, nesterov: nesterov,
      gradientMoments: gradientMoments)
  }

  /// Validated settings, or a failure that names the flag.
  static func settings(
    _ optimizer: Optimizer, _ values: [Symbol: Double], weight: WeightKind = .scaleInvariant,
    nesterov: Bool = false, gradientMoments: String? = nil
  ) throws -> Settings {
    let spectrum = try gradientMoments.map(InputFile.numbers)
    do {
      return try Settings(optimizer, values, weight: weight, nesterov: nesterov, spectrum: spectrum)
    } catch {
      switch error {
      case .missing(let symbol, let optimizer):
        throw Failure(
          "missing \(ValueOptions.flag(of: symbol)): \(optimizer.title) needs the \(symbol.meaning) \(symbol.plain)",
          .usage)
      case .spectrumValue, .emptySpectrum: throw Failure("\(gradientMoments ?? ""): \(error)", .badData)
      default: throw Failure(error.description, .usage)
      }
    }
  }
}

/// An optimizer's name on the command line.
struct OptimizerName: ExpressibleByArgument {
  let name: String
  init(argument: String) { name = argument }
  static var allValueStrings: [String] { Optimizer.catalogue.map(\.identifier) }
  static var defaultCompletionKind: CompletionKind { .list(allValueStrings) }

  /// The optimizer of that name, or a failure that suggests the nearest.
  func optimizer() throws -> Optimizer {
    if let optimizer = Optimizer.named(name) { return optimizer }
    throw Failure(unknown("optimizer", name, among: Self.allValueStrings), .usage)
  }
}

extension Optimizer {
  /// The decay convention of that name, which has to apply.
  func decayConvention(_ name: String) throws -> DecayConvention {
    let convention: DecayConvention = try choice("decay convention", name)
    try check(convention)
    return convention
  }

  /// Conventions but PyTorch's are for a decay that acts on the weight itself.
  func check(_ convention: DecayConvention) throws {
    guard convention == .coupled || decouplesDecay else {
      throw Failure(
        "decay convention '\(convention.rawValue)' does not apply to \(title), whose decay is part of the gradient",
        .usage)
    }
  }
}

/// "unknown optimizer 'adamv'; did you mean 'adamw'?".
func unknown(_ kind: String, _ name: String, among known: [String]) -> String {
  "unknown \(kind) '\(name)'\(Spelling.suggestion(for: name, among: known))"
}

extension ValueOptions {
  /// The symbol that a flag gives a value to, by the flag's name without dashes in front.
  static func symbol(ofFlag name: String) throws -> (symbol: Symbol, isRoot: Bool) {
    let aliases = ["learning-rate": "lr", "wd": "weight-decay", "eps": "epsilon", "fan-in": "dimension"]
    let bare = String(name.drop { $0 == "-" }).split(separator: "_").joined(separator: "-")
    let flag = "--" + (aliases[bare] ?? bare)
    if let found = table.first(where: { $0.flag == flag }) { return (found.symbol, found.isRoot) }
    throw Failure(unknown("setting", name, among: table.map { String($0.flag.dropFirst(2)) }), .usage)
  }
}
