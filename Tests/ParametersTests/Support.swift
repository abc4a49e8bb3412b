import Foundation
import Parameters
import RunConfigurations

/// The names and shapes of a real network, with its library's word on which tensors decay.
struct StoredShapes {
  let tensors: [TensorShape]
  /// By name; nil for what is no parameter.
  let decays: [String: Bool]

  init(_ name: String) throws {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "ReferenceData/Parameters/\(name).csv")
    let table = try NumberTable(String(contentsOf: path, encoding: .utf8), path: path.lastPathComponent)
    guard case .tensors(let tensors) = try ShapeTable(table), let flags = table.texts("decays") else {
      throw CocoaError(.fileReadCorruptFile)
    }
    self.tensors = tensors
    decays = Dictionary(
      uniqueKeysWithValues: zip(tensors, flags).compactMap { tensor, flag in
        flag.isEmpty ? nil : (tensor.name, flag == "yes")
      })
  }
}

extension ParameterList {
  /// A tensor by name.
  subscript(_ name: String) -> NetworkTensor? { tensors.first { $0.name == name } }

  init(_ list: KeyValuePairs<String, [Int]>, _ rules: ParameterRules = ParameterRules(.req)) {
    self.init(list.map { TensorShape($0.key, $0.value) }, rules)
  }
}
