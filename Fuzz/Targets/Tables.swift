import Parameters
import RunConfigurations

extension FuzzTarget {
  /// A CSV file as a log, and as a table of shapes.
  static let numberTable = FuzzTarget(
    name: "csv", corpus: ["csv"],
    words: [
      "name,shape\n", "name,neurons,dimension,count,initial_norm,kind\n", "step,norm\n", "768x3072", "0x1",
      "1e300", "-1", ",",
      "\"", "\n", "\r\n", "9223372036854775807x2", "scale_invariant", "\u{600}\"", "#", "layer", "1e-320",
    ]
  ) { bytes throws(Finding) in
    do throws(TableError) {
      let table = try NumberTable(String(decoding: bytes, as: UTF8.self), path: "table.csv")
      for name in table.columns { _ = try? table.column(name) }
      _ = try? table.rows(ofLayer: table.texts("layer")?.first)
      switch try ShapeTable(table) {
      case .tensors(let tensors): _ = ParameterList(tensors, ParameterRules(.req)).layers()
      case .layers(let layers): _ = layers.count
      }
      return true
    } catch {
      try check(error.description)
      return false
    }
  }
}
