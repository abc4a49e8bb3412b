import Dynamics
import Formulas
import RealModule

/// What the closed forms say of each step of a run: the equilibrium of its hyperparameters, and the recurrence (16).
///
/// The formulas are those of the tables, compiled once and evaluated for a block of steps at a time.
struct QuasiStatic: Sendable {
  private let program: GridProgram
  /// What the formulas have to be solved for first, where there is such a thing.
  private let solver: ColumnSolver?
  /// The power of the norm in which the recurrence is linear.
  private let power: Int
  /// The law by which ‖ω‖² moves where it is not (16).
  private let advance: Relaxation.Advance?
  /// The exponent k of the variant's η̂_r ∝ λᵏ, and the peak λ.
  private let variantDecay: (exponent: Double, peak: Double)

  private static let columns: [Symbol] = [
    .learningRate, .weightDecay, .unitGradientPower, .gradientPower, .radialDecay,
  ]
  /// The gradient power at which a given gradient mass was measured.
  private static let referencePower = Symbol(
    "reference_power", plain: "E‖g̃₀‖²", latex: "\\mathbb{E}[\\|\\tilde{\\boldsymbol{g}}_0\\|^2]",
    sympy: "G_0", meaning: "gradient power of the given gradient mass", domain: .positive)

  /// Compiles the formulas of the settings.
  ///
  /// - Throws: ``TrajectoryError/missing(_:)``.
  init(_ settings: Settings) throws(TrajectoryError) {
    let law = settings.optimizer.relaxation
    let isInvariant = settings.variant.weight == .scaleInvariant
    power = isInvariant ? law.power : 2
    advance = isInvariant ? law.advance : nil
    // λ_e and the gradient mass follow the columns.
    var constants = settings.values
    var replacements: [Symbol: Formula] = [.effectiveDecay: .symbol(.weightDecay) + .symbol(.radialDecay)]
    if let mass = settings.derived.first(where: { $0.symbol == .gradientMass })?.formula {
      replacements[.gradientMass] = mass
    } else if let measured = settings.values[.unitGradientPower], settings.values[.gradientMass] != nil {
      constants[QuasiStatic.referencePower] = measured
      let ratio = Formula.symbol(.unitGradientPower) / .symbol(QuasiStatic.referencePower)
      replacements[.gradientMass] = .symbol(.gradientMass) * ratio.squareRoot
    }
    // A spectrum's second moments are solved for, too slowly for every step.
    let best: Fidelity = settings.variant.spectrum ? .leading : .moments
    func formula(_ quantity: Quantity, _ fidelity: Fidelity) throws(TrajectoryError) -> Formula {
      guard let cited = settings.formula(quantity, fidelity) ?? settings.formula(quantity, .leading) else {
        throw .noProcess(settings.optimizer)
      }
      return cited.formula.substituting(replacements)
    }
    guard let variant = settings.rotationalVariant, let exponent = variant.exponent(of: .weightDecay),
      let peak = settings.values[.weightDecay]
    else { throw .noProcess(settings.optimizer) }
    variantDecay = (exponent.value, peak)
    let atPeak = Symbol(
      "peak_weight_decay", plain: "λ_max", latex: "\\lambda_{max}", sympy: "lambda_max",
      meaning: "peak weight decay", domain: .positive)
    constants[atPeak] = peak
    let rate = settings.adapted(law.decayPerStep.with(law.rate)).formula.substituting(replacements)
    let formulas = [
      try formula(.equilibriumNorm, best), try formula(.expectedRotation, best),
      try formula(.equilibriumNorm, advance == nil ? .geometric : .leading),
      try formula(.equilibriumNorm, .leading),
      try formula(.expectedRotation, .leading), rate * .number(Rational(power, law.power)),
      variant.substituting(replacements.merging([.weightDecay: .symbol(atPeak)]) { _, new in new }),
    ]
    do throws(FormulaError) {
      var columns = QuasiStatic.columns
      var solved = formulas
      if let solution = formulas.flatMap(\.solutions).first,
        let solver = try ColumnSolver(solution, constants: constants, columns: columns)
      {
        columns.append(solver.unknown)
        solved = formulas.map { $0.replacing(solution) }
        self.solver = solver
      } else {
        solver = nil
      }
      program = try GridProgram(solved, constants: constants, row: nil, columns: columns)
    } catch {
      guard case .missing(let symbols) = error else { throw .noProcess(settings.optimizer) }
      throw .missing(symbols)
    }
  }

  /// Fills in what the closed forms say of a block of steps, and takes the recurrence through it.
  func fill(
    _ points: UnsafeMutableBufferPointer<Trajectory.Point>, recurrence: inout Double,
    process: any MomentProcess
  ) {
    // Without decay there is no equilibrium; a trillionth of the peak's stands for none.
    let least = variantDecay.peak * 1e-12
    var columns = [
      points.map(\.learningRate), points.map { $0.weightDecay < least ? least : $0.weightDecay },
      points.map(\.unitGradientPower),
      points.map(\.gradientPower), points.map(\.radialDecay),
    ]
    if let solver { columns.append(solver.solve(overEach: columns)) }
    let values = program.sweep(overEach: columns).row(.nan)
    let isRefined = process.equilibriumFactors(shrink: points[0].shrink) != (1, 1)
    for index in points.indices {
      let fixedPoint = values[2][index]
      let (leadingNorm, leadingRotation) = (values[3][index], values[4][index])
      let isMoving = points[index].learningRate > 0
      // The engine's refinements move its equilibrium, too.
      let factors =
        isRefined ? process.equilibriumFactors(shrink: points[index].shrink) : (norm: 1, rotation: 1)
      points[index].equilibriumNorm = isMoving ? values[0][index] * factors.norm : .nan
      points[index].equilibriumRotation = isMoving ? values[1][index] * factors.rotation : .nan
      points[index].rotationalVariantAtPeakDecay = isMoving ? values[6][index] : 0
      let share = points[index].weightDecay / variantDecay.peak
      points[index].rotationalVariant =
        points[index].rotationalVariantAtPeakDecay
        * (share == 1 ? 1 : Double.pow(share, variantDecay.exponent))
      // The update size does not change with the norm; that of SGDM falls with it (6).
      let before = recurrence
      let ratio = leadingNorm * leadingNorm / before
      points[index].rotation.recurrence =
        isMoving ? leadingRotation * (power == 4 ? ratio : ratio.squareRoot()) : 0
      recurrence = step(
        before, fixedPoint: fixedPoint * fixedPoint, rate: values[5][index], isMoving: isMoving,
        shrink: points[index].shrink)
      points[index].norm.recurrence = recurrence.squareRoot()
    }
  }

  /// ‖ω‖² a step later: its power deviates from that of the fixed point by a factor e^{−rate} less (16).
  private func step(
    _ normPower: Double, fixedPoint: Double, rate: Double, isMoving: Bool, shrink: Double
  ) -> Double {
    guard isMoving else { return normPower * (1 - shrink) * (1 - shrink) }
    if let advance { return advance(normPower, fixedPoint, rate) }
    let a = Double.expMinusOne(-rate)
    guard power == 4 else { return normPower - a * (fixedPoint - normPower) }
    let squared = normPower * normPower
    return (squared - a * (fixedPoint * fixedPoint - squared)).squareRoot()
  }
}
