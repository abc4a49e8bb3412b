import Dynamics
import RealModule

/// How a weight matrix is initialised, which sets the norm that its weight vectors start with.
public enum Initialization: Sendable, Equatable {
  /// PyTorch's default for linear layers and convolutions: uniform in ±1/√C.
  case pyTorchDefault
  /// Kaiming (He) for ReLU, by fan-in: variance 2/C, uniform or normal.
  case kaiming
  /// Xavier (Glorot): variance 2/(fan-in + fan-out), uniform or normal.
  case xavier(fanOut: Double)
  /// Normal with a given standard deviation σ, above 0.
  case normal(deviation: Double)

  /// √E‖ω₀‖² of a weight vector.
  ///
  /// - Parameter dimension: C, the fan-in, at least 1.
  public func norm(dimension: Double) -> Double {
    switch self {
    case .pyTorchDefault: (1.0 / 3).squareRoot()
    case .kaiming: 2.0.squareRoot()
    case .xavier(let fanOut): (2 * dimension / (dimension + fanOut)).squareRoot()
    case .normal(let deviation): deviation * dimension.squareRoot()
    }
  }

  /// How the coordinates are distributed. Kaiming and Xavier come in both forms; PyTorch's own calls of them are uniform.
  public var distribution: InitialDistribution {
    if case .normal = self { return .normal }
    return .uniform
  }

  /// What can be written for an initialisation.
  public static let forms = ["default", "kaiming", "xavier=FAN-OUT", "normal=SIGMA"]

  /// Reads `default`, `kaiming`, `xavier=768` or `normal=0.02`; nil where the text is none of them.
  public init?(parsing text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let number = parts.count == 2 ? Double(parts[1]) : nil
    switch (parts[0], parts.count) {
    case ("default", 1): self = .pyTorchDefault
    case ("kaiming", 1): self = .kaiming
    case ("xavier", 2):
      guard let number, number >= 1, number.isFinite else { return nil }
      self = .xavier(fanOut: number)
    case ("normal", 2):
      guard let number, number > 0, number.isFinite else { return nil }
      self = .normal(deviation: number)
    default: return nil
    }
  }
}
