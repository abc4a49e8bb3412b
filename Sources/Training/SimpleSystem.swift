/// The simple system (95): f(X) = γ_out ⊙ N(W(γ_in ⊙ X)), with random inputs and random output gradients at every step.
public struct SimpleSystem: Sendable, Hashable {
  /// What N is, and so what does not depend on the scale of W.
  public enum Normalisation: String, CaseIterable, Sendable {
    /// Batch normalisation (22): each neuron is scale-invariant.
    case batch
    /// Layer normalisation: the layer is scale-invariant as a whole, its neurons are not.
    case layer
    /// None: scale-sensitive weights.
    case none
  }

  /// How the gains γ are chosen.
  public enum Gains: String, CaseIterable, Sendable {
    /// Standard normal, as in the appendix: each input and each neuron has its own scale.
    case normal
    /// All ones: every coordinate and every neuron is alike.
    case ones
  }

  /// C ≥ 1, the fan-in of a neuron.
  public var dimension: Int
  /// K ≥ 1, the number of neurons; at least 2 under layer normalisation.
  public var neurons: Int
  /// B ≥ 1, the number of examples in a batch; at least 2 under batch normalisation.
  public var batch: Int
  /// N.
  public var normalisation: Normalisation
  /// The normalisation's ε ≥ 0.
  public var normalisationEpsilon: Double
  /// γ_in and γ_out.
  public var gains: Gains
  /// What the output gradients are multiplied by; their standard deviation is lossScale/(KB).
  public var lossScale: Double
  /// λ_u, 0 for none: adds λ_u·ω to the gradient, a radial part (101). For scale-sensitive weights.
  public var radialDecay: Double
  /// What PyTorch's default initialisation, uniform on ±1/√C, is multiplied by.
  public var initialScale: Double

  /// The system of Figure 9, unless said otherwise.
  public init(
    dimension: Int = 128, neurons: Int = 128, batch: Int = 32, normalisation: Normalisation = .batch,
    normalisationEpsilon: Double = 0, gains: Gains = .normal, lossScale: Double = 1, radialDecay: Double = 0,
    initialScale: Double = 1
  ) {
    self.dimension = dimension
    self.neurons = neurons
    self.batch = batch
    self.normalisation = normalisation
    self.normalisationEpsilon = normalisationEpsilon
    self.gains = gains
    self.lossScale = lossScale
    self.radialDecay = radialDecay
    self.initialScale = initialScale
  }

  /// Refuses sizes without a gradient and sizes that do not fit.
  ///
  /// - Parameters:
  ///   - moments: numbers kept for each coordinate beside its weight.
  ///   - limit: bytes that may be taken.
  /// - Throws: ``TrainingError``.
  func check(moments: Int, precision: Precision, limit: Int) throws(TrainingError) {
    for (name, value) in [("dimension", dimension), ("neurons", neurons), ("batch", batch)] where value < 1 {
      throw .notPositive(name: name, value: value)
    }
    if normalisation == .batch, batch < 2 { throw .nothingToNormalise(name: "batch") }
    if normalisation == .layer, neurons < 2 { throw .nothingToNormalise(name: "neurons") }
    // Weights, their moments, their direction, a copy; inputs; outputs and their gradients. In double precision the powers
    // of the gradient and, while the weights are drawn, four copies.
    let rows = Double(neurons) + 2 * Double(lanes)
    let weights = rows * Double(dimension)
    let numbers = weights * Double(moments + 3) + Double(batch) * (Double(dimension) + 2 * rows)
    guard numbers * Double(precision.bytes) + 6 * 8 * weights < Double(limit) else {
      throw .tooLarge(neurons: neurons, dimension: dimension, batch: batch, limit: limit)
    }
  }
}
