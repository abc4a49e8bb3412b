import Dynamics
import Equilibrium
import Formulas

/// What `roteq convert` says.
public struct ConversionReport: Sendable {
  private let conversion: Conversion
  private let source: Prediction
  private let target: Prediction
  private let run: RotationMatchReport?
  private let measured: MeasuredRotationReport?
  private let layer: String?

  /// The report on a conversion.
  ///
  /// - Parameters:
  ///   - conversion: the settings, moved.
  ///   - run: what the whole run says of them, where it is known.
  ///   - measured: what a logged rotation says of them, where there is one.
  ///   - layer: the layer that the predictions and the run are of, where there are several.
  public init(
    _ conversion: Conversion, run: RotationMatchReport? = nil, measured: MeasuredRotationReport? = nil,
    layer: String? = nil
  ) {
    self.conversion = conversion
    (self.run, self.measured, self.layer) = (run, measured, layer)
    source = Prediction(conversion.source)
    target = Prediction(conversion.target)
  }

  /// Document, JSON and table.
  public var output: Output {
    var blocks: [Block] = [
      .heading(
        1, "\(conversion.source.title) → \(conversion.isRotational ? "RV-" : "")\(conversion.target.title)"),
      .table(settingsTable),
    ]
    if conversion.isRotational { blocks.append(.table(rotationalTable)) }
    blocks.append(.table(comparison))
    if !notes.isEmpty { blocks.append(.list(notes)) }
    blocks += run?.blocks ?? []
    blocks += measured?.blocks ?? []
    let warnings = source.warnings.map(\.prose)
    if !warnings.isEmpty { blocks += [.heading(2, "Warnings"), .list(warnings)] }
    return Output(document: Document(blocks), json: json, table: settingsTable)
  }

  // MARK: Settings

  private struct Row {
    let symbol: Symbol
    let source: Double?
    let target: Double?
    var factor: Double? { source.flatMap { source in target.map { $0 / source } } }
  }

  private var rows: [Row] {
    let symbols = conversion.target.hyperparameters.map(\.symbol).filter {
      $0 == .learningRate || $0 == .weightDecay || conversion.target.values[$0] != 0
    }
    return symbols.map { symbol in
      let own = conversion.source.hyperparameters.first { $0.symbol == symbol }?.value
      guard symbol == .weightDecay else {
        return Row(symbol: symbol, source: own, target: conversion.target.values[symbol])
      }
      let given = conversion.conventions.source.weightDecay(
        fromCoupled: own ?? .nan, peak: conversion.source.values[.learningRate] ?? .nan)
      return Row(symbol: symbol, source: given, target: conversion.targetWeightDecay)
    }
  }

  private var settingsTable: Table {
    Table(
      caption: "Settings",
      columns: [
        Table.Column("setting", name: "setting", isNumeric: false), Table.Column("from", name: "from"),
        Table.Column("to", name: "to"), Table.Column("factor", name: "factor"),
      ],
      rows: rows.map {
        [
          .prose("\($0.symbol.meaning) \($0.symbol)"), .optional($0.source), .optional($0.target),
          .optional($0.symbol == .learningRate || $0.symbol == .weightDecay ? $0.factor : nil),
        ]
      })
  }

  // MARK: Rotational variant

  /// √a of (17), which makes the RV's tracker as slow as the baseline's norm (Appendix I).
  private var slowTracker: Double? {
    let a = target.transient.decayPerStep.value
    return a.map { $0.squareRoot() }
  }

  private var rotation: Double? {
    try? target.settings.rotationalVariant?.evaluated(target.settings.values)
  }

  private var rotationalTable: Table {
    Table(
      caption: "Rotational variant (Algorithm 1)",
      columns: [
        Table.Column("setting", name: "setting", isNumeric: false),
        Table.Column("value", name: "value", isNumeric: false),
      ],
      rows: [
        [
          .prose("expected rotation \(Quantity.expectedRotation.symbol) at the peak learning rate"),
          rotation.map { .prose(Prose("\(Numbers.short($0)) rad")) } ?? "needs the gradient mass",
        ],
        [
          "update RMS tracker β",
          .prose(
            Prose(
              "0.9 (default); √a = \(slowTracker.map { Numbers.short($0, digits: 7) } ?? "—") tracks as slowly as the norm of \(target.settings.title) moves"
            )),
        ],
        [
          "rotate",
          "weight vectors of neurons (rows of weight matrices, filters); not biases, gains, norms, embeddings",
        ],
        ["zero mean", "yes: remove the mean of each rotated vector and of its update"],
        [
          "learnable gain",
          "for weights that no normalisation follows (transformers); not needed where batch normalisation follows",
        ],
        ["weight decay of rotated vectors", "not applied; it still sets the expected rotation"],
      ])
  }

  // MARK: Both sides

  /// Whether a quantity stays the same: asked for, or following from what was.
  private func matched(_ quantity: Quantity) -> Bool {
    if conversion.match == nil || conversion.match?.quantities.contains(quantity) == true { return true }
    guard let a = source.estimate(quantity, .leading)?.value,
      let b = target.estimate(quantity, .leading)?.value
    else { return false }
    return abs(b / a - 1) < 1e-12
  }

