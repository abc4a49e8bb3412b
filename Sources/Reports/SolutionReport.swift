import Equilibrium
import Formulas

/// What `roteq solve` says.
public struct SolutionReport: Sendable {
  private let solution: SettingSolution
  private let quantity: Quantity
  private let fidelity: Fidelity
  private let isRoot: Bool

  /// The report on a solution; `isRoot` where the setting is a norm whose square the formula contains.
  public init(_ solution: SettingSolution, quantity: Quantity, fidelity: Fidelity, isRoot: Bool) {
    self.solution = solution
    self.quantity = quantity
    self.fidelity = fidelity
    self.isRoot = isRoot
  }

  private var shownValue: Double { isRoot ? solution.value.squareRoot() : solution.value }

  /// Document, JSON and table.
  public var output: Output {
    let prediction = Prediction(solution.settings)
    let symbol: Formula = isRoot ? Formula.symbol(solution.symbol).squareRoot : .symbol(solution.symbol)
    let method =
      solution.isClosedForm
      ? "closed form: the quantity is a power law in it" : "bracketed root of the formula"
    var blocks: [Block] = [
      .heading(
        1, "\(solution.settings.title): \(solution.symbol.meaning) for a given \(quantity.symbol.meaning)"),
      .paragraph("\(symbol) = \(Numbers.full(shownValue))"),
      .paragraph(Prose("Found by \(method).")),
      .equation(Equation(.symbol(quantity.symbol), "=", solution.cited.formula, tag: solution.cited.source)),
      .table(table(prediction)),
    ]
    if !prediction.warnings.isEmpty {
      blocks += [.heading(2, "Warnings"), .list(prediction.warnings.map(\.prose))]
    }
    return Output(document: Document(blocks), json: json(prediction), table: table(prediction))
  }

  private func table(_ prediction: Prediction) -> Table {
    Table(
      caption: Prose("Predictions with this value, \(fidelity.rawValue)"),
      columns: [
        Table.Column("quantity", name: "quantity", isNumeric: false), Table.Column("value", name: "value"),
        Table.Column("unit", name: "unit", isNumeric: false),
      ],
      rows: [
        [
          .prose("\(solution.symbol.meaning) \(solution.symbol)"), .number(solution.value),
          .prose(Prose(solution.symbol.unit)),
        ]
      ]
        + Quantity.allCases.map {
          [
            .prose("\($0.symbol.meaning) \($0.symbol)"), .optional(prediction.estimate($0, fidelity)?.value),
            .prose(Prose($0.symbol.unit)),
          ]
        })
  }

  private func json(_ prediction: Prediction) -> JSONValue {
    JSONValue(
      solution.settings.jsonMembers + [
        ("solved_for", .string(solution.symbol.name)),
        ("value", .number(shownValue)),
        ("method", .string(solution.isClosedForm ? "closed_form" : "bracketed_root")),
        ("fidelity", .string(fidelity.rawValue)),
        ("formula", .string(PlainText.render(solution.cited.formula))),
        ("source", .string(solution.cited.source)),
        (
          "quantities",
          JSONValue(
            Quantity.allCases.map { ($0.rawValue, .optional(prediction.estimate($0, fidelity)?.value)) })
        ),
        ("warnings", .array(prediction.warnings.map { .string($0.prose.plain) })),
      ])
  }
}
