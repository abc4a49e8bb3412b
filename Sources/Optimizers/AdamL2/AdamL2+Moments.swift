import Dynamics
import RealModule

extension AdamL2 {
  /// Second moments of (76)–(78), a class of coordinates each with moments of its own, coupled through ‖ω‖².
  ///
  /// v leaves out the cross term 2λE[gω], which is zero: the gradient of a step does not know the weight's sign. In place of
  /// D = E[m²] the class carries what ω does not tell of m, E = D − B²/A. Then every A′ is a sum of squares, and
  /// A·D′ − P² of a class is A·E without a subtraction.
  struct Moments: MomentProcess {
    let beta1: Double
    let beta2: Double
    /// ε, added to √v̂; 0 in all closed forms.
    var epsilon = 0.0
    private(set) var classes: [CoordinateClass]
    private(set) var normPower: Double
    private var steps = 0
    private let logBeta1: Double
    private let logBeta2: Double

    /// A process from classes with their squares at the start.
    init(beta1: Double, beta2: Double, classes: [CoordinateClass]) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.classes = classes
      logBeta1 = Double.log(beta1)
      logBeta2 = Double.log(beta2)
      normPower = classes.reduce(0) { $0 + $1.count * $1.normPower }
    }

    mutating func step(_ input: StepInput) -> Double {
      let decay = input.weightDecay + input.radialDecay
      steps += 1
      let learningRate = input.learningRate / onset(logBeta1)
      let correction = 1 / onset(logBeta2)
      var (update, radial) = (0.0, 0.0)
      for index in classes.indices {
        classes[index].update(
          gradientPower: classes[index].gradientShare * input.gradientPower, decay: decay, beta1: beta1,
          beta2: beta2)
        classes[index].scale(learningRate: learningRate, correction: correction, epsilon: epsilon)
        let own = classes[index]
        update += own.count * own.stepSize * own.stepSize * own.residualPower
        radial += own.count * own.normPower * own.shrink
      }
      let meanShrink = radial / normPower
      var (deformation, next) = (0.0, 0.0)
      for index in classes.indices {
        let own = classes[index]
        let deviation = own.shrink - meanShrink
        deformation += own.count * own.normPower * deviation * deviation
        classes[index].move()
        next += own.count * classes[index].normPower
      }
      // A·A′ − W² by Lagrange's identity: m's own part, and the turn of a weight whose coordinates shrink unequally.
      let angle = Double.atan2(
        y: (normPower * (update + deformation)).squareRoot(), x: normPower * (1 - meanShrink))
      normPower = next
      if steps.isMultiple(of: 1000) { merge() }
      return angle
    }

    mutating func scale(weight: Double, gradient: Double) {
      for index in classes.indices {
        classes[index].normPower *= weight * weight
        classes[index].slope *= gradient / weight
        classes[index].residualPower *= gradient * gradient
        classes[index].secondMoment *= gradient * gradient
      }
      normPower *= weight * weight
    }

    mutating func age(by count: Int) {
      guard count > 0, steps > 0 else { return }
      let (first, second) = (onset(logBeta1), onset(logBeta2))
      steps += count
      let (m, v) = (onset(logBeta1) / first, onset(logBeta2) / second)
      for index in classes.indices {
        classes[index].slope *= m
        classes[index].residualPower *= m * m
        classes[index].secondMoment *= v
      }
    }

    /// 1 − βᵗ, the share of a moving average that has arrived, from ln β.
    private func onset(_ logarithm: Double) -> Double {
      let exponent = Double(steps) * logarithm
      return exponent < -40 ? 1 : -Double.expMinusOne(exponent)
    }

    /// Makes one of neighbours that have forgotten that they started apart.
    private mutating func merge() {
      var merged: [CoordinateClass] = []
      for own in classes {
        if let last = merged.last, last.agrees(with: own) {
          merged[merged.count - 1].count += own.count
        } else {
          merged.append(own)
        }
      }
      classes = merged
    }
  }
}

extension AdamL2.CoordinateClass {
  /// Squares below this have come to rest; the coordinate of a dead input ends there.
  private static let rest = 1e-200

  /// Takes a gradient and the decay into both moments (76), (77): `slope` is then P/A.
  mutating func update(gradientPower G: Double, decay λ: Double, beta1 β₁: Double, beta2 β₂: Double) {
    let c = 1 - β₁
    secondMoment = β₂ * secondMoment + (1 - β₂) * (G + λ * λ * normPower)
    residualPower = β₁ * β₁ * residualPower + c * c * G
    slope = β₁ * slope + c * λ
    // Left alone, v would fade into numbers too small to be computed with.
    if normPower == 0, residualPower == 0 { (secondMoment, slope) = (0, 0) }
  }

  /// Sets the step size; a coordinate that has seen nothing yet has none.
  mutating func scale(learningRate η: Double, correction: Double, epsilon ε: Double) {
    let root = (secondMoment * correction).squareRoot() + ε
    stepSize = root > 0 ? η / root : 0
    shrink = stepSize * slope
  }

  /// ω′ = ω − sm (78).
  mutating func move() {
    let (A, s, f, E) = (normPower, stepSize, 1 - shrink, residualPower)
    // m = (P/A)·ω + rest, so ω′ = fω − s·rest; the area that ω and m span is the one that ω′ and m span.
    normPower = f * f * A + s * s * E
    guard normPower > Self.rest else { return (normPower, slope) = (0, 0) }
    slope = (f * slope * A - s * E) / normPower
    residualPower = E * A / normPower
  }

  /// The same within what rounding leaves of a long average.
  func agrees(with other: Self) -> Bool {
    func near(_ first: Double, _ second: Double) -> Bool { abs(first - second) <= 1e-12 * abs(first) }
    return gradientShare == other.gradientShare && near(normPower, other.normPower)
      && near(secondMoment, other.secondMoment) && near(residualPower, other.residualPower)
  }
}
