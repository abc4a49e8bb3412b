import Equilibrium
import RunConfigurations

/// A short table of shapes instead of a checkpoint, as CSV.
///
/// Either one tensor a row, `name,shape` with a shape such as `768x3072`, or one layer a row: `name,neurons,dimension` and,
/// where they are known, `count`, `initial_norm` and `kind`.
public enum ShapeTable: Sendable {
  /// Tensors, whose names decide what they are.
  case tensors([TensorShape])
  /// Layers, as they are.
  case layers([LayerShape])

  /// Reads a table.
  ///
  /// - Throws: `TableError` with the line.
  public init(_ table: NumberTable) throws(TableError) {
    guard let names = table.texts("name") else {
      throw TableError(table.path, nil, .missingColumn(["name"], found: table.columns))
    }
    if let shapes = table.texts("shape") {
      var tensors: [TensorShape] = []
      for (row, (name, text)) in zip(names, shapes).enumerated() {
        guard let shape = Self.shape(text) else {
          throw TableError(table.path, table.line(ofRow: row), .notAShape(text))
        }
        tensors.append(TensorShape(name, shape))
      }
      self = .tensors(tensors)
      return
    }
    let (neurons, dimensions) = (try table.required("neurons"), try table.required("dimension"))
    let counts = try table.column("count") ?? names.map { _ in 1 }
    for (name, column) in [("neurons", neurons), ("dimension", dimensions), ("count", counts)] {
      if let row = column.firstIndex(where: { $0 < 1 || $0 != $0.rounded() || $0 > 0x1p40 }) {
        throw TableError(table.path, table.line(ofRow: row), .notACount(column[row], column: name))
      }
    }
    let norms = table.texts("initial_norm")
    let kinds = table.texts("kind")
    var layers: [LayerShape] = []
    for row in names.indices {
      layers.append(
        LayerShape(
          name: names[row], neurons: Int(neurons[row]), dimension: Int(dimensions[row]),
          count: Int(counts[row]),
          initialNorm: try norms.flatMap { (column) throws(TableError) in
            try Self.norm(column[row], table, row)
          },
          kind: try kinds.flatMap { (column) throws(TableError) in try Self.kind(column[row], table, row) }))
    }
    self = .layers(layers)
  }

  /// `64x3x7x7` as numbers; an empty text is a single number's shape.
  private static func shape(_ text: String) -> [Int]? {
    let words = text.split(omittingEmptySubsequences: false) { "x×,".contains($0) }
    if text.isEmpty || text == "scalar" { return [] }
    var (shape, product): ([Int], Int) = ([], 1)
    for word in words {
      guard let extent = Int(word.filter { !" []()".contains($0) }), extent >= 0 else { return nil }
      let (next, overflows) = product.multipliedReportingOverflow(by: max(1, extent))
      guard !overflows else { return nil }
      product = next
      shape.append(extent)
    }
    return shape
  }

  private static func norm(_ text: String, _ table: NumberTable, _ row: Int) throws(TableError) -> Double? {
    if text.isEmpty { return nil }
    guard let norm = Double(text), norm > 0, norm.isFinite else {
      throw TableError(table.path, table.line(ofRow: row), .notANumber(text, column: "initial_norm"))
    }
    return norm
  }

  private static func kind(_ text: String, _ table: NumberTable, _ row: Int) throws(TableError) -> WeightKind?
  {
    if text.isEmpty { return nil }
    guard let kind = WeightKind(rawValue: text) else {
      throw TableError(table.path, table.line(ofRow: row), .unknownKind(text))
    }
    return kind
  }
}
