import Equilibrium
import Foundation
import Formulas
import Optimizers
import Testing

/// Closed forms against 50-digit values that an independent script wrote (Tests/ReferenceData).
@Suite struct ReferenceTests {
  struct File: CustomTestStringConvertible, Sendable {
    let name: String
    let optimizer: Optimizer
    var weight = WeightKind.scaleInvariant
    var nesterov = false
    var testDescription: String { name }
  }

  static let files = [
    File(name: "sgdm", optimizer: .sgdm), File(name: "sgdm_nesterov", optimizer: .sgdm, nesterov: true),
    File(name: "sgdm_scale_sensitive", optimizer: .sgdm, weight: .scaleSensitive),
    File(name: "adamw", optimizer: .adamW), File(name: "adamw_radial", optimizer: .adamW),
    File(name: "adam_l2", optimizer: .adamL2),
    File(name: "adam_l2_scale_sensitive", optimizer: .adamL2, weight: .scaleSensitive),
    File(name: "lion", optimizer: .lion),
  ]

  /// 10⁻¹⁴ is 45 times the rounding of one operation; no formula has so many in a row.
  static let tolerance = 1e-14

  @Test(arguments: files)
  func closedForms(_ file: File) throws {
    let table = try CSVFile(file.name)
    #expect(table.rows.count > 200)
    var compared = 0
    for row in table.rows {
      let settings = try Settings(file.optimizer, row.inputs, weight: file.weight, nesterov: file.nesterov)
      for (column, expected) in row.numbers {
        let parts = column.split(separator: ".").map(String.init)
        let actual: Double?
        if parts.count == 2, let quantity = Quantity(rawValue: parts[0]),
          let fidelity = Fidelity(rawValue: parts[1])
        {
          let formula = try #require(settings.formula(quantity, fidelity)?.formula)
          actual = try? formula.evaluated(settings.values)
        } else {
          let transient = Transient(settings)
          actual = column == "decay_per_step" ? transient.decayPerStep.value : transient.halfLife.value
        }
        compared += 1
        guard let actual else {
          Issue.record("\(column) has no value at \(row.text)")
          continue
        }
        let error = actual == expected ? 0 : abs(actual / expected - 1)
        if !(error < Self.tolerance) {
          Issue.record("\(column): \(actual), expected \(expected), at \(row.text)")
        }
      }
    }
    #expect(compared > 2_000)
  }

  /// Where the reference leaves a cell empty there is no equilibrium, and no number may be given.
  @Test(arguments: files)
  func undefinedCells(_ file: File) throws {
    for row in try CSVFile(file.name).rows {
      let settings = try Settings(file.optimizer, row.inputs, weight: file.weight, nesterov: file.nesterov)
      for column in row.empty {
        let parts = column.split(separator: ".").map(String.init)
        guard parts.count == 2, let quantity = Quantity(rawValue: parts[0]),
          let fidelity = Fidelity(rawValue: parts[1])
        else { continue }
        let value = try? settings.formula(quantity, fidelity)?.formula.evaluated(settings.values)
        #expect(value == nil, "\(column) at \(row.text)")
      }
    }
  }

  /// Powers of a pole carry the rounding of its logarithm, so a little more than the closed forms is allowed.
  @Test(arguments: [
    File(name: "adamw_n_steps", optimizer: .adamW), File(name: "lion_n_steps", optimizer: .lion),
  ])
  func rotationOverSteps(_ file: File) throws {
    for row in try CSVFile(file.name).rows {
      var inputs = row.inputs
      inputs[.dimension] = 1
      let settings = try Settings(file.optimizer, inputs)
      let steps = Int(row.numbers["steps"] ?? 0)
      let rotation = try #require(file.optimizer.rotationOverSteps)
      let expected = row.numbers["rotation_over_n_steps"] ?? .nan
      #expect(abs(try rotation(steps, settings) / expected - 1) < 2e-14, "\(row.text)")
    }
  }
}

/// A file of Tests/ReferenceData: inputs by symbol, numbers by column.
private struct CSVFile {
  struct Row {
    var inputs: [Symbol: Double] = [:]
    var numbers: [String: Double] = [:]
    var empty: [String] = []
    var text = ""
  }
  var rows: [Row] = []

  init(_ name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: folder.appending(path: "ReferenceData/\(name).csv"), encoding: .utf8)
    let lines = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let header = lines[0].map(String.init)
    let symbols: [Symbol] = [
      .learningRate, .weightDecay, .momentum, .beta1, .beta2, .dimension, .unitGradientPower, .gradientPower,
      .gradientMass, .radialDecay,
    ]
    for line in lines.dropFirst() {
      var row = Row()
      for (name, cell) in zip(header, line) {
        guard let value = Double(cell) else {
          row.empty.append(name)
          continue
        }
        if let symbol = symbols.first(where: { $0.name == name }) {
          row.inputs[symbol] = value
          row.text += "\(name) \(cell) "
        } else {
          row.numbers[name] = value
          if name == "steps" { row.text += "steps \(cell)" }
        }
      }
      rows.append(row)
    }
  }
}
