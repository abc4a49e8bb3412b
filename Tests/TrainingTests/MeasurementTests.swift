import CVectorKernels
import Safetensors
import Testing

@testable import Training

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is measured, against its definitions written out in plain Swift, and against identities.
@Suite struct MeasurementTests {
  private static let system = SimpleSystem(dimension: 9, neurons: 18, batch: 5, normalisation: .none)

  /// Numbers [neurons × dimension] of a state, as they lie there: [panels][dimension][16].
  private static func rows(_ tensor: Tensor?, _ simulation: Simulation) throws -> [[Double]] {
    let tensor = try #require(tensor)
    let (values, columns) = (tensor.values, tensor.shape[1])
    return (0..<simulation.settings.system.neurons).map { neuron in
      (0..<columns).map { values[(neuron / lanes * columns + $0) * lanes + neuron % lanes] }
    }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  private static func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
  private static func cosine(_ a: [Double], _ b: [Double]) -> Double { dot(a, b) / (norm(a) * norm(b)) }

  /// The gradient that took a moment from one value to the next.
  private static func gradient(_ rule: any UpdateRule, _ before: [Double], _ after: [Double]) -> [Double] {
    let (keep, take) =
      switch rule {
      case let rule as SGDMRule: (rule.momentum, 1.0)
      case let rule as AdamWRule: (rule.beta1, 1 - rule.beta1)
      case let rule as AdamL2Rule: (rule.beta1, 1 - rule.beta1)
      case let rule as LionRule: (rule.beta2, 1 - rule.beta2)
      default: (0, .nan)
      }
    return zip(before, after).map { ($1 - keep * $0) / take }
  }

  /// Every quantity of every neuron in one step, from weights and moments before and after it.
  ///
  /// In double precision; the gradient is the difference of two moments up to a hundred times its size, so 1e-11.
  @Test(arguments: Walk.all.filter { $0.wrapper?.learnsGain != true }, [0.0, 0.3])
  func everyQuantityIsItsDefinition(_ walk: Walk, _ radialDecay: Double) throws {
    var system = Self.system
    system.radialDecay = radialDecay
    let simulation = try Simulation(walk.settings(system, window: 1, precision: .double))
    for _ in 0..<9 { _ = try simulation.advance() }
    let before = simulation.state
    let window = try simulation.advance()
    let (measured, after) = (window.measurement, simulation.state)
    func values(_ name: String, _ file: TensorFile) throws -> [[Double]] {
      try Self.rows(file.tensors[name], simulation)
    }
    let (weights, newWeights) = (try values("weight", before), try values("weight", after))
    let (moments, newMoments) = (
      try values("weight/first_moment", before), try values("weight/first_moment", after)
    )
    let second = walk.rule.moments.contains("second_moment") ? try values("weight/second_moment", after) : nil
    for neuron in 0..<system.neurons {
      let (ω, new, m) = (weights[neuron], newWeights[neuron], moments[neuron])
      let step = zip(new, ω).map { $0 - $1 }
      let g = Self.gradient(walk.rule, m, newMoments[neuron])
      // β₂ = 0.999, ε = 1e-8 in all walks that have a v; the tenth step.
      let scaled =
        second.map { second in
          zip(g, second[neuron]).map { $0 / (($1 / (1 - pow(0.999, 10))).squareRoot() + 1e-8) }
        } ?? g
      let angle = atan2(
        (max(0, Self.dot(ω, ω) * Self.dot(step, step) - pow(Self.dot(ω, step), 2))).squareRoot(),
        Self.dot(ω, new))
      let expected: [NeuronQuantity: Double] = [
        .norm: Self.norm(new), .rotation: angle, .meanRotation: angle,
        .relativeUpdate: Self.norm(step) / Self.norm(ω), .gradientNorm: Self.norm(g),
        .unitGradientNorm: Self.norm(g) * Self.norm(ω), .gradientWeightCosine: Self.cosine(g, ω),
        .gradientMomentumCosine: Self.cosine(g, m), .scaledGradientNorm: Self.norm(scaled),
        .radialDecay: Self.dot(ω, scaled) / Self.dot(ω, ω),
      ]
      for (quantity, value) in expected {
        let found = measured[quantity, neuron: neuron]
        #expect(abs(found - value) <= 1e-11 * max(abs(value), 1), "\(quantity) of \(neuron)")
      }
      #expect(abs(window.rotationOverWindow[neuron] - angle) < 1e-9)
    }
    let (layer, newLayer) = (weights.flatMap { $0 }, newWeights.flatMap { $0 })
    #expect(abs(measured.layerNorm / Self.norm(newLayer) - 1) < 1e-12)
    #expect(abs(measured.layerRotation / acos(Self.cosine(layer, newLayer)) - 1) < 1e-9)
    #expect(abs(measured.layerNorm / (measured[.norm] * Double(system.neurons).squareRoot()) - 1) < 1e-12)
    // A bias has no decay: all of its update comes from gradients.
    let (bias, newBias) = (try values("bias", before), try values("bias", after))
    let update = zip(bias, newBias).map { $1[0] - $0[0] }
    #expect(abs(measured.biasUpdateSize / Self.norm(update) - 1) < 1e-11)
  }

  /// ‖Δ_g ω‖ from the equations of each optimizer.
  @Test func updateSizesFollowFromTheMoments() throws {
    for walk in Walk.plain {
      let simulation = try Simulation(walk.settings(Self.system, window: 1, precision: .double))
      for _ in 0..<3 { _ = try simulation.advance() }
      let measured = try simulation.advance().measurement
      let state = simulation.state
      func values(_ name: String) throws -> [[Double]] {
        try Self.rows(state.tensors["weight/\(name)"], simulation)
      }
      let m = try values("first_moment")
      for neuron in 0..<Self.system.neurons {
        let η = walk.step.learningRate
        let expected: Double? =
          switch walk.name {
          case "sgdm": η * Self.norm(m[neuron])
          case "lion": η * Double(Self.system.dimension).squareRoot()
          case "adamw", "adam-l2":
            η
              * Self.norm(
                zip(m[neuron], try values("second_moment")[neuron]).map { m, v in
                  m / (1 - pow(0.9, 4)) / ((v / (1 - pow(0.999, 4))).squareRoot() + 1e-8)
                })
          default: nil
          }
        guard let expected else { continue }
        #expect(abs(measured[.updateSize, neuron: neuron] / expected - 1) < 1e-12, "\(walk.name)")
      }
    }
  }

  /// What batch normalisation leaves of a gradient stands on the neuron's weights, what layer normalisation leaves on the layer.
  @Test(arguments: Arithmetic.available)
  func normalisedGradientsAreOrthogonal(_ arithmetic: Arithmetic) throws {
    let rounding = arithmetic.precision == .single ? 1e-6 : 1e-14
    for walk in Walk.plain {
      for normalisation in [SimpleSystem.Normalisation.batch, .layer] {
        let system = SimpleSystem(dimension: 24, neurons: 18, batch: 8, normalisation: normalisation)
        let measured = try walk.windows(
          1, of: 50, system, precision: arithmetic.precision, set: arithmetic.set)[0].measurement
        let cosines = (0..<18).map { measured[.gradientWeightCosine, neuron: $0] }
        let largest = cosines.reduce(0) { max($0, abs($1)) }
        #expect((largest < rounding) == (normalisation == .batch), "\(walk.name)")
        if walk.name.hasPrefix("sgdm"), normalisation == .layer {
          let radial = try Self.layerRadial(walk, system, arithmetic)
          #expect(abs(radial) < 10 * rounding)
        }
      }
    }
  }

  /// cos∠(G, W) of the whole layer in the first step of SGDM, where the moment is the gradient.
  private static func layerRadial(
    _ walk: Walk, _ system: SimpleSystem, _ arithmetic: Arithmetic
  ) throws -> Double {
    let simulation = try Simulation(
      walk.settings(system, window: 1, precision: arithmetic.precision, set: arithmetic.set))
    let weights = simulation.weights
    _ = try simulation.advance()
    let moment = try rows(simulation.state.tensors["weight/first_moment"], simulation).flatMap { $0 }
    return cosine(moment, weights)
  }

  /// A gradient that is all radial: λ_u is measured as it was given.
  @Test(arguments: Arithmetic.available)
  func aRadialGradientIsMeasured(_ arithmetic: Arithmetic) throws {
    var system = Self.system
    system.lossScale = 0
    system.radialDecay = 0.25
    let rounding = arithmetic.precision == .single ? 1e-6 : 1e-14
    let walk = Walk(
      name: "sgdm", rule: SGDMRule(momentum: 0), step: StepSettings(learningRate: 0.1, weightDecay: 0.2))
    let simulation = try Simulation(
      walk.settings(system, window: 1, precision: arithmetic.precision, set: arithmetic.set))
    let before = simulation.weights
    let measured = try simulation.advance().measurement
    #expect(abs(measured[.radialDecay] / 0.25 - 1) < rounding)
    #expect(abs(measured[.gradientWeightCosine] - 1) < rounding)
    // ω ← (1 − η(λ + λ_u))ω: nothing turns. The area between parallel vectors is rounding's square root.
    #expect(deviation(simulation.weights, from: before.map { (1 - 0.1 * 0.45) * $0 }) < rounding)
    #expect(abs(measured[.relativeUpdate] / 0.045 - 1) < rounding)
    #expect(measured[.rotation] < 0.045 * rounding.squareRoot())
    // With a random part of the gradient, within five standard errors: λ_u + ⟨ω, g⟩/‖ω‖², g of its own size.
    system.lossScale = 1
    let noisy = try walk.windows(
      1, of: 2000, system, precision: arithmetic.precision, set: arithmetic.set)[0].measurement
    let error = noisy[.gradientNorm] / noisy[.norm] / (2000 * 18.0).squareRoot()
    #expect(abs(noisy[.radialDecay] - 0.25) < 5 * error)
  }

  /// ũ = g/√v has coordinates of size one once the norm, and v with it, has settled (1/(ηλ) = 1/(1 − β₂) = 1000 steps, ten times).
  @Test func theScaledGradientHasTheNormOfTheDimension() throws {
    let walk = try #require(Walk.plain.first { $0.name == "adamw" })
    let system = SimpleSystem(dimension: 64, neurons: 32, batch: 16)
    let measured = try walk.windows(6, of: 2000, system)[5].measurement
    #expect(abs(measured[.scaledGradientNorm] / 8 - 1) < 0.005)
    #expect(abs(measured[.gradientMomentumCosine]) < 0.005)
    #expect(abs(measured[.radialDecay]) < 0.01 * measured[.scaledGradientNorm])
  }

  /// Σ E[g̃ₖ²] = ‖g̃‖², taken at every tenth step since the run has settled; exact but for rounding.
  @Test(arguments: Walk.all, Arithmetic.available)
  func powersOfCoordinatesSumToThatOfTheGradient(_ walk: Walk, _ arithmetic: Arithmetic) throws {
    let system = SimpleSystem(dimension: 9, neurons: 18, batch: 5, normalisation: .layer)
    var settings = walk.settings(system, window: 1, precision: arithmetic.precision, set: arithmetic.set)
    settings.settledFrom = 10
    let simulation = try Simulation(settings)
    var sums = Array(repeating: 0.0, count: system.neurons)
    for step in 1...40 {
      let measured = try simulation.advance().measurement
      if step <= 19 { #expect(simulation.coordinatePowers(neuron: 0) == nil) }
      guard step > 10, step % 10 == 0 else { continue }
      for neuron in sums.indices { sums[neuron] += pow(measured[.unitGradientNorm, neuron: neuron], 2) / 3 }
    }
    for neuron in sums.indices {
      let powers = try #require(simulation.coordinatePowers(neuron: neuron))
      let rounding = arithmetic.precision == .single ? 1e-6 : 1e-14
      #expect(powers.count == system.dimension)
      #expect(abs(powers.reduce(0, +) / sums[neuron] - 1) < rounding, "\(neuron)")
    }
  }

  /// A sum of windows is the window of all their steps.
  @Test func windowsAddUp() throws {
    let walk = Walk.plain[2]
    let long = try walk.windows(1, of: 60, Self.system)[0].measurement
    var sum = Measurement(neurons: Self.system.neurons)
    for window in try walk.windows(6, of: 10, Self.system) { sum += window.measurement }
    #expect(sum.steps == 60)
    for quantity in NeuronQuantity.allCases {
      #expect(abs(sum[quantity] - long[quantity]) <= 1e-13 * max(1, abs(long[quantity])), "\(quantity)")
    }
    #expect(abs(sum.layerRotation / long.layerRotation - 1) < 1e-13)
    #expect(abs(sum.biasUpdateSize / long.biasUpdateSize - 1) < 1e-13)
  }

  // MARK: The angle

  /// Angles of a panel with ω = (s, 0) and ω′ = s(cos θ, sin θ), from the sums over their coordinates.
  private static func angles(_ θ: [Double], scale: Double, _ arithmetic: Arithmetic) throws -> [Double] {
    let kernels = try #require(arithmetic.set.kernels(arithmetic.precision))
    let sums = Panels(neurons: lanes, columns: sum_count, precision: arithmetic.precision)
    var raw = sums.raw
    for lane in 0..<lanes {
      // 1 − cos θ without cancellation.
      let sagitta = 2 * pow(sin(θ[lane] / 2), 2)
      raw[sum_weight * lanes + lane] = scale * scale
      raw[sum_along * lanes + lane] = -sagitta * scale * scale
      raw[sum_step * lanes + lane] = 2 * sagitta * scale * scale
    }
    sums.raw = raw
    let (totals, layer) = (Scratch(total_count * lanes), Scratch(4))
    kernels.loops.summarise(totals.at(0), layer.at(0), sums.panel(0), lanes)
    return (0..<lanes).map { totals[total_rotation * lanes + $0] }
  }

  /// From 1e-12 to π, at any scale. With u a rounding of the precision, the squared sine has an error of 8u, so the angle
  /// one of 4u/sin θ, or √(8u) where that is more; small angles are exact to a few u.
  @Test(arguments: Arithmetic.available, [1, 1e-6, 1e9])
  func anglesAreThoseOfTheArctangent(_ arithmetic: Arithmetic, _ scale: Double) throws {
    let u = arithmetic.precision == .single ? 0x1p-24 : 0x1p-53
    let exponents = (0..<160).map { -12 + Double($0) * 12.497 / 159 }
    let θ = exponents.map { min(pow(10, $0), Double.pi) }
    for start in stride(from: 0, to: θ.count, by: lanes) {
      let part = Array(θ[start..<start + lanes])
      for (expected, found) in zip(part, try Self.angles(part, scale: scale, arithmetic)) {
        let tolerance =
          expected < 1.5 ? 16 * u * expected : min(4 * u / abs(sin(expected)), (8 * u).squareRoot()) + 8 * u
        #expect(abs(found - expected) <= tolerance, "\(expected)")
      }
    }
  }
}
