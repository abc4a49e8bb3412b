import Testing
import Training

@Suite struct SimulationTests {
  /// AdamW in equilibrium, against the exact second moments of the random walk, written out here.
  ///
  /// 128 neurons over ten half-lives of the norm: a standard error of some √(2/128)/2/√(128·10) = 0.2 % of the norm.
  @Test func adamWSettlesAtItsSecondMoments() throws {
    let (η, λ, β₁) = (1.25e-2, 8e-2, 0.9)
    let settings = SimulationSettings(rule: AdamWRule(beta1: β₁, beta2: 0.999, epsilon: 0)) { _ in
      StepSettings(learningRate: η, weightDecay: λ)
    }
    let simulation = try Simulation(settings)
    for _ in 0..<100 { _ = try simulation.advance() }
    var measured = try simulation.advance().measurement
    for _ in 0..<70 { measured += try simulation.advance().measurement }
    let q = 1 - η * λ
    let power = η * η * 128 * (1 - β₁) / (1 + β₁) * (1 + q * β₁) / (1 - q * β₁) / (1 - q * q)
    #expect(abs(measured[.norm] / power.squareRoot() - 1) < 0.006)
  }
}
