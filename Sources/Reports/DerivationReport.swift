import Equilibrium
import Formulas

/// What `roteq derive` says: the way from the total update contributions to Tables 1 and 6.
public struct DerivationReport: Sendable {
  private let optimizer: Optimizer
  private let derivation: Derivation

  /// The report on an optimizer's derivation.
  public init(_ optimizer: Optimizer) {
    self.optimizer = optimizer
    derivation = optimizer.derivation
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = [.heading(1, derivation.title.plain)]
    for step in derivation.steps {
      blocks.append(.paragraph(step.prose))
      guard let equation = step.equation else { continue }
      blocks.append(
        .equation(Equation(equation.left, equation.relation.sign, equation.right, tag: equation.tag)))
      blocks += equation.right.whereBlocks
      if let condition = equation.relation.condition { blocks.append(.paragraph(condition)) }
    }
    return Output(document: Document(blocks), json: json, table: table)
  }

  private var json: JSONValue {
    [
      "optimizer": .string(optimizer.identifier), "title": .string(derivation.title.plain),
      "steps": .array(
        derivation.steps.map { step in
          var members: [(String, JSONValue)] = [("prose", .string(step.prose.plain))]
          if let equation = step.equation {
            members += [
              ("left", .string(PlainText.render(equation.left))),
              ("relation", .string(equation.relation.sign)),
              ("right", .string(PlainText.render(equation.right))),
              (
                "latex",
                .string(
                  "\(LaTeX.render(equation.left)) \(equation.relation.sign == "=" ? "=" : "\\approx") \(LaTeX.render(equation.right))"
                )
              ),
              ("source", .string(equation.tag)),
              ("condition", equation.relation.condition.map { .string($0.plain) } ?? .null),
            ]
          }
          return JSONValue(members)
        }),
    ]
  }

  private var table: Table {
    Table(
      columns: ["step", "prose", "left", "relation", "right", "source"].map {
        Table.Column(Prose($0), name: $0, isNumeric: $0 == "step")
      },
      rows: derivation.steps.enumerated().map { index, step in
        let equation = step.equation
        return [
          .number(Double(index + 1)), .prose(step.prose), equation.map { .formula($0.left) } ?? .empty,
          equation.map { .prose(Prose($0.relation.sign)) } ?? .empty,
          equation.map { .formula($0.right) } ?? .empty, equation.map { .prose(Prose($0.tag)) } ?? .empty,
        ]
      })
  }
}
