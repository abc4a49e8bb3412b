import Equilibrium
import Formulas
import RealModule
import RootFinding

extension AdamL2 {
  /// The squared norm z with Σₖ xₖ(z) = z for given E[g̃ₖ²], and F = Σₖ E[gₖ²]/vₖ there.
  ///
  /// For given z, (86) squared is a quadratic in each xₖ = E[ωₖ²]: 4λ²x² − η²λ²x − η²E[g̃ₖ²]/z = 0.
  static func solve(spectrum: [Double], values: [Symbol: Double]) throws -> [Symbol: Double] {
    guard let η = values[.learningRate], let λ = values[.effectiveDecay] ?? values[.weightDecay],
      let Γ = values[.gradientMass]
    else { return [:] }
    func coordinate(_ γ: Double, _ z: Double) -> Double {
      η / 8 * (η + (η * η + 16 * γ / (λ * λ * z)).squareRoot())
    }
    func excess(_ logarithm: Double) -> Double {
      let z = Double.exp(logarithm)
      return Double.log(spectrum.reduce(0) { $0 + coordinate($1, z) } / z)
    }
    // Dropping Assumption 4 only adds to the norm: at most the decay-dominated η²C/4 more.
    let leading = Double.pow(η / (2 * λ) * Γ, 2.0 / 3)
    let upper = 4 * (leading + η * η * Double(spectrum.count))
    let logarithm = try bracketedRoot(from: Double.log(leading / 4), to: Double.log(upper), of: excess)
    let z = Double.exp(logarithm)
    let share = spectrum.reduce(0) { sum, γ in
      let x = coordinate(γ, z)
      return sum + (γ / z) / (γ / z + λ * λ * x)
    }
    return [.normSquared: z, .gradientShare: share]
  }
}
