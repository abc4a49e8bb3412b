import Equilibrium
import Formulas

/// What `roteq formula` says: the formulas of the catalogue in every notation.
public struct FormulaReport: Sendable {
  /// A formula with its place in the catalogue.
  public struct Entry: Sendable {
    /// The optimizer.
    public let optimizer: Optimizer
    /// The quantity that the formula gives.
    public let quantity: Quantity
    /// How much of the dynamics it keeps.
    public let fidelity: Fidelity
    /// The formula.
    public let cited: CitedFormula

    /// The name of the formula in program sources.
    public var name: String {
      let optimizer = optimizer.identifier.split(separator: "-").joined(separator: "_")
      return "\(optimizer)_\(quantity.rawValue)_\(fidelity.rawValue)"
    }
  }
  /// The formulas, in catalogue order.
  public let entries: [Entry]

  /// The formulas of some optimizers, quantities and fidelities.
  public init(
    optimizers: [Optimizer], quantities: [Quantity], fidelities: [Fidelity], variant: Variant = Variant()
  ) {
    entries = optimizers.flatMap { optimizer in
      quantities.flatMap { quantity in
        fidelities.compactMap { fidelity in
          optimizer.formula(quantity, fidelity, variant).map {
            Entry(optimizer: optimizer, quantity: quantity, fidelity: fidelity, cited: $0)
          }
        }
      }
    }
  }

  /// The formulas alone, one a line, each followed by what its symbols κ, ρ, z stand for.
  public func lines(latex: Bool) -> String {
    let render = latex ? { LaTeX.render($0) } : { PlainText.render($0 as Formula) }
    return entries.map { entry in
      let formula = entry.cited.formula
      let definitions = formula.definitions.map {
        "\(latex ? $0.symbol.latex : $0.symbol.plain) = \(render($0.formula))"
      }
      let equations = formula.solutions.map { latex ? LaTeX.render($0) : PlainText.render($0) }
      let clauses = definitions + equations
      guard !clauses.isEmpty else { return render(formula) + "\n" }
      return render(formula) + (latex ? ",\\quad " : ", with ")
        + clauses.joined(separator: latex ? ",\\quad " : ", ")
        + "\n"
    }.joined()
  }

  /// A Python source that defines them all.
  public var sympy: String {
    SymPy.program(entries.map { ($0.name, $0.cited.formula) }) + "\n"
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = []
    var optimizer: Optimizer?
    for entry in entries {
      if entry.optimizer != optimizer { blocks.append(.heading(1, entry.optimizer.title)) }
      optimizer = entry.optimizer
      blocks.append(.paragraph(Prose("\(entry.quantity.symbol.meaning), \(entry.fidelity.rawValue)")))
      blocks.append(
        .equation(Equation(.symbol(entry.quantity.symbol), "=", entry.cited.formula, tag: entry.cited.source))
      )
      blocks += entry.cited.formula.whereBlocks
    }
    return Output(document: Document(blocks), json: json, table: table)
  }

  private var json: JSONValue {
    .array(
      entries.map { entry in
        let formula = entry.cited.formula
        return [
          "optimizer": .string(entry.optimizer.identifier), "quantity": .string(entry.quantity.rawValue),
          "fidelity": .string(entry.fidelity.rawValue), "text": .string(PlainText.render(formula)),
          "latex": .string(LaTeX.render(formula)), "sympy": .string(SymPy.render(formula)),
          "sympy_name": .string(entry.name),
          "definitions": JSONValue(
            formula.definitions.map {
              (
                $0.symbol.plain,
                ["text": .string(PlainText.render($0.formula)), "latex": .string(LaTeX.render($0.formula))]
              )
            }),
          "solved": .array(
            formula.solutions.map {
              [
                "unknown": .string($0.unknown.name), "equation": .string(PlainText.render($0)),
                "latex": .string(LaTeX.render($0)),
                "sympy": .string(SymPy.render($0)), "sympy_unknown": .string($0.unknown.sympy),
                "sympy_estimate": .string(SymPy.render($0.estimate)),
              ]
            }),
          "symbols": .array(
            formula.symbols.map {
              [
                "name": .string($0.name), "text": .string($0.plain), "latex": .string($0.latex),
                "sympy": .string($0.sympy), "meaning": .string($0.meaning), "unit": .string($0.unit),
                "range": .string($0.domain.description),
              ]
            }),
          "source": .string(entry.cited.source),
          "assumptions": .array(entry.cited.assumptions.map { .string($0.statement) }),
        ]
      })
  }

  private var table: Table {
    Table(
      columns: ["optimizer", "quantity", "fidelity", "text", "latex", "sympy", "source"].map {
        Table.Column(Prose($0), name: $0, isNumeric: false)
      },
      rows: entries.map { entry in
        [
          entry.optimizer.identifier, entry.quantity.rawValue, entry.fidelity.rawValue,
          PlainText.render(entry.cited.formula), LaTeX.render(entry.cited.formula),
          SymPy.render(entry.cited.formula), entry.cited.source,
        ].map { .prose(Prose($0)) }
      })
  }
}
