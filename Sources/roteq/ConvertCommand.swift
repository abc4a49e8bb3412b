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

      MATCHES
        rotation-and-update   η_g and η_r: the same single step
        diffusion             τ_g and τ_r: the same long-run speed
        product               η_g and ηλ: the same update and the same memory of 1/(ηλ) steps
      """)

  @Option(help: "Optimizer of the given settings.") var from: OptimizerName
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
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    let source = try from.optimizer()
    let target = try ConversionTarget(to)
    let match: Match = try choice("match", self.match)
    let conventions: (DecayConvention, DecayConvention) = (
      try choice("decay convention", decayConvention), try choice("decay convention", toDecayConvention)
    )
    for (optimizer, convention) in [(source, conventions.0), (target.optimizer, conventions.1)]
    where convention != .coupled && !optimizer.decouplesDecay {
      throw Failure(
        "decay convention '\(convention.rawValue)' does not apply to \(optimizer.title), whose decay is part of the gradient",
        .usage)
    }
    var known = try values.values()
    if let given = known[.weightDecay], let peak = known[.learningRate] {
      known[.weightDecay] = conventions.0.coupled(fromWeightDecay: given, peak: peak)
    }
    let settings = try weight.settings(source, known)
    var own: [Symbol: Double] = [:]
    for (flag, symbol, text) in [
      ("--to-momentum", Symbol.momentum, toMomentum), ("--to-beta1", .beta1, toBeta1),
      ("--to-beta2", .beta2, toBeta2),
    ] {
      guard let text else { continue }
      guard target.optimizer.hyperparameters.contains(where: { $0.symbol == symbol }) else {
        throw Failure("\(flag): \(target.optimizer.title) has no \(symbol.meaning) \(symbol.plain)", .usage)
      }
      own[symbol] = try check(
        parseNumber(text, flag: flag, expected: "\(symbol.domain)"), flag: flag, symbol: symbol, isRoot: false
      )
    }
    let conversion: Conversion
    do {
      conversion = try Conversion(
        from: settings, to: target.optimizer, rotational: target.isRotational, with: own, by: match,
        conventions: conventions)
    } catch {
      throw ConvertCommand.failure(error)
    }
    output.print(ConversionReport(conversion).output)
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

  init(_ name: String) throws {
    isRotational = name.hasPrefix("rv-")
    guard let optimizer = Optimizer.named(isRotational ? String(name.dropFirst(3)) : name) else {
      throw Failure(unknown("target", name, among: Self.known), .usage)
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
