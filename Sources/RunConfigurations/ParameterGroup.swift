import Formulas

/// Parameters with hyperparameters of their own, told by their names.
///
/// Where a checkpoint or a list of shapes gives the layers, those that a group names get its hyperparameters; the first group
/// that names one decides.
public struct ParameterGroup: Sendable, Equatable {
  /// What the group is called.
  public var name: String
  /// The names of its tensors, or patterns of them: `*mm_projector*`.
  public var tensors: [String]
  /// Learning rate and weight decay of its own; a weight decay of 0 takes its tensors out of what is predicted.
  public var hyperparameters: [Symbol: Double]

  /// A group of parameters.
  public init(name: String, tensors: [String], hyperparameters: [Symbol: Double]) {
    (self.name, self.tensors, self.hyperparameters) = (name, tensors, hyperparameters)
  }
}
