import Safetensors

extension Simulation {
  /// All that the rest of the run follows from, for a file. Between two windows only.
  public var state: TensorFile {
    var file = TensorFile(
      tensors: [
        "random": Tensor(random.state), "step": Tensor([UInt64(step)]),
        "window_start": windowStart.rawTensor, "squares": Tensor(squares.values),
        "fourths": Tensor(fourths.values), "square_count": Tensor([UInt64(squareCount)]),
      ],
      metadata: fields.merging([
        "settled_from": "\(settings.settledFrom)", "instructions": settings.instructionSet.rawValue,
        "rounding": Self.rounding(settings.instructionSet),
      ]) { own, _ in own })
    for (name, panels) in weight.contents + bias.contents { file.tensors[name] = panels.rawTensor }
    if let rotation = weight.rotation { file.tensors["weight/rotation"] = Tensor(rotation.state) }
    return file
  }

  /// Goes on from a saved state, bit for bit. A state that is refused changes nothing.
  ///
  /// - Throws: ``TrainingError`` where it was saved under other settings, or is not whole.
  public func resume(from file: TensorFile) throws(TrainingError) {
    for (name, own) in fields.sorted(by: { $0.key < $1.key }) {
      guard let saved = file.metadata[name] else { throw .stateMismatch("it does not say its \(name)") }
      guard saved == own else { throw .stateMismatch("its \(name) is \(saved), here it is \(own)") }
    }
    for (name, own) in state.tensors.sorted(by: { $0.key < $1.key }) {
      guard let tensor = file.tensors[name] else { throw .missingTensor(name) }
      guard tensor.shape == own.shape else {
        throw .shapeMismatch(tensor: name, expected: own.shape, found: tensor.shape)
      }
      guard tensor.type == own.type else {
        throw .stateMismatch(
          "'\(name)' is stored as \(tensor.type.rawValue), expected \(own.type.rawValue)")
      }
      guard tensor.values.allSatisfy(\.isFinite) else {
        throw .notFinite(what: "tensor '\(name)'", neuron: nil, step: 0)
      }
    }
    func integers(_ name: String) -> [UInt64] { file.tensors[name]?.integers ?? [] }
    func values(_ name: String) -> [Double] { file.tensors[name]?.values ?? [] }
    for name in ["step", "square_count"] {
      guard integers(name)[0] < 1 << 53 else {
        throw .stateMismatch("'\(name)' is \(integers(name)[0]), expected less than 2⁵³")
      }
    }
    random.state = integers("random")
    step = Int(integers("step")[0])
    // What was measured from another step on is not of this measurement.
    if file.metadata["settled_from"] == "\(settings.settledFrom)" {
      squareCount = Int(integers("square_count")[0])
      squares.values = values("squares")
      fourths.values = values("fourths")
    }
    windowStart.raw = values("window_start")
    for (name, panels) in weight.contents + bias.contents { panels.raw = values(name) }
    weight.rotation?.state = values("weight/rotation")
  }

  private static func rounding(_ set: InstructionSet) -> String {
    set.fusesMultiplyAdd ? "fused" : "separate"
  }

  /// Why a run that goes on from a saved state will not be what it would have been bit for bit, a sentence; nil where it will.
  public static func deviation(of state: TensorFile, on set: InstructionSet) -> String? {
    guard let saved = state.metadata["rounding"] else {
      return
        "The state does not say with which instructions it was computed, so the run may not go on bit for bit."
    }
    guard saved != rounding(set) else { return nil }
    let before = state.metadata["instructions"] ?? saved
    return
      "The state was computed with \(before) instructions, which round otherwise than \(set.rawValue): the run does not go on bit for bit. Choose them by --instructions."
  }

  /// What a state has to fit, by name: everything that shapes the run but its schedule and length.
  private var fields: [String: String] {
    var fields = ["seed": "\(settings.seed)", "precision": settings.precision.rawValue]
    func add(_ prefix: String, _ value: Any) {
      for (label, field) in Mirror(reflecting: value).children {
        fields["\(prefix).\(label ?? "")"] = "\(field)"
      }
    }
    add("system", settings.system)
    add("optimizer", settings.rule)
    fields["optimizer.moments"] = settings.rule.moments.joined(separator: ",")
    if let wrapper = settings.wrapper { add("wrapper", wrapper) }
    fields["wrapper"] = settings.wrapper == nil ? "none" : "Algorithm 1"
    return fields
  }
}

extension Panels {
  /// All panels, the neurons that fill up the last one among them.
  fileprivate var rawTensor: Tensor {
    let shape = [panels, columns, lanes]
    return precision == .single ? Tensor(raw.map(Float.init), shape: shape) : Tensor(raw, shape: shape)
  }
}

extension Scratch {
  /// All numbers.
  fileprivate var values: [Double] {
    get { (0..<count).map { self[$0] } }
    set { for (index, value) in newValue.enumerated() { self[index] = value } }
  }
}
