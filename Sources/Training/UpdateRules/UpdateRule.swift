import CVectorKernels

/// An optimizer's update rule: which moments it keeps for a coordinate, and the direction that it goes.
///
/// A new rule is one file here and one loop among the vector kernels.
public protocol UpdateRule: Sendable {
  /// What it keeps for each coordinate, by name, the first moment of the gradients first.
  var moments: [String] { get }
  /// Whether the decay goes through the moments (λω is added to the gradient, and Δ_λ ω has a direction of its own) or acts on
  /// the weight itself.
  var decaysThroughMoments: Bool { get }
  /// One step of the moments of a panel, and the direction u in which it goes: Δ_g ω = −ηu. The weight stays as it is.
  ///
  /// - Parameters:
  ///   - panel: weight, gradient and moments of 16 neurons; receives the directions and what is measured of the gradient.
  ///   - step: t, from 1.
  ///   - settings: the numbers of this step.
  ///   - corrections: ``biasCorrections(step:)`` of this step.
  func direct(_ panel: Panel, step: Int, _ settings: StepSettings, _ corrections: BiasCorrections)
  /// What the moments are divided by, the same for all panels of a step.
  func biasCorrections(step: Int) -> BiasCorrections
}

extension UpdateRule {
  /// None.
  public func biasCorrections(step: Int) -> BiasCorrections { BiasCorrections() }
}

/// 1 − β₁ᵗ and 1 − β₂ᵗ, by which Adam's moments are divided.
public struct BiasCorrections: Sendable, Hashable {
  /// Of the first moment.
  public var first = 1.0
  /// Of the second moment.
  public var second = 1.0
}

/// Sixteen neurons of a parameter while a rule works on them.
public struct Panel {
  let loops: vector_kernels
  /// Numbers in the panel.
  let count: Int
  let weight: UnsafeMutableRawPointer
  let gradient: UnsafeMutableRawPointer
  /// u of the gradients.
  let direction: UnsafeMutableRawPointer
  /// u of the decay, where it goes through the moments.
  let decayDirection: UnsafeMutableRawPointer
  let moments: [UnsafeMutableRawPointer]
  /// What is measured of the gradient.
  let sums: UnsafeMutableRawPointer
}
