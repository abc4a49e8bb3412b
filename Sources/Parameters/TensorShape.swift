/// A tensor as a listing of a checkpoint has it: its name and shape, without its numbers.
public struct TensorShape: Sendable, Hashable {
  /// The name, with dots between modules: `h.0.attn.c_attn.weight`.
  public var name: String
  /// The extent of each dimension, each at least 0; empty for a single number. The product of those above 0 is at most
  /// `Int.max`.
  public var shape: [Int]
  /// Whether it holds floating-point numbers; a tensor of whole numbers or truth values is no parameter.
  public var isFloatingPoint: Bool

  /// A tensor of a name and shape.
  public init(_ name: String, _ shape: [Int], isFloatingPoint: Bool = true) {
    (self.name, self.shape, self.isFloatingPoint) = (name, shape, isFloatingPoint)
  }
}

/// The parts of a tensor's name.
struct TensorName: Hashable {
  /// The names of modules from the outermost on, and last that of the tensor itself.
  let parts: [Substring]

  init(_ name: String) { parts = name.split(separator: ".", omittingEmptySubsequences: false) }

  /// The tensor's own name: `weight`.
  var leaf: Substring { parts.last ?? "" }
  /// The modules that it is in.
  var modules: ArraySlice<Substring> { parts.dropLast() }
  /// The innermost module, empty where there is none.
  var module: Substring { modules.last ?? "" }
  /// The path of the innermost module: `h.0.attn.c_attn`.
  var path: String { modules.joined(separator: ".") }
  /// The path of the module around the innermost.
  var parent: String { modules.dropLast().joined(separator: ".") }

  /// The name of a tensor or module beside the innermost module.
  func beside(_ name: some StringProtocol) -> String { parent.isEmpty ? String(name) : "\(parent).\(name)" }

  /// The name with a star for each number in it but those of the innermost module and the tensor itself.
  var pattern: String {
    let outer = parts.dropLast(2).map { part in
      String(part.reversed().drop(while: \.isNumber).reversed()) + (part.last?.isNumber == true ? "*" : "")
    }
    return (outer + parts.suffix(2).map(String.init)).joined(separator: ".")
  }
}

extension Substring {
  /// The number that a module of a sequence is called by, nil where it is none or has more than 9 digits.
  var number: Int? { utf8.count <= 9 ? Int(self) : nil }
}
