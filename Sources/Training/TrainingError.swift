/// Why a training core cannot run, or had to stop.
public enum TrainingError: Error, Hashable, Sendable {
  /// A count is not positive.
  case notPositive(name: String, value: Int)
  /// More numbers than the machine can hold.
  case tooLarge(neurons: Int, dimension: Int, batch: Int, limit: Int)
  /// Batch normalisation of a single example has no gradient; layer normalisation of a single neuron neither.
  case nothingToNormalise(name: String)
  /// A weight vector of one coordinate is zero without its mean.
  case nothingToTurn
  /// The processor does not have the instructions.
  case instructionSetMissing(InstructionSet)
  /// A number of the run is no longer finite.
  case notFinite(what: String, neuron: Int?, step: Int)
  /// Recorded tensors do not fit.
  case shapeMismatch(tensor: String, expected: [Int], found: [Int])
  /// A tensor is missing.
  case missingTensor(String)
  /// A saved state is not one of these settings.
  case stateMismatch(String)
}

extension TrainingError: CustomStringConvertible {
  /// One line that names the offending value, what is allowed and, where it can, the fix.
  public var description: String {
    switch self {
    case .notPositive(let name, let value): "\(name) \(value) is not allowed, expected at least 1"
    case .tooLarge(let neurons, let dimension, let batch, let limit):
      """
      \(neurons) neurons × dimension \(dimension) with a batch of \(batch) need more than \
      \(limit >> 20) MiB of memory; choose fewer
      """
    case .nothingToNormalise(let name):
      "\(name) 1 leaves nothing to normalise, expected at least 2 (or no normalisation)"
    case .nothingToTurn:
      "dimension 1 leaves nothing to turn once the mean is removed, expected at least 2 (or no zero mean)"
    case .instructionSetMissing(let set):
      """
      this processor has no \(set.rawValue), expected \
      \(InstructionSet.available.map(\.rawValue).joined(separator: " or "))
      """
    case .notFinite(let what, let neuron, let step):
      "\(what)\(neuron.map { " of neuron \($0)" } ?? "") is not finite at step \(step)"
    case .shapeMismatch(let tensor, let expected, let found):
      "tensor '\(tensor)' has the shape \(found), expected \(expected)"
    case .missingTensor(let name): "there is no tensor '\(name)'"
    case .stateMismatch(let what): "the saved state is not of this run: \(what)"
    }
  }
}
