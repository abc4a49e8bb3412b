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
    for (name, panels) in savedPanels { file.tensors[name] = panels.rawTensor }
    if let rotation = weight.rotation { file.tensors["weight/rotation"] = Tensor(rotation.state) }
    return file
  }

  /// Goes on from a saved state, bit for bit.
  ///
  /// - Throws: ``TrainingError/stateMismatch(_:)`` where it was saved under other settings.
  public func resume(from file: TensorFile) throws(TrainingError) {
    guard let saved = file.metadata["settings"] else { throw .stateMismatch("it names no settings") }
    guard saved == fingerprint else {
      throw .stateMismatch("it was saved for \(saved), this is \(fingerprint)")
    }
    func tensor(_ name: String, count: Int) throws(TrainingError) -> Tensor {
      guard let tensor = file.tensors[name] else { throw .missingTensor(name) }
      guard tensor.count == count else {
        throw .shapeMismatch(tensor: name, expected: [count], found: tensor.shape)
      }
      return tensor
    }
    func integers(_ name: String, count: Int) throws(TrainingError) -> [UInt64] {
      guard let integers = try tensor(name, count: count).integers else {
        throw .stateMismatch("'\(name)' holds no whole numbers")
      }
      return integers
    }
    random.state = try integers("random", count: random.state.count)
    step = Int(clamping: try integers("step", count: 1)[0])
    squareCount = Int(clamping: try integers("square_count", count: 1)[0])
    squares.values = try tensor("squares", count: squares.count).values
    fourths.values = try tensor("fourths", count: fourths.count).values
    windowStart.raw = try tensor("window_start", count: windowStart.raw.count).values
    for (name, panels) in savedPanels { panels.raw = try tensor(name, count: panels.raw.count).values }
    if let rotation = weight.rotation {
      rotation.state = try tensor("weight/rotation", count: rotation.state.count).values
    }
  }

  /// Every parameter with its moments.
  private var savedPanels: [(name: String, panels: Panels)] {
    [weight, weight.gain, bias].compactMap { $0 }.flatMap { parameter in
      [(parameter.name, parameter.value)]
        + parameter.namedMoments.map { ("\(parameter.name)/\($0.name)", $0.moment) }
    }
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
