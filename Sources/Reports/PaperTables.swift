import Equilibrium
import Formulas

/// The paper's tables: symbolic as printed, or with numbers put in.
public enum PaperTables {
  /// The quantities of Table 1, in its order.
  public static let table1: [Quantity] = [.rmsUpdateSize, .expectedRotation, .equilibriumNorm]
  /// The quantities of Table 6, in its order.
  public static let table6: [Quantity] = [
    .equilibriumNorm, .rmsUpdateSize, .rmsDiffusionRate, .expectedRotation, .rotationalDiffusionRate,
  ]

  /// Table 1 or Table 6 in symbols; Table 6 extended to every optimizer.
  public static func symbolic(number: Int, optimizers: [Optimizer]) -> Output {
    let quantities = number == 1 ? table1 : table6
    let definition = number == 6 ? [Table.Column("definition", name: "definition", isNumeric: false)] : []
    let table = Table(
      caption: Prose(title(number)),
      columns: [Table.Column(number == 6 ? "measure" : "", name: "quantity", isNumeric: false)] + definition
        + optimizers.map {
          Table.Column(Prose("\($0.title) (\($0.equation))"), name: $0.identifier, isNumeric: false)
        },
      rows: quantities.map { quantity in
        let definition: [Table.Cell] = number == 6 ? [.formula(.symbol(quantity.definitionSymbol))] : []
        return [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")] + definition
          + optimizers.map { optimizer in
            optimizer.formula(quantity, .leading).map { .formula($0.formula) } ?? .empty
          }
      })
    let json = JSONValue(
      quantities.map { quantity in
        (
          quantity.rawValue,
          JSONValue(
            optimizers.compactMap { optimizer in
              optimizer.formula(quantity, .leading).map { cited in
                (
                  optimizer.identifier,
                  [
                    "latex": .string(LaTeX.render(cited.formula)),
                    "text": .string(PlainText.render(cited.formula)),
                    "source": .string(cited.source),
                  ]
                )
              }
            })
        )
      })
    return Output(document: Document([.table(table)]), json: json, table: table)
  }

  /// Table 1 or Table 6 with numbers: one column for each set of settings.
  public static func numeric(number: Int, settings: [Settings]) -> Output {
    let quantities = number == 1 ? table1 : table6
    let predictions = settings.map(Prediction.init)
    let table = Table(
      caption: Prose(title(number)),
      columns: [Table.Column("quantity", name: "quantity", isNumeric: false)]
        + settings.map { Table.Column(Prose($0.title), name: $0.optimizer.identifier) }
        + [Table.Column("unit", name: "unit", isNumeric: false)],
      rows: quantities.map { quantity in
        [.prose("\(quantity.symbol.meaning) \(quantity.symbol)")]
          + predictions.map { .optional($0.estimate(quantity, .leading)?.value) }
          + [.prose(Prose(quantity.symbol.unit))]
      })
    let json = JSONValue(
      quantities.map { quantity in
        (
          quantity.rawValue,
          JSONValue(
            predictions.map {
              ($0.settings.optimizer.identifier, .optional($0.estimate(quantity, .leading)?.value))
            })
        )
      })
    let notes = settings.map { settings in
      var note = settings.summary
      note.fragments.insert(.text("\(settings.title): "), at: 0)
      return note
    }
    return Output(document: Document([.table(table), .list(notes)]), json: json, table: table)
  }

  private static func title(_ number: Int) -> String {
    number == 1
      ? "Steady-state neuronal update dynamics (Table 1)"
      : "Update sizes and diffusion rates (Table 6, extended to every optimizer)"
  }

  /// Table 4 with our columns: what each run's hyperparameters mean.
  public static func table4(_ runs: [(run: PaperRun, settings: Settings)]) -> Output {
    let columns: [(String, String, Bool)] = [
      ("data set", "dataset", false), ("model", "model", false), ("optimizer", "optimizer", false),
      ("batch", "batch", false), ("steps", "steps", true), ("η", "learning_rate", true),
      ("λ", "weight_decay", true), ("few-shot λ", "few_shot_weight_decay", true),
      ("η̂_r (rad)", "expected_rotation", true), ("η̂_g/√C", "rms_update_size_per_root_dimension", true),
      ("‖ω̂‖/√C", "equilibrium_norm_per_root_dimension", true), ("half-life (steps)", "half_life_steps", true),
      ("half-life / run", "half_life_share_of_run", true),
    ]
    let numbers: [[Double?]] = runs.map { run, settings in
      let prediction = Prediction(settings)
      let halfLife = prediction.transient.halfLife.value
      return [
        Double(run.steps), run.zeroShot[.learningRate], run.zeroShot[.weightDecay], run.fewShotDecay,
        prediction.estimate(.expectedRotation, .leading)?.value,
        prediction.estimate(.rmsUpdateSize, .leading)?.value,
        prediction.estimate(.equilibriumNorm, .leading)?.value, halfLife,
        halfLife.map { $0 / Double(run.steps) },
      ]
    }
    func words(_ run: PaperRun, _ settings: Settings) -> [String] {
      [run.dataset, run.model, settings.title, run.batch]
    }
    let table = Table(
      caption: "The paper's runs (Table 4) and what their hyperparameters mean, at the peak learning rate",
      columns: columns.map { Table.Column(Prose($0.0), name: $0.1, isNumeric: $0.2) },
      rows: zip(runs, numbers).map { pair, numbers in
        words(pair.run, pair.settings).map { .prose(Prose($0)) } + numbers.map { .optional($0) }
      })
    let json = JSONValue.array(
      zip(runs, numbers).map { pair, numbers in
        let texts = zip(
          columns, [pair.run.dataset, pair.run.model, pair.settings.optimizer.identifier, pair.run.batch]
        )
        .map { ($0.1, JSONValue.string($1)) }
        let values = zip(columns.dropFirst(4), numbers).map { ($0.1, JSONValue.optional($1)) }
        return JSONValue(texts + values + [("note", pair.run.note.map { .string($0) } ?? .null)])
      })
    var notes: [Prose] = runs.compactMap { run, _ in
      run.note.map { Prose("\(run.dataset), \(run.model), batch \(run.batch): \($0).") }
    }
    notes.append(
      "Epochs are counted in full batches of 50 000 (CIFAR-10) and 1 281 167 (ImageNet-1k) images.")
    notes.append(
      "Norm and update size are for one coordinate: times √C for a neuron of fan-in C. Those of SGDM need E‖g‖² or E‖g̃‖²."
    )
    notes.append(
      "The half-life is that of ‖ω‖² (‖ω‖⁴ for SGDM), from (16). A run much shorter than that never reaches equilibrium."
    )
    return Output(document: Document([.table(table), .list(notes)]), json: json, table: table)
  }
}

extension Quantity {
  /// The definition, as a symbol to be typeset.
  fileprivate var definitionSymbol: Symbol {
    Symbol(
      rawValue + "_definition", plain: definition.plain, latex: definition.latex, sympy: rawValue,
      meaning: symbol.meaning, domain: .positive)
  }
}
