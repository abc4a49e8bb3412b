import Safetensors
import Training

/// Recorded weights and gradients that go together.
struct Recording {
  let weights: [String: Tensor]
  /// How many steps have gradients.
  let steps: Int
  private let weightsPath: String
  let gradientsPath: String
  private let gradients: [String: Tensor]

  /// Reads both files, and refuses what does not fit or is not finite.
  init(weights weightsPath: String, gradients gradientsPath: String) throws {
    (self.weightsPath, self.gradientsPath) = (weightsPath, gradientsPath)
    weights = try InputFile.tensors(weightsPath).tensors
    guard !weights.isEmpty else { throw Failure("\(weightsPath): no tensors, expected weights", .badData) }
    gradients = try InputFile.tensors(gradientsPath).tensors
    for (name, tensor) in weights.sorted(by: { $0.key < $1.key }) {
      try Self.check(tensor, name, of: weightsPath)
    }
    var steps = 0
    for name in gradients.keys.sorted() {
      guard let found = Self.gradient(named: name),
        found.parameter.isEmpty ? weights.count == 1 : weights[found.parameter] != nil
      else {
        throw Failure(
          "\(gradientsPath): tensor '\(name)' is no gradient, expected \(Self.form(weights)) of a tensor of \(weightsPath)",
          .badData)
      }
      steps = max(steps, found.step + 1)
    }
    guard steps > 0 else {
      throw Failure("\(gradientsPath): no tensors, expected \(Self.form(weights))", .badData)
    }
    self.steps = steps
  }

  /// The gradient that a replay asks for; missing tensors are the replay's to report.
  func gradient(_ name: String) throws -> Tensor? {
    // The only parameter may be named or not.
    let longName = weights.count == 1 ? weights.keys.first.map { "\($0)/\(name)" } : nil
    guard
      let (name, tensor) = [name, longName].compactMap({ $0 }).lazy
        .compactMap({ name in gradients[name].map { (name, $0) } }).first
    else {
      throw Failure(
        "\(gradientsPath): no tensor '\(name)', expected one for every tensor of \(weightsPath) in each step from 0 to \(steps - 1)",
        .badData)
    }
    try Self.check(tensor, name, of: gradientsPath)
    return tensor
  }

  /// Refuses weights that a rotational variant cannot turn: all that would be left of a vector is zero.
  func checkTurns(_ wrapper: RotationalWrapper) throws {
    let turned = weights.filter { $0.value.shape.count > 1 }.sorted { $0.key < $1.key }
    guard !turned.isEmpty else {
      throw Failure(
        "\(weightsPath): no tensor has two dimensions or more, so none is rotated; leave rv- out", .badData)
    }
    for (name, tensor) in turned {
      let length = wrapper.granularity == .layer ? tensor.count : tensor.count / max(1, tensor.shape[0])
      let values = tensor.values
      for start in stride(from: 0, to: values.count, by: max(1, length)) {
        let vector = values[start..<start + length]
        let base = wrapper.zeroMean ? vector[start] : 0
        guard vector.allSatisfy({ $0 == base }) else { continue }
        let place = wrapper.granularity == .layer ? "" : ", row \(start / length)"
        throw Failure(
          "\(weightsPath): tensor '\(name)'\(place) is \(base) throughout and cannot turn, expected another direction"
            + (base == 0 ? "" : "; --rv-keep-mean keeps its mean"), .badData)
      }
    }
  }

  /// Numbers of a type that weights are kept in, all of them finite.
  private static func check(_ tensor: Tensor, _ name: String, of path: String) throws {
    let allowed: [TensorType] = [.float64, .float32, .brainFloat16, .float16]
    guard allowed.contains(tensor.type) else {
      throw Failure(
        "\(path): tensor '\(name)' is \(tensor.type.rawValue), expected \(allowed.map(\.rawValue).joined(separator: ", "))",
        .badData)
    }
    let values = tensor.values
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw Failure(
      "\(path): tensor '\(name)' has \(values[index]) at \(tensor.place(of: index)), expected finite numbers",
      .badData)
  }

  /// `NAME/step.7` or `step.7`, taken apart.
  private static func gradient(named name: String) -> (parameter: String, step: Int)? {
    // By bytes: what is before the slash may join with it to one letter.
    let slash = name.utf8.lastIndex(of: UInt8(ascii: "/"))
    let last = slash.map { name[name.utf8.index(after: $0)...] } ?? name[...]
    guard last.hasPrefix("step."), let step = Int(last.dropFirst(5)), step >= 0,
      String(step) == last.dropFirst(5)
    else { return nil }
    return (slash.map { String(name[..<$0]) } ?? "", step)
  }

  private static func form(_ weights: [String: Tensor]) -> String {
    weights.count == 1 ? "step.0, step.1, …" : "NAME/step.0, NAME/step.1, …"
  }
}

extension Tensor {
  /// Where the number `index` stands: [2, 13].
  func place(of index: Int) -> [Int] {
    var (rest, place) = (index, [Int]())
    for extent in shape.reversed() {
      place.insert(rest % max(1, extent), at: 0)
      rest /= max(1, extent)
    }
    return place
  }
}
