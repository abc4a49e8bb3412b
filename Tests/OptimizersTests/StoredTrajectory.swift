import Dynamics
import Equilibrium
import Formulas
import Foundation
import Optimizers
import Testing

/// A measured run of `Tests/ReferenceData/Trajectories`: its settings and its rows.
struct StoredTrajectory {
  let header: [String: String]
  private let columns: [String: [Double]]
  private let layers: [String]

  init(_ name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ReferenceData/Trajectories")
    let text = try String(contentsOf: folder.appending(path: name + ".csv"), encoding: .utf8)
    var header: [String: String] = [:]
    var names: [String] = []
    var (columns, layers): ([String: [Double]], [String]) = ([:], [])
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#") {
        let parts = line.dropFirst().split(separator: ":", maxSplits: 1)
        if parts.count == 2 {
          header[parts[0].trimmingCharacters(in: .whitespaces)] = parts[1].trimmingCharacters(
            in: .whitespaces)
        }
        continue
      }
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if names.isEmpty {
        names = cells
      } else {
        for (name, cell) in zip(names, cells) { columns[name, default: []].append(Double(cell) ?? .nan) }
        if let index = names.firstIndex(of: "layer") { layers.append(cells[index]) }
      }
    }
    (self.header, self.columns, self.layers) = (header, columns, layers)
  }

  func number(_ key: String) throws -> Double {
    try #require(header[key].flatMap { Double($0.split(separator: " ")[0]) }, "no \(key)")
  }

  /// A column, of one layer where the file has several.
  func column(_ name: String, layer: String? = nil) throws -> [Double] {
    let values = try #require(columns[name], "no column \(name)")
    guard let layer else { return values }
    return values.indices.filter { layers[$0] == layer }.map { values[$0] }
  }

  /// Mean relative deviation of a prediction over the rows that `isCounted`.
  static func meanError(_ predicted: [Double], _ measured: [Double], where isCounted: (Int) -> Bool) -> Double
  {
    let rows = measured.indices.filter(isCounted)
    return rows.map { abs(predicted[$0] / measured[$0] - 1) }.reduce(0, +) / Double(rows.count)
  }
}

extension Optimizer {
  /// The optimizer by the name in the stored files.
  static func stored(_ name: String) throws -> Optimizer {
    try #require(Optimizer.named(name.replacingOccurrences(of: "_", with: "-")))
  }
}
