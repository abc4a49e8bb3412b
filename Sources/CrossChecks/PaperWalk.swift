import Dynamics
import Equilibrium
import Formulas
import Optimizers
import Training

/// A walk of the cross-check, with the bar that the second moments are held to.
public struct PaperWalk: Sendable {
  /// What tells it from the others, in a file's name: `lion-999`.
  public let name: String
  /// What it is in print: Lion, β₂ = 0.999.
  public let title: String
  /// What is run.
  public let walk: Walk
  /// By how much the best prediction may be off: what the model leaves out, as a fraction.
  public let modelError: Double

  /// The whole of Figure 9: B = 32, C = K = 128, the settings of Appendix F, and the rotational variant of each; then walks for
  /// what Figure 9 cannot show.
  ///
  /// - Parameters:
  ///   - steps: 15 000 in the paper.
  ///   - variants: whether the rotational variants are run, too.
  ///   - precision: single in practice.
  ///   - instructionSet: what to compute with.
  /// - Throws: ``WalkError``.
  public static func all(
    steps: Int, variants: Bool = true, precision: Precision = .single, instructionSet: InstructionSet = .best
  ) throws(WalkError) -> [PaperWalk] {
    var walks: [PaperWalk] = []
    func add(
      _ name: String, _ title: String, _ optimizer: Optimizer, _ values: [Symbol: Double],
      modelError: Double = 0.005,
      steps: Int, system: SimpleSystem = SimpleSystem(), rotation: Double? = nil, isRotational: Bool = false
    ) throws(WalkError) {
      let settings: Settings
      do { settings = try Settings(optimizer, values.merging([.dimension: 128]) { own, _ in own }) } catch {
        throw .settings(error)
      }
      let plan = RunPlan(
        steps: steps, learningRate: values[.learningRate] ?? .nan, weightDecay: values[.weightDecay] ?? .nan)
      let walk = try Walk(
        settings, plan: plan, system: system, wrapper: isRotational ? RotationalWrapper() : nil,
        rotations: rotation.map { [$0] },
        // What the moments remember of the start is gone by then.
        settledFrom: steps / 3 * 2, precision: precision, instructionSet: instructionSet)
      walks.append(PaperWalk(name: name, title: title, walk: walk, modelError: modelError))
    }
    try add("sgdm", "SGDM", .sgdm, sgdm, steps: steps)
    try add("adamw", "AdamW", .adamW, adamW, steps: steps)
    try add("adam-l2", "Adam+ℓ2", .adamL2, adamL2, steps: steps)
    // v of a short memory fluctuates, which is known to first order in 1 − β₂.
    try add(
      "adamw-95", "AdamW, β₂ = 0.95", .adamW, adamW.merging([.beta2: 0.95]) { _, new in new },
      modelError: 0.01,
      steps: steps)
    try add("lion-999", "Lion, β₂ = 0.999", .lion, lion(0.999), steps: steps)
    try add("lion-99", "Lion, β₂ = 0.99", .lion, lion(0.99), steps: steps)
    try add(
      "adam-l2-equal", "Adam+ℓ2, equal gains", .adamL2, adamL2, steps: 4 * steps,
      system: SimpleSystem(gains: .ones))
    try add(
      "adam-l2-small-gradient", "Adam+ℓ2, small gradient", .adamL2,
      [.learningRate: 2e-3, .weightDecay: 1e-3, .beta1: 0.9, .beta2: 0.999], steps: steps,
      system: SimpleSystem(gains: .ones, lossScale: 1.13e-4))
    guard variants else { return walks }
    try add("rv-sgdm", "RV-SGDM", .sgdm, sgdm, steps: steps, isRotational: true)
    try add("rv-adamw", "RV-AdamW", .adamW, adamW, steps: steps, isRotational: true)
    // Its own rotation depends on the gradient; Appendix J turns it by AdamW's.
    try add(
      "rv-adam-l2", "RV-Adam+ℓ2", .adamL2, adamL2, steps: steps,
      rotation: walks.first { $0.name == "rv-adamw" }?.walk.rotation, isRotational: true)
    try add("rv-lion", "RV-Lion", .lion, lion(0.999), steps: steps, isRotational: true)
    return walks
  }

  // Appendix F: Table 4's CIFAR-10 ResNet-20 for SGDM and Lion, the optimum of Figure 6 for the others.
  private static let sgdm: [Symbol: Double] = [.learningRate: 0.5, .weightDecay: 1e-4, .momentum: 0.9]
  private static let adamW: [Symbol: Double] = [
    .learningRate: 1.25e-2, .weightDecay: 8e-2, .beta1: 0.9, .beta2: 0.999,
  ]
  private static let adamL2: [Symbol: Double] = [
    .learningRate: 7.813e-4, .weightDecay: 1.25e-4, .beta1: 0.9, .beta2: 0.999,
  ]
  private static func lion(_ beta2: Double) -> [Symbol: Double] {
    [.learningRate: 5e-4, .weightDecay: 1, .beta1: 0.9, .beta2: beta2]
  }
}