  private var comparison: Table {
    let unit =
      conversion.dimensionCancels && conversion.match != nil ? " (for C = 1; times √C otherwise)" : ""
    return Table(
      caption: Prose("Predictions at leading order\(unit)"),
      columns: [
        Table.Column("quantity", name: "quantity", isNumeric: false), Table.Column("from", name: "from"),
        Table.Column("to", name: "to"), Table.Column("ratio", name: "ratio"),
        Table.Column("matched", name: "matched", isNumeric: false),
      ],
      rows: Quantity.allCases.map { quantity in
        let (a, b) = (source.estimate(quantity, .leading)?.value, target.estimate(quantity, .leading)?.value)
        let ratio = a.flatMap { a in b.map { $0 / a } }
        return [
          .prose("\(quantity.symbol.meaning) \(quantity.symbol)"), .optional(a), .optional(b),
          .optional(ratio),
          .prose(Prose(matched(quantity) ? "exactly" : ratio == nil ? "not known" : "no")),
        ]
      })
  }

  private var notes: [Prose] {
    var notes: [Prose] = []
    if let layer {
      notes.append(Prose([.text("Norms, and the run where it is shown, are those of \(layer).")]))
    }
    if conversion.conventions.source != .coupled || conversion.conventions.target != .coupled {
      notes.append(
        Prose(
          "Decay conventions: a step takes away \(conversion.conventions.source.shrink) (from, \(conversion.conventions.source.rawValue)) and \(conversion.conventions.target.shrink) (to, \(conversion.conventions.target.rawValue)); both agree at the peak learning rate."
        ))
    }
    if let match = conversion.match {
      let names = match.quantities.map(\.symbol.meaning).joined(separator: " and ")
      let product = match == .product ? " and the product ηλ" : ""
      notes.append(Prose("Matched exactly, at leading order: \(names)\(product). The rest follows."))
    }
    if conversion.target.optimizer.identifier == "lion", conversion.source.optimizer.identifier == "adamw" {
      notes.append(lionNote)
    }
    if conversion.isRotational, run == nil, measured == nil {
      notes.append(
        "The rotational variant has no transient: it turns by the equilibrium rate from the first step. Where the baseline never reaches equilibrium (compare its half-life with the length of the run), these zero-shot settings turn too fast or too slowly, and the weight decay needs tuning. With --schedule, --steps and an initial norm the whole run is compared."
      )
    }
    return notes
  }

  /// What the rule of thumb for Lion leaves out.
  private var lionNote: Prose {
    let rate = rows.first { $0.symbol == .learningRate }?.factor ?? .nan
    let decay =
      (conversion.target.values[.weightDecay] ?? .nan) / (conversion.source.values[.weightDecay] ?? .nan)
    return Prose(
      "The usual rule for Lion, a 3–10 times smaller learning rate and a 3–10 times larger weight decay, keeps the product ηλ. That matches the long-run diffusion, not the single step: here the learning rate changes by \(Numbers.short(rate)), the weight decay by \(Numbers.short(decay)) and the product by \(Numbers.short(rate * decay)). The factors depend on the β's of both sides alone."
    )
  }

  // MARK: JSON

  private var json: JSONValue {
    func predictions(_ prediction: Prediction) -> JSONValue {
      JSONValue(Quantity.allCases.map { ($0.rawValue, .optional(prediction.estimate($0, .leading)?.value)) })
    }
    func settings(_ settings: Settings, _ decay: Double?, _ convention: DecayConvention, _ name: String)
      -> JSONValue
    {
      var members: [(String, JSONValue)] = [("optimizer", .string(name))]
      for (symbol, value) in settings.hyperparameters {
        members.append((symbol.name, symbol == .weightDecay ? .optional(decay) : .number(value)))
      }
      members.append(("decay_convention", .string(convention.rawValue)))
      return JSONValue(members)
    }
    let name = (conversion.isRotational ? "rv-" : "") + conversion.target.optimizer.identifier
    var members: [(String, JSONValue)] = [
      (
        "source",
        settings(
          conversion.source, rows.first { $0.symbol == .weightDecay }?.source, conversion.conventions.source,
          conversion.source.optimizer.identifier)
      ),
      (
        "target",
        settings(conversion.target, conversion.targetWeightDecay, conversion.conventions.target, name)
      ),
      (
        "factors",
        JSONValue(
          rows.filter { $0.symbol == .learningRate || $0.symbol == .weightDecay }.map {
            ($0.symbol.name, .optional($0.factor))
          })
      ),
      ("match", conversion.match.map { .string($0.rawValue) } ?? .null),
      ("matched", .array(Quantity.allCases.filter(matched).map { .string($0.rawValue) })),
      ("not_matched", .array(Quantity.allCases.filter { !matched($0) }.map { .string($0.rawValue) })),
      ("predictions", ["source": predictions(source), "target": predictions(target)]),
      ("dimension_cancels", .bool(conversion.dimensionCancels)),
    ]
    if conversion.isRotational {
      members.append(
        (
          "rotational",
          [
            "expected_rotation": .optional(rotation), "beta": 0.9, "beta_alternative": .optional(slowTracker),
            "zero_mean": true, "learnable_gain": "where no normalisation follows",
            "rotate": "weight vectors of neurons",
          ]
        ))
    }
    if let run { members.append(("run", run.json)) }
    if let measured { members.append(("measured", measured.json)) }
    members.append(("notes", .array(notes.map { .string($0.plain) })))
    members.append(("warnings", .array(source.warnings.map { .string($0.prose.plain) })))
    return JSONValue(members)
  }
}
