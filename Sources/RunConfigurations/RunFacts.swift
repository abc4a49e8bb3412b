/// What a configuration file may leave open and the person who trains knows.
public struct RunFacts: Sendable, Equatable {
  /// Something that can be asked for, with the flag that gives it.
  public enum Fact: String, Sendable, CaseIterable {
    /// Examples in the training set, from 1.
    case datasetSize = "--dataset-size"
    /// Processes that train together, each with its own part of the batch, from 1.
    case worldSize = "--world-size"
    /// Optimizer steps of the whole run, from 1.
    case steps = "--steps"

    /// What it is, a phrase.
    public var meaning: String {
      switch self {
      case .datasetSize: "examples in the training set"
      case .worldSize: "processes that train together"
      case .steps: "optimizer steps of the run"
      }
    }
  }

  /// What is known.
  public var known: [Fact: Int]

  /// Nothing known, unless said otherwise.
  public init(_ known: [Fact: Int] = [:]) { self.known = known }
}
