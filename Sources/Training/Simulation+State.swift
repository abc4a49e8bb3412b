import Safetensors

extension Simulation {
  /// All that the rest of the run follows from, for a file. Between two windows only.
  public var state: TensorFile {
    var file = TensorFile(
      tensors: [
        "random": Tensor(random.state), "step": Tensor([UInt64(step)]),
        "window_start": windowStart.rawTensor, "squares": Tensor(squares.values),
        "fourths": Tensor(fourths.values), "square_count": Tensor([UInt64(squareCount)]),
      ], metadata: ["settings": fingerprint])
    for (name, panels) in weight.contents + bias.contents { file.tensors[name] = panels.rawTensor }
    if let rotation = weight.rotation { file.tensors["weight/rotation"] = Tensor(rotation.state) }
    return file
  }

  /// Goes on from a saved state, bit for bit. A state that is refused changes nothing.
  ///
  /// - Throws: ``TrainingError`` where it was saved under other settings, or is not whole.
  public func resume(from file: TensorFile) throws(TrainingError) {
    guard let saved = file.metadata["settings"] else { throw .stateMismatch("it names no settings") }
    guard saved == fingerprint else {
      throw .stateMismatch("it was saved for \(saved), this is \(fingerprint)")
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
    squareCount = Int(integers("square_count")[0])
    squares.values = values("squares")
    fourths.values = values("fourths")
    windowStart.raw = values("window_start")
    for (name, panels) in weight.contents + bias.contents { panels.raw = values(name) }
    weight.rotation?.state = values("weight/rotation")
  }

  /// What a state has to fit: everything that shapes the run but its schedule and length.
  private var fingerprint: String {
    let wrapper = settings.wrapper.map { "\($0)" } ?? "none"
    return
      "\(settings.system), \(settings.rule), wrapper \(wrapper), seed \(settings.seed), \(settings.precision)"
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
