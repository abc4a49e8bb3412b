import ArgumentParser
import Equilibrium
import Formulas
import Optimizers
import OutsideText
import Reports

struct FormulaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formula", abstract: "Print the formulas: as text, LaTeX or SymPy source.",
    discussion: """
      EXAMPLES
        roteq formula --optimizer adamw --quantity expected-rotation --as latex
        roteq formula --optimizer adam-l2 --fidelity geometric
        roteq formula --as sympy > formulas.py
      """)

  enum Notation: String, ExpressibleByArgument, CaseIterable { case latex, text, sympy }

  @Option(help: "Optimizer; all where not given.") var optimizer: OptimizerName?
  @Option(help: "Quantity, such as expected-rotation; all where not given.") var quantity: QuantityName?
  @Option(help: "leading, geometric or moments; all where not given.") var fidelity: FidelityName?
  @Option(name: .customLong("as"), help: "The formulas alone: latex, text or sympy.") var notation: Notation?
  @Flag(help: "The forms of a scale-sensitive weight.") var scaleSensitive = false
  @Flag(help: "SGDM in PyTorch's Nesterov form.") var nesterov = false
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    let report = FormulaReport(
      optimizers: try optimizer.map { [try $0.optimizer()] } ?? Optimizer.catalogue,
      quantities: try quantity.map { [try $0.quantity()] } ?? Quantity.allCases,
      fidelities: try fidelity.map { [try $0.fidelity()] } ?? Fidelity.allCases,
      variant: Variant(weight: scaleSensitive ? .scaleSensitive : .scaleInvariant, nesterov: nesterov))
    switch notation {
    case nil: output.print(report.output)
    case .latex: Standard.output.write(Written<TerminalText>(lines: report.lines(latex: true)))
    case .text: Standard.output.write(Written<TerminalText>(lines: report.lines(latex: false)))
    case .sympy: Standard.output.write(Written<TerminalText>(lines: report.sympy))
    }
  }
}

/// A quantity's name on the command line, with hyphens or underscores.
struct QuantityName: ExpressibleByArgument {
  let name: String
  init(argument: String) { name = argument }
  static var allValueStrings: [String] { Quantity.allCases.map(\.flagName) }

  func quantity() throws -> Quantity {
    let wanted = name.lowercased().split(separator: "-").joined(separator: "_")
    if let quantity = Quantity(rawValue: wanted) { return quantity }
    throw Failure(unknown("quantity", name, among: Self.allValueStrings), .usage)
  }
}

/// A fidelity's name on the command line.
struct FidelityName: ExpressibleByArgument {
  let name: String
  init(argument: String) { name = argument }
  static var allValueStrings: [String] { Fidelity.allCases.map(\.rawValue) }
  var defaultValueDescription: String { name }

  func fidelity() throws -> Fidelity {
    if let fidelity = Fidelity(rawValue: name) { return fidelity }
    throw Failure(unknown("fidelity", name, among: Self.allValueStrings), .usage)
  }
}

extension Quantity {
  /// The name with hyphens: `expected-rotation`.
  var flagName: String { rawValue.split(separator: "_").joined(separator: "-") }
}
