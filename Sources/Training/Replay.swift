import Safetensors

/// Applies recorded gradients to recorded weights: what an optimizer makes of them, without any network.
///
/// Tensors of two or more dimensions are weights, [rows × the rest], with a neuron a row: they decay, and they form the rotational
/// set Ω. Others are updated as biases are, without decay.
public final class Replay {
  /// Names of the parameters, in order.
  public var names: [String] { parameters.map(\.name) }
  /// Steps taken so far.
  public private(set) var step = 0

  private let parameters: [Parameter]
  private let shapes: [String: [Int]]

  /// Starts from recorded parameters.
  ///
  /// - Throws: ``TrainingError`` where the processor lacks the instructions, a parameter is empty, or not finite.
  public init(
    _ weights: [String: Tensor], rule: any UpdateRule, wrapper: RotationalWrapper? = nil,
    precision: Precision = .double, instructionSet: InstructionSet = .best
  ) throws(TrainingError) {
    guard let kernels = instructionSet.kernels(precision) else {
      throw .instructionSetMissing(instructionSet)
    }
    var parameters: [Parameter] = []
    for (name, tensor) in weights.sorted(by: { $0.key < $1.key }) {
      guard tensor.count > 0 else { throw .notPositive(name: "the size of tensor '\(name)'", value: 0) }
      let isWeight = tensor.shape.count > 1
      let neurons = isWeight ? tensor.shape[0] : tensor.count
      let value = Panels(neurons: neurons, columns: tensor.count / neurons, precision: precision)
      value.values = tensor.values
      guard value.values.allSatisfy(\.isFinite) else {
        throw .notFinite(what: "tensor '\(name)'", neuron: nil, step: 0)
      }
      // What fills up the last panel must not be zero: it would be divided by.
      value.fillUp(with: 1)
      let gradient = Panels(neurons: neurons, columns: value.columns, precision: precision)
      parameters.append(
        Parameter(
          name, value, gradient: gradient, rule: rule, isDecayed: isWeight, wrapper: isWeight ? wrapper : nil,
          kernels))
    }
    self.parameters = parameters
    shapes = weights.mapValues(\.shape)
  }

  /// The name under which the gradient of a parameter in a step is recorded: `weight/step.0`, or `step.0` where there is only one.
  public func gradientName(of parameter: String, step: Int) -> String {
    parameters.count == 1 ? "step.\(step)" : "\(parameter)/step.\(step)"
  }

  /// Takes a step with the gradients of that step.
  ///
  /// - Parameter gradients: the tensor of a name.
  /// - Throws: ``TrainingError`` where a gradient is missing or has another shape, and where a number is not finite.
  public func advance(
    _ settings: StepSettings, gradients: (_ name: String) -> Tensor?
  ) throws(TrainingError) {
    for parameter in parameters {
      let name = gradientName(of: parameter.name, step: step)
      guard let gradient = gradients(name) else { throw .missingTensor(name) }
      let shape = shapes[parameter.name] ?? []
      guard gradient.shape == shape else {
        throw .shapeMismatch(tensor: name, expected: shape, found: gradient.shape)
      }
      parameter.gradient.values = gradient.values
      // Where the neurons that fill up the panel have no gradient, ε = 0 would divide zero by zero.
      parameter.gradient.fillUp(with: 1)
    }
    step += 1
    for parameter in parameters {
      for panel in 0..<parameter.value.panels { parameter.advance(panel: panel, step: step, settings) }
      parameter.finish(step: step, settings)
      // A second moment that overflows leaves the weights as they are: only the moment shows it.
      for (name, panels) in parameter.contents {
        guard let index = panels.values.firstIndex(where: { !$0.isFinite }) else { continue }
        throw .notFinite(what: "tensor '\(name)'", neuron: index / panels.columns, step: step)
      }
    }
  }

  /// The parameters as they are, with the learned gains, and moments where asked for.
  public func tensors(moments: Bool = false) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for parameter in parameters {
      let shape = shapes[parameter.name] ?? []
      tensors[parameter.name] = parameter.value.tensor(shape)
      if let gain = parameter.gain { tensors[gain.name] = gain.value.tensor([gain.value.neurons]) }
      guard moments else { continue }
      for (name, moment) in parameter.namedMoments {
        tensors["\(parameter.name)/\(name)"] = moment.tensor(shape)
      }
    }
    return tensors
  }
}

extension Panels {
  /// The neurons that were asked for, in the precision they are kept in.
  func tensor(_ shape: [Int]) -> Tensor {
    precision == .single ? Tensor(values.map(Float.init), shape: shape) : Tensor(values, shape: shape)
  }

  /// Sets every number of the neurons that fill up the last panel.
  func fillUp(with number: Double) {
    guard neurons % lanes != 0 else { return }
    let own = values
    raw = raw.map { _ in number }
    values = own
  }
}
