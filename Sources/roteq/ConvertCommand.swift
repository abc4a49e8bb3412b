import ArgumentParser
import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Reports

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Move settings to another optimizer or to a rotational variant (RV).",
    discussion: """
      EXAMPLES
        roteq convert --from adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 \\
            --to rv-adamw
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion \\
            --match diffusion
        roteq convert --from adamw --lr 1e-3 --weight-decay 1e-4 \\
            --decay-convention decoupled --to adamw
        roteq convert --from adamw --lr 1e-3 --weight-decay 0.1 --dimension 768 \\
            --to sgdm --to-momentum 0.9 --gradient-norm 0.02
        roteq convert --from adamw --lr 5e-4 --weight-decay 1e-4 --beta2 0.98 \\
            --to rv-adamw --schedule cosine --warmup 4000 --steps 22021 \\
            --dimension 512 --initial-norm 1 -o schedule.py
        roteq convert --config examples/gpt2-openwebtext.py --to rv-adamw
        roteq convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --to adamw \\
            --hold warmup --over-rotation 2 --schedule cosine --steps 50000 \\
            --dimension 768 --initialization default

      With --steps the whole run of the baseline is predicted and the rotational variant matched to it; -o writes the \
      schedule that matches every step, as CSV or as PyTorch code. From a rotational variant to its optimizer, --hold \
      finds the weight decay schedule, the initial norm or the warmup that keeps the rotation in equilibrium.

      MATCHES
        rotation-and-update   η_g and η_r: the same single step
        diffusion             τ_g and τ_r: the same long-run speed
        product               η_g and ηλ: the same update and the same memory of 1/(ηλ) steps
      """)

  @Option(help: "Optimizer of the given settings, or its rotational variant; a configuration holds it.")
  var from: String?
  @OptionGroup(title: "Configuration") var configuration: ConfigurationOptions
  @OptionGroup(title: "Parameters") var parameters: ParameterOptions
  @Option(help: "Layer of the configuration whose run is matched. (default: the first with an initial norm)")
  var layer: String?
  @Option(help: "Target: \(ConversionTarget.known.joined(separator: ", ")).") var to: String
  @Option(help: "What stays the same: \(Match.allCases.map(\.rawValue).joined(separator: ", ")).")
  var match: String = Match.rotationAndUpdate.rawValue
  @OptionGroup(title: "Values") var values: ValueOptions
  @OptionGroup(title: "Weight") var weight: WeightOptions
  @Option(
    help:
      "What the given weight decay means: \(DecayConvention.allCases.map(\.rawValue).joined(separator: ", "))."
  )
  var decayConvention: String = DecayConvention.coupled.rawValue
  @Option(help: "What the target's weight decay is to mean.")
  var toDecayConvention: String = DecayConvention.coupled.rawValue
  @Option(parsing: .unconditional, help: "The target's momentum α.") var toMomentum: String?
  @Option(parsing: .unconditional, help: "The target's first moment coefficient β₁.") var toBeta1: String?
  @Option(parsing: .unconditional, help: "The target's second moment coefficient β₂.") var toBeta2: String?
  @OptionGroup(title: "Run") var plan: RunOptions
  @OptionGroup(title: "Run") var start: StartOptions
  @OptionGroup(title: "Gradient") var gradient: GradientOptions
  @Option(
    help: "CSV of the baseline's logged rotation, columns step and rotation (radians).", completion: .file())
  var measuredRotation: String?
  @Option(
    help:
      "From a rotational variant: what is changed, \(Hold.allCases.map(\.rawValue).joined(separator: ", ")).")
  var hold: String?
  @Option(help: "With --hold: the largest rotation over its equilibrium. (default: 1.2)")
  var overRotation: String?
  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "Write the weight decay of every step here: FILE.csv or FILE.py.",
    completion: .file())
  var schedulePath: String?
  @OptionGroup(title: "Output") var output: OutputOptions

  /// What is changed so that a standard optimizer turns as its rotational variant.
  enum Hold: String, CaseIterable {
    case decay, warmup
    case initialNorm = "initial-norm"
  }

  func run() throws {
    let target = try ConversionTarget(to)
    if let path = try configuration.path() { return try convert(path, to: target) }
    if layer != nil { throw Failure("--layer needs --config", .usage) }
    guard let from else { throw Failure("missing --from or --config: what is to be converted", .usage) }
    let given = try ConversionTarget(from)
    let source = given.optimizer
    if given.isRotational || hold != nil {
      return try holdRotation(given, target)
    }
    let convention = try convention()
    try source.check(convention)
    var known = try values.values()
    if let given = known[.weightDecay], let peak = known[.learningRate] {
      known[.weightDecay] = convention.coupled(fromWeightDecay: given, peak: peak)
    }
    if known[.learningRate] == nil, let peak = try plan.peakOfTable() { known[.learningRate] = peak }
    let conversion = try conversion(
      of: try weight.settings(source, known), to: target, from: convention)
    output.print(
      ConversionReport(
        conversion, run: try runMatch(conversion, known), measured: try measurement(of: conversion)
      ).output)
  }

  /// The settings moved as the flags of the target ask.
  func conversion(
    of settings: Settings, to target: ConversionTarget, from convention: DecayConvention
  ) throws -> Conversion {
    let match: Match = try choice("match", self.match)
    let own: DecayConvention = try choice("decay convention", toDecayConvention)
    try target.optimizer.check(own)
    var coefficients: [Symbol: Double] = [:]
    for (flag, symbol, text) in [
      ("--to-momentum", Symbol.momentum, toMomentum), ("--to-beta1", .beta1, toBeta1),
      ("--to-beta2", .beta2, toBeta2),
    ] {
      guard let text else { continue }
      guard target.optimizer.hyperparameters.contains(where: { $0.symbol == symbol }) else {
        throw Failure("\(flag): \(target.optimizer.title) has no \(symbol.meaning) \(symbol.plain)", .usage)
      }
      coefficients[symbol] = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: false
      )
    }
    do throws(MatchingError) {
      return try Conversion(
        from: settings, to: target.optimizer, rotational: target.isRotational, with: coefficients, by: match,
        conventions: (convention, own))
    } catch { throw ConvertCommand.failure(error) }
  }

  private static func failure(_ error: MatchingError) -> Failure {
    guard case .missing(let symbols) = error else { return Failure(error.description, .usage) }
    let flags = symbols.map { $0 == .momentum ? "--to-momentum" : ValueOptions.flag(of: $0) }
    let names = symbols.map { "\($0.meaning) \($0.plain)" }
    return Failure(
      "missing \(flags.joined(separator: ", ")): the conversion needs the \(names.joined(separator: ", "))",
      .usage)
  }
}

/// What `--to` names: an optimizer, or its rotational variant.
struct ConversionTarget {
  let optimizer: Optimizer
  let isRotational: Bool

  /// Every target by name.
  static var known: [String] {
    Optimizer.catalogue.map { "rv-" + $0.identifier } + Optimizer.catalogue.map(\.identifier)
  }

  init(_ name: String, as kind: String = "target") throws {
    isRotational = name.hasPrefix("rv-")
    guard let optimizer = Optimizer.named(isRotational ? String(name.dropFirst(3)) : name) else {
      throw Failure(unknown(kind, name, among: Self.known), .usage)
    }
    self.optimizer = optimizer
  }
}

/// The case of that name, or a failure that suggests the nearest.
func choice<Choice: RawRepresentable<String> & CaseIterable>(_ kind: String, _ name: String) throws -> Choice
{
  if let choice = Choice(rawValue: name) { return choice }
  throw Failure(unknown(kind, name, among: Choice.allCases.map(\.rawValue)), .usage)
}
