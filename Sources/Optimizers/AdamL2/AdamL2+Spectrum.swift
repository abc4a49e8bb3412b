import Equilibrium
import Formulas
import RealModule
import RootFinding

extension AdamL2 {
  /// The norms of a weight whose coordinates have the given E[g̃ₖ²], by the geometric model and by second moments.
  ///
  /// Each coordinate has its own xₖ = E[ωₖ²] for a given squared norm z; z is where Σₖ xₖ(z) = z. With it go the sums F of
  /// E[gₖ²]/vₖ and, for the second moments, 1 − cos η_r.
  static func solve(spectrum: [Double], values: [Symbol: Double]) throws -> [Symbol: Double] {
    guard let η = values[.learningRate], let λ = values[.effectiveDecay] ?? values[.weightDecay],
      let β₁ = values[.beta1], let Γ = values[.gradientMass]
    else { return [:] }
    let c = (1 - β₁) / (1 + β₁)
    // (86) squared: 4λ²x² − η²λ²x − η²E[gₖ²] = 0.
    func geometric(_ power: Double) -> Double { η / 8 * (η + (η * η + 16 * power / (λ * λ)).squareRoot()) }
    // 2λ√v·x = η(E[gₖ²] + cλ²x), by Newton's method in ln x, where the ratio of the sides has a slope between ½ and 3/2.
    // There may be a million coordinates, so it starts from the geometric model and does without the cubic solver.
    func moments(_ power: Double) -> Double {
      var x = geometric(power)
      for _ in 0..<100 {
        let decay = λ * λ * x
        let excess = 2 * λ * x * (power + decay).squareRoot() / (η * (power + c * decay)) - 1
        let slope = 1 + decay / (2 * (power + decay)) - c * decay / (power + c * decay)
        x *= abs(excess) < 0.1 ? 1 - excess / slope : Double.exp(-Double.log(onePlus: excess) / slope)
        if abs(excess) < 1e-9 { break }
      }
      return x
    }
    func squaredNorm(_ coordinate: (Double) -> Double) throws -> Double {
      func excess(_ logarithm: Double) -> Double {
        let z = Double.exp(logarithm)
        return Double.log(spectrum.reduce(0) { $0 + coordinate($1 / z) } / z)
      }
      // The excess falls as z grows; the leading norm is where Assumption 4 would put its zero.
      let leading = Double.log(η / (2 * λ) * Γ) * 2 / 3
      var (lower, upper) = (leading - 1, leading + 1)
      for _ in 0..<100 where excess(lower) < 0 { lower -= 5 }
      for _ in 0..<100 where excess(upper) > 0 { upper += 5 }
      return Double.exp(try bracketedRoot(from: lower, to: upper, of: excess))
    }
    let z = try squaredNorm(geometric)
    let zOfMoments = try squaredNorm(moments)
    var (share, shareOfMoments, loss) = (0.0, 0.0, 0.0)
    for γ in spectrum {
      share += γ / z / (γ / z + λ * λ * geometric(γ / z))
      let x = moments(γ / zOfMoments)
      let v = γ / zOfMoments + λ * λ * x
      shareOfMoments += γ / zOfMoments / v
      loss += x / zOfMoments * η * λ * c / v.squareRoot()
    }
    return [
      .normSquared: z, .gradientShare: share, .normSquaredOfMoments: zOfMoments,
      .gradientShareOfMoments: shareOfMoments, .cosineLoss: loss,
    ]
  }
}
