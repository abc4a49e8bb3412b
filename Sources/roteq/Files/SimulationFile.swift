import CrossChecks
import Foundation
import Reports

/// A file for the curves of a simulation, by the ending of its name.
struct SimulationFile {
  private let path: String
  private enum Kind {
    case csv, json, safetensors
    case figure
  }
  private let kind: Kind

  /// Whether it is a file of tensors.
  var holdsTensors: Bool { kind == .safetensors }

  /// Refuses unknown endings before anything is run.
  init(path: String) throws {
    self.path = path
    switch URL(filePath: path).pathExtension.lowercased() {
    case "csv": kind = .csv
    case "json": kind = .json
    case "safetensors": kind = .safetensors
    default:
      guard (try? FigureFile.Format(path: path)) != nil else {
        let known = [".csv", ".json", ".safetensors"] + FigureFile.Format.allCases.map { ".\($0)" }
        throw Failure(
          "\(path): cannot tell the format from the name, expected one that ends in \(known.joined(separator: ", "))",
          .usage)
      }
      kind = .figure
    }
  }

  /// Writes the curves, where the file is one of numbers.
  func writeNumbers(_ runs: [WalkRun]) throws {
    let series = SimulationSeries(runs)
    switch kind {
    case .csv: try OutputFile.write(CSV().render(series.table), to: path)
    case .json: try OutputFile.write(series.json.text, to: path)
    case .safetensors: try OutputFile.write(series.tensors, to: path)
    case .figure: break
    }
  }

  /// Draws the curves, where the file is a figure.
  func writeFigure(_ figure: Figure, isFragment: Bool) throws {
    if kind == .figure { try FigureFile.write(figure, to: path, isFragment: isFragment) }
  }
}
