import Equilibrium
import Formulas
import RealModule

/// What `roteq predict` says.
public struct PredictionReport: Sendable {
  private let prediction: Prediction
  private let explains: Bool
  private let rotationOverSteps: (steps: Int, angle: Double)?

  /// The report on a prediction.
  ///
  /// - Parameters:
  ///   - prediction: what was predicted.
  ///   - explains: adds formula, numbers put in, source and assumptions of each number.
  ///   - rotationOverSteps: the angle after a number of steps, in radians, where asked for.
  public init(_ prediction: Prediction, explains: Bool, rotationOverSteps: (steps: Int, angle: Double)? = nil)
  {
    self.prediction = prediction
    self.explains = explains
    self.rotationOverSteps = rotationOverSteps
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = [.heading(1, "\(settings.title): predicted equilibrium")]
    blocks.append(.paragraph(settings.summary))
    blocks.append(.table(table))
    blocks += missing
    blocks += transient
    blocks += warnings
    if explains { blocks += explanation }
    return Output(document: Document(blocks), json: json, table: table)
  }

  private var settings: Settings { prediction.settings }

  /// One row a quantity, one column a fidelity.
  private var table: Table {
    let columns =
      [Table.Column("quantity", name: "quantity", isNumeric: false)]
      + Fidelity.allCases.map { Table.Column(Prose($0.rawValue), name: $0.rawValue) }
      + [
        Table.Column("unit", name: "unit", isNumeric: false),
        Table.Column("source", name: "source", isNumeric: false),
      ]
    return Table(
      columns: columns,
      rows: Quantity.allCases.map { quantity in
        [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")]
          + Fidelity.allCases.map { .optional(prediction.estimate(quantity, $0)?.value) }
          + [
            .prose(Prose(quantity.symbol.unit)),
            .prose(Prose(prediction.estimate(quantity, .leading)?.cited.source ?? "")),
          ]
      })
  }

  /// The formulas that lack an input, with what they lack.
  private var missing: [Block] {
    Quantity.allCases.flatMap { quantity -> [Block] in
      guard let estimate = prediction.estimate(quantity, .leading), !estimate.missing.isEmpty else {
        return []
      }
      var prose: Prose = "\(quantity.symbol.meaning): missing "
      for (index, symbol) in estimate.missing.enumerated() {
        prose.fragments += index == 0 ? [] : [.text(", ")]
        prose.fragments += [.text(symbol.meaning + " "), .formula(.symbol(symbol))]
      }
      return [
        .paragraph(prose), .equation(Equation(.symbol(quantity.symbol), "=", estimate.cited.formula)),
      ]
    }
  }

  private var transient: [Block] {
    let rows: [(String, Estimate)] = [
      ("decay per step a", prediction.transient.decayPerStep),
      ("half-life", prediction.transient.halfLife),
      ("steps to within 5 %", prediction.transient.stepsTo5Percent),
      ("steps to within 1 %", prediction.transient.stepsTo1Percent),
    ]
    let power = prediction.transient.power == 2 ? "‖ω‖²" : "‖ω‖⁴"
    var body: [[Table.Cell]] = rows.map { name, estimate in
      let value: Table.Cell =
        estimate.value.map { .number($0) }
        ?? .prose(
          Prose(
            estimate.missing.isEmpty
              ? "not defined" : "needs \(estimate.missing.map(\.meaning).joined(separator: ", "))"))
      return [.prose(Prose(name)), value]
    }
    if let over = rotationOverSteps {
      body.append([.prose("rotation over \(over.steps) steps (rad)"), .number(over.angle)])
      body.append([
        .prose("autocorrelation over \(over.steps) steps, its cosine"), .number(Double.cos(over.angle)),
      ])
    }
    return [
      .table(
        Table(
          caption: Prose("Transient: relative deviation of \(power), from (16)"),
          columns: [
            Table.Column("transient", name: "transient", isNumeric: false),
            Table.Column("value", name: "value"),
          ], rows: body))
    ]
  }

  private var warnings: [Block] {
    guard !prediction.warnings.isEmpty else { return [] }
    return [.heading(2, "Warnings"), .list(prediction.warnings.map(\.prose))]
  }

  private var explanation: [Block] {
    var blocks: [Block] = [.heading(2, "Explanation")]
    for derived in settings.derived {
      blocks.append(.equation(Equation(.symbol(derived.symbol), "=", derived.formula)))
    }
    for quantity in Quantity.allCases {
      // Fidelities that share a formula are explained once.
      var groups: [(fidelities: [Fidelity], estimate: Estimate)] = []
      for fidelity in Fidelity.allCases {
        guard let estimate = prediction.estimate(quantity, fidelity) else { continue }
        if let last = groups.last, last.estimate.cited.formula == estimate.cited.formula {
          groups[groups.count - 1].fidelities.append(fidelity)
        } else {
          groups.append(([fidelity], estimate))
        }
      }
      for group in groups {
        let names = group.fidelities.map(\.rawValue).joined(separator: ", ")
        blocks += explain(group.estimate, "\(quantity.symbol.meaning): \(names)", quantity.symbol)
      }
    }
    let transient = prediction.transient
    let a = Symbol(
      "decay_per_step", plain: "a", latex: "a", sympy: "a", meaning: "decay per step", domain: .real)
    let i = Symbol("steps", plain: "i", latex: "i", sympy: "i", meaning: "steps", domain: .nonNegative)
    blocks += explain(transient.decayPerStep, "decay per step", a)
    blocks += explain(transient.halfLife, "half-life in steps", i)
    blocks += explain(transient.stepsTo5Percent, "steps to within 5 %", i)
    return blocks + [elasticities]
  }

  private func explain(_ estimate: Estimate, _ title: String, _ symbol: Symbol) -> [Block] {
    let formula = estimate.cited.formula
    var blocks: [Block] = [
      .heading(3, title),
      .equation(Equation(.symbol(symbol), "=", formula, tag: estimate.cited.source)),
    ]
    if estimate.missing.isEmpty {
      blocks.append(.equation(Equation(.symbol(symbol), "=", formula.withNumbers(settings.values))))
    }
    blocks += formula.whereBlocks
    if let value = estimate.value {
      blocks.append(.paragraph("\(symbol) = \(Numbers.full(value)) \(symbol.unit == "1" ? "" : symbol.unit)"))
    } else if case .failure(let error) = estimate.outcome {
      blocks.append(.paragraph(Prose(error.description)))
    }
    if !estimate.cited.assumptions.isEmpty {
      blocks.append(.list(estimate.cited.assumptions.map { Prose("assumes: " + $0.statement) }))
    }
    return blocks
  }

  /// By which factor each quantity changes when a hyperparameter is doubled.
  private var elasticities: Block {
    let symbols = settings.hyperparameters.filter { $0.value != 0 }.map(\.symbol)
    let columns =
      [Table.Column("quantity", name: "quantity", isNumeric: false)]
      + symbols.map { Table.Column("\($0)", name: $0.name) }
    return .table(
      Table(
        caption:
          "Elasticity at leading order: doubling the hyperparameter multiplies the quantity by about 2 to this power",
        columns: columns,
        rows: Quantity.allCases.map { quantity in
          [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")]
            + symbols.map { .optional(elasticity(of: quantity, by: $0)) }
        }))
  }

  private func elasticity(of quantity: Quantity, by symbol: Symbol) -> Double? {
    guard let formula = settings.formula(quantity, .leading)?.formula else { return nil }
    return try? formula.elasticity(by: symbol, at: settings.values)
  }

  // MARK: JSON

  private var json: JSONValue {
    var members: [(String, JSONValue)] = settings.jsonMembers
    members.append(("quantities", JSONValue(Quantity.allCases.map { ($0.rawValue, json(of: $0)) })))
    let transient = prediction.transient
    members.append(
      (
        "transient",
        [
          "decay_per_step": .optional(transient.decayPerStep.value),
          "half_life_steps": .optional(transient.halfLife.value),
          "steps_to_5_percent": .optional(transient.stepsTo5Percent.value),
          "steps_to_1_percent": .optional(transient.stepsTo1Percent.value),
          "relaxing_quantity": .string("norm^\(transient.power)"),
          "source": .string(transient.decayPerStep.cited.source),
        ]
      ))
    if let over = rotationOverSteps {
      members.append(
        (
          "rotation_over_steps",
          [
            "steps": .number(Double(over.steps)), "angle": .number(over.angle),
            "autocorrelation": .number(Double.cos(over.angle)),
          ]
        ))
    }
    members.append(("warnings", .array(prediction.warnings.map { .string($0.prose.plain) })))
    return JSONValue(members)
  }

  private func json(of quantity: Quantity) -> JSONValue {
    let estimates = Fidelity.allCases.map { ($0, prediction.estimate(quantity, $0)) }
    var members: [(String, JSONValue)] = estimates.map { ($0.0.rawValue, .optional($0.1?.value)) }
    members.append(("unit", .string(quantity.symbol.unit)))
    members.append(("source", .string(estimates[0].1?.cited.source ?? "")))
    let missing = estimates.compactMap { $0.1 }.first { !$0.missing.isEmpty }
    if let missing {
      members.append(("missing", .array(missing.missing.map { .string($0.name) })))
      members.append(("formula", .string(PlainText.render(missing.cited.formula))))
    }
    if explains {
      let symbols = settings.hyperparameters.map(\.symbol)
      members.append(
        ("elasticity", JSONValue(symbols.map { ($0.name, .optional(elasticity(of: quantity, by: $0))) })))
      let details = estimates.compactMap { fidelity, estimate -> (String, JSONValue)? in
        guard let estimate else { return nil }
        return (
          fidelity.rawValue,
          [
            "formula": .string(PlainText.render(estimate.cited.formula)),
            "latex": .string(LaTeX.render(estimate.cited.formula)),
            "numbers": .string(PlainText.render(estimate.cited.formula.withNumbers(settings.values))),
            "source": .string(estimate.cited.source),
            "assumptions": .array(estimate.cited.assumptions.map { .string($0.statement) }),
          ]
        )
      }
      members.append(("explanation", JSONValue(details)))
    }
    return JSONValue(members)
  }
}
